package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.oracle.DoubleDouble;
import io.github.surprisal.oracle.Oracle;
import org.junit.jupiter.api.Test;

/**
 * Losses of confident predictions: the target leads all others by a gap of 0 to 100. Loss and gradient keep their relative
 * accuracy down to subnormal floats, where torch's loss is 0 from a gap of 17 on.
 */
class SmallLossTest {
    private static final CrossEntropy SUM = CrossEntropy.builder().reduction(Reduction.SUM).build();
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

    private static float loss(int classes, float gap) {
        return SUM.loss(Matrix.of(row(classes, 0, gap), 1, classes), new int[] {0});
    }
}
