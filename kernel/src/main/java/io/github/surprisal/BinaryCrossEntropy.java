package io.github.surprisal;

import io.github.surprisal.kernel.BinaryRows;
import io.github.surprisal.kernel.DoubleMath;
import io.github.surprisal.kernel.Kernels;
import io.github.surprisal.kernel.LossCall;
import io.github.surprisal.kernel.RowKernel;
import java.util.Objects;

/**
 * The cross-entropy of two outcomes from logits, element by element, torch.nn.BCEWithLogitsLoss:
 * <pre>
 * loss     = weight * [ (1 - y) log(1 + e^x) + pos y log(1 + e^-x) ]
 * gradient = weight * [ (1 - y) p - pos y (1 - p) ],   p = 1 / (1 + e^-x)
 * </pre>
 * in nats, for a logit x and a target y, the probability of the positive outcome, which is not checked. {@link Reduction#MEAN} divides by the number of
 * elements (NaN for none).
 *
 * <p>Computed in double and rounded once: for targets in [0, 1] a loss is within 1 ulp of the formula's value, however small, and a gradient within 1 ulp or
 * 4e-15 of the larger of its two parts, which nearly cancel out where p is nearly the target. x = +infinity gives 0 for y = 1, as -infinity for y = 0. A
 * coefficient of 0 contributes 0 even to an infinite term. NaN gives NaN for its element, but one whose weight is 0 has loss and gradient 0 whatever it
 * holds. The same bits on every backend. All matrices may be in any storage, type and layout; 16-bit results are rounded to nearest
 * once more. Runs on the calling thread and allocates nothing. Immutable and thread-safe.
 *
 * @see <a href="https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html">torch.nn.BCEWithLogitsLoss</a>
 */
public final class BinaryCrossEntropy {
    private final float[] weights;
    private final float[] positiveWeights;
    private final Reduction reduction;

    private BinaryCrossEntropy(Builder builder) {
        weights = builder.weights;
        positiveWeights = builder.positiveWeights;
        reduction = builder.reduction;
    }

    /**
     * The mean without weights.
     *
     * @return an instance
     */
    public static BinaryCrossEntropy withDefaults() {
        return builder().build();
    }

    /**
     * Starts from the defaults.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The options. Not thread-safe. */
    public static final class Builder {
        private float[] weights;
        private float[] positiveWeights;
        private Reduction reduction = Reduction.MEAN;

        private Builder() {}

        /**
         * A weight for every element.
         *
         * @param weights rows * columns of them, row by row, finite and >= 0; copied
         * @return this
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if one is not, with its index and value
         */
        public Builder weights(float... weights) {
            this.weights = Checks.weights("weights", weights);
            return this;
        }

        /**
         * For every column, how much more a positive target counts.
         *
         * @param weights one for each column, finite and >= 0; copied
         * @return this
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if one is not, with its index and value
         */
        public Builder positiveWeights(float... weights) {
            this.positiveWeights = Checks.weights("positiveWeights", weights);
            return this;
        }

        /**
         * How the elements become one number.
         *
         * @param reduction default MEAN
         * @return this
         * @throws NullPointerException if it is null
         */
        public Builder reduction(Reduction reduction) {
            this.reduction = Objects.requireNonNull(reduction, "reduction");
            return this;
        }

        /**
         * The loss with these options.
         *
         * @return a new instance
         */
        public BinaryCrossEntropy build() {
            return new BinaryCrossEntropy(this);
        }
    }

    /**
     * The reduced loss.
     *
     * @param logits any shape
     * @param targets of the same shape
     * @return the mean or the sum
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if shapes differ, weights are not as many as elements, or positiveWeights as columns
     */
    public float loss(Matrix logits, Matrix targets) {
        return run(logits, targets, null, null);
    }

    /**
     * The loss of every element.
     *
     * @param logits any shape
     * @param targets of the same shape
     * @param losses of the same shape, written; logits itself, or without a common element
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException as {@link #loss}, or if losses is read-only or overlaps an input otherwise
     */
    public void losses(Matrix logits, Matrix targets, Matrix losses) {
        run(logits, targets, Objects.requireNonNull(losses, "losses"), null);
    }

    /**
     * The reduced loss, with the bits of {@link #loss}, and its gradient with respect to the logits.
     *
     * @param logits any shape
     * @param targets of the same shape
     * @param gradient of the same shape, written; logits itself, or without a common element
     * @return the mean or the sum
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException as {@link #loss}, or if gradient is read-only or overlaps an input otherwise
     */
    public float lossAndGradient(Matrix logits, Matrix targets, Matrix gradient) {
        return run(logits, targets, null, Objects.requireNonNull(gradient, "gradient"));
    }

    private float run(Matrix logits, Matrix targets, Matrix losses, Matrix gradient) {
        Objects.requireNonNull(logits, "logits");
        Checks.requireSameShape("targets", targets, "logits", logits);
        long elements = (long) logits.rows() * logits.columns();
        if (weights != null && weights.length != elements) {
            throw new IllegalArgumentException("weights has " + weights.length + " elements, logits has " + elements);
        }
        if (positiveWeights != null && positiveWeights.length != logits.columns()) {
            throw new IllegalArgumentException("positiveWeights has " + positiveWeights.length + " elements, logits has " + logits.columns() + " columns");
        }
        checkOutput("losses", losses, logits, targets);
        checkOutput("gradient", gradient, logits, targets);
        Checks.requireAccess("logits", logits);
        Checks.requireAccess("targets", targets);
        Checks.requireWritable("losses", losses);
        Checks.requireWritable("gradient", gradient);
        double denominator = reduction == Reduction.SUM ? 1 : elements;
        BinaryRows rows = BinaryRows.ofThread().start(logits.view, targets.view, weights, positiveWeights, losses == null ? null : losses.view,
                gradient == null ? null : gradient.view, 1 / denominator);
        try {
            double sum = elements == 0 ? 0 : sum(Kernels.current(elements), rows, 0, logits.rows());
            return DoubleMath.toFloat(sum / denominator);
        } finally {
            rows.clear();
        }
    }

    private static void checkOutput(String name, Matrix out, Matrix logits, Matrix targets) {
        if (out == null) return;
        Checks.requireSameShape(name, out, "logits", logits);
        Checks.requireSameOrDisjoint(name, out, "logits", logits);
        Checks.requireDisjoint(name, out, "targets", targets);
    }

    /** In the fixed order of all reduced losses. */
    private static double sum(RowKernel kernel, BinaryRows rows, int from, int to) {
        if (to - from > LossCall.GROUP) {
            int middle = LossCall.middle(from, to);
            return sum(kernel, rows, from, middle) + sum(kernel, rows, middle, to);
        }
        return rows.sum(kernel, from, to);
    }
}
