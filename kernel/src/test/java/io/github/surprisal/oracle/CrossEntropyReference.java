package io.github.surprisal.oracle;

import java.util.Arrays;

/**
 * Cross-entropy of one row in double, straight from its definition: finite logits, every option, no cleverness. Absolute errors
 * are some 1e-16 of the largest logit, so losses far below 1 are for the {@link Oracle}.
 *
 * @param weights one a class, or null
 * @param softcap 0 for none
 */
public record CrossEntropyReference(float[] weights, double smoothing, double zLoss, double softcap, double logitScale) {
    /** c_j in loss = sum of c_j (lse - x_j), for a class index. */
    public double[] coefficients(int target, int classes) {
        double[] c = new double[classes];
        for (int j = 0; j < classes; j++) {
            c[j] = weight(j) * smoothing / classes;
            if (j == target) c[j] += weight(j) * (1 - smoothing);
        }
        return c;
    }

    /** c_j in loss = sum of c_j (lse - x_j), for a distribution. */
    public double[] coefficients(float[] probabilities) {
        double[] c = new double[probabilities.length];
        for (int j = 0; j < c.length; j++) c[j] = weight(j) * (probabilities[j] * (1 - smoothing) + smoothing / c.length);
        return c;
    }

    public double weight(int j) {
        return weights == null ? 1 : weights[j];
    }

    /** The loss of a row, before any reduction. */
    public double loss(double[] logits, double[] coefficients) {
        double[] x = transformed(logits);
        double lse = logSumExp(x);
        double loss = zLoss * lse * lse;
        for (int j = 0; j < x.length; j++) loss += coefficients[j] * (lse - x[j]);
        return loss;
    }

    /** How far the loss can move when every transformed logit moves by 1: |d loss / d lse| + sum of |c_j|. */
    public double sensitivity(double[] logits, double[] coefficients) {
        return 2 * Arrays.stream(coefficients).map(Math::abs).sum() + 2 * zLoss * Math.abs(logSumExp(transformed(logits)));
    }

    /** d loss / d logits[j] by the five-point central difference: its error is h^4 / 30 of the fifth derivative. */
    public double slope(double[] logits, double[] coefficients, int j) {
        double h = 0x1p-10 / logitScale;
        return (8 * (moved(logits, coefficients, j, h) - moved(logits, coefficients, j, -h))
                - (moved(logits, coefficients, j, 2 * h) - moved(logits, coefficients, j, -2 * h))) / (12 * h);
    }

    private double moved(double[] logits, double[] coefficients, int j, double h) {
        double[] x = logits.clone();
        x[j] += h;
        return loss(x, coefficients);
    }

    private double[] transformed(double[] logits) {
        return Arrays.stream(logits).map(v -> logitScale * v).map(v -> softcap > 0 ? softcap * Math.tanh(v / softcap) : v).toArray();
    }

    public static double logSumExp(double[] x) {
        double max = Arrays.stream(x).max().orElseThrow();
        return max + Math.log(Arrays.stream(x).map(v -> Math.exp(v - max)).sum());
    }
}
