package io.github.surprisal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.surprisal.oracle.DoubleDouble;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The logarithm of a ratio, and what is made of it for one probability, against the double-double oracle. */
@Tag("once")
class ScalarInformationTest {
    private static final double BOUND = 1e-15;
    private static final int TRIALS = 100_000;
    private static final long SEED = 20250712;

    private final SplittableRandom random = new SplittableRandom(SEED);
    private double worst;
    private String worstAt;

    @Test
    void ratiosOfFloats() {
        for (int i = 0; i < TRIALS; i++) {
            judgeRatio(anyFloat(), anyFloat());
            judgeRatio((float) random.nextDouble(0.001, 1), (float) random.nextDouble(0.001, 1));
            float a = anyFloat();
            judgeRatio(a, Math.nextUp(a));
            judgeRatio(a, Math.nextDown(a) == 0 ? a : Math.nextDown(a));
            judgeRatio(1, Float.intBitsToFloat(0x3F800000 - i));
        }
        assertWorst(BOUND);
    }

    /** Where k changes: ratios of 2^k, 2/3 2^k and 3/2 2^k and their neighbours. */
    @Test
    void ratiosAtTheSeams() {
        for (int k = -149; k <= 149; k++) {
            for (double m : new double[] {1, 1.5, 4.0 / 3}) {
                for (int ulps = -3; ulps <= 3; ulps++) {
                    float a = Math.scalb((float) m, k / 2) + ulps * Math.ulp(Math.scalb((float) m, k / 2));
                    float b = Math.scalb(1f, k / 2 - k);
                    if (a > 0 && b > 0) judgeRatio(a, b);
                }
            }
        }
        assertWorst(BOUND);
    }

    @Test
    void powersOfTwoAreExact() {
        for (int k = -149; k <= 0; k++) {
            for (int l = -149; l <= 0; l++) assertEquals((double) (k - l), ScalarInformation.log2Ratio(Math.scalb(1f, k), Math.scalb(1f, l)));
        }
        for (int k = -1074; k <= 0; k++) assertEquals(-k == 0 ? 0.0 : -k, ScalarInformation.surprisal(Math.scalb(1.0, k)));
        for (int i = 1; i < 0x3F800000; i += 99_991) {
            float x = Float.intBitsToFloat(i);
            assertEquals(0.0, ScalarInformation.log2Ratio(x, x)); // +0
        }
    }

    @Test
    void surprisal() {
        for (int i = 0; i < TRIALS; i++) {
            double p = Double.longBitsToDouble(random.nextLong(1, 0x3FF0000000000000L));
            judge(ScalarInformation.surprisal(p), DoubleDouble.of(p).log().negate(), "surprisal of " + p);
            double near1 = 1 - Math.scalb(random.nextDouble(), -random.nextInt(50));
            if (near1 > 0 && near1 < 1) judge(ScalarInformation.surprisal(near1), DoubleDouble.of(near1).log().negate(), "surprisal of " + near1);
        }
        assertWorst(BOUND);
        assertEquals(Double.POSITIVE_INFINITY, ScalarInformation.surprisal(0));
        assertEquals(Double.POSITIVE_INFINITY, ScalarInformation.surprisal(-0.0));
        assertEquals(0.0, ScalarInformation.surprisal(1));
    }

    @Test
    void binaryEntropy() {
        for (int i = 0; i < TRIALS; i++) {
            judgeCoin(random.nextDouble());
            judgeCoin(Math.scalb(random.nextDouble(0.5, 1), -random.nextInt(1000))); // normal terms
            judgeCoin(1 - Math.scalb(random.nextDouble(0.5, 1), -random.nextInt(1, 52)));
        }
        for (double p : new double[] {0.25, Math.nextDown(0.25), 0.5, Math.nextDown(0.5), Math.nextUp(0.5)}) judgeCoin(p);
        assertWorst(2 * BOUND);
    }

    private float anyFloat() {
        return Float.intBitsToFloat(random.nextInt(1, 0x3F800001));
    }

    private void judgeRatio(float a, float b) {
        judge(ScalarInformation.log2Ratio(a, b), DoubleDouble.of(a).div(DoubleDouble.of(b)).log(), "log2Ratio of " + a + ", " + b);
    }

    private void judgeCoin(double p) {
        DoubleDouble a = DoubleDouble.of(p);
        DoubleDouble b = DoubleDouble.ONE.sub(a);
        DoubleDouble nats = a.mul(a.log()).add(b.mul(a.negate().log1p())).negate();
        judge(ScalarInformation.binaryEntropy(p), nats, "binaryEntropy of " + p);
    }

    private void judge(double bits, DoubleDouble nats, String what) {
        DoubleDouble exact = nats.div(DoubleDouble.LN2);
        double error = bits == exact.hi() ? 0 : Math.abs(DoubleDouble.of(bits).sub(exact).hi() / exact.hi());
        if (!(error <= worst)) {
            worst = error;
            worstAt = what;
        }
    }

    private void assertWorst(double bound) {
        if (!(worst <= bound)) throw new AssertionError(worstAt + " is off by " + worst + " relative, seed " + SEED);
    }
}
