package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.surprisal.oracle.DoubleDouble;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Binary cross-entropy from logits against its formula in double, and its special values. */
class BinaryCrossEntropyTest {
    private static final int CALLS = 200;
    private static final long SEED = 20261127;

    private static double softplus(double x) {
        return Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    /** A random call, its expected losses and the derivatives of these. */
    private static final class Call {
        final int rows;
        final int columns;
        final float[] x;
        final float[] y;
        final float[] weights;
        final float[] positive;
        final double[] losses;
        final double[] slopes;

        Call(long seed) {
            SplittableRandom random = new SplittableRandom(seed);
            rows = random.nextInt(1, 12);
            columns = random.nextInt(1, 80);
            x = uniform(random, rows * columns, -1, 1);
            y = uniform(random, rows * columns, 0, 1);
            double scale = random.nextInt(4) == 0 ? 60 : 8;
            for (int i = 0; i < x.length; i++) {
                x[i] *= (float) scale;
                if (random.nextBoolean()) y[i] = Math.round(y[i]);
            }
            weights = random.nextBoolean() ? null : uniform(random, rows * columns, 0, 2);
            positive = random.nextBoolean() ? null : uniform(random, columns, 0, 3);
            losses = new double[x.length];
            slopes = new double[x.length];
            for (int i = 0; i < x.length; i++) {
                double weight = weights == null ? 1 : weights[i];
                double pos = positive == null ? 1 : positive[i % columns];
                // (1 - y) x - (1 + (pos - 1) y) logsigmoid(x), without the cancellation
                losses[i] = weight * ((1.0 - y[i]) * softplus(x[i]) + pos * y[i] * softplus(-x[i]));
                slopes[i] = weight * ((1.0 - y[i]) / (1 + Math.exp(-x[i])) - pos * y[i] / (1 + Math.exp(x[i])));
            }
        }

        private static float[] uniform(SplittableRandom random, int n, double from, double to) {
            float[] values = new float[n];
            for (int i = 0; i < n; i++) values[i] = (float) random.nextDouble(from, to);
            return values;
        }

        BinaryCrossEntropy loss(Reduction reduction) {
            BinaryCrossEntropy.Builder builder = BinaryCrossEntropy.builder().reduction(reduction);
            if (weights != null) builder.weights(weights);
            if (positive != null) builder.positiveWeights(positive);
            return builder.build();
        }
    }

    /** Within an ulp each, but where a gradient's two parts cancel. */
    @Test
    void lossesAndGradients() {
        for (int seed = 0; seed < CALLS; seed++) {
            Call call = new Call(seed);
            Layout in = Layout.of(seed, call.rows, call.columns);
            Layout targets = Layout.of(seed / 3, call.rows, call.columns);
            Layout out = Layout.of(seed / 7, call.rows, call.columns);
            String what = "seed " + seed + ", logits " + in + ", targets " + targets + ", out " + out;
            Matrix x = in.matrix(in.store(call.x));
            Matrix y = targets.matrix(targets.store(call.y));

            float[] losses = out.store(call.x);
            call.loss(Reduction.MEAN).losses(x, y, out.matrix(losses));
            out.checkGaps(losses);
            for (int i = 0; i < call.x.length; i++) assertEquals(call.losses[i], out.load(losses)[i], Math.ulp((float) call.losses[i]), "loss " + i + ", " + what);

            double sum = Arrays.stream(call.losses).sum();
            double largest = Arrays.stream(call.slopes).map(Math::abs).max().orElseThrow();
            for (Reduction reduction : Reduction.values()) {
                double denominator = reduction == Reduction.MEAN ? call.x.length : 1;
                float loss = call.loss(reduction).loss(x, y);
                assertEquals(sum / denominator, loss, Math.ulp((float) (sum / denominator)), what);
                float[] gradient = out.store(call.x);
                assertEquals(loss, call.loss(reduction).lossAndGradient(x, y, out.matrix(gradient)), what);
                out.checkGaps(gradient);
                float[] loaded = out.load(gradient);
                for (int i = 0; i < loaded.length; i++) {
                    double expected = call.slopes[i] / denominator;
                    assertEquals(expected, loaded[i], Math.ulp((float) expected) + 1e-14 * Math.max(largest, 1) / denominator, "gradient " + i + ", " + what);
                }
                float[] inPlace = in.store(call.x);
                assertEquals(loss, call.loss(reduction).lossAndGradient(in.matrix(inPlace), y, in.matrix(inPlace)), what);
                assertArrayEquals(loaded, in.load(inPlace), "in place, " + what);
            }
            float[] inPlace = in.store(call.x);
            call.loss(Reduction.SUM).losses(in.matrix(inPlace), y, in.matrix(inPlace));
            assertArrayEquals(out.load(losses), in.load(inPlace), "losses in place, " + what);
        }
    }

    /** As far as they are normal floats, up to a logit of 87. */
    @Test
    void smallLossesKeepTheirRelativeAccuracy() {
        for (float x = 0; x <= 87; x += .5f) {
            double expected = Math.log1p(Math.exp(-x));
            double slope = 1 / (1 + Math.exp(x));
            for (int y = 0; y < 2; y++) {
                float logit = y == 1 ? x : -x;
                float[] gradient = new float[1];
                float loss = BinaryCrossEntropy.builder().build()
                        .lossAndGradient(Matrix.of(new float[] {logit}, 1, 1), Matrix.of(new float[] {y}, 1, 1), Matrix.of(gradient, 1, 1));
                assertEquals(expected, loss, 2 * Math.ulp((float) expected), "logit " + logit);
                assertEquals(y == 1 ? -slope : slope, gradient[0], 4 * Math.ulp((float) slope), "logit " + logit);
            }
        }
    }

    /** Where p is nearly the target. */
    @Test
    void gradientsWhosePartsCancelOut() {
        SplittableRandom random = new SplittableRandom(20261127);
        int n = 5000;
        float[] x = new float[n];
        float[] y = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextDouble(-20, 20);
            y[i] = (float) (1 / (1 + Math.exp(-x[i]))) + random.nextInt(-1, 2) * 0x1p-30f;
        }
        float[] gradient = new float[n];
        BinaryCrossEntropy.builder().reduction(Reduction.SUM).build().lossAndGradient(Matrix.of(x, 1, n), Matrix.of(y, 1, n), Matrix.of(gradient, 1, n));
        for (int i = 0; i < n; i++) {
            DoubleDouble p = DoubleDouble.ONE.div(DoubleDouble.of(-(double) x[i]).exp().add(DoubleDouble.ONE));
            double expected = p.sub(DoubleDouble.of(y[i])).hi();
            double larger = Math.max((1.0 - y[i]) * p.hi(), y[i] * DoubleDouble.ONE.sub(p).hi());
            assertEquals(expected, gradient[i], Math.max(Math.ulp((float) expected), 4e-15 * larger), "logit " + x[i] + ", target " + y[i] + ", seed 20261127");
        }
    }

    /** Equal on every backend; a release that changes it says so in its notes. */
    private static final String BITS = "562c731898e0508a";

    @Test
    void bitsNeverChange() {
        for (int turn = 0; turn < 3; turn++) { // before and after the kernels are compiled
            long hash = 0;
            for (int seed = 0; seed < CALLS; seed++) {
                Call call = new Call(seed);
                Layout in = Layout.of(seed, call.rows, call.columns);
                Matrix x = in.matrix(in.store(call.x));
                Matrix y = Matrix.of(call.y, call.rows, call.columns);
                float[] losses = new float[call.x.length];
                float[] gradient = new float[call.x.length];
                call.loss(Reduction.MEAN).losses(x, y, Matrix.of(losses, call.rows, call.columns));
                hash = 31 * hash + Float.floatToRawIntBits(call.loss(Reduction.MEAN).lossAndGradient(x, y, Matrix.of(gradient, call.rows, call.columns)));
                hash = 31 * hash + Arrays.hashCode(losses);
                hash = 31 * hash + Arrays.hashCode(gradient);
            }
            assertEquals(BITS, Long.toHexString(hash));
        }
    }

    @Test
    void largeLogits() {
        BinaryCrossEntropy sum = BinaryCrossEntropy.builder().reduction(Reduction.SUM).build();
        for (float x : new float[] {100, 1e4f, 1e9f, 3e38f}) {
            float[] gradient = new float[4];
            Matrix logits = Matrix.of(new float[] {x, -x, x, -x}, 1, 4);
            Matrix targets = Matrix.of(new float[] {0, 1, 1, 0}, 1, 4);
            float[] losses = new float[4];
            sum.losses(logits, targets, Matrix.of(losses, 1, 4));
            sum.lossAndGradient(logits, targets, Matrix.of(gradient, 1, 4));
            assertArrayEquals(new float[] {x, x, 0, 0}, losses, 1e-43f); // e^-100 = 3.7e-44
            assertArrayEquals(new float[] {1, -1, 0, 0}, gradient, 1e-43f);
        }
    }

    @Test
    void naNStaysAlone() {
        float[] losses = new float[3];
        BinaryCrossEntropy.builder().build().losses(
                Matrix.of(new float[] {0, Float.NaN, 0}, 1, 3), Matrix.of(new float[] {1, 1, 0}, 1, 3), Matrix.of(losses, 1, 3));
        assertEquals(Math.log(2), losses[0], 2 * Math.ulp(.69f));
        assertEquals(Float.NaN, losses[1]);
        assertEquals(losses[0], losses[2]);
    }

    /** Short rows are done several at once, long ones in pieces; an element of each has to be what it is alone. */
    @Test
    void elementsTogetherAndAlone() {
        SplittableRandom random = new SplittableRandom(SEED);
        float[] special = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -0f, 3e38f};
        for (int[] shape : new int[][] {{700, 1}, {300, 2}, {9, 100}, {3, 512}, {3, 513}, {2, 1100}}) {
            for (int turn = 0; turn < 8; turn++) {
                int columns = shape[1];
                int n = shape[0] * columns;
                float[] x = Call.uniform(random, n, -20, 20);
                float[] y = Call.uniform(random, n, 0, 1);
                float[] weights = Call.uniform(random, n, 0, 2);
                float[] positive = Call.uniform(random, columns, 0, 3);
                for (int i = 0; i < n; i++) {
                    if (turn % 2 == 0) y[i] = Math.round(y[i]);
                    if (turn > 3 && random.nextInt(40) == 0) x[i] = special[random.nextInt(special.length)];
                    if (random.nextInt(9) == 0) weights[i] = 0;
                }
                boolean weighted = turn % 4 > 1;
                BinaryCrossEntropy.Builder builder = BinaryCrossEntropy.builder().reduction(Reduction.SUM);
                BinaryCrossEntropy all = (weighted ? builder.weights(weights).positiveWeights(positive) : builder).build();
                float[] losses = new float[n];
                float[] gradient = new float[n];
                all.losses(Matrix.of(x, shape[0], columns), Matrix.of(y, shape[0], columns), Matrix.of(losses, shape[0], columns));
                float sum = all.lossAndGradient(Matrix.of(x, shape[0], columns), Matrix.of(y, shape[0], columns), Matrix.of(gradient, shape[0], columns));
                double expected = 0;
                for (int i = 0; i < n; i++) {
                    BinaryCrossEntropy.Builder one = BinaryCrossEntropy.builder().reduction(Reduction.SUM);
                    BinaryCrossEntropy alone = (weighted ? one.weights(weights[i]).positiveWeights(positive[i % columns]) : one).build();
                    float[] slope = new float[1];
                    float loss = alone.lossAndGradient(Matrix.of(new float[] {x[i]}, 1, 1), Matrix.of(new float[] {y[i]}, 1, 1), Matrix.of(slope, 1, 1));
                    String what = "element " + i + " of " + shape[0] + " x " + columns + ", turn " + turn + ", logit " + x[i] + ", target " + y[i] + ", seed " + SEED;
                    assertEquals(loss, losses[i], what);
                    assertEquals(slope[0], gradient[i], what);
                    expected += loss;
                }
                if (turn < 4) assertEquals(expected, sum, 1e-6 * expected, shape[0] + " x " + columns + ", seed " + SEED);
            }
        }
    }

    @Test
    void aCoefficientOfZeroContributesZero() {
        float inf = Float.POSITIVE_INFINITY;
        Matrix logits = Matrix.of(new float[] {inf, inf, -inf, -inf, inf, 5, 0}, 1, 7);
        Matrix targets = Matrix.of(new float[] {1, 0, 0, 1, 0, -2, 1}, 1, 7);
        BinaryCrossEntropy sum = BinaryCrossEntropy.builder().reduction(Reduction.SUM).weights(1, 1, 1, 1, 0, 0, 1).build();
        float[] losses = new float[7];
        float[] gradient = new float[7];
        sum.losses(logits, targets, Matrix.of(losses, 1, 7));
        assertEquals(inf, sum.lossAndGradient(logits, targets, Matrix.of(gradient, 1, 7)));
        assertArrayEquals(new float[] {0, inf, 0, inf, 0, 0, (float) Math.log(2)}, losses);
        assertArrayEquals(new float[] {0, 1, 0, -1, 0, 0, -.5f}, gradient);

        Matrix all = Matrix.of(new float[] {Float.NaN, 1, Float.NaN, Float.NaN}, 1, 4);
        Matrix some = Matrix.of(new float[] {1, Float.NaN, 1, 0}, 1, 4);
        BinaryCrossEntropy ofNaN = BinaryCrossEntropy.builder().weights(0, 0, 1, 1).positiveWeights(1, 1, 0, 1).build();
        ofNaN.losses(all, some, Matrix.of(losses, 0, 1, 4, 4));
        assertArrayEquals(new float[] {0, 0, Float.NaN, Float.NaN}, Arrays.copyOf(losses, 4));
        ofNaN.lossAndGradient(all, some, Matrix.of(gradient, 0, 1, 4, 4));
        assertArrayEquals(new float[] {0, 0, Float.NaN, Float.NaN}, Arrays.copyOf(gradient, 4));

        Matrix finite = Matrix.of(new float[] {5}, 1, 1); // of a target that is none the loss is negative, and -0 with a weight of 0
        BinaryCrossEntropy.builder().weights(0).build().losses(finite, Matrix.of(new float[] {2}, 1, 1), Matrix.of(losses, 1, 1));
        assertEquals(0f, losses[0]);
    }

    @Test
    void nothing() {
        Matrix empty = Matrix.of(new float[0], 0, 3);
        assertEquals(Float.NaN, BinaryCrossEntropy.builder().build().loss(empty, empty));
        assertEquals(0f, BinaryCrossEntropy.builder().reduction(Reduction.SUM).build().loss(empty, empty), 0f);
    }
}
