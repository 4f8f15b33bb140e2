package io.github.surprisal.kernel;

import static io.github.surprisal.kernel.KernelPair.SCALAR;
import static io.github.surprisal.kernel.KernelPair.assertBits;

import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** As {@link SameBitsTest}, of the functions of doubles. */
class SameDoublesTest {
    private static final long SEED = 20250701;

    private static RowKernel simd;

    @BeforeAll
    static void findKernel() {
        simd = KernelPair.simd();
    }

    @Test
    void logOfRandomAndBoundaryValues() {
        double[] boundaries = {
            1, Math.nextDown(1.0), Math.nextUp(1.0), Double.MIN_NORMAL, Double.MAX_VALUE, 0x1p-1022, 0x1p1023,
            Math.sqrt(0.5), Math.nextDown(Math.sqrt(0.5)), Math.nextUp(Math.sqrt(0.5)),
            Math.sqrt(2), Math.nextDown(Math.sqrt(2)), Math.nextUp(Math.sqrt(2))
        };
        SplittableRandom random = new SplittableRandom(SEED);
        for (int n = 8; n <= 64; n += 8) {
            for (int turn = 0; turn < 5000; turn++) {
                double[] x = new double[n + 8];
                for (int i = 0; i < x.length; i++) {
                    x[i] = Double.longBitsToDouble(random.nextLong(0x0010000000000000L, 0x7FF0000000000000L)); // every normal one
                }
                x[turn % n] = boundaries[turn % boundaries.length];
                double[] expected = x.clone();
                double[] actual = x.clone();
                double[] expectedLog1p = new double[n];
                double[] actualLog1p = new double[n];
                for (int i = 0; i < n; i++) { // half of them around 1, where one formula goes over into the other
                    double ratio = i % 2 == 0 ? random.nextDouble() : Math.min(x[i], 0x1p1000);
                    expectedLog1p[i] = actualLog1p[i] = turn % 50 == i ? 0.41 : ratio;
                }
                int count = random.nextInt(n + 1);
                double before = random.nextGaussian();
                double inOrder = before;
                double expectedSum = SCALAR.log1p(expectedLog1p, n, count, before);
                double actualSum = simd.log1p(actualLog1p, n, count, before);
                for (int i = 0; i < count; i++) inOrder += expectedLog1p[i];
                assertBits(inOrder, expectedSum, () -> "sum of " + count + " log1p, seed " + SEED);
                assertBits(inOrder, actualSum, () -> "sum of " + count + " log1p, seed " + SEED);
                SCALAR.log(expected, n);
                simd.log(actual, n);
                for (int i = 0; i < n; i++) {
                    int at = i;
                    assertBits(expectedLog1p[i], actualLog1p[i], () -> "log1p at " + at + ", seed " + SEED);
                }
                for (int i = 0; i < x.length; i++) {
                    int at = i;
                    int length = n;
                    assertBits(expected[i], actual[i], () -> "log of " + x[at] + " at " + at + ", n " + length + ", seed " + SEED);
                }
            }
        }
    }

    @Test
    void expOfRandomAndBoundaryValues() {
        double[] boundaries = {
            0, -0.0, 1, -1, 708, -708, Math.nextUp(708), Math.nextDown(-708), 1e-300, -1e-300, 1e300, -1e300,
            Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY
        };
        SplittableRandom random = new SplittableRandom(SEED);
        for (int turn = 0; turn < 20000; turn++) {
            double[] q = new double[16];
            for (int i = 0; i < q.length; i++) q[i] = random.nextGaussian() * Math.pow(10, random.nextInt(-10, 4));
            q[turn % q.length] = boundaries[turn % boundaries.length];
            double[] expectedExp = q.clone();
            double[] actualExp = q.clone();
            for (int i = 0; i < q.length; i++) expectedExp[i] = actualExp[i] = Math.min(q[i], 709);
            SCALAR.exp(expectedExp, q.length);
            simd.exp(actualExp, q.length);
            for (int i = 0; i < q.length; i++) {
                int at = i;
                assertBits(expectedExp[i], actualExp[i], () -> "exp of " + q[at] + " at " + at + ", seed " + SEED);
            }
        }
    }

    @Test
    void softcapAndItsSlopeOfRandomAndBoundaryValues() {
        float[] boundaries = {
            0, -0f, Float.MIN_VALUE, -Float.MIN_VALUE, Float.MAX_VALUE, -Float.MAX_VALUE, 0x1p-10f, Math.nextDown(0x1p-10f), -Math.nextDown(0x1p-10f),
            354, Math.nextUp(354f), -355, 19, -20, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, Float.intBitsToFloat(0xFFC00000)
        };
        double[] factors = {1, 1 / 30.0, 0.7 / 50, Float.MIN_VALUE / (double) Float.MAX_VALUE, Float.MAX_VALUE / (double) Float.MIN_VALUE};
        SplittableRandom random = new SplittableRandom(SEED);
        for (int turn = 0; turn < 20000; turn++) {
            int n = random.nextInt(40);
            int from = random.nextInt(4);
            float[] x = new float[n + 8];
            float[] slopes = new float[n + 8];
            for (int i = 0; i < x.length; i++) {
                x[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(-10, 4)));
                slopes[i] = (float) random.nextGaussian();
            }
            x[from + turn % Math.max(n, 1)] = boundaries[turn % boundaries.length];
            double factor = factors[random.nextInt(factors.length)];
            float cap = (float) random.nextDouble(1, 50);
            float[] expected = x.clone();
            float[] actual = x.clone();
            float[] expectedSlopes = slopes.clone();
            SCALAR.softcap(expected, from, n, factor, cap);
            simd.softcap(actual, from, n, factor, cap);
            KernelPair.assertSame(expected, actual, () -> "softcap of " + n + " from " + from + ", factor " + factor + ", seed " + SEED);
            for (int i = 0; i < x.length; i++) if (Float.isNaN(x[i])) x[i] = 1;
            SCALAR.multiplyBySlope(x, from, n, factor, cap, expectedSlopes, 3);
            simd.multiplyBySlope(x, from, n, factor, cap, slopes, 3);
            KernelPair.assertSame(expectedSlopes, slopes, () -> "slopes of " + n + " from " + from + ", factor " + factor + ", seed " + SEED);
        }
    }
}
