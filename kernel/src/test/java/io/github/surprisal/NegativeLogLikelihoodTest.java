package io.github.surprisal;

import static java.lang.Float.NEGATIVE_INFINITY;
import static java.lang.Float.NaN;
import static java.lang.Float.POSITIVE_INFINITY;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The rules of cross-entropy with class indices, for log-probabilities that are given. */
class NegativeLogLikelihoodTest {
    private static final float[] LOG_P = {-.5f, -1.5f, -2, -3, -.25f, -1, -2, -4, -.125f, -1, -1, -1};
    private static final int[] TARGETS = {0, 2, -100, 1};
    private static final float[] WEIGHTS = {.5f, 2, 4};
    private static final Matrix X = Matrix.of(LOG_P, 4, 3);

    private static NegativeLogLikelihood of(Reduction reduction, float... weights) {
        NegativeLogLikelihood.Builder builder = NegativeLogLikelihood.builder().reduction(reduction);
        return (weights.length == 0 ? builder : builder.classWeights(weights)).build();
    }

    /** All values are small binary fractions, so every sum is exact. */
    @Test
    void lossesAndReductions() {
        float[] losses = new float[4];
        of(Reduction.MEAN).losses(X, TARGETS, losses);
        assertArrayEquals(new float[] {.5f, 1, 0, 1}, losses, 0f);
        assertEquals(2.5f, of(Reduction.SUM).loss(X, TARGETS));
        assertEquals((float) (2.5 / 3), of(Reduction.MEAN).loss(X, TARGETS));

        of(Reduction.MEAN, WEIGHTS).losses(X, TARGETS, losses);
        assertArrayEquals(new float[] {.25f, 4, 0, 2}, losses, 0f);
        assertEquals(6.25f, of(Reduction.SUM, WEIGHTS).loss(X, TARGETS));
        assertEquals((float) (6.25 / 6.5), of(Reduction.MEAN, WEIGHTS).loss(X, TARGETS));
        assertEquals((float) (6.25 / 6.5), of(Reduction.MEAN, WEIGHTS).loss(X, new long[] {0, 2, -100, 1}));
    }

    @Test
    void gradientInAnyLayout() {
        for (int k = 0; k < 5; k++) {
            for (int g = 0; g < 5; g++) {
                Layout layout = Layout.of(k, 4, 3);
                Layout gradientLayout = Layout.of(g, 4, 3);
                for (Reduction reduction : Reduction.values()) {
                    float[] x = layout.store(LOG_P);
                    float[] gradient = gradientLayout.store(new float[12]);
                    NegativeLogLikelihood nll = of(reduction, WEIGHTS);
                    float loss = nll.lossAndGradient(layout.matrix(x), TARGETS, gradientLayout.matrix(gradient));
                    assertEquals(nll.loss(X, TARGETS), loss);
                    double denominator = reduction == Reduction.SUM ? 1 : 6.5;
                    float[] expected = new float[12];
                    expected[0] = (float) (-.5 / denominator);
                    expected[5] = (float) (-4 / denominator);
                    expected[10] = (float) (-2 / denominator);
                    assertArrayEquals(expected, gradientLayout.load(gradient), Math.ulp(1f));
                    gradientLayout.checkGaps(gradient);
                    assertEquals(loss, nll.lossAndGradient(layout.matrix(x), TARGETS, layout.matrix(x)), "in place");
                    assertArrayEquals(gradientLayout.load(gradient), layout.load(x), "in place");
                    layout.checkGaps(x);
                }
            }
        }
    }

    @Test
    void specialValues() {
        float[] logP = {NaN, NaN, NEGATIVE_INFINITY, -1, NEGATIVE_INFINITY, 0};
        Matrix x = Matrix.of(logP, 3, 2);
        float[] losses = new float[3];
        of(Reduction.SUM).losses(x, new int[] {-100, 0, 1}, losses);
        assertArrayEquals(new float[] {0, POSITIVE_INFINITY, 0}, losses, 0f);
        of(Reduction.SUM, 0, 1).losses(x, new int[] {-100, 0, 0}, losses);
        assertArrayEquals(new float[3], losses, 0f, "a coefficient of 0 against an infinite log-probability");
        of(Reduction.SUM).losses(x, new int[] {1, 1, 1}, losses);
        assertArrayEquals(new float[] {NaN, 1, 0}, losses, 0f);

        float[] gradient = new float[6];
        assertEquals(POSITIVE_INFINITY, of(Reduction.SUM).lossAndGradient(x, new int[] {-100, 0, 1}, Matrix.of(gradient, 3, 2)));
        assertArrayEquals(new float[] {0, 0, -1, 0, 0, -1}, gradient, 0f);
    }

    @Test
    void nothingKeptOrNoWeight() {
        int[] ignored = {-100, -100, -100, -100};
        float[] gradient = new float[12];
        Arrays.fill(gradient, 7);
        assertEquals(NaN, of(Reduction.MEAN).lossAndGradient(X, ignored, Matrix.of(gradient, 4, 3)));
        assertArrayEquals(new float[12], gradient, 0f);
        assertEquals(0f, of(Reduction.SUM).loss(X, ignored), 0f);
        assertEquals(NaN, of(Reduction.MEAN, 0, 1, 1).loss(X, new int[] {0, 0, -100, 0}));
        assertEquals(0f, of(Reduction.SUM, 0, 1, 1).loss(X, new int[] {0, 0, -100, 0}), 0f);
        assertEquals(NaN, of(Reduction.MEAN).loss(Matrix.of(new float[0], 0, 3), new int[0]));
    }

    @Test
    void ignoreIndexThatIsAClass() {
        float[] losses = new float[4];
        NegativeLogLikelihood.builder().ignoreIndex(2).build().losses(X, new int[] {0, 2, 0, 1}, losses);
        assertArrayEquals(new float[] {.5f, 0, 2, 1}, losses, 0f);
    }
}
