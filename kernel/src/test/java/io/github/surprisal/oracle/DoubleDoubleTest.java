package io.github.surprisal.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class DoubleDoubleTest {
    private static final long SEED = 20250925;
    private static final int POINTS = 200;
    /** The class promises 1e-30; the operations proper stay below 8 * 2^-106 = 1e-31. */
    private static final double PROMISED = 1e-30;
    private static final double OPERATION = 0x1p-103;

    private final SplittableRandom random = new SplittableRandom(SEED);

    @Test
    void arithmetic() {
        MathContext digits = new MathContext(70);
        for (int i = 0; i < POINTS; i++) {
            DoubleDouble a = random(Math.scalb(1.0, random.nextInt(-200, 200)));
            DoubleDouble b = random(Math.scalb(1.0, random.nextInt(-200, 200)));
            DoubleDouble near = a.negate().add(b.mul(DoubleDouble.of(a.hi() / b.hi() * 0x1p-40)));
            BigDecimal x = a.toBigDecimal();
            BigDecimal y = b.toBigDecimal();
            assertClose("a + b", a.add(b), x.add(y), OPERATION, a, b);
            assertClose("a - b", a.sub(b), x.subtract(y), OPERATION, a, b);
            assertClose("cancelling a + b", a.add(near), x.add(near.toBigDecimal()), OPERATION, a, near);
            assertClose("a * b", a.mul(b), x.multiply(y), OPERATION, a, b);
            assertClose("a / b", a.div(b), x.divide(y, digits), OPERATION, a, b);
        }
    }

    @Test
    void differenceIsExact() {
        for (int i = 0; i < POINTS; i++) {
            float a = Float.intBitsToFloat(random.nextInt(0x7f800000));
            float b = -a * random.nextInt(-3, 4) + random.nextInt(-3, 4);
            if (Float.isFinite(b)) {
                assertEquals(0, DoubleDouble.difference(a, b).toBigDecimal()
                        .compareTo(new BigDecimal(a).subtract(new BigDecimal(b))), a + " - " + b);
            }
        }
    }

    @Test
    void productErrorNeedsNoFma() {
        for (int i = 0; i < POINTS; i++) {
            double a = random(Math.scalb(1.0, random.nextInt(-400, 400))).hi();
            double b = random(Math.scalb(1.0, random.nextInt(-400, 400))).hi();
            double p = a * b;
            assertEquals(Math.fma(a, b, -p), DoubleDouble.productErrorWithoutFma(a, b, p), a + " * " + b);
        }
    }

    @Test
    void exp() {
        assertFunction("exp", DoubleDouble::exp, BigReference::exp, -660, 700);
        assertFunction("exp", DoubleDouble::exp, BigReference::exp, -105, 1);
        assertFunction("exp", DoubleDouble::exp, BigReference::exp, -1e-3, 1e-3);
        assertEquals(DoubleDouble.ONE, DoubleDouble.ZERO.exp());
    }

    @Test
    void expFadesToZeroAndOverflows() {
        for (double x = -800; x < -670; x += 0.37) {
            double expected = StrictMath.exp(x);
            assertEquals(expected, DoubleDouble.of(x).exp().hi(), Math.ulp(expected), "exp(" + x + ")");
        }
        assertEquals(0, DoubleDouble.of(-746).exp().hi());
        assertEquals(0, DoubleDouble.of(Double.NEGATIVE_INFINITY).exp().hi());
        assertEquals(new DoubleDouble(Double.POSITIVE_INFINITY, 0), DoubleDouble.of(709.8).exp());
        assertEquals(new DoubleDouble(Double.POSITIVE_INFINITY, 0), DoubleDouble.of(1e300).exp());
        assertEquals(new DoubleDouble(Double.NaN, 0), DoubleDouble.of(Double.NaN).exp());
    }

    @Test
    void expm1() {
        UnaryOperator<BigDecimal> byExp = x -> BigReference.exp(x).subtract(BigDecimal.ONE);
        assertFunction("expm1", DoubleDouble::expm1, byExp, -100, 100);
        assertFunction("expm1", DoubleDouble::expm1, BigReference::expm1, -0.5, 0.5);
        for (int e = -200; e < 0; e += 2) {
            DoubleDouble x = random(Math.scalb(1.0, e));
            assertClose("expm1", x.expm1(), BigReference.expm1(x.toBigDecimal()), PROMISED, x);
        }
        assertEquals(DoubleDouble.ZERO, DoubleDouble.ZERO.expm1());
    }

    @Test
    void log() {
        assertFunction("log", DoubleDouble::log, BigReference::log, 0.5, 2);
        assertFunction("log", DoubleDouble::log, BigReference::log, 1 - 1e-9, 1 + 1e-9);
        for (int e = -900; e < 1023; e += 13) {
            DoubleDouble x = random(Math.scalb(1.0, e)).abs();
            assertClose("log", x.log(), BigReference.log(x.toBigDecimal()), PROMISED, x);
        }
        DoubleDouble smallest = DoubleDouble.of(Double.MIN_VALUE);
        assertClose("log", smallest.log(), BigReference.log(smallest.toBigDecimal()), PROMISED, smallest);
        assertClose("ln 2", DoubleDouble.LN2, BigReference.log(BigDecimal.TWO), 0x1p-106);
        assertEquals(Double.NEGATIVE_INFINITY, DoubleDouble.ZERO.log().hi());
        assertEquals(Double.POSITIVE_INFINITY, DoubleDouble.of(Double.POSITIVE_INFINITY).log().hi());
        assertEquals(Double.NaN, DoubleDouble.of(-1).log().hi());
        assertEquals(Double.NaN, DoubleDouble.of(Double.NaN).log().hi());
    }

    @Test
    void log1p() {
        assertFunction("log1p", DoubleDouble::log1p, BigReference::log1p, -0.999, 3);
        assertFunction("log1p", DoubleDouble::log1p, BigReference::log1p, 0, 1e8);
        for (int e = -200; e < 0; e += 2) {
            DoubleDouble x = random(Math.scalb(1.0, e));
            assertClose("log1p", x.log1p(), BigReference.log1p(x.toBigDecimal()), PROMISED, x);
        }
        assertEquals(DoubleDouble.ZERO, DoubleDouble.ZERO.log1p());
    }

    @Test
    void toFloatRoundsOnce() {
        double tie = 1 + 0x1p-24;
        assertEquals(1f, DoubleDouble.of(tie).toFloat());
        assertEquals(1 + 0x1p-23f, new DoubleDouble(tie, 0x1p-90).toFloat());
        assertEquals(1f, new DoubleDouble(tie, -0x1p-90).toFloat());
        assertEquals(-1 - 0x1p-23f, new DoubleDouble(-tie, -0x1p-90).toFloat());
        assertEquals(-1f, new DoubleDouble(-tie, 0x1p-90).toFloat());
        double upperTie = 1 + 0x3p-24;
        assertEquals(1 + 0x1p-22f, DoubleDouble.of(upperTie).toFloat());
        assertEquals(1 + 0x1p-23f, new DoubleDouble(upperTie, -0x1p-90).toFloat());
        assertEquals(Float.MIN_VALUE, new DoubleDouble(0x1p-150, 0x1p-250).toFloat());
        assertEquals(0f, DoubleDouble.of(0x1p-150).toFloat());
        assertEquals(Float.POSITIVE_INFINITY, DoubleDouble.of(3.5e38).toFloat());
        assertEquals(Float.NaN, DoubleDouble.of(Double.NaN).toFloat());
    }

    private void assertFunction(String name, UnaryOperator<DoubleDouble> function,
            UnaryOperator<BigDecimal> reference, double low, double high) {
        for (int i = 0; i < POINTS; i++) {
            double hi = random.nextDouble(low, high);
            DoubleDouble x = new DoubleDouble(hi, Math.ulp(hi) * random.nextDouble(-0.5, 0.5));
            assertClose(name, function.apply(x), reference.apply(x.toBigDecimal()), PROMISED, x);
        }
    }

    /** Either sign, magnitude in [scale, 2 * scale). */
    private DoubleDouble random(double scale) {
        double hi = scale * random.nextDouble(1, 2) * (random.nextBoolean() ? 1 : -1);
        return new DoubleDouble(hi, Math.ulp(hi) * random.nextDouble(-0.5, 0.5));
    }

    private static void assertClose(String what, DoubleDouble actual, BigDecimal exact, double bound,
            DoubleDouble... of) {
        double error = BigReference.relativeError(actual, exact);
        assertTrue(error <= bound, () -> what + " of " + Arrays.toString(of) + " is off by " + error
                + " relative, " + bound + " allowed, seed " + SEED);
    }
}
