package io.github.surprisal;

import static io.github.surprisal.OneRow.run;
import static java.lang.Float.NEGATIVE_INFINITY;
import static java.lang.Float.NaN;
import static java.lang.Float.POSITIVE_INFINITY;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.oracle.Oracle;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What becomes of ignored rows, empty batches, weights of 0, infinities and NaN: one row of the definition a test. */
class CrossEntropySemanticsTest {
    /** Four rows of three, the second ignored. */
    private static final float[] LOGITS = {1, 2, 3, 0, -1, .5f, 2, 2, 2, -3, 4, 1};
    private static final int[] TARGETS = {2, -100, 0, 1};
    /** 1 ulp of a result in [1, 2). */
    private static final double ONE_ULP = 0x1p-23;

    private static final CrossEntropy MEAN = CrossEntropy.withDefaults();
    private static final CrossEntropy SUM = CrossEntropy.builder().reduction(Reduction.SUM).build();

    private static CrossEntropy smoothed(float epsilon, float... weights) {
        CrossEntropy.Builder builder = CrossEntropy.builder().labelSmoothing(epsilon).reduction(Reduction.SUM);
        return (weights.length == 0 ? builder : builder.classWeights(weights)).build();
    }

    private static float[] losses(CrossEntropy crossEntropy, float[] logits, int... targets) {
        float[] losses = new float[targets.length];
        crossEntropy.losses(Matrix.of(logits, targets.length, logits.length / targets.length), targets, losses);
        return losses;
    }

    private static void assertRow(float expected, float[] gradient, int columns, int row) {
        for (int c = 0; c < columns; c++) assertEquals(expected, gradient[row * columns + c], 0f, "row " + row + ", column " + c);
    }

    /** log n, whatever the logits are: it is not lost in their own size. */
    @Test
    void equalLogitsOfAnySize() {
        for (float x : new float[] {0, -70, 1e5f, 1e7f, -1e11f, 1e16f, -3e38f, 3e38f}) {
            for (int n : new int[] {2, 4, 64, 100, 1000, 3000}) {
                float[] row = new float[n];
                Arrays.fill(row, x);
                OneRow result = run(SUM, row, n - 1);
                assertEquals(Math.log(n), result.loss(), 2 * Math.ulp((float) Math.log(n)), n + " times " + x);
                assertEquals(1.0 / n - 1, result.gradient()[n - 1], 4 * Math.ulp(1f), n + " times " + x);
                assertEquals(1.0 / n, result.gradient()[0], 4 * Math.ulp(1f / n), n + " times " + x);
            }
        }
    }

    @Test
    void ignoredRowsAreZeroWhateverTheyHold() {
        float[] special = {NaN, 1, 2, POSITIVE_INFINITY, 0, 1, NEGATIVE_INFINITY, NEGATIVE_INFINITY, NEGATIVE_INFINITY, 1, 2, 3};
        int[] targets = {-100, -100, -100, 2};
        for (CrossEntropy crossEntropy : new CrossEntropy[] {MEAN, SUM, smoothed(.1f), CrossEntropy.builder().zLoss(.1f).softcap(5).build()}) {
            float[] losses = losses(crossEntropy, special, targets);
            float[] gradient = new float[12];
            Arrays.fill(gradient, NaN);
            float loss = crossEntropy.lossAndGradient(Matrix.of(special, 4, 3), targets, Matrix.of(gradient, 4, 3));
            for (int r = 0; r < 3; r++) {
                assertEquals(0f, losses[r], 0f);
                assertRow(0, gradient, 3, r);
            }
            OneRow alone = run(crossEntropy, new float[] {1, 2, 3}, 2);
            assertEquals(alone.loss(), losses[3]);
            assertEquals(alone.loss(), loss);
            assertArrayEquals(alone.gradient(), Arrays.copyOfRange(gradient, 9, 12));
        }
    }

    @Test
    void nothingKeptOrAnEmptyBatch() {
        float[] gradient = new float[12];
        Arrays.fill(gradient, 7);
        int[] targets = {-100, -100, -100, -100};
        assertEquals(NaN, MEAN.lossAndGradient(Matrix.of(LOGITS, 4, 3), targets, Matrix.of(gradient, 4, 3)));
        assertArrayEquals(new float[12], gradient, 0f);
        Arrays.fill(gradient, 7);
        assertEquals(0f, SUM.lossAndGradient(Matrix.of(LOGITS, 4, 3), targets, Matrix.of(gradient, 4, 3)), 0f);
        assertArrayEquals(new float[12], gradient, 0f);

        Matrix empty = Matrix.of(new float[0], 0, 3);
        assertEquals(NaN, MEAN.loss(empty, new int[0]));
        assertEquals(NaN, MEAN.loss(empty, empty));
        assertEquals(NaN, MEAN.lossAndGradient(empty, new int[0], empty));
        assertEquals(0f, SUM.loss(empty, new int[0]), 0f);
        assertEquals(0f, SUM.loss(empty, empty), 0f);
        assertEquals(0, MEAN.totals(empty, new int[0]).kept());
        assertEquals(NaN, (float) MEAN.totals(empty, new int[0]).mean());
    }

    @Test
    void weightsOfKeptRowsThatSumToZero() {
        CrossEntropy.Builder builder = CrossEntropy.builder().classWeights(0, 1, 1);
        int[] targets = {0, -100, 0, 0};
        for (float epsilon : new float[] {0, .1f}) {
            float[] gradient = new float[12];
            CrossEntropy mean = builder.labelSmoothing(epsilon).reduction(Reduction.MEAN).build();
            assertEquals(NaN, mean.loss(Matrix.of(LOGITS, 4, 3), targets));
            assertEquals(NaN, mean.lossAndGradient(Matrix.of(LOGITS, 4, 3), targets, Matrix.of(gradient, 4, 3)));
            for (int r : new int[] {0, 2, 3}) assertRow(NaN, gradient, 3, r);
            assertRow(0, gradient, 3, 1);

            CrossEntropy sum = builder.reduction(Reduction.SUM).build();
            float loss = sum.lossAndGradient(Matrix.of(LOGITS, 4, 3), targets, Matrix.of(gradient, 4, 3));
            if (epsilon == 0) {
                assertEquals(0f, loss, 0f);
                assertArrayEquals(new float[12], gradient, 0f);
            } else {
                assertTrue(loss > 0, "smoothing contributes");
                double lse = Oracle.logSumExp(LOGITS, 0, 3).hi();
                double[] expected = new double[3];
                for (int j = 0; j < 3; j++) expected[j] = .1 / 3 * (2 * Math.exp(LOGITS[j] - lse) - (j == 0 ? 0 : 1));
                assertGradient(expected, Arrays.copyOf(gradient, 3));
            }
        }
    }

    @Test
    void minusInfinityAtANonTargetClass() {
        float[] row = {1, NEGATIVE_INFINITY, 2};
        OneRow plain = run(SUM, row, 2);
        assertEquals(run(SUM, new float[] {1, 2}, 1).loss(), plain.loss());
        assertEquals(0f, plain.gradient()[1], 0f);

        OneRow smoothed = run(smoothed(.3f), row, 2);
        assertEquals(POSITIVE_INFINITY, smoothed.loss());
        double p0 = 1 / (1 + Math.E);
        assertGradient(new double[] {p0 - .1, -.1, 1 - p0 - .8}, smoothed.gradient());

        // A coefficient of exactly 0 contributes 0, even against an infinite log-probability: torch says NaN.
        assertTrue(Float.isFinite(run(smoothed(.3f, 1, 0, 1), row, 2).loss()));
        assertTrue(Float.isFinite(run(SUM, row, 0.5f, 0, 0.5f).loss()));
        assertEquals(POSITIVE_INFINITY, run(SUM, row, 0.5f, 0.25f, 0.25f).loss());
        assertEquals(0f, run(smoothed(0, 1, 0, 1), row, 1).loss(), 0f);
    }

    @Test
    void minusInfinityAtTheTarget() {
        OneRow result = run(SUM, new float[] {1, NEGATIVE_INFINITY, 2}, 1);
        assertEquals(POSITIVE_INFINITY, result.loss());
        double p0 = 1 / (1 + Math.E);
        assertGradient(new double[] {p0, -1, 1 - p0}, result.gradient());

        // Smoothed away altogether, the target's coefficient is that of any other class.
        assertEquals(POSITIVE_INFINITY, run(smoothed(1), new float[] {1, NEGATIVE_INFINITY, 2}, 0).loss());
        assertTrue(Float.isFinite(run(smoothed(1, 1, 0, 1), new float[] {1, NEGATIVE_INFINITY, 2}, 1).loss()));
    }

    /** 4 ulp of the larger of p_j a and b_j, which is at most 1 here. */
    private static void assertGradient(double[] expected, float[] actual) {
        for (int j = 0; j < expected.length; j++) assertEquals(expected[j], actual[j], 4 * ONE_ULP, "gradient at " + j);
    }

    @Test
    void oneClass() {
        for (float x : new float[] {0, -0f, 3.5f, -1e9f, 3e38f, Float.MIN_VALUE}) {
            for (CrossEntropy crossEntropy : new CrossEntropy[] {MEAN, SUM, smoothed(.3f), smoothed(1, 2)}) {
                OneRow index = run(crossEntropy, new float[] {x}, 0);
                assertEquals(0f, index.loss(), 0f);
                assertEquals(0f, index.gradient()[0], 0f);
                OneRow probability = run(crossEntropy, new float[] {x}, 1f);
                assertEquals(0f, probability.loss(), 0f);
                assertEquals(0f, probability.gradient()[0], 0f);
            }
        }
    }

    @Test
    void rowsWithoutADistributionAreNaNAlone() {
        float[][] rows = {
            {1, NaN, 2}, {NaN, NaN, NaN}, {NaN, POSITIVE_INFINITY, 0}, {POSITIVE_INFINITY, 0, 1}, {0, 1, POSITIVE_INFINITY},
            {NEGATIVE_INFINITY, NEGATIVE_INFINITY, NEGATIVE_INFINITY}, {NEGATIVE_INFINITY, POSITIVE_INFINITY, 0}
        };
        for (float[] row : rows) {
            float[] logits = LOGITS.clone();
            System.arraycopy(row, 0, logits, 6, 3);
            for (CrossEntropy crossEntropy : new CrossEntropy[] {MEAN, SUM, smoothed(.1f), CrossEntropy.builder().zLoss(.1f).build()}) {
                String what = Arrays.toString(row);
                float[] usual = losses(crossEntropy, LOGITS, TARGETS);
                float[] losses = losses(crossEntropy, logits, TARGETS);
                assertArrayEquals(new float[] {usual[0], 0, NaN, usual[3]}, losses, 0f, what);
                float[] expected = new float[12];
                float[] gradient = new float[12];
                crossEntropy.lossAndGradient(Matrix.of(LOGITS, 4, 3), TARGETS, Matrix.of(expected, 4, 3));
                Arrays.fill(expected, 6, 9, NaN);
                assertEquals(NaN, crossEntropy.lossAndGradient(Matrix.of(logits, 4, 3), TARGETS, Matrix.of(gradient, 4, 3)), what);
                assertArrayEquals(expected, gradient, what);
                assertEquals(NaN, crossEntropy.loss(Matrix.of(logits, 4, 3), Matrix.of(new float[] {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0}, 4, 3)), what);
            }
        }
    }

    @Test
    void masksAreUsualLogits() {
        for (float mask : new float[] {NEGATIVE_INFINITY, -Float.MAX_VALUE, -1e9f, -1e4f}) {
            OneRow masked = run(SUM, new float[] {1, mask, 2, mask, 0}, 2);
            OneRow without = run(SUM, new float[] {1, 2, 0}, 1);
            // The sum is taken over other places in the row: 2 ulp on either side.
            assertEquals(without.loss(), masked.loss(), 4 * Math.ulp(without.loss()));
            assertEquals(0f, masked.gradient()[1], 0f);
            assertEquals(0f, masked.gradient()[3], 0f);
        }
    }

    @Test
    void logitsOfAnySize() {
        assertEquals(POSITIVE_INFINITY, run(SUM, new float[] {-3e38f, 3e38f}, 0).loss()); // 6e38 is beyond float
        assertEquals(0f, run(SUM, new float[] {-3e38f, 3e38f}, 1).loss(), 0f);
        assertArrayEquals(new float[] {1, -1}, run(SUM, new float[] {3e38f, -3e38f}, 1).gradient(), 0f);
        assertEquals(2e9f, run(SUM, new float[] {-1e9f, 1e9f}, 0).loss());
        assertEquals((float) Math.log(2), run(SUM, new float[] {3e38f, 3e38f}, 0).loss(), 2 * Math.ulp(.69f));
    }

    @Test
    void softmaxOfOneElementOfAnySize() {
        for (float x : new float[] {0, -0f, 1, -87, 88.5f, 1e4f, -1e4f, 0x1p19f, 1e6f, -1e6f, Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_VALUE}) {
            for (int rows : new int[] {1, 20}) {
                float[] in = new float[rows];
                float[] out = new float[rows];
                Arrays.fill(in, x);
                Softmax.softmax(Matrix.of(in, rows, 1), Matrix.of(out, rows, 1));
                for (float p : out) assertEquals(1, p, () -> "of " + x + " in " + rows + " rows");
                Softmax.logSoftmax(Matrix.of(in, rows, 1), Matrix.of(out, rows, 1));
                for (float p : out) assertEquals(0f, p, () -> "of " + x + " in " + rows + " rows");
            }
        }
    }
}
