package io.github.surprisal.bench;

/**
 * References for the accuracy column: {@link StrictMath} in double with Neumaier's compensated sum. Their relative
 * error, about 1e-15, is eight orders below the float results they judge.
 */
final class Oracle {

    private Oracle() {
    }

    static double logSumExp(float[] x, int from, int to) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = from; i < to; i++) {
            max = Math.max(max, x[i]);
        }
        double sum = 0;
        double compensation = 0;
        for (int i = from; i < to; i++) {
            double term = StrictMath.exp(x[i] - max);
            double next = sum + term;
            compensation += Math.abs(sum) >= Math.abs(term) ? (sum - next) + term : (term - next) + sum;
            sum = next;
        }
        return max + StrictMath.log(sum + compensation);
    }

    /** The error of {@code actual} in units in the last place of a float as large as {@code expected}: 0.5 is perfect rounding. */
    static double ulps(float actual, double expected) {
        double error = Math.abs(actual - expected) / Math.ulp((float) expected);
        return Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
    }
}
