package io.github.surprisal.bench;

/** The loops anyone writes first: stable, exponentials in double by {@link Math#exp}. */
final class PlainLoop {

    private PlainLoop() {
    }

    static void logSumExpOfRows(float[] x, int rows, int columns, float[] out) {
        for (int row = 0; row < rows; row++) {
            out[row] = logSumExp(x, row * columns, (row + 1) * columns);
        }
    }

    static float logSumExp(float[] x, int from, int to) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = from; i < to; i++) {
            max = Math.max(max, x[i]);
        }
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += Math.exp((double) x[i] - max);
        }
        return (float) (max + Math.log(sum));
    }
}
