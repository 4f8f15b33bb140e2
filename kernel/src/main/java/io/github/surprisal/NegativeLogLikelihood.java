package io.github.surprisal;

import io.github.surprisal.kernel.DoubleMath;
import io.github.surprisal.kernel.LossCall;
import io.github.surprisal.kernel.LossOptions;
import java.util.Objects;

/**
 * The negative log-likelihood of log-probabilities, torch.nn.NLLLoss: {@code loss = -w_y lp_y} for a row lp of natural logarithms and its target class y,
 * weight w_y (1 without), in nats; the gradient is -w_y at y and 0 elsewhere. {@link Reduction#MEAN} divides by the sum of w_y over the kept rows; where that
 * is 0, the loss is NaN, and so are the gradients at the targets of kept rows.
 *
 * <p>Rows whose target is ignoreIndex have loss 0 and gradient 0, whatever they hold; a weight of 0 contributes 0 even against -infinity. Of the others
 * only lp_y counts: -infinity there is a loss of +infinity, NaN one of NaN. Losses are exact products rounded once; the reduced loss is within 1 ulp. Matrices
 * may be in any storage, type and layout. Runs on the calling thread and allocates nothing. Immutable and thread-safe.
 *
 * @see <a href="https://pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html">torch.nn.NLLLoss</a>
 */
public final class NegativeLogLikelihood {
    private final LossOptions options;
    private final int ignoreIndex;
    private final Reduction reduction;

    private NegativeLogLikelihood(Builder builder) {
        options = LossOptions.of(builder.weights, 0, 0, 0, 1);
        ignoreIndex = builder.ignoreIndex;
        reduction = builder.reduction;
    }

    /**
     * The loss without options: mean over the rows whose target is not -100.
     *
     * @return an instance
     */
    public static NegativeLogLikelihood withDefaults() {
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
        private int ignoreIndex = -100;
        private Reduction reduction = Reduction.MEAN;

        private Builder() {}

        /**
         * A weight for every class.
         *
         * @param weights one for each column, finite and >= 0; copied
         * @return this
         * @throws NullPointerException if it is null
         * @throws IllegalArgumentException if one is not, with its index and value
         */
        public Builder classWeights(float... weights) {
            this.weights = Checks.weights("classWeights", weights);
            return this;
        }

        /**
         * The target of rows that do not count.
         *
         * @param index any number, default -100
         * @return this
         */
        public Builder ignoreIndex(int index) {
            ignoreIndex = index;
            return this;
        }

        /**
         * How the rows become one number.
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
        public NegativeLogLikelihood build() {
            return new NegativeLogLikelihood(this);
        }
    }

    /**
     * The reduced loss.
     *
     * @param logProbabilities a row a sample, a column a class
     * @param targets one a row: its class, or ignoreIndex
     * @return the mean or the sum
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if targets.length is not the number of rows, or classWeights are not as many as columns
     * @throws IndexOutOfBoundsException if a target is neither a class nor ignoreIndex
     */
    public float loss(Matrix logProbabilities, int[] targets) {
        return run(logProbabilities, targets, null, null, null);
    }

    /**
     * As {@link #loss(Matrix, int[])}, and with its exceptions; targets are compared as long.
     *
     * @param logProbabilities a row a sample, a column a class
     * @param targets one a row
     * @return the mean or the sum
     */
    public float loss(Matrix logProbabilities, long[] targets) {
        return run(logProbabilities, null, targets, null, null);
    }

    /**
     * The loss of every row.
     *
     * @param logProbabilities a row a sample, a column a class
     * @param targets one a row
     * @param losses one a row, written; 0 for ignored rows
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException as {@link #loss(Matrix, int[])}, or if losses is not one a row or overlaps logProbabilities
     * @throws IndexOutOfBoundsException as {@link #loss(Matrix, int[])}
     */
    public void losses(Matrix logProbabilities, int[] targets, float[] losses) {
        run(logProbabilities, targets, null, Objects.requireNonNull(losses, "losses"), null);
    }

    /**
     * As {@link #losses(Matrix, int[], float[])}, and with its exceptions; targets are compared as long.
     *
     * @param logProbabilities a row a sample, a column a class
     * @param targets one a row
     * @param losses one a row, written
     */
    public void losses(Matrix logProbabilities, long[] targets, float[] losses) {
        run(logProbabilities, null, targets, Objects.requireNonNull(losses, "losses"), null);
    }

    /**
     * The reduced loss and its gradient with respect to the log-probabilities.
     *
     * @param logProbabilities a row a sample, a column a class
     * @param targets one a row
     * @param gradient of the same shape, written; logProbabilities itself, or without a common element
     * @return the mean or the sum
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException as {@link #loss(Matrix, int[])}, or if gradient is read-only, overlaps logProbabilities without being the same view, or
     *     lies in the array of targets
     * @throws IndexOutOfBoundsException as {@link #loss(Matrix, int[])}
     */
    public float lossAndGradient(Matrix logProbabilities, int[] targets, Matrix gradient) {
        return run(logProbabilities, targets, null, null, Objects.requireNonNull(gradient, "gradient"));
    }

    /**
     * As {@link #lossAndGradient(Matrix, int[], Matrix)}, and with its exceptions; targets are compared as long.
     *
     * @param logProbabilities a row a sample, a column a class
     * @param targets one a row
     * @param gradient of the same shape, written
     * @return the mean or the sum
     */
    public float lossAndGradient(Matrix logProbabilities, long[] targets, Matrix gradient) {
        return run(logProbabilities, null, targets, null, Objects.requireNonNull(gradient, "gradient"));
    }

    private float run(Matrix logProbabilities, int[] ints, long[] longs, float[] losses, Matrix gradient) {
        Checks.requireIndexCall("logProbabilities", logProbabilities, ints, longs, options.weights(), losses, gradient);
        LossCall call = LossCall.ofThread().start(null, options, logProbabilities.view, losses, gradient == null ? null : gradient.view);
        try {
            double weight = call.withTargets(ints, longs, ignoreIndex);
            double denominator = reduction == Reduction.SUM ? 1 : weight; // 0 where nothing is kept: then the mean is NaN
            call.withFactor(1 / denominator);
            return DoubleMath.toFloat(call.likelihood(0, logProbabilities.rows()) / denominator);
        } finally {
            call.clear();
        }
    }
}
