package io.github.surprisal.kernel;

import java.util.Arrays;

/** Rows of binary cross-entropy: checked inputs, and where results go. Scratch for one thread, 34 KB. */
public final class BinaryRows {
    private static final int PIECE = 512;
    private static final ThreadLocal<BinaryRows> OF_THREAD = new ThreadLocal<>();

    private Rows logits;
    private Rows targets;
    private float[] weights;
    private float[] positiveWeights;
    private Rows losses;
    private Rows gradient;
    private double factor;

    // Of the elements at hand.
    private final double[] power = new double[PIECE]; // e^-|x|
    private final double[] log = new double[PIECE]; // log(1 + e^-|x|)
    private final double[] positive = new double[PIECE]; // the target times its weight
    private final double[] loss = new double[PIECE];
    private final float[] out = new float[PIECE];
    private final RowPieces x = new RowPieces();
    private final RowPieces y = new RowPieces();

    private BinaryRows() {}

    /** The calling thread's own, so that calls allocate nothing; {@link #clear} when done. */
    public static BinaryRows ofThread() {
        BinaryRows own = OF_THREAD.get();
        if (own == null) OF_THREAD.set(own = new BinaryRows());
        return own;
    }

    /** The gradient is the factor times that of the sum of the losses; weights, losses and gradient may be null. */
    public BinaryRows start(Rows logits, Rows targets, float[] weights, float[] positiveWeights, Rows losses, Rows gradient, double factor) {
        this.logits = logits;
        this.targets = targets;
        this.weights = weights;
        this.positiveWeights = positiveWeights;
        this.losses = losses;
        this.gradient = gradient;
        this.factor = factor;
        return this;
    }

    /** Keeps no caller's data alive. */
    public void clear() {
        logits = null;
        targets = null;
        weights = null;
        positiveWeights = null;
        losses = null;
        gradient = null;
        x.end();
        y.end();
    }

    /** The sum, in order, of the losses of the rows from .. to, each the sum of its columns in order. */
    public double sum(RowKernel kernel, int from, int to) {
        int columns = logits.columns();
        int together = columns > 0 && isDense() ? Math.max(1, PIECE / columns) : 1;
        double sum = 0;
        for (int r = from, count; r < to; r += count) {
            count = Math.min(together, to - r);
            if (columns > PIECE) {
                sum += longRow(kernel, r);
            } else {
                find(kernel, r, 0, count * columns);
                for (int k = 0; k < count; k++) sum += add(k * columns, columns);
            }
        }
        return sum;
    }

    /** Whether one row begins where the one before it ends, so that several short ones can be done at once. */
    private boolean isDense() {
        return logits.dense() && targets.dense() && (losses == null || losses.dense()) && (gradient == null || gradient.dense());
    }

    private double longRow(RowKernel kernel, int r) {
        int n = logits.columns();
        double sum = 0;
        for (int c = 0; c >= 0 && c < n; c += PIECE) {
            int count = Math.min(PIECE, n - c);
            find(kernel, r, c, count);
            sum += add(0, count);
        }
        return sum;
    }

    private double add(int from, int n) {
        double sum = 0;
        for (int i = from; i < from + n; i++) sum += loss[i];
        return sum;
    }

    /** The losses of n elements from column first of row r on, which may be in several rows; writes what is to be written. */
    private void find(RowKernel kernel, int r, int first, int n) {
        x.start(kernel, logits, r, null).load(first, n);
        y.start(kernel, targets, r, null).load(first, n);
        findLogarithms(kernel, n);
        findPositive(first, n);
        int at = r * logits.columns() + first; // of weights, which are an array: without them it is of no use
        boolean finite = findLosses(at, n);
        if (!finite) findInfinite(at, n);
        if (losses != null) {
            for (int i = 0; i < n; i++) out[i] = DoubleMath.toFloat(loss[i]);
            losses.put(kernel, r, first, n, out, 0);
        }
        if (gradient != null) {
            findGradient(at, n);
            for (int i = 0; !finite && i < n; i++) if (Float.isNaN(x.array()[x.at() + i])) out[i] = weight(at + i) == 0 ? 0 : Float.NaN;
            gradient.put(kernel, r, first, n, out, 0);
        }
    }

    private void findLogarithms(RowKernel kernel, int n) {
        float[] v = x.array();
        int at = x.at();
        int rounded = n + 7 & -8;
        // A NaN may be lost here, and shows in what is computed of the logit itself.
        for (int i = 0; i < n; i++) power[i] = -Math.abs((double) v[at + i]);
        Arrays.fill(power, n, rounded, 0);
        kernel.exp(power, rounded);
        System.arraycopy(power, 0, log, 0, rounded);
        kernel.log1p(log, rounded, 0, 0);
    }

    private void findPositive(int first, int n) {
        float[] target = y.array();
        int at = y.at();
        if (positiveWeights == null) {
            for (int i = 0; i < n; i++) positive[i] = target[at + i];
            return;
        }
        int columns = logits.columns();
        for (int i = 0, c = first; i < n; i++, c++) {
            if (c == columns) c = 0;
            positive[i] = (double) positiveWeights[c] * target[at + i];
        }
    }

    /**
     * Whether all of them are finite: without a branch on the sign of a logit or on a target, which are as random as anything, and so neither is there
     * a Math.max, which C2 may make one of.
     */
    private boolean findLosses(int at, int n) {
        float[] v = x.array();
        float[] t = y.array();
        int vAt = x.at();
        int tAt = y.at();
        double sum = 0;
        for (int i = 0; i < n; i++) {
            double z = v[vAt + i];
            double upper = 0.5 * (Math.abs(z) + z) + log[i]; // log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
            double lower = 0.5 * (Math.abs(z) - z) + log[i]; // log(1 + e^-x)
            double plain = (1.0 - t[tAt + i]) * upper + positive[i] * lower;
            loss[i] = weights == null ? plain : weights[at + i] * plain + 0.0; // no -0
            sum += loss[i];
        }
        return Math.abs(sum) < Double.POSITIVE_INFINITY;
    }

    /** Once more where some are infinite or NaN: a coefficient of 0 contributes 0 even to an infinite term, and a weight of 0 leaves nothing of a NaN. */
    private void findInfinite(int at, int n) {
        for (int i = 0; i < n; i++) {
            double z = x.array()[x.at() + i];
            double negative = 1.0 - y.array()[y.at() + i];
            double weight = weight(at + i);
            double sum = product(negative, Math.max(z, 0) + log[i]) + product(positive[i], Math.max(-z, 0) + log[i]);
            loss[i] = weight == 0 ? 0 : Double.isNaN(z) ? Double.NaN : weight * sum;
        }
    }

    private double weight(int i) {
        return weights == null ? 1 : weights[i];
    }

    /** Puts it into out, of logits that are no NaN: p = e^min(x, 0) / (1 + e^-|x|) and 1 - p = e^min(-x, 0) / (1 + e^-|x|). Without branches as well. */
    private void findGradient(int at, int n) {
        float[] v = x.array();
        int vAt = x.at();
        for (int i = 0; i < n; i++) {
            int below = Float.floatToRawIntBits(v[vAt + i]) >>> 31;
            int above = 1 - below;
            double share = 1 / (1 + power[i]);
            double p = (above + below * power[i]) * share;
            double notP = (below + above * power[i]) * share;
            double times = weights == null ? factor : factor * weights[at + i];
            double slope = times == 0 ? 0 : times * (1.0 - y.array()[y.at() + i]);
            double pull = times == 0 ? 0 : times * positive[i];
            out[i] = DoubleMath.toFloat(slope * p - pull * notP);
        }
    }

    /** A coefficient of 0 contributes 0 even to an infinite term. */
    private static double product(double coefficient, double value) {
        return coefficient == 0 ? 0 : coefficient * value;
    }
}
