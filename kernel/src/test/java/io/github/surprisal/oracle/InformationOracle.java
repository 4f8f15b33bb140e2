package io.github.surprisal.oracle;

import java.util.Objects;

/** The exact information measures, in nats, to some 1e-30 of the sum of their absolute terms. Shares no code with the library. */
public final class InformationOracle {
    private InformationOracle() {
    }

    /** -sum p log q, 0 where p = 0; with q = p the entropy. */
    public static DoubleDouble crossEntropy(float[] p, float[] q) {
        return sum(p, q, (a, b) -> b.log().negate());
    }

    /** sum p log(p / q), 0 where p = 0. */
    public static DoubleDouble divergence(float[] p, float[] q) {
        return sum(p, q, (a, b) -> a.div(b).log());
    }

    /** sum p |log(p / q)|, to which the error of the divergence is bound. */
    public static double magnitude(float[] p, float[] q) {
        return sum(p, q, (a, b) -> a.div(b).log().abs()).hi();
    }

    /** (sum p log(p / m) + sum q log(q / m)) / 2, m = (p + q) / 2. */
    public static DoubleDouble jensenShannon(float[] p, float[] q) {
        return sum(p, q, InformationOracle::logToMean).add(sum(q, p, InformationOracle::logToMean)).div(DoubleDouble.of(2));
    }

    /** (sum p |log(p / m)| + sum q |log(q / m)|) / 2, to which the error of Jensen and Shannon's divergence is bound. */
    public static double jensenShannonMagnitude(float[] p, float[] q) {
        return sum(p, q, (a, b) -> logToMean(a, b).abs()).add(sum(q, p, (a, b) -> logToMean(a, b).abs())).hi() / 2;
    }

    private static DoubleDouble logToMean(DoubleDouble p, DoubleDouble q) {
        return DoubleDouble.of(2).mul(p).div(p.add(q)).log();
    }

    /** |actual - exact| / scale; an infinity must be met exactly. */
    public static double error(double actual, DoubleDouble exact, double scale) {
        if (Double.isInfinite(exact.hi()) || actual == exact.hi()) {
            return actual == exact.hi() ? 0 : Double.POSITIVE_INFINITY;
        }
        return Math.abs(DoubleDouble.of(actual).sub(exact).hi()) / scale;
    }

    @FunctionalInterface
    private interface Logarithm {
        DoubleDouble of(DoubleDouble p, DoubleDouble q);
    }

    private static DoubleDouble sum(float[] p, float[] q, Logarithm logarithm) {
        Objects.checkFromIndexSize(0, p.length, q.length);
        DoubleDoubleSum sum = new DoubleDoubleSum();
        for (int i = 0; i < p.length; i++) {
            if (p[i] > 0) {
                DoubleDouble a = DoubleDouble.of(p[i]);
                DoubleDouble term = a.mul(logarithm.of(a, DoubleDouble.of(q[i])));
                sum.add(term.hi(), term.lo());
            }
        }
        return sum.value();
    }
}
