package io.github.surprisal.bench;

/** The plain loops over data with the class axis in the middle: a sample at a time, with a stride from class to class. */
final class PlainClassAxis {

    private PlainClassAxis() {
    }

    /** The mean cross-entropy of (outer, classes, inner) logits with outer * inner targets. */
    static float loss(float[] x, int outer, int classes, int inner, int[] targets) {
        double total = 0;
        for (int row = 0; row < outer * inner; row++) {
            total += rowLoss(x, first(row, classes, inner), classes, inner, targets[row]);
        }
        return (float) (total / (outer * inner));
    }

    /** The mean cross-entropy and its gradient, which may be written over {@code x}. */
    static float lossAndGradient(float[] x, int outer, int classes, int inner, int[] targets, float[] gradient) {
        int rows = outer * inner;
        double total = 0;
        for (int row = 0; row < rows; row++) {
            total += rowGradient(x, first(row, classes, inner), classes, inner, targets[row], 1.0 / rows, gradient);
        }
        return (float) (total / rows);
    }

    private static int first(int row, int classes, int inner) {
        return row / inner * classes * inner + row % inner;
    }

    private static double rowLoss(float[] x, int from, int classes, int stride, int target) {
        float max = max(x, from, classes, stride);
        double sum = 0;
        for (int c = 0; c < classes; c++) {
            sum += Math.exp((double) x[from + c * stride] - max);
        }
        return max + Math.log(sum) - x[from + target * stride];
    }

    private static double rowGradient(float[] x, int from, int classes, int stride, int target, double weight, float[] gradient) {
        float max = max(x, from, classes, stride);
        double gap = (double) max - x[from + target * stride];
        double sum = 0;
        for (int c = 0; c < classes; c++) {
            double exp = Math.exp((double) x[from + c * stride] - max);
            gradient[from + c * stride] = (float) exp;
            sum += exp;
        }
        double factor = weight / sum;
        for (int c = 0; c < classes; c++) {
            gradient[from + c * stride] = (float) (gradient[from + c * stride] * factor);
        }
        gradient[from + target * stride] -= (float) weight;
        return gap + Math.log(sum);
    }

    private static float max(float[] x, int from, int classes, int stride) {
        float max = Float.NEGATIVE_INFINITY;
        for (int c = 0; c < classes; c++) {
            max = Math.max(max, x[from + c * stride]);
        }
        return max;
    }
}
