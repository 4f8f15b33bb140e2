package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.oracle.Shape;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Laws of the loss and its gradient, within the error bounds. */
class CrossEntropyPropertiesTest {
    private static final long SEED = 20250711;
    private static final int CALLS = 300;
    /** Gradient elements are within 4 ulp of the larger of p_j and 1 at the target: 4 * 2^-23. */
    private static final double GRADIENT = 0x1p-21;

    private static final CrossEntropy SUM = CrossEntropy.builder().reduction(Reduction.SUM).build();

    private static float loss(float[] row, int target) {
        return SUM.loss(Matrix.of(row, 1, row.length), new int[] {target});
    }

    private static float[] gradient(float[] row, int target) {
        float[] gradient = new float[row.length];
        SUM.lossAndGradient(Matrix.of(row, 1, row.length), new int[] {target}, Matrix.of(gradient, 1, row.length));
        return gradient;
    }

    /** Both are within 2 ulp of the same exact loss. */
    private static void assertSameLoss(float expected, float actual, String what) {
        if (Float.isFinite(expected)) {
            assertEquals(expected, actual, 4 * Math.ulp(expected), what);
        } else {
            assertEquals(expected, actual, what);
        }
    }

    @Test
    void permutedClasses() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (Shape shape : Shape.values()) {
            for (int n : new int[] {2, 3, 10, 33, 100, 1000, 2500}) {
                float[] row = shape.fill(n, n);
                int[] order = order(n, random);
                float[] permuted = new float[n];
                for (int j = 0; j < n; j++) permuted[j] = row[order[j]];
                int target = random.nextInt(n);
                String what = shape + ", n = seed = " + n;
                assertSameLoss(loss(row, order[target]), loss(permuted, target), what);
                float[] expected = gradient(row, order[target]);
                float[] actual = gradient(permuted, target);
                for (int j = 0; j < n; j++) {
                    float e = expected[order[j]];
                    if (Float.isNaN(e)) {
                        assertEquals(e, actual[j], what);
                    } else {
                        assertEquals(e, actual[j], 2 * GRADIENT, what);
                    }
                }
            }
        }
    }

    private static int[] order(int n, SplittableRandom random) {
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    /** Multiples of 2^-10 up to 2^13 in magnitude: adding 1024 is exact, so the exact loss is the same. */
    @Test
    void logitsShiftedBy1024() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int turn = 0; turn < CALLS; turn++) {
            int n = random.nextInt(1, 300);
            float[] row = new float[n];
            float[] shifted = new float[n];
            for (int j = 0; j < n; j++) {
                row[j] = random.nextInt(-1 << 13, 1 << 13) * 0x1p-10f;
                shifted[j] = row[j] + 1024;
            }
            int target = random.nextInt(n);
            String what = "turn " + turn + ", n " + n + ", seed " + SEED;
            assertSameLoss(loss(row, target), loss(shifted, target), what);
            assertArrayEquals(gradient(row, target), gradient(shifted, target), (float) (2 * GRADIENT), what);
        }
    }

    /** Each element is within 4 ulp of the larger of p_j a and b_j, and those sum to a = 1 each; an ulp is at most 2^-23 of a number. */
    @Test
    void gradientRowsSumToZero() {
        for (Shape shape : Shape.values()) {
            for (int n : new int[] {1, 2, 3, 10, 33, 100, 1000, 4099}) {
                float[] row = shape.fill(n, n);
                CrossEntropy smoothed = CrossEntropy.builder().labelSmoothing(.1f).reduction(Reduction.SUM).build();
                for (CrossEntropy crossEntropy : new CrossEntropy[] {SUM, smoothed}) {
                    float[] gradient = new float[n];
                    crossEntropy.lossAndGradient(Matrix.of(row, 1, n), new int[] {n / 2}, Matrix.of(gradient, 1, n));
                    double sum = 0;
                    for (float g : gradient) sum += g;
                    if (!Double.isNaN(sum)) assertEquals(0, sum, 2 * 4 * 0x1p-23, shape + ", n = seed = " + n);
                }
            }
        }
    }

    @Test
    void lossesAreNotNegative() {
        for (Shape shape : Shape.values()) {
            for (int n = 1; n < 200; n += 3) {
                float[] row = shape.fill(n, n);
                for (int target = 0; target < n; target += 1 + n / 5) {
                    float loss = loss(row, target);
                    assertTrue(loss >= 0 || Float.isNaN(loss), shape + ", n = seed = " + n + ", target " + target + ": " + loss);
                }
            }
        }
    }

    @Test
    void softmaxIsTheExponentialOfLogSoftmax() {
        for (Shape shape : Shape.values()) {
            float[] row = shape.fill(100, SEED);
            float[] p = new float[100];
            float[] logP = new float[100];
            Softmax.softmax(row, p);
            Softmax.logSoftmax(row, logP);
            for (int j = 0; j < 100; j++) {
                if (Float.isNaN(p[j])) continue;
                if (logP[j] == Float.NEGATIVE_INFINITY) {
                    assertEquals(0f, p[j], 0f, shape + ", " + j);
                    continue;
                }
                // 2 ulp of log p are an absolute error of the exponent, 4 ulp of p a relative one.
                double bound = Float.MIN_NORMAL + p[j] * (4 * 0x1p-23 + 2 * Math.ulp(Math.max(Math.abs(logP[j]), .25f)));
                assertEquals(Math.exp(logP[j]), p[j], bound, shape + ", " + j);
            }
        }
    }
}
