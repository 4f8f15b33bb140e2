package io.github.surprisal;

import static io.github.surprisal.OneRow.run;
import static java.lang.Float.NEGATIVE_INFINITY;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.oracle.Oracle;
import io.github.surprisal.oracle.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What every option means, by examples that can be followed by hand. */
class CrossEntropyOptionsTest {
    /** Four rows of three, the second ignored. */
    private static final float[] GOLDEN = {1, 2, 3, 0, -1, .5f, 2, 2, 2, -3, 4, 1};
    private static final int[] GOLDEN_TARGETS = {2, -100, 0, 1};
    private static final float[] GOLDEN_WEIGHTS = {.5f, 2, 1};
    /** Half a unit of the last decimal given, and 2 ulp of the largest. */
    private static final double SEVEN_DECIMALS = 0.5e-7 + 2 * 0x1p-23;
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

    @Test
    void workedExample() {
        float loss = MEAN.loss(Matrix.of(new float[] {1.2566f, -1.9265f, -0.0638f}, 1, 3), new int[] {2});
        assertEquals(Math.log(Math.exp(1.2566f) + Math.exp(-1.9265f) + Math.exp(-0.0638f)) + 0.0638f, loss, 2 * ONE_ULP);
        assertEquals("1.5892", Float.toString(loss).substring(0, 6));
    }

    @Test
    void goldenExample() {
        CrossEntropy.Builder builder = CrossEntropy.builder().labelSmoothing(.1f);
        assertArrayEquals(new float[] {.5076060f, 0, 1.0986123f, .3827889f}, losses(builder.build(), GOLDEN, GOLDEN_TARGETS), (float) SEVEN_DECIMALS);
        assertEquals(.6630023987, goldenLoss(builder.build()), 3 * ONE_ULP / 2); // 2 ulp of the rows, 1 of the reduction
        assertEquals(1.9890071961, goldenLoss(builder.reduction(Reduction.SUM).build()), 3 * ONE_ULP);

        builder.classWeights(GOLDEN_WEIGHTS);
        assertArrayEquals(new float[] {.5143994f, 0, .6225470f, .3114566f}, losses(builder.build(), GOLDEN, GOLDEN_TARGETS), (float) SEVEN_DECIMALS);
        assertEquals(1.4484029460, goldenLoss(builder.build()), 3 * ONE_ULP);
        assertEquals(.4138294131, goldenLoss(builder.reduction(Reduction.MEAN).build()), 3 * ONE_ULP / 4);
    }

    private static float goldenLoss(CrossEntropy crossEntropy) {
        return crossEntropy.loss(Matrix.of(GOLDEN, 4, 3), GOLDEN_TARGETS);
    }

    @Test
    void ignoreIndexThatIsAClass() {
        CrossEntropy crossEntropy = CrossEntropy.builder().ignoreIndex(1).build();
        float[] losses = losses(crossEntropy, GOLDEN, 2, 1, 0, 1);
        float[] usual = losses(MEAN, GOLDEN, 2, 1, 0, 1);
        assertArrayEquals(new float[] {usual[0], 0, usual[2], 0}, losses, 0f); // class 1 is still in the softmax of the others
        assertEquals((usual[0] + (double) usual[2]) / 2, crossEntropy.loss(Matrix.of(GOLDEN, 4, 3), new int[] {2, 1, 0, 1}), ONE_ULP);
    }

    @Test
    void probabilitiesKnowNoIgnoreIndex() {
        float[] uniform = new float[12];
        Arrays.fill(uniform, 1 / 4f);
        Matrix logits = Matrix.of(GOLDEN, 4, 3);
        assertEquals(MEAN.loss(logits, Matrix.of(uniform, 4, 3)), CrossEntropy.builder().ignoreIndex(0).build().loss(logits, Matrix.of(uniform, 4, 3)));
    }

    @Test
    void oneHotDistributionsAndIndicesAgree() {
        for (Shape shape : new Shape[] {Shape.NORMAL, Shape.NORMAL_3, Shape.WIDE, Shape.TIES, Shape.DOMINANT, Shape.MASKED, Shape.OFFSET}) {
            for (int n : new int[] {2, 3, 10, 33, 100, 1000}) {
                float[] row = shape.fill(n, n);
                float[] weights = new float[n];
                for (int c = 0; c < n; c++) weights[c] = 0.5f + c % 3;
                for (CrossEntropy crossEntropy : new CrossEntropy[] {SUM, smoothed(0, weights), smoothed(.1f), smoothed(.1f, weights)}) {
                    for (int target : new int[] {0, n / 2, n - 1}) {
                        float[] oneHot = new float[n];
                        oneHot[target] = 1;
                        float index = run(crossEntropy, row, target).loss();
                        float probability = run(crossEntropy, row, oneHot).loss();
                        String what = shape + ", n = seed = " + n + ", target " + target + ": index " + index + ", one-hot " + probability;
                        if (Float.isFinite(index)) {
                            assertTrue(Math.abs((double) index - probability) <= 2 * Math.ulp(index), what);
                        } else {
                            assertEquals(index, probability, what);
                        }
                    }
                }
            }
        }
    }

    /** torch's rule: with distributions MEAN divides by the rows, with indices by the weights of the targets. */
    @Test
    void meanOfDistributionsDividesByRows() {
        CrossEntropy.Builder builder = CrossEntropy.builder().classWeights(GOLDEN_WEIGHTS);
        int[] targets = {2, 1, 0, 1};
        float[] oneHot = {0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0};
        Matrix logits = Matrix.of(GOLDEN, 4, 3);
        CrossEntropy mean = builder.build();
        float sum = builder.reduction(Reduction.SUM).build().loss(logits, targets);
        assertEquals(sum / 4.0, mean.loss(logits, Matrix.of(oneHot, 4, 3)), 3 * Math.ulp(sum / 4));
        assertEquals(sum / 5.5, mean.loss(logits, targets), 2 * Math.ulp(sum / 5.5f));
    }

    @Test
    void zLossAddsTheSquareOfTheLogSumExp() {
        float scale = .25f;
        CrossEntropy crossEntropy = CrossEntropy.builder().zLoss(scale).reduction(Reduction.SUM).build();
        float[] row = {1, 2, 3};
        double lse = Oracle.logSumExp(row, 0, 3).hi();
        OneRow plain = run(SUM, row, 0);
        OneRow result = run(crossEntropy, row, 0);
        assertEquals(lse - 1 + scale * lse * lse, result.loss(), 2 * Math.ulp(result.loss()));
        for (int j = 0; j < 3; j++) {
            double p = Math.exp(row[j] - lse);
            assertEquals(p - (j == 0 ? 1 : 0) + 2 * scale * lse * p, result.gradient()[j], 8 * ONE_ULP);
            assertTrue(result.gradient()[j] > plain.gradient()[j]);
        }
    }

    /** Transformed by hand, in double and rounded to float, a row gives nearly the same: softcap rounds to float too. */
    @Test
    void softcapAndLogitScale() {
        float cap = 5;
        float scale = .7f;
        CrossEntropy crossEntropy = CrossEntropy.builder().softcap(cap).logitScale(scale).build();
        float[] row = {1, -20, 30, 4, 0};
        float[] transformed = new float[5];
        double[] slope = new double[5];
        for (int j = 0; j < 5; j++) {
            double t = Math.tanh((double) scale * row[j] / cap);
            transformed[j] = (float) (cap * t);
            slope[j] = scale * (1 - t * t);
        }
        OneRow expected = run(MEAN, transformed, 3);
        OneRow actual = run(crossEntropy, row, 3);
        double ulp = Math.ulp(cap); // by as much every logit may differ, and twice as much lp_y, as p_j does relatively
        assertEquals(expected.loss(), actual.loss(), 2 * ulp + 4 * Math.ulp(expected.loss()));
        for (int j = 0; j < 5; j++) assertEquals(expected.gradient()[j] * slope[j], actual.gradient()[j], 4 * ulp * Math.max(slope[j], 1e-3), "gradient at " + j);

    }

    /** The slope alone, 1.5e-43, would be a subnormal float of seven bits. */
    @Test
    void steepSoftcapTimesALargeFactor() {
        CrossEntropy crossEntropy = CrossEntropy.builder().softcap(30).build();
        double e = Math.exp(-100);
        for (int classes : new int[] {2, 40, 500}) {
            for (int rows : new int[] {1, 10}) {
                float[] x = new float[rows * classes];
                for (int r = 0; r < rows; r++) x[r * classes] = 1500; // its probability is 1 / (1 + (classes - 1) e^-30)
                int[] targets = constant(rows, 1);
                float[] gradient = new float[x.length];
                crossEntropy.totalsAndGradient(Matrix.of(x, rows, classes), targets, 1e10f, Matrix.of(gradient, rows, classes));
                double exact = 4 * e / ((1 + e) * (1 + e)) * 1e10 / (1 + (classes - 1) * Math.exp(-30));
                for (int r = 0; r < rows; r++) assertEquals(exact, gradient[r * classes], 4 * Math.ulp((float) exact), rows + " x " + classes);
            }
        }
    }

    /** A mask's probability is 0, and the others' are small enough, whatever they are multiplied with. */
    @Test
    void factorsBeyondTheRangeOfFloats() {
        for (int classes : new int[] {4, 40, 200, 3000}) {
            float[] row = new float[classes];
            Arrays.fill(row, NEGATIVE_INFINITY);
            row[0] = 1;
            row[1] = 0;
            row[2] = -1e9f;
            double small = Math.exp(-10) / (1 + Math.exp(-10)); // the probability of class 1
            float scale = 2e38f;
            CrossEntropy tenfold = CrossEntropy.builder().logitScale(10).reduction(Reduction.SUM).build();
            CrossEntropy weighted = CrossEntropy.builder().classWeights(constant(classes, 10f)).logitScale(10).build();
            for (CrossEntropy crossEntropy : new CrossEntropy[] {tenfold, weighted}) {
                double exact = small * scale * (crossEntropy == weighted ? 100 : 10);
                float[] gradient = new float[classes];
                crossEntropy.totalsAndGradient(Matrix.of(row, 1, classes), new int[] {0}, scale, Matrix.of(gradient, 1, classes));
                checkFactors(exact, gradient);
                float[] rows = new float[6 * classes];
                for (int r = 0; r < 6; r++) System.arraycopy(row, 0, rows, r * classes, classes);
                Matrix x = Matrix.of(rows, 6, classes);
                crossEntropy.totalsAndGradient(x, new int[6], scale, x);
                for (int r = 0; r < 6; r++) checkFactors(exact, Arrays.copyOfRange(rows, r * classes, (r + 1) * classes));
            }
            checkColumns(tenfold, row, small * scale * 10, scale);
            checkColumns(weighted, row, small * scale * 100, scale);
            float[] gradient = new float[classes];
            float[] ten = new float[classes];
            ten[0] = scale;
            tenfold.lossAndGradient(Matrix.of(row, 1, classes), Matrix.of(ten, 1, classes), Matrix.of(gradient, 1, classes));
            assertEquals(small * scale * 10, gradient[1], 4 * Math.ulp(gradient[1]));
            for (int c = 2; c < classes; c++) assertEquals(0f, gradient[c], 0f);
        }
    }

    /** In tiles too, which have a factor of their own. */
    @Test
    void softcapAndFactorsBeyondTheRangeOfFloats() {
        int inner = 70;
        CrossEntropy crossEntropy = CrossEntropy.builder().softcap(50).logitScale(0.5f).classWeights(30, 30, 30).build();
        float[] columns = new float[3 * inner];
        Arrays.fill(columns, 0, inner, 100); // capped, 50 tanh(1) = 38
        float[] rows = new float[3 * inner];
        for (int r = 0; r < inner; r++) rows[3 * r] = 100;
        float[] gradient = new float[3 * inner];
        Matrix gradientColumns = Matrix.ofClassAxis(gradient, 1, 3, inner);
        crossEntropy.totalsAndGradient(Matrix.ofClassAxis(columns, 1, 3, inner), new int[inner], Float.MAX_VALUE / 2, gradientColumns);
        float[] gradients = new float[3 * inner];
        crossEntropy.totalsAndGradient(Matrix.of(rows, inner, 3), new int[inner], Float.MAX_VALUE / 2, Matrix.of(gradients, inner, 3));
        float[] alone = new float[3];
        crossEntropy.totalsAndGradient(Matrix.of(new float[] {100, 0, 0}, 1, 3), new int[1], Float.MAX_VALUE / 2, Matrix.of(alone, 1, 3));
        double exact = 30 * 0.5 * (Float.MAX_VALUE / 2) * Math.exp(-50 * Math.tanh(1));
        assertEquals(exact, alone[1], 1e-5 * exact); // the capped logit is rounded to float
        for (int r = 0; r < inner; r++) {
            for (int c = 0; c < 3; c++) {
                assertEquals(alone[c], gradient[c * inner + r], "class " + c + ", sample " + r);
                assertEquals(alone[c], gradients[3 * r + c], "class " + c + ", row " + r);
            }
        }
    }

    /** The same samples along a class axis, of an array and off the heap. */
    private static void checkColumns(CrossEntropy crossEntropy, float[] row, double exact, float scale) {
        int inner = 70;
        int classes = row.length;
        float[] x = new float[classes * inner];
        for (int i = 0; i < x.length; i++) x[i] = row[i / inner];
        float[] gradient = new float[x.length];
        Matrix logits = Matrix.ofClassAxis(x, 1, classes, inner);
        CrossEntropy.Totals totals = crossEntropy.totalsAndGradient(logits, new int[inner], scale, Matrix.ofClassAxis(gradient, 1, classes, inner));
        assertEquals(inner, totals.correct());
        float[] ofOne = new float[classes];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocateFrom(ValueLayout.JAVA_FLOAT, x);
            Matrix inPlace = Matrix.ofClassAxis(copy, ElementType.FLOAT32, 1, classes, inner);
            crossEntropy.totalsAndGradient(inPlace, new int[inner], scale, inPlace);
            for (int r = 0; r < inner; r++) {
                for (int c = 0; c < classes; c++) {
                    ofOne[c] = gradient[c * inner + r];
                    assertEquals(ofOne[c], copy.getAtIndex(ValueLayout.JAVA_FLOAT, c * inner + r));
                }
                checkFactors(exact, ofOne);
            }
        }
    }

    private static void checkFactors(double exact, float[] gradient) {
        float nearest = (float) exact;
        assertEquals(exact, gradient[1], 4 * Math.ulp(nearest));
        for (int c = 2; c < gradient.length; c++) assertEquals(0f, gradient[c], 0f);
    }

    private static float[] constant(int n, float value) {
        float[] array = new float[n];
        Arrays.fill(array, value);
        return array;
    }

    private static int[] constant(int n, int value) {
        int[] array = new int[n];
        Arrays.fill(array, value);
        return array;
    }

    @Test
    void softcapMakesMinusInfinityFinite() {
        CrossEntropy crossEntropy = CrossEntropy.builder().softcap(5).build();
        float[] infinite = {2, NEGATIVE_INFINITY, 1};
        float[] saturated = {2, -1e4f, 1}; // 5 tanh(-2000) = -5
        for (int target = 0; target < 3; target++) {
            OneRow result = run(crossEntropy, infinite, target);
            assertEquals(run(crossEntropy, saturated, target).loss(), result.loss());
            assertArrayEquals(run(crossEntropy, saturated, target).gradient(), result.gradient());
            assertEquals(0f, result.gradient()[1], 0f, "sech^2 is 0 there");
        }
        assertTrue(run(crossEntropy, infinite, 1).loss() < 10);
    }

    @Test
    void targetsNeedNotBeNormalised() {
        float[] row = {1, 2, 3};
        float single = run(SUM, row, .25f, .5f, .25f).loss();
        assertEquals(2 * single, run(SUM, row, .5f, 1, .5f).loss(), 2 * Math.ulp(2 * single));
        assertEquals(0f, run(SUM, row, 0, 0, 0).loss(), 0f);
    }

    /** Where the factor of a row's terms is beyond floats, a mask's gradient is 0: of rows side by side as of one alone. */
    @Test
    void distributionsBeyondTheRangeOfFloats() {
        CrossEntropy loss = CrossEntropy.builder().reduction(Reduction.SUM).logitScale(16).build();
        int rows = 20; // more than are done alone
        float[] x = new float[4 * rows];
        float[] t = new float[4 * rows];
        for (int i = 0; i < x.length; i++) {
            x[i] = i % 4 == 3 ? Float.NEGATIVE_INFINITY : i % 4 * 0.1f;
            t[i] = i % 4 == 3 ? 0 : 3e38f;
        }
        float[] alone = new float[4];
        loss.lossAndGradient(Matrix.of(x, 1, 4), Matrix.of(t, 1, 4), Matrix.of(alone, 1, 4));
        assertEquals(0, alone[3]);
        float[] together = new float[4 * rows];
        loss.lossAndGradient(Matrix.of(x, rows, 4), Matrix.of(t, rows, 4), Matrix.of(together, rows, 4));
        for (int i = 0; i < together.length; i++) assertEquals(alone[i % 4], together[i], "class " + i % 4 + " of row " + i / 4);
    }
}
