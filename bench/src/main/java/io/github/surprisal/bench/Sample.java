package io.github.surprisal.bench;

import java.util.Arrays;
import org.apache.commons.math3.distribution.TDistribution;

/**
 * Repetitions of a speed, or of a ratio of speeds, and how well they determine it. The noise of a shared machine is a factor, mostly
 * small, sometimes large and then always a slowdown: so logarithms, their median, and the median absolute deviation as scale.
 */
record Sample(double[] values) {

    /** Between fresh JVMs on a quiet machine speeds differ by about this much; a few that agree by chance do not prove less. */
    private static final double LEAST_SCALE = 0.015;
    /** Makes a median absolute deviation of normal noise its standard deviation. */
    private static final double NORMAL = 1.4826;
    /** A median of normal noise spreads this much more than the mean: sqrt(pi / 2). */
    private static final double MEDIAN_SPREAD = 1.2533;
    private static final double CONFIDENCE = 0.99;

    double median() {
        return Result.median(values);
    }

    /** Half of the 99 % confidence interval of the median's logarithm; infinite for a single value. */
    double halfWidth() {
        int n = values.length;
        if (n < 2) {
            return Double.POSITIVE_INFINITY;
        }
        double[] logs = Arrays.stream(values).map(Math::log).toArray();
        double middle = Result.median(logs);
        double deviation = Result.median(Arrays.stream(logs).map(log -> Math.abs(log - middle)).toArray());
        double scale = Math.max(NORMAL * deviation, LEAST_SCALE);
        double t = new TDistribution(n - 1).inverseCumulativeProbability((1 + CONFIDENCE) / 2);
        return t * MEDIAN_SPREAD * scale / Math.sqrt(n);
    }

    Interval interval() {
        return Interval.around(median(), halfWidth());
    }

    /** How many times as fast as {@code other}. */
    Interval over(Sample other) {
        return Interval.around(median() / other.median(), Math.hypot(halfWidth(), other.halfWidth()));
    }

    /** A ratio with its confidence interval. */
    record Interval(double low, double middle, double high) {

        private static Interval around(double middle, double halfWidth) {
            return new Interval(middle * Math.exp(-halfWidth), middle, middle * Math.exp(halfWidth));
        }

        boolean isBelow(Interval other) {
            return high < other.low;
        }

        boolean isBelow(double value) {
            return high < value;
        }

        boolean isAbove(double value) {
            return low > value;
        }

        @Override
        public String toString() {
            return Tables.format("%.3f", middle) + (Double.isInfinite(high) ? "" : Tables.format(" (%.3f", low) + Tables.format(" to %.3f)", high));
        }
    }
}
