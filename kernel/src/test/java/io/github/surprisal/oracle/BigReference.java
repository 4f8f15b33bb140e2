package io.github.surprisal.oracle;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Map;
import java.util.TreeMap;

/** exp and log to 50 digits and more in BigDecimal, slow and simple: what the oracle itself is measured against. */
final class BigReference {
    private static final MathContext DIGITS = new MathContext(70, RoundingMode.HALF_EVEN);
    private static final BigDecimal TINY = new BigDecimal("1e-75");

    private BigReference() {
    }

    static BigDecimal exp(BigDecimal x) {
        BigDecimal power = expm1(x.divide(BigDecimal.valueOf(1 << 14), DIGITS)).add(BigDecimal.ONE);
        for (int i = 0; i < 14; i++) {
            power = power.multiply(power, DIGITS);
        }
        return power;
    }

    /** The Taylor series, for |x| <= 1: relative error below 1e-65. */
    static BigDecimal expm1(BigDecimal x) {
        BigDecimal term = x;
        BigDecimal sum = x;
        for (int n = 2; term.abs().compareTo(x.abs().multiply(TINY)) > 0; n++) {
            term = term.multiply(x).divide(BigDecimal.valueOf(n), DIGITS);
            sum = sum.add(term, DIGITS);
        }
        return sum;
    }

    /** log(1 + x) = 2 atanh(x / (2 + x)) after square roots have brought 1 + x near 1; x > -1. */
    static BigDecimal log1p(BigDecimal x) {
        int halvings = 0;
        BigDecimal y = x;
        while (y.abs().doubleValue() > 0.05) {
            BigDecimal root = y.add(BigDecimal.ONE).sqrt(DIGITS);
            y = root.subtract(BigDecimal.ONE);
            halvings++;
        }
        BigDecimal s = y.divide(y.add(BigDecimal.TWO), DIGITS);
        BigDecimal square = s.multiply(s, DIGITS);
        BigDecimal power = s;
        BigDecimal sum = s;
        for (int n = 3; power.abs().compareTo(s.abs().multiply(TINY)) > 0; n += 2) {
            power = power.multiply(square, DIGITS);
            sum = sum.add(power.divide(BigDecimal.valueOf(n), DIGITS), DIGITS);
        }
        return sum.multiply(BigDecimal.TWO.pow(halvings + 1), DIGITS);
    }

    static BigDecimal log(BigDecimal x) {
        return log1p(x.subtract(BigDecimal.ONE));
    }

    /**
     * logSumExp(x) - max(x) for a finite maximum; equal values are counted, so that few distinct ones allow a long
     * row. Values more than 300 below the maximum contribute nothing, as in the oracle.
     */
    static BigDecimal logSumExpMinusMax(float[] x, int from, int to) {
        TreeMap<Float, Integer> counts = new TreeMap<>();
        for (int i = from; i < to; i++) {
            counts.merge(x[i] + 0f, 1, Integer::sum);
        }
        float max = counts.lastKey();
        BigDecimal rest = BigDecimal.valueOf(counts.get(max) - 1L);
        for (Map.Entry<Float, Integer> entry : counts.entrySet()) {
            float value = entry.getKey();
            if (value < max && (double) value - max >= -300) {
                BigDecimal term = exp(new BigDecimal(value).subtract(new BigDecimal(max)));
                rest = rest.add(term.multiply(BigDecimal.valueOf(entry.getValue())));
            }
        }
        return log1p(rest);
    }

    /** |actual - exact| / |exact|; an exact 0 must be met exactly. */
    static double relativeError(DoubleDouble actual, BigDecimal exact) {
        BigDecimal error = actual.toBigDecimal().subtract(exact).abs();
        if (error.signum() == 0) {
            return 0;
        }
        return exact.signum() == 0 ? Double.POSITIVE_INFINITY : error.divide(exact.abs(), DIGITS).doubleValue();
    }
}
