package io.github.surprisal.bench;

/**
 * Checks losses, gradients and softmaxes of row-major logits against {@link Oracle}, every element of them; of a row beyond a
 * Mi, where the check would take longer than the measurement, every element of the first Mi and every 61st of the rest.
 */
final class Answers {

    private static final int ALL_OF = 1 << 20;
    private static final int SAMPLE = 61;

    private Answers() {
    }

    /** Returns the largest error of the first rows in ulp; throws if a row is wrong. */
    static double ulpsOfLogSumExp(float[] actual, float[] x, int rows, int columns) {
        double worst = 0;
        for (int row = 0; row < rows; row++) {
            int from = row * columns;
            int to = from + columns;
            Trial.requireClose(PlainLoop.logSumExp(x, from, to), actual[row], "row " + row);
            if (row < Trial.ACCURACY_ROWS) {
                worst = Math.max(worst, Oracle.ulps(actual[row], Oracle.logSumExp(x, from, to)));
            }
        }
        return worst;
    }

    /** Returns the error of a mean loss in ulp; throws if the loss is wrong. */
    static double ulpsOfLoss(float loss, float[] x, int rows, int columns, int[] targets) {
        double total = 0;
        for (int row = 0; row < rows; row++) {
            int from = row * columns;
            total += Oracle.logSumExp(x, from, from + columns) - x[from + targets[row]];
        }
        double expected = total / rows;
        Trial.requireClose(expected, loss, "loss");
        return Oracle.ulps(loss, expected);
    }

    /**
     * Returns the largest error of the gradient of a mean loss; throws if an element is wrong. An element is a
     * difference, (p - 1) / rows at the target: an ulp is one of its larger term.
     */
    static double ulpsOfGradient(float[] gradient, float[] x, int rows, int columns, int[] targets) {
        double worst = 0;
        for (int row = 0; row < rows; row++) {
            worst = Math.max(worst, ulpsOfRow(gradient, x, row, columns, 1.0 / rows, targets[row]));
        }
        return worst;
    }

    /** Returns the largest error; throws if an element is wrong. */
    static double ulpsOfSoftmax(float[] out, float[] x, int rows, int columns) {
        double worst = 0;
        for (int row = 0; row < rows; row++) {
            worst = Math.max(worst, ulpsOfRow(out, x, row, columns, 1, -1));
        }
        return worst;
    }

    /** The largest error of weight * (softmax - one-hot) in a row; a target of -1 is no one-hot. */
    private static double ulpsOfRow(float[] actual, float[] x, int row, int columns, double weight, int target) {
        int from = row * columns;
        double logSumExp = Oracle.logSumExp(x, from, from + columns);
        double worst = 0;
        for (int c = 0; c < columns; c += c < ALL_OF ? 1 : SAMPLE) {
            double softmax = weight * StrictMath.exp(x[from + c] - logSumExp);
            if (c != target) {
                worst = Math.max(worst, ulpsOfElement(actual[from + c], softmax, softmax, row, c));
            }
        }
        if (target >= 0) {
            double softmax = weight * StrictMath.exp(x[from + target] - logSumExp);
            worst = Math.max(worst, ulpsOfElement(actual[from + target], softmax - weight, weight, row, target));
        }
        return worst;
    }

    private static double ulpsOfElement(float actual, double expected, double scale, int row, int column) {
        // relative to the scale: elements may be far below 1
        Trial.requireClose(expected / scale, actual / scale, "row " + row + ", column " + column);
        return Math.abs(actual - expected) / Math.ulp((float) scale);
    }
}
