package io.github.surprisal.bench;

/** The loops anyone writes first: stable, exponentials and sums in double by {@link Math#exp}. */
final class PlainLoop {

    private PlainLoop() {
    }

    static void logSumExpOfRows(float[] x, int rows, int columns, float[] out) {
        for (int row = 0; row < rows; row++) {
            out[row] = logSumExp(x, row * columns, (row + 1) * columns);
        }
    }

    static float logSumExp(float[] x, int from, int to) {
        float max = max(x, from, to);
        return (float) (max + Math.log(sumOfExponentials(x, from, to, max)));
    }

    /** The mean cross-entropy. */
    static float loss(float[] x, int rows, int columns, int[] targets) {
        double total = 0;
        for (int row = 0; row < rows; row++) {
            total += rowLoss(x, row * columns, columns, targets[row]);
        }
        return (float) (total / rows);
    }

    /** The mean cross-entropy and its gradient, which may be written over {@code x}. */
    static float lossAndGradient(float[] x, int rows, int columns, int[] targets, float[] gradient) {
        double total = 0;
        for (int row = 0; row < rows; row++) {
            total += rowGradient(x, row * columns, columns, targets[row], 1.0 / rows, gradient);
        }
        return (float) (total / rows);
    }

    static void softmax(float[] x, int rows, int columns, float[] out) {
        for (int row = 0; row < rows; row++) {
            int from = row * columns;
            int to = from + columns;
            double sum = exponentials(x, from, to, max(x, from, to), out);
            scale(out, from, to, 1 / sum);
        }
    }

    private static double rowLoss(float[] x, int from, int columns, int target) {
        int to = from + columns;
        float max = max(x, from, to);
        return max + Math.log(sumOfExponentials(x, from, to, max)) - x[from + target];
    }

    private static double rowGradient(float[] x, int from, int columns, int target, double weight, float[] gradient) {
        int to = from + columns;
        float max = max(x, from, to);
        // before it is overwritten, should the gradient be in place
        double gap = (double) max - x[from + target];
        double sum = exponentials(x, from, to, max, gradient);
        scale(gradient, from, to, weight / sum);
        gradient[from + target] -= (float) weight;
        return gap + Math.log(sum);
    }

    private static float max(float[] x, int from, int to) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = from; i < to; i++) {
            max = Math.max(max, x[i]);
        }
        return max;
    }

    private static double sumOfExponentials(float[] x, int from, int to, float max) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += Math.exp((double) x[i] - max);
        }
        return sum;
    }

    /** Stores them and returns their sum. */
    private static double exponentials(float[] x, int from, int to, float max, float[] out) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            double exp = Math.exp((double) x[i] - max);
            out[i] = (float) exp;
            sum += exp;
        }
        return sum;
    }

    private static void scale(float[] x, int from, int to, double factor) {
        for (int i = from; i < to; i++) {
            x[i] = (float) (x[i] * factor);
        }
    }
}
