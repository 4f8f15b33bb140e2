package io.github.surprisal;

import io.github.surprisal.kernel.DoubleMath;
import io.github.surprisal.kernel.Kernels;
import io.github.surprisal.kernel.LossCall;
import io.github.surprisal.kernel.LossOptions;
import io.github.surprisal.kernel.RowKernel;
import java.io.Serializable;
import java.util.Objects;

/**
 * The cross-entropy of logits, torch.nn.CrossEntropyLoss with every option, fused with its gradient.
 *
 * <p>For a row of logits x, lse = log(sum_c exp(x_c)) and a target class y, weights w (1 without), label smoothing eps, C classes:
 * <pre>
 * loss       = (1 - eps) w_y (lse - x_y) + (eps / C) sum_c w_c (lse - x_c)
 * gradient_j = (1 - eps) w_y (p_j - [j = y]) + (eps / C) (W p_j - w_j),    p_j = exp(x_j - lse), W = sum_c w_c
 * </pre>
 * in nats. {@link Reduction#SUM} adds the rows up; {@link Reduction#MEAN} divides by the sum of w_y over the kept rows, those whose target is not
 * ignoreIndex (NaN if that is 0). With probability targets t, t' = t (1 - eps) + eps / C: loss = sum_c w_c t'_c (lse - x_c), and MEAN divides by the
 * number of rows. zLoss s adds s lse^2 to each kept row; logitScale a replaces x by a x, then softcap c replaces that by c tanh(a x / c).
 *
 * <p><b>Error bound</b>, but for {@link Builder#zLoss}: a row's loss 2 ulp, however small (the target is kept out of the sum: where it leads by 50 the loss is
 * 1.9e-22 for each other class, not 0); the reduced loss 1 ulp of the exact sum of the row losses; a gradient element p_j a - b_j 4 ulp of max(|p_j a|, |b_j|),
 * but p_j below 2^-126 may count as 0. In rows of more than 255 logits on few levels (equal ones, or nearly, or a soft mask's two) a loss 4 ulp and a
 * gradient element 5: float additions of such terms are all rounded alike. The same input gives the same bits on every backend, in every layout, in
 * place or not, for every {@link Execution}; a row's do not depend on the other rows.
 *
 * <p><b>Special values</b>: -infinity masks a class: its gradient is 0, and with smoothing and a weight above 0 the loss is +infinity; at the target the
 * loss is +infinity and the gradient p_j, -1 at y. +infinity, or nothing but -infinity, makes a row's loss and gradient NaN, and so does a NaN; the others
 * stay. With a softcap infinities count as +-cap: losses are finite, and gradients there are 0, at the target too. An ignored row counts as 0 whatever it
 * holds. A coefficient of 0 contributes 0, even to an infinite term. One class of a finite logit: loss 0 and gradient 0, but for zLoss. Where MEAN divides by
 * 0, the loss is NaN, and so is the gradient of kept rows (whose weights are all 0); that of ignored rows is 0.
 *
 * <p>Immutable and thread-safe, as long as nobody writes to an input meanwhile: results are those of some mixture then. With index targets the logits are read
 * from memory once; a gradient visits a row again while it is in a cache. Logits, probabilities and gradients may be in any storage, type and layout of a
 * {@link Matrix}; 16-bit gradients are computed as float and rounded to nearest once. A thread keeps at most 450 KiB of scratch, however much data
 * there is, and serial calls allocate nothing once they are compiled; a parallel one a double for 256 rows, or for each row of more than 128 classes, or
 * scratch of its own where rows are so few and long that each is shared out.
 *
 * <p>Methods on matrices throw IllegalStateException if a segment has been closed and WrongThreadException if it is another thread's, before anything is
 * written, and RejectedExecutionException if the pool of the {@link Execution} has been shut down and is needed.
 *
 * {@snippet class="io.github.surprisal.ReadmeSnippets" region="cross-entropy"}
 */
public final class CrossEntropy {
    private static final CrossEntropy DEFAULTS = builder().build();

    private final LossOptions options;
    private final int ignoreIndex;
    private final Reduction reduction;
    private final Execution execution;

    private CrossEntropy(Builder builder) {
        options = LossOptions.of(builder.weights, builder.smoothing, builder.zLoss, builder.softcap, builder.logitScale);
        ignoreIndex = builder.ignoreIndex;
        reduction = builder.reduction;
        execution = builder.execution;
    }

    /**
     * The loss without options: mean over the rows whose target is not -100.
     *
     * @return a shared instance
     */
    public static CrossEntropy withDefaults() {
        return DEFAULTS;
    }

    /**
     * Starts from the defaults.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The options; each setter returns this and throws at once what {@link #build} would have to. Not thread-safe. */
    public static final class Builder {
        private float[] weights;
        private int ignoreIndex = -100;
        private float smoothing;
        private Reduction reduction = Reduction.MEAN;
        private float zLoss;
        private float softcap;
        private float logitScale = 1;
        private Execution execution = Execution.serial();

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
         * The share of the target that is spread evenly over all classes.
         *
         * @param epsilon in [0, 1], default 0
         * @return this
         * @throws IllegalArgumentException if it is not in the range
         */
        public Builder labelSmoothing(float epsilon) {
            smoothing = Checks.requireRange("labelSmoothing", epsilon, epsilon >= 0 && epsilon <= 1, "[0, 1]");
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
         * Adds scale * lse^2 to every kept row, which keeps logits from drifting. Where that is most of a loss and lse near 0, the error of lse, up to 6e-8
         * (3e-7 where many elements tie), shows: 2 * scale * |lse| times it in the loss, 2 * scale times it in the gradient.
         *
         * @param scale finite, >= 0, default 0
         * @return this
         * @throws IllegalArgumentException if it is not
         */
        public Builder zLoss(float scale) {
            zLoss = Checks.requireRange("zLoss", scale, scale >= 0 && scale < Float.POSITIVE_INFINITY, "[0, infinity)");
            return this;
        }

        /**
         * Replaces logits by cap * tanh(x / cap), rounded to float; -infinity becomes -cap, so it is no mask any more. A hyperbolic tangent in double for
         * each logit: such a loss takes several times as long as one without.
         *
         * @param cap finite, > 0; off by default
         * @return this
         * @throws IllegalArgumentException if it is not
         */
        public Builder softcap(float cap) {
            softcap = Checks.requireRange("softcap", cap, cap > 0 && cap < Float.POSITIVE_INFINITY, "(0, infinity)");
            return this;
        }

        /**
         * Replaces logits by scale * x, without rounding the product: 1 / temperature. Before the softcap: for a temperature behind it, cap tanh(x / cap) / T,
         * set softcap(cap / T) and logitScale(1 / T). With a scale above 1024, a product beyond 2^128 counts as infinite.
         *
         * @param scale finite, > 0, default 1
         * @return this
         * @throws IllegalArgumentException if it is not
         */
        public Builder logitScale(float scale) {
            logitScale = Checks.requireRange("logitScale", scale, scale > 0 && scale < Float.POSITIVE_INFINITY, "(0, infinity)");
            return this;
        }

        /**
         * Where the work runs.
         *
         * @param execution default serial
         * @return this
         * @throws NullPointerException if it is null
         */
        public Builder execution(Execution execution) {
            this.execution = Objects.requireNonNull(execution, "execution");
            return this;
        }

        /**
         * The loss with these options.
         *
         * @return a new instance
         */
        public CrossEntropy build() {
            return new CrossEntropy(this);
        }
    }

    // ---- the loss

    /**
     * The reduced loss of index targets.
     *
     * @param logits a row a sample, a column a class
     * @param targets one a row: its class, or ignoreIndex
     * @return the mean or the sum, in nats; the mean of no row, or of weights that add up to 0, is NaN
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if targets.length is not the number of rows, or classWeights are not as many as columns
     * @throws IndexOutOfBoundsException if a target is neither a class nor ignoreIndex, with row, value and number of classes
     */
    public float loss(Matrix logits, int[] targets) {
        return indexLoss(logits, targets, null, null, null);
    }

    /**
     * As {@link #loss(Matrix, int[])}, and with its exceptions; targets are compared as long.
     *
     * @param logits a row a sample, a column a class
     * @param targets one a row
     * @return the mean or the sum
     */
    public float loss(Matrix logits, long[] targets) {
        return indexLoss(logits, null, targets, null, null);
    }

    /**
     * The reduced loss of probability targets. Beware: logits and probabilities are of the same type, and swapping them cannot be
     * seen. Targets are neither checked nor normalised; ignoreIndex does not apply.
     *
     * @param logits a row a sample, a column a class
     * @param probabilities of the same shape
     * @return the mean over the rows, or the sum
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the shapes differ, or classWeights are not as many as columns
     */
    public float loss(Matrix logits, Matrix probabilities) {
        return probabilityLoss(logits, probabilities, null, null);
    }

    /**
     * The loss of every row, torch's reduction='none'; the reduction of this instance does not matter. Without options they are -log p of the targets:
     * the log-probabilities of chosen tokens, negated.
     *
     * @param logits a row a sample, a column a class
     * @param targets one a row
     * @param losses one a row, written; 0 for ignored rows
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if a length is not the number of rows, losses overlaps logits, or classWeights are not as many as columns
     * @throws IndexOutOfBoundsException if a target is neither a class nor ignoreIndex
     */
    public void losses(Matrix logits, int[] targets, float[] losses) {
        indexLoss(logits, targets, null, Objects.requireNonNull(losses, "losses"), null);
    }

    /**
     * As {@link #losses(Matrix, int[], float[])}, and with its exceptions; targets are compared as long.
     *
     * @param logits a row a sample, a column a class
     * @param targets one a row
     * @param losses one a row, written
     */
    public void losses(Matrix logits, long[] targets, float[] losses) {
        indexLoss(logits, null, targets, Objects.requireNonNull(losses, "losses"), null);
    }

    /**
     * The loss of every row with probability targets.
     *
     * @param logits a row a sample, a column a class
     * @param probabilities of the same shape
     * @param losses one a row, written
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException as {@link #loss(Matrix, Matrix)}, or if losses overlaps an input
     */
    public void losses(Matrix logits, Matrix probabilities, float[] losses) {
        probabilityLoss(logits, probabilities, Objects.requireNonNull(losses, "losses"), null);
    }

    /**
     * The reduced loss, with the same bits as {@link #loss(Matrix, int[])}, and its gradient with respect to the logits, in one pass.
     *
     * @param logits a row a sample, a column a class
     * @param targets one a row
     * @param gradient of the same shape, written; logits itself (in place), or without a common element
     * @return the mean or the sum
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException as {@link #loss(Matrix, int[])}, or if gradient is read-only, overlaps logits without being the same view, or lies in
     *     the array of targets
     * @throws IndexOutOfBoundsException if a target is neither a class nor ignoreIndex; nothing is written then
     */
    public float lossAndGradient(Matrix logits, int[] targets, Matrix gradient) {
        return indexLoss(logits, targets, null, null, Objects.requireNonNull(gradient, "gradient"));
    }

    /**
     * As {@link #lossAndGradient(Matrix, int[], Matrix)}, and with its exceptions; targets are compared as long.
     *
     * @param logits a row a sample, a column a class
     * @param targets one a row
     * @param gradient of the same shape, written
     * @return the mean or the sum
     */
    public float lossAndGradient(Matrix logits, long[] targets, Matrix gradient) {
        return indexLoss(logits, null, targets, null, Objects.requireNonNull(gradient, "gradient"));
    }

    /**
     * As {@link #lossAndGradient(Matrix, int[], Matrix)}, with probability targets.
     *
     * @param logits a row a sample, a column a class
     * @param probabilities of the same shape
     * @param gradient of the same shape, written; logits itself, or without a common element
     * @return the mean or the sum
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException as {@link #loss(Matrix, Matrix)}, or if gradient is read-only, overlaps logits without being the same view, or overlaps
     *     probabilities
     */
    public float lossAndGradient(Matrix logits, Matrix probabilities, Matrix gradient) {
        return probabilityLoss(logits, probabilities, null, Objects.requireNonNull(gradient, "gradient"));
    }

    /**
     * Sums to merge with those of other batches, shards or nodes. Of index targets: with probabilities, add up {@link Reduction#SUM} losses.
     *
     * @param logits a row a sample, a column a class
     * @param targets one a row
     * @return the sums; the reduction of this instance does not matter
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException as {@link #loss(Matrix, int[])}
     * @throws IndexOutOfBoundsException as {@link #loss(Matrix, int[])}
     */
    public Totals totals(Matrix logits, int[] targets) {
        return totals(logits, targets, null, 1, null);
    }

    /**
     * As {@link #totals(Matrix, int[])}, and with its exceptions; targets are compared as long.
     *
     * @param logits a row a sample, a column a class
     * @param targets one a row
     * @return the sums
     */
    public Totals totals(Matrix logits, long[] targets) {
        return totals(logits, null, targets, 1, null);
    }

    /**
     * The batch's totals and gradientScale times the gradient of the <b>sum</b> of its losses, in one pass: for gradient accumulation and means over
     * several batches, whose denominator only the merged totals know.
     *
     * @param logits a row a sample, a column a class
     * @param targets one a row
     * @param gradientScale any number; NaN makes the gradient of kept rows NaN
     * @param gradient of the same shape, written; logits itself, or without a common element
     * @return the sums
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException as {@link #lossAndGradient(Matrix, int[], Matrix)}
     * @throws IndexOutOfBoundsException as {@link #lossAndGradient(Matrix, int[], Matrix)}
     */
    public Totals totalsAndGradient(Matrix logits, int[] targets, float gradientScale, Matrix gradient) {
        return totals(logits, targets, null, gradientScale, Objects.requireNonNull(gradient, "gradient"));
    }

    /**
     * As {@link #totalsAndGradient(Matrix, int[], float, Matrix)}, and with its exceptions; targets are compared as long.
     *
     * @param logits a row a sample, a column a class
     * @param targets one a row
     * @param gradientScale any number
     * @param gradient of the same shape, written
     * @return the sums
     */
    public Totals totalsAndGradient(Matrix logits, long[] targets, float gradientScale, Matrix gradient) {
        return totals(logits, null, targets, gradientScale, Objects.requireNonNull(gradient, "gradient"));
    }

    /**
     * Sums that add up over batches. {@link #merge} is associative and commutative up to double rounding.
     *
     * @param lossSum sum of the kept rows' losses, in nats; NaN if one is
     * @param weightSum sum of the weights of their targets
     * @param kept rows that count
     * @param ignored rows that do not
     * @param correct kept rows whose largest logit (the first of equal ones, as given, before a softcap) is that of the target; none of a loss that is NaN
     */
    public record Totals(double lossSum, double weightSum, long kept, long ignored, long correct) implements Serializable {
        /**
         * The totals of both batches.
         *
         * @param other those of the other
         * @return the sums
         * @throws NullPointerException if it is null
         */
        public Totals merge(Totals other) {
            Objects.requireNonNull(other, "other");
            return new Totals(lossSum + other.lossSum, weightSum + other.weightSum, kept + other.kept, ignored + other.ignored,
                    correct + other.correct);
        }

        /**
         * The MEAN loss of all merged batches.
         *
         * @return lossSum / weightSum, NaN if that is 0
         */
        public double mean() {
            return weightSum == 0 ? Double.NaN : lossSum / weightSum;
        }

        /**
         * exp(mean()), so it includes label smoothing and zLoss.
         *
         * @return at least 1 without them
         */
        public double perplexity() {
            return Math.exp(mean());
        }
    }

    // ---- behind them

    private float indexLoss(Matrix logits, int[] ints, long[] longs, float[] losses, Matrix gradient) {
        Checks.requireIndexCall("logits", logits, ints, longs, options.weights(), losses, gradient);
        Execution where = execution.over(logits, null, gradient);
        LossCall call = start(logits, losses, gradient);
        try {
            double weight = call.withTargets(ints, longs, ignoreIndex);
            double denominator = reduction == Reduction.SUM ? 1 : weight == 0 ? Double.NaN : weight;
            call.withFactor(1 / denominator);
            return DoubleMath.toFloat(run(where, call, logits) / denominator);
        } finally {
            call.clear();
        }
    }

    private Totals totals(Matrix logits, int[] ints, long[] longs, float gradientScale, Matrix gradient) {
        Checks.requireIndexCall("logits", logits, ints, longs, options.weights(), null, gradient);
        Execution where = execution.over(logits, null, gradient);
        LossCall call = start(logits, null, gradient);
        try {
            double weight = call.withTargets(ints, longs, ignoreIndex);
            call.withFactor(gradientScale);
            call.countCorrect();
            double sum = run(where, call, logits);
            return new Totals(sum, weight, call.kept(), logits.rows() - call.kept(), call.correct());
        } finally {
            call.clear();
        }
    }

    private float probabilityLoss(Matrix logits, Matrix probabilities, float[] losses, Matrix gradient) {
        Objects.requireNonNull(logits, "logits");
        Checks.requireSameShape("probabilities", probabilities, "logits", logits);
        Checks.requireOutputs("logits", logits, options.weights(), losses, gradient);
        if (losses != null) Checks.requireDisjoint("losses", losses, "probabilities", probabilities);
        if (gradient != null) Checks.requireDisjoint("gradient", gradient, "probabilities", probabilities);
        Checks.requireAccess("probabilities", probabilities);
        Execution where = execution.over(logits, probabilities, gradient);
        LossCall call = start(logits, losses, gradient);
        try {
            double denominator = reduction == Reduction.SUM ? 1 : logits.rows();
            call.withProbabilities(probabilities.view);
            call.withFactor(1 / denominator);
            return DoubleMath.toFloat(run(where, call, logits) / denominator);
        } finally {
            call.clear();
        }
    }

    private LossCall start(Matrix logits, float[] losses, Matrix gradient) {
        RowKernel kernel = Kernels.current((long) logits.rows() * logits.columns());
        return LossCall.ofThread().start(kernel, options, logits.view, losses, gradient == null ? null : gradient.view);
    }

    private static double run(Execution where, LossCall call, Matrix logits) {
        if (!where.isParallel()) return call.run();
        if (where.splitsRows(logits)) return call.run(where::forChunks);
        int grain = Execution.rowsAPart(logits.columns());
        int unit = grain < LossCall.GROUP ? 1 : LossCall.GROUP; // rows a sum: one for each row would be much memory only where rows are short
        double[] sums = new double[logits.rows() / unit + (logits.rows() % unit == 0 ? 0 : 1)];
        where.forRanges(sums.length, grain / unit, (from, to) -> call.run(from, to, unit, sums));
        return LossCall.sum(sums, 0, sums.length, LossCall.GROUP / unit);
    }
}
