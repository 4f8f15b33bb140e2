package io.github.surprisal.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class OracleTest {
    private static final float INF = Float.POSITIVE_INFINITY;
    private static final float NAN = Float.NaN;

    /** exp and log1p 1e-30 each, 40 additions of 3 * 2^-106 each, a division: 4e-30. Measured: 5e-32. */
    private static final double SHORT_ROW = 4e-30;
    /** As above, but 4096 additions in a block and 13 of blocks: 1.5e-28. Measured: 1e-31. */
    private static final double LONG_ROW = 1.6e-28;

    @Test
    void agreesWithBigDecimalOnEveryShape() {
        for (Shape shape : Shape.values()) {
            for (int n : new int[] {1, 2, 3, 7, 40}) {
                for (long seed = 0; seed < 3; seed++) {
                    float[] x = shape.fill(n + 2, seed);
                    if (Double.isFinite(Oracle.logSumExp(x, 1, n + 1).hi())) {
                        assertRow(shape + ", n = " + n + ", seed " + seed, x, 1, n + 1);
                    }
                }
            }
        }
    }

    private static void assertRow(String row, float[] x, int from, int to) {
        float maximum = Float.NEGATIVE_INFINITY;
        for (int i = from; i < to; i++) {
            maximum = Math.max(maximum, x[i]);
        }
        BigDecimal max = new BigDecimal(maximum);
        BigDecimal logSum = BigReference.logSumExpMinusMax(x, from, to);
        assertLogSumExp(row, Oracle.logSumExp(x, from, to), max, logSum, SHORT_ROW);

        DoubleDouble[] p = Oracle.softmax(x, from, to);
        DoubleDouble[] logP = Oracle.logSoftmax(x, from, to);
        DoubleDouble sum = DoubleDouble.ZERO;
        for (int j = 0; j < to - from; j++) {
            float logit = x[from + j];
            DoubleDouble loss = Oracle.loss(x, from, to, j);
            String at = row + ", target " + j;
            sum = sum.add(p[j]);
            if (logit == Float.NEGATIVE_INFINITY) {
                assertEquals(DoubleDouble.of(Double.POSITIVE_INFINITY), loss, at);
                assertEquals(DoubleDouble.ZERO, p[j], at);
                assertEquals(Double.NEGATIVE_INFINITY, logP[j].hi(), at);
                continue;
            }
            BigDecimal exact = max.subtract(new BigDecimal(logit)).add(logSum);
            assertRelative("loss, " + at, loss, exact);
            assertRelative("logSoftmax, " + at, logP[j], exact.negate());
            if (exact.doubleValue() < 660) {
                assertRelative("softmax, " + at, p[j], BigReference.exp(exact.negate()));
            }
        }
        assertEquals(0, sum.sub(DoubleDouble.ONE).abs().hi(), SHORT_ROW, row);
    }

    private static void assertRelative(String what, DoubleDouble actual, BigDecimal exact) {
        double error = BigReference.relativeError(actual, exact);
        assertTrue(error <= SHORT_ROW, () -> what + ": off by " + error + " relative");
    }

    /** max and log(sum / max) may cancel each other: the error is relative to the larger of max and the result. */
    private static void assertLogSumExp(String row, DoubleDouble lse, BigDecimal max, BigDecimal logSum, double bound) {
        BigDecimal exact = max.add(logSum);
        BigDecimal error = lse.toBigDecimal().subtract(exact).abs();
        BigDecimal allowed = exact.abs().max(max.abs()).multiply(new BigDecimal(bound));
        assertTrue(error.compareTo(allowed) <= 0, () -> "logSumExp, " + row + ": " + lse + ", exactly "
                + DoubleDouble.of(exact));
    }

    @Test
    void agreesWithBigDecimalOnLongRowsOfFewValues() {
        for (Shape shape : new Shape[] {Shape.TIES, Shape.EQUAL, Shape.INTEGERS, Shape.SIGNED_ZEROS}) {
            for (int n : new int[] {4095, 4096, 4097, 4098, 50257}) {
                float[] x = shape.fill(n, n);
                float max = x[0];
                for (float value : x) {
                    max = Math.max(max, value);
                }
                assertLogSumExp(shape + ", n = seed = " + n, Oracle.logSumExp(x, 0, n), new BigDecimal(max),
                        BigReference.logSumExpMinusMax(x, 0, n), LONG_ROW);
            }
        }
    }

    @Test
    void publishedValues() {
        assertEquals(4.248354255291589e-18, Oracle.logSumExp(new float[] {0, -40}, 0, 2).hi(), 1e-33);
        assertEquals(3.720075976020836e-44, Oracle.loss(new float[] {0, 100, 0}, 0, 2, 1).hi(), 1e-59);
        // "1.5892...": cut, not rounded.
        assertEquals(1.58925, Oracle.loss(new float[] {1.2566f, -1.9265f, -0.0638f}, 0, 3, 2).hi(), 5e-5);
        float[] x = {1, 2, 3, 0, -1, .5f, 2, 2, 2, -3, 4, 1};
        // The golden rows of the semantics without weights, label smoothing 0.1: 0.9 * loss + 0.1 * mean over classes.
        assertEquals(0.5076060, smoothed(x, 0, 2), 5e-8);
        assertEquals(1.0986123, smoothed(x, 6, 0), 5e-8);
        assertEquals(0.3827889, smoothed(x, 9, 1), 5e-8);
    }

    private static double smoothed(float[] x, int from, int target) {
        double mean = 0;
        for (int c = 0; c < 3; c++) {
            mean += Oracle.loss(x, from, from + 3, c).hi() / 3;
        }
        return 0.9 * Oracle.loss(x, from, from + 3, target).hi() + 0.1 * mean;
    }

    @Test
    void specialValuesOfLogSumExp() {
        assertEquals(-INF, lse());
        assertEquals(-INF, lse(-INF));
        assertEquals(-INF, lse(-INF, -INF, -INF));
        assertEquals(INF, lse(1, INF, -INF));
        assertEquals(NAN, lse(1, INF, NAN));
        assertEquals(NAN, lse(NAN, INF));
        assertEquals(NAN, lse(-INF, NAN));
        assertEquals(1f, lse(-INF, 1, -INF));
        assertEquals(-3e38f, lse(-INF, -3e38f, -Float.MAX_VALUE));
        assertEquals(Float.MAX_VALUE, lse(Float.MAX_VALUE, -Float.MAX_VALUE));
        for (float one : new float[] {-0f, 0f, Float.MIN_VALUE, -1e9f, Float.MAX_VALUE, 1.1f}) {
            assertEquals(one, lse(one));
        }
    }

    @Test
    void specialValuesOfLossAndSoftmax() {
        assertEquals(0f, loss(0, 7));
        assertEquals(NAN, loss(0, -INF, -INF));
        assertEquals(NAN, loss(0, 1, INF));
        assertEquals(NAN, loss(0, 1, NAN));
        assertEquals(INF, loss(1, 1, -INF));
        assertEquals(0f, loss(0, 1, -INF));
        assertEquals(1e9f, loss(1, 0, -1e9f));
        assertThrows(IndexOutOfBoundsException.class, () -> loss(2, 1, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> Oracle.logSumExp(new float[3], 1, 4));

        DoubleDouble nan = DoubleDouble.of(Double.NaN);
        for (float[] x : new float[][] {{-INF, -INF}, {1, INF}, {NAN, 1}}) {
            assertEquals(Arrays.asList(nan, nan), Arrays.asList(Oracle.softmax(x, 0, 2)));
            assertEquals(Arrays.asList(nan, nan), Arrays.asList(Oracle.logSoftmax(x, 0, 2)));
        }
        assertEquals(DoubleDouble.ONE, Oracle.softmax(new float[] {5}, 0, 1)[0]);
        assertEquals(DoubleDouble.ZERO, Oracle.logSoftmax(new float[] {5}, 0, 1)[0]);
        assertEquals(0, Oracle.softmax(new float[0], 0, 0).length);
    }

    @Test
    void distances() {
        assertEquals(0, Oracle.ulpError(1f, DoubleDouble.ONE));
        assertEquals(0.5, Oracle.ulpError(1f, DoubleDouble.of(1 + 0x1p-24)));
        assertEquals(1, Oracle.ulpError(1 + 0x1p-23f, DoubleDouble.ONE));
        // Just below a power of two the nearest float is the power, with the wider ulp.
        assertEquals(0.5, Oracle.ulpError(1 - 0x1p-24f, new DoubleDouble(1, -0x1p-90)), 1e-15);
        assertEquals(1, Oracle.ulpError(0f, DoubleDouble.of(Float.MIN_VALUE)));
        assertEquals(0.25, Oracle.ulpError(-0f, DoubleDouble.of(0x1p-151)));
        assertEquals(0, Oracle.ulpError(-0f, DoubleDouble.ZERO));
        assertEquals(0x1p-60, Oracle.absoluteError(3f, new DoubleDouble(3, -0x1p-60)));

        DoubleDouble infinity = DoubleDouble.of(Double.POSITIVE_INFINITY);
        DoubleDouble nan = DoubleDouble.of(Double.NaN);
        assertEquals(0, Oracle.ulpError(INF, infinity));
        assertEquals(0, Oracle.ulpError(NAN, nan));
        assertEquals(INF, Oracle.ulpError(-INF, infinity));
        assertEquals(INF, Oracle.ulpError(NAN, infinity));
        assertEquals(INF, Oracle.ulpError(Float.MAX_VALUE, infinity));
        assertEquals(INF, Oracle.ulpError(INF, nan));
        assertEquals(INF, Oracle.ulpError(1f, nan));
        assertEquals(INF, Oracle.ulpError(NAN, DoubleDouble.ONE));
        assertEquals(INF, Oracle.ulpError(INF, DoubleDouble.of(Float.MAX_VALUE)));
        assertEquals(0, Oracle.ulpError(INF, DoubleDouble.of(0x1p128)));
        assertEquals(1, Oracle.ulpError(Float.MAX_VALUE, DoubleDouble.of(0x1p128)));
        assertEquals(INF, Oracle.absoluteError(-INF, infinity));
        assertEquals(0, Oracle.absoluteError(NAN, nan));
    }

    private static float lse(float... x) {
        return Oracle.logSumExp(x, 0, x.length).toFloat();
    }

    private static float loss(int target, float... logits) {
        return Oracle.loss(logits, 0, logits.length, target).toFloat();
    }
}
