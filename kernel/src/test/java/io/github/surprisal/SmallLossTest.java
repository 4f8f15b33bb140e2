package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.oracle.DoubleDouble;
import io.github.surprisal.oracle.Oracle;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Losses of confident predictions: the target leads all others by a gap of 0 to 100. Loss and gradient keep their relative
 * accuracy down to subnormal floats, where torch's loss is 0 from a gap of 17 on.
 */
class SmallLossTest {
    private static final CrossEntropy SUM = CrossEntropy.builder().reduction(Reduction.SUM).build();
    private static final long SEED = 20261127;
    private static final int[] CLASSES = {2, 3, 10, 17, 100, 1000, 5000};

    /** Loss: 2 ulp. Gradient at the target, p_y - 1, and elsewhere, p_j: 4 ulp, but a subnormal p_j may be flushed. */
    @Test
    void everyGap() {
        for (int classes : CLASSES) {
            for (float gap = 0; gap <= 100; gap += 0.25f) {
                for (int target : new int[] {0, classes / 2, classes - 1}) check(row(classes, target, gap), target, "gap " + gap + ", " + classes + " classes, target " + target);
            }
        }
    }

    /** 0 everywhere but for the target. */
    private static float[] row(int classes, int target, float gap) {
        float[] row = new float[classes];
        row[target] = gap;
        return row;
    }

    @Test
    void gapsFarFromZero() {
        for (float centre : new float[] {-5000, -40, 37.5f, 1e4f, 1e6f}) {
            for (float gap = 0; gap <= 100; gap++) {
                float[] row = {centre, centre + gap, centre - 1, centre};
                check(row, 1, "gap " + gap + " at " + centre);
            }
        }
    }

    private static void check(float[] row, int target, String what) {
        int n = row.length;
        DoubleDouble exact = Oracle.loss(row, 0, n, target);
        float[] gradient = new float[n];
        float loss = SUM.lossAndGradient(Matrix.of(row, 1, n), new int[] {target}, Matrix.of(gradient, 1, n));
        assertUlps(2, loss, exact, "loss, " + what);
        DoubleDouble[] p = Oracle.softmax(row, 0, n);
        DoubleDouble others = DoubleDouble.ZERO;
        for (int j = 0; j < n; j++) {
            if (j == target) continue;
            others = others.add(p[j]);
            if (p[j].hi() >= Float.MIN_NORMAL) {
                assertUlps(4, gradient[j], p[j], "gradient at " + j + ", " + what);
            } else {
                assertTrue(gradient[j] >= 0 && gradient[j] < Float.MIN_NORMAL, () -> "gradient at another class is " + gradient[0] + ", " + what);
            }
        }
        assertUlps(4, gradient[target], others.negate(), "gradient at the target, " + what);

        float[] losses = new float[1];
        SUM.losses(Matrix.of(row, 1, n), new int[] {target}, losses);
        assertEquals(loss, losses[0], what);
        float[] oneHot = new float[n];
        oneHot[target] = 1;
        float[] again = new float[n];
        assertUlps(2, SUM.lossAndGradient(Matrix.of(row, 1, n), Matrix.of(oneHot, 1, n), Matrix.of(again, 1, n)), exact, "loss of a distribution, " + what);
    }

    private static void assertUlps(double bound, float actual, DoubleDouble exact, String what) {
        double error = Oracle.ulpError(actual, exact);
        if (!(error <= bound)) throw new AssertionError(what + ": " + actual + " instead of " + exact.hi() + ", off by " + error + " ulp");
    }

    @Test
    void knownValues() {
        assertEquals(Math.log(2), loss(2, 0), 2 * Math.ulp(.69f));
        assertEquals(4.139937633e-8, loss(2, 17), 2 * Math.ulp(4.1e-8f));
        assertEquals(2.059090348e-6, loss(1000, 20), 2 * Math.ulp(2e-6f));
        assertEquals(1.926821098e-19, loss(1000, 50), 2 * Math.ulp(1.9e-19f));
        assertEquals(3.716355900e-41, loss(1000, 100), 2 * Float.MIN_VALUE);
        assertEquals(3.720075976e-44, loss(2, 100), 2 * Float.MIN_VALUE); // e^-100: the nearest float is 27 * 2^-149 = 3.78e-44
    }

    /** Weights that leave the sum over the classes hardly anything but what is near log-sum-exp: it is no difference of larger numbers. */
    @Test
    void smoothingWithWeightsNearTheLargestLogit() {
        var random = new Random(SEED);
        for (int classes : new int[] {2, 3, 5, 10, 33, 100, 1000, 5000}) {
            int rows = 20;
            float[] x = new float[rows * classes];
            int[] targets = new int[rows];
            for (int i = 0; i < x.length; i++) x[i] = (float) random.nextGaussian() * 3;
            for (int r = 0; r < rows; r++) {
                targets[r] = random.nextInt(classes);
                x[r * classes] += r * 2.5f; // class 0 leads by up to 50
            }
            float[] first = new float[classes];
            first[0] = 1;
            float[] some = new float[classes];
            float[] wide = new float[classes];
            for (int c = 0; c < classes; c++) {
                some[c] = random.nextInt(2);
                wide[c] = (float) Math.exp(random.nextGaussian() * 5);
            }
            for (float[] weights : new float[][] {first, some, wide}) {
                for (float smoothing : new float[] {0.1f, 1}) checkSmoothing(x, rows, classes, targets, weights, smoothing);
            }
        }
    }

    private static void checkSmoothing(float[] x, int rows, int classes, int[] targets, float[] weights, float smoothing) {
        CrossEntropy smoothed = CrossEntropy.builder().classWeights(weights).labelSmoothing(smoothing).reduction(Reduction.SUM).build();
        float[] losses = new float[rows];
        smoothed.losses(Matrix.of(x, rows, classes), targets, losses);
        float[] gradients = new float[x.length];
        smoothed.lossAndGradient(Matrix.of(x, rows, classes), targets, Matrix.of(gradients, rows, classes));
        float[] columns = new float[x.length];
        for (int i = 0; i < x.length; i++) columns[i % classes * rows + i / classes] = x[i];
        float[] again = new float[rows];
        smoothed.losses(Matrix.ofClassAxis(columns, 1, classes, rows), targets, again);
        assertArrayEquals(losses, again, 0f);
        for (int r = 0; r < rows; r++) {
            int target = targets[r];
            int from = r * classes;
            DoubleDouble lse = Oracle.logSumExp(x, from, from + classes);
            DoubleDouble exact = DoubleDouble.ZERO;
            for (int c = 0; c < classes; c++) {
                double weight = weights[c] * ((double) smoothing / classes + (c == target ? 1 - (double) smoothing : 0));
                boolean near = lse.hi() - x[from + c] < 1e-3; // then the difference has few digits
                DoubleDouble gap = near ? Oracle.loss(x, from, from + classes, c) : lse.sub(DoubleDouble.of(x[from + c]));
                exact = exact.add(gap.mul(DoubleDouble.of(weight)));
            }
            String what = "seed " + SEED + ", " + classes + " classes, row " + r + ", target " + target + ", smoothing " + smoothing + ", weights " + weights[0]
                    + ", " + weights[1] + ", ..";
            assertUlps(2, losses[r], exact, what);
            float[] gradient = new float[classes];
            float alone = smoothed.lossAndGradient(Matrix.of(x, from, 1, classes, classes), new int[] {target}, Matrix.of(gradient, 1, classes));
            assertEquals(alone, losses[r], what);
            assertArrayEquals(gradient, Arrays.copyOfRange(gradients, from, from + classes), 0f, what);
        }
    }

    /** Where log-sum-exp itself has no digits left for the logarithm of the ties. */
    @Test
    void smoothingOfEqualHugeLogits() {
        for (float x : new float[] {-3e38f, -1e7f, 1e10f, 1e12f, 1e15f, 3e38f}) {
            for (int classes : new int[] {2, 3, 4, 100}) {
                float[] row = new float[classes];
                Arrays.fill(row, x);
                float[] oneHot = new float[classes];
                oneHot[1] = 1;
                DoubleDouble exact = Oracle.loss(new float[classes], 0, classes, 1);
                for (float smoothing : new float[] {0, 0.1f, 1}) {
                    CrossEntropy loss = CrossEntropy.builder().labelSmoothing(smoothing).build();
                    String what = classes + " logits " + x + ", smoothing " + smoothing;
                    assertUlps(2, loss.loss(Matrix.of(row, 1, classes), new int[] {1}), exact, what);
                    assertUlps(2, loss.loss(Matrix.of(row, 1, classes), Matrix.of(oneHot, 1, classes)), exact, what + ", a distribution");
                }
            }
        }
    }

    private static float loss(int classes, float gap) {
        return SUM.loss(Matrix.of(row(classes, 0, gap), 1, classes), new int[] {0});
    }
}
