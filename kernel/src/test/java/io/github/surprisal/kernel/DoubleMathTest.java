package io.github.surprisal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.oracle.DoubleDouble;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The functions of {@link DoubleMath} against the double-double oracle, to the relative error that it documents. */
@Tag("once")
class DoubleMathTest {
    private static final double BOUND = 2e-15;
    private static final int TRIALS = 20_000;
    private static final long SEED = 20250705;

    private final SplittableRandom random = new SplittableRandom(SEED);
    private double worst;
    private double worstAt;

    @Test
    void log() {
        for (int i = 0; i < TRIALS; i++) {
            judgeLog(Double.longBitsToDouble(random.nextLong(1, 0x7FF0000000000000L))); // every magnitude, subnormals too
            judgeLog(random.nextDouble(0.5, 2));
            judgeLog(random.nextDouble(1, 1 << 20));
        }
        assertWorst("log");
    }

    @Test
    void logNear1KeepsItsRelativeAccuracy() {
        for (int i = 0; i < TRIALS; i++) {
            judgeLog(1 + Math.scalb(random.nextDouble(-1, 1), -random.nextInt(1, 53)));
        }
        judgeLog(Math.nextDown(1.0));
        judgeLog(Math.nextUp(1.0));
        assertWorst("log");
    }

    @Test
    void logAtTheSeamsOfItsReduction() {
        for (int k = -1021; k < 1023; k++) {
            for (double m : new double[] {1, Math.sqrt(0.5), Math.sqrt(2)}) {
                double x = Math.scalb(m, k);
                for (int ulps = -2; ulps <= 2; ulps++) judgeLog(x + ulps * Math.ulp(x));
            }
        }
        for (double x = Double.MIN_VALUE; x < 0x1p-1021; x *= 2) judgeLog(x);
        assertWorst("log");
    }

    @Test
    void log1p() {
        for (int i = 0; i < TRIALS; i++) {
            judgeLog1p(Math.scalb(random.nextDouble(1, 2), random.nextInt(-1000, 1023)));
            judgeLog1p(Math.scalb(random.nextDouble(1, 2), random.nextInt(-30, 30)));
            judgeLog1p(random.nextDouble(0.3, 0.5));
        }
        judgeLog1p(0.41);
        judgeLog1p(Math.nextDown(0.41));
        assertWorst("log1p");
    }

    @Test
    void exp() {
        for (int i = 0; i < TRIALS; i++) {
            judgeExp(random.nextDouble(-708, 709)); // normal results
            judgeExp(random.nextDouble(-1, 1));
            judgeExp((random.nextInt(-1000, 1000) + 0.5) * DoubleMath.LN2 + random.nextInt(-2, 3) * 0x1p-45);
            judgeExp(Math.scalb(random.nextDouble(-1, 1), -random.nextInt(0, 1000)));
        }
        assertWorst("exp");
    }

    @Test
    void expHasNoSubnormalResults() {
        assertEquals(0.0, DoubleMath.exp(Math.nextDown(-708)));
        assertTrue(DoubleMath.exp(-708) >= Double.MIN_NORMAL);
    }

    @Test
    void softplus() {
        for (int i = 0; i < TRIALS; i++) {
            judge(random.nextDouble(-40, 40), DoubleMath::softplus, DoubleMathTest::exactSoftplus);
            judge(random.nextDouble(-700, 700), DoubleMath::softplus, DoubleMathTest::exactSoftplus);
            judge(random.nextDouble(-1, 1), DoubleMath::softplus, DoubleMathTest::exactSoftplus);
        }
        assertWorst("softplus");
        assertEquals(0.0, DoubleMath.softplus(Double.NEGATIVE_INFINITY));
        assertEquals(Double.POSITIVE_INFINITY, DoubleMath.softplus(Double.POSITIVE_INFINITY));
    }

    private static DoubleDouble exactSoftplus(DoubleDouble q) {
        DoubleDouble log1p = q.abs().negate().exp().log1p();
        return q.hi() > 0 ? q.add(log1p) : log1p;
    }

    /** Where it goes over from its series, 1 - e^-2x has lost ten bits; to round to float, 24 suffice. */
    @Test
    void tanh() {
        for (int i = 0; i < TRIALS; i++) {
            judge(Math.scalb(random.nextDouble(-2, 2), -random.nextInt(0, 60)), DoubleMath::tanh, DoubleMathTest::exactTanh);
            judge(random.nextDouble(-30, 30), DoubleMath::tanh, DoubleMathTest::exactTanh);
            judge(random.nextDouble(0x1p-11, 0x1p-9), DoubleMath::tanh, DoubleMathTest::exactTanh);
        }
        assertWorst("tanh", 3e-13);
        assertEquals(0.0, Math.abs(DoubleMath.tanh(-0.0)));
        assertEquals(-1.0, DoubleMath.tanh(Double.NEGATIVE_INFINITY));
        assertEquals(Double.NaN, DoubleMath.tanh(Double.NaN));
    }

    @Test
    void sechSquaredKeepsItsAccuracyFarFromZero() {
        for (int i = 0; i < TRIALS; i++) {
            for (float x : new float[] {(float) random.nextDouble(-300, 300), (float) random.nextGaussian()}) {
                judge(x, v -> DoubleMath.sechSquared((float) v, 1), DoubleMathTest::exactSechSquared);
            }
        }
        assertWorst("sechSquared");
        assertEquals(1.0, DoubleMath.sechSquared(-0f, 1));
        assertEquals(0.0, DoubleMath.sechSquared(Float.NEGATIVE_INFINITY, 1));
    }

    private static DoubleDouble exactTanh(DoubleDouble x) {
        DoubleDouble e = x.add(x).expm1();
        return e.div(e.add(DoubleDouble.of(2)));
    }

    private static DoubleDouble exactSechSquared(DoubleDouble x) {
        DoubleDouble e = x.add(x).abs().negate().exp();
        DoubleDouble above = e.add(DoubleDouble.ONE);
        return e.mul(DoubleDouble.of(4)).div(above.mul(above));
    }

    @Test
    void specialValues() {
        assertEquals(Double.NEGATIVE_INFINITY, DoubleMath.log(0));
        assertEquals(0.0, DoubleMath.log(1)); // +0: compared as Double.equals does
        assertEquals(0.0, DoubleMath.log1p(0));
        assertEquals(Double.MIN_NORMAL, DoubleMath.log1p(Double.MIN_NORMAL));
        assertEquals(1.0, DoubleMath.exp(0.0));
        assertEquals(1.0, DoubleMath.exp(-0.0));
        assertEquals(1.0, DoubleMath.exp(Double.MIN_VALUE));
        assertEquals(0.0, DoubleMath.exp(Double.NEGATIVE_INFINITY));
        assertEquals(0.0, DoubleMath.exp(-Double.MAX_VALUE));
        assertEquals(0.0, DoubleMath.exp(-746));
        assertEquals(Double.POSITIVE_INFINITY, DoubleMath.exp(709.8));
        assertEquals(Double.POSITIVE_INFINITY, DoubleMath.exp(Double.MAX_VALUE));
        assertEquals(Double.POSITIVE_INFINITY, DoubleMath.exp(Double.POSITIVE_INFINITY));
        assertEquals(Double.NaN, DoubleMath.exp(Double.NaN));
    }

    private void judgeLog(double x) {
        judge(x, DoubleMath::log, DoubleDouble::log);
    }

    private void judgeLog1p(double x) {
        judge(x, DoubleMath::log1p, DoubleDouble::log1p);
    }

    private void judgeExp(double x) {
        judge(x, DoubleMath::exp, DoubleDouble::exp);
    }

    private void judge(double x, DoubleUnaryOperator function, UnaryOperator<DoubleDouble> oracle) {
        DoubleDouble exact = oracle.apply(DoubleDouble.of(x));
        DoubleDouble difference = DoubleDouble.of(function.applyAsDouble(x)).sub(exact);
        double error = exact.hi() == 0 ? difference.abs().hi() : Math.abs(difference.hi() / exact.hi());
        if (!(error <= worst)) { // NaN is worst of all
            worst = error;
            worstAt = x;
        }
    }

    private void assertWorst(String function) {
        assertWorst(function, BOUND);
    }

    private void assertWorst(String function, double bound) {
        if (!(worst <= bound)) throw new AssertionError(function + "(" + worstAt + ") is off by " + worst + " relative, seed " + SEED);
    }
}
