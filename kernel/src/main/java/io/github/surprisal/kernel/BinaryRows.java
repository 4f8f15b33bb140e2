package io.github.surprisal.kernel;

/** Rows of binary cross-entropy: checked inputs, and where results go. One thread at a time. */
public final class BinaryRows {
    private static final int PIECE = 512;

    private final Rows logits;
    private final Rows targets;
    private final float[] weights;
    private final float[] positiveWeights;
    private final Rows losses;
    private final Rows gradient;
    private final double factor;

    private final double[] lower = new double[PIECE]; // log(1 + e^-x)
    private final double[] upper = new double[PIECE]; // log(1 + e^x)
    private final double[] slopes = new double[PIECE];
    private final double[] pulls = new double[PIECE];
    private final float[] out = new float[PIECE];
    private final RowPieces x = new RowPieces();
    private final RowPieces y = new RowPieces();

    public BinaryRows(Rows logits, Rows targets, float[] weights, float[] positiveWeights, Rows losses, Rows gradient, double factor) {
        this.logits = logits;
        this.targets = targets;
        this.weights = weights;
        this.positiveWeights = positiveWeights;
        this.losses = losses;
        this.gradient = gradient;
        this.factor = factor;
    }

    /** The sum, in order of the columns, of the losses of row r. */
    public double row(RowKernel kernel, int r) {
        int n = logits.columns();
        double sum = 0;
        for (int c = 0; c >= 0 && c < n; c += PIECE) sum += piece(kernel, r, c, Math.min(PIECE, n - c));
        return sum;
    }

    private double piece(RowKernel kernel, int r, int first, int n) {
        int rounded = n + 7 & -8;
        x.start(kernel, logits, r, null).load(first, n);
        y.start(kernel, targets, r, null).load(first, n);
        for (int i = 0; i < rounded; i++) {
            double v = i < n ? x.array()[x.at() + i] : 0;
            lower[i] = -v;
            upper[i] = v;
        }
        kernel.softplus(lower, rounded);
        kernel.softplus(upper, rounded);
        double sum = 0;
        for (int i = 0; i < n; i++) {
            double target = y.array()[y.at() + i];
            double negative = 1 - target;
            double positive = (positiveWeights == null ? 1 : positiveWeights[first + i]) * target;
            double weight = weights == null ? 1 : weights[r * logits.columns() + first + i];
            double loss = weight == 0 ? 0 : weight * (product(negative, upper[i]) + product(positive, lower[i]));
            sum += loss;
            out[i] = DoubleMath.toFloat(loss);
            // the derivatives are p and p - 1: e^-log(1 + e^-x) and -e^-log(1 + e^x)
            lower[i] = negated(lower[i]);
            upper[i] = negated(upper[i]);
            slopes[i] = weight == 0 ? 0 : factor * weight * negative;
            pulls[i] = weight == 0 ? 0 : factor * weight * positive;
        }
        if (losses != null) losses.put(kernel, r, first, n, out, 0);
        if (gradient != null) {
            kernel.exp(lower, rounded);
            kernel.exp(upper, rounded);
            for (int i = 0; i < n; i++) out[i] = DoubleMath.toFloat(slopes[i] * lower[i] - pulls[i] * upper[i]);
            gradient.put(kernel, r, first, n, out, 0);
        }
        return sum;
    }

    /** -x, a NaN without its sign: exp takes a negative one for a number. */
    private static double negated(double x) {
        return Double.isNaN(x) ? Double.NaN : -x;
    }

    /** A coefficient of 0 contributes 0 even to an infinite term. */
    private static double product(double coefficient, double value) {
        return coefficient == 0 ? 0 : coefficient * value;
    }
}
