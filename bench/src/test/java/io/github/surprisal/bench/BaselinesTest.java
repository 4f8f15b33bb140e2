package io.github.surprisal.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The baselines agree with the reference, so a comparison with them compares equal work. */
class BaselinesTest {

    // 70 is beyond two 512-bit vectors per step, so every tail of every width occurs
    private static final int LONGEST = 70;

    // One rounding to float of a double result: half an ulp, and a hair for the reference's own error.
    private static final double ROUNDED = 0.5 + 1e-6;
    // EXP is good to 1 ulp per term, float lane sums of up to 5 terms add 2 more: a relative error of the sum, which is
    // an absolute one of its logarithm, of 3 * 2^-23. The results are in [0.25, 8), where that is at most 12 ulp.
    private static final double FLOAT_SUM = 3 * 0x1p-23;

    @Test
    void logSumExpAtEveryLength() {
        float[] x = Logits.gaussian(LONGEST + 3);
        for (int offset = 0; offset < 3; offset++) {
            for (int length = 1; length <= LONGEST; length++) {
                int to = offset + length;
                double expected = Oracle.logSumExp(x, offset, to);
                String what = "seed " + Logits.SEED + ", offset " + offset + ", length " + length;
                assertTrue(Oracle.ulps(PlainLoop.logSumExp(x, offset, to), expected) <= ROUNDED, what);
                assertEquals(expected, JdkExp.logSumExp(x, offset, to), FLOAT_SUM + Math.ulp((float) expected), what);
            }
        }
    }

    @Test
    void rowsAreIndependent() {
        float[] x = Logits.gaussian(3 * 37);
        var plain = new float[3];
        var jdk = new float[3];
        PlainLoop.logSumExpOfRows(x, 3, 37, plain);
        JdkExp.logSumExpOfRows(x, 3, 37, jdk);
        for (int row = 0; row < 3; row++) {
            assertEquals(PlainLoop.logSumExp(x, row * 37, (row + 1) * 37), plain[row]);
            assertEquals(JdkExp.logSumExp(x, row * 37, (row + 1) * 37), jdk[row]);
        }
    }

    @Test
    void oracleOfEqualElementsIsTheLogarithmOfTheirNumber() {
        var x = new float[1000];
        Arrays.fill(x, 3);
        assertEquals(3 + Math.log(1000), Oracle.logSumExp(x, 0, 1000), 1e-14);
    }

    @Test
    void ulpsAreThoseOfAFloat() {
        assertEquals(1, Oracle.ulps(Math.nextUp(2f), 2));
        assertEquals(Double.POSITIVE_INFINITY, Oracle.ulps(Float.NaN, 2));
    }

    // Integers whose partial sums are exact in float, so that no order of summing may differ: below a chunk,
    // across chunks, and a remainder that four does not divide.
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 63, 1024, 16_385, 70_003, 200_001})
    void probesReadEveryElementOnce(int length) {
        var x = new float[length];
        double expected = 0;
        for (int i = 0; i < length; i++) {
            x[i] = 1 + i % 7;
            expected += x[i];
        }
        assertEquals(expected, ReadProbe.oneStream(x));
        assertEquals(expected, ReadProbe.fourStreams(x));
    }
}
