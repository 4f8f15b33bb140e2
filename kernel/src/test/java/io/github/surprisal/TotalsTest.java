package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.surprisal.CrossEntropy.Totals;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Sums that add up: over batches, shards and machines, in any order. */
class TotalsTest {
    private static final long SEED = 20250712;

    /** Double rounding: 1e-16 a merge, some hundred of them. */
    private static final double MERGES = 1e-13;

    private static RandomCall indices(SplittableRandom random) {
        RandomCall call;
        do {
            call = new RandomCall(random.nextLong(), 200, 12);
        } while (call.targets == null);
        return call;
    }

    private static Totals totals(RandomCall call, int from, int to) {
        Matrix rows = Matrix.of(call.logits, from * call.columns, to - from, call.columns, call.columns);
        return call.builder().build().totals(rows, Arrays.copyOfRange(call.targets, from, to));
    }

    @Test
    void mergedInRandomTrees() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int turn = 0; turn < 100; turn++) {
            RandomCall call = indices(random);
            Totals whole = totals(call, 0, call.rows);
            List<Totals> parts = new ArrayList<>();
            for (int from = 0, to; from < call.rows; from = to) {
                to = Math.min(call.rows, from + random.nextInt(1, 20));
                parts.add(totals(call, from, to));
            }
            parts.add(totals(call, 0, 0));
            while (parts.size() > 1) {
                Totals other = parts.remove(random.nextInt(parts.size()));
                int i = random.nextInt(parts.size());
                parts.set(i, parts.get(i).merge(other));
            }
            assertNear(whole, parts.getFirst(), call.toString());
        }
    }

    private static void assertNear(Totals expected, Totals actual, String what) {
        assertEquals(expected.kept(), actual.kept(), what);
        assertEquals(expected.ignored(), actual.ignored(), what);
        assertEquals(expected.correct(), actual.correct(), what);
        assertEquals(expected.lossSum(), actual.lossSum(), MERGES * expected.lossSum(), what);
        assertEquals(expected.weightSum(), actual.weightSum(), MERGES * expected.weightSum(), what);
    }

    @Test
    void meanOfMergedTotalsIsTheMeanOfTheConcatenatedBatch() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int turn = 0; turn < 100; turn++) {
            RandomCall call = indices(random);
            int middle = random.nextInt(call.rows + 1);
            Totals merged = totals(call, 0, middle).merge(totals(call, middle, call.rows));
            float mean = call.builder().reduction(Reduction.MEAN).build().loss(Matrix.of(call.logits, call.rows, call.columns), call.targets);
            float sum = call.builder().reduction(Reduction.SUM).build().loss(Matrix.of(call.logits, call.rows, call.columns), call.targets);
            if (Float.isNaN(mean)) { // nothing kept, or only weights of 0
                assertEquals(Double.NaN, merged.mean(), call.toString());
                continue;
            }
            assertEquals(mean, (float) merged.mean(), Math.ulp(mean), call.toString());
            assertEquals(sum, (float) merged.lossSum(), Math.ulp(sum), call.toString());
            assertEquals(Math.exp(merged.mean()), merged.perplexity(), 1e-15 * merged.perplexity(), call.toString());
        }
    }

    @Test
    void countsWeightsAndRows() {
        float[] logits = {
            1, 3, 2, // argmax 1
            2, 2, 1, // a tie: 0
            0, -1, 0, // a tie: 0
            5, 6, 7, // ignored
            -1, -2, -3, // 0
            Float.NEGATIVE_INFINITY, 0, Float.NEGATIVE_INFINITY, // 1
        };
        CrossEntropy crossEntropy = CrossEntropy.builder().classWeights(.5f, 2, 1).build();
        Totals totals = crossEntropy.totals(Matrix.of(logits, 6, 3), new int[] {1, 1, 2, -100, 0, 1});
        assertEquals(5, totals.kept());
        assertEquals(1, totals.ignored());
        assertEquals(3, totals.correct());
        assertEquals(2 + 2 + 1 + .5 + 2, totals.weightSum());
        assertEquals(3, crossEntropy.totals(Matrix.of(logits, 6, 3), new long[] {1, 1, 2, -100, 0, 1}).correct());
    }

    /** A maximum in any place of a long row, alone and tied with one behind it, in every layout. */
    @Test
    void correctGoesByTheLowestIndexOfTheMaximum() {
        int columns = 150;
        int rows = 150;
        float[] logits = new float[rows * columns];
        int[] first = new int[rows];
        int[] second = new int[rows];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) logits[r * columns + c] = -1 - (r * 7 + c * 13) % 17;
            first[r] = r / 2;
            second[r] = columns - 1 - r / 3;
            logits[r * columns + first[r]] = 4;
            logits[r * columns + second[r]] = 4;
        }
        for (int k = 0; k < 14; k++) {
            Layout layout = Layout.of(k, rows, columns);
            Matrix x = layout.matrix(layout.store(logits));
            assertEquals(rows, CrossEntropy.withDefaults().totals(x, first).correct(), layout.toString());
            assertEquals(0, CrossEntropy.withDefaults().totals(x, second).correct(), layout.toString());
        }
    }

    @Test
    void totalsAndGradientAreThoseOfTotalsAndOfSum() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int turn = 0; turn < 200; turn++) {
            RandomCall call = indices(random);
            CrossEntropy crossEntropy = call.builder().build();
            float[] expected = new float[call.logits.length];
            call.builder().reduction(Reduction.SUM).build()
                    .lossAndGradient(Matrix.of(call.logits, call.rows, call.columns), call.targets, Matrix.of(expected, call.rows, call.columns));
            float[] x = call.layout.store(call.logits);
            float[] gradient = call.gradientLayout.store(expected);
            Totals totals = crossEntropy.totals(call.layout.matrix(x), call.targets);
            assertEquals(totals, crossEntropy.totalsAndGradient(call.layout.matrix(x), call.targets, 1, call.gradientLayout.matrix(gradient)), call.toString());
            assertArrayEquals(expected, call.gradientLayout.load(gradient), call.toString());

            // A power of two scales exactly, as nothing here is subnormal.
            long[] longs = Arrays.stream(call.targets).asLongStream().toArray();
            assertEquals(totals, crossEntropy.totals(call.layout.matrix(x), longs), call.toString());
            assertEquals(totals, crossEntropy.totalsAndGradient(call.layout.matrix(x), longs, 0.25f, call.layout.matrix(x)), call.toString());
            float[] quarter = expected.clone();
            for (int i = 0; i < quarter.length; i++) quarter[i] *= 0.25f;
            assertArrayEquals(quarter, call.layout.load(x), call.toString());
        }
    }

    /** The use that it is made for: the mean over batches of different weight, with one backward pass each. */
    @Test
    void gradientScaleMakesTheMeanOfSeveralBatches() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int turn = 0; turn < 100; turn++) {
            RandomCall call = indices(random);
            int columns = call.columns;
            int middle = call.rows / 2;
            double weightSum = totals(call, 0, call.rows).weightSum();
            if (weightSum == 0) continue;
            float[] expected = new float[call.logits.length];
            call.builder().reduction(Reduction.MEAN).build()
                    .lossAndGradient(Matrix.of(call.logits, call.rows, columns), call.targets, Matrix.of(expected, call.rows, columns));
            float[] actual = new float[call.logits.length];
            for (int[] part : new int[][] {{0, middle}, {middle, call.rows}}) {
                int rows = part[1] - part[0];
                call.builder().build().totalsAndGradient(
                        Matrix.of(call.logits, part[0] * columns, rows, columns, columns), Arrays.copyOfRange(call.targets, part[0], part[1]),
                        (float) (1 / weightSum), Matrix.of(actual, part[0] * columns, rows, columns, columns));
            }
            // Twice the tolerance of one gradient: 1e-6 relative and 2e-7 of the largest element there could be.
            double largest = 1 / weightSum;
            for (float g : expected) largest = Math.max(largest, Math.abs(g));
            for (int i = 0; i < expected.length; i++) assertEquals(expected[i], actual[i], 2e-6 * Math.abs(expected[i]) + 4e-7 * largest, call.toString());
        }
    }

    @Test
    void serialized() throws IOException, ClassNotFoundException {
        Totals totals = new Totals(1.5, 2, 3, 4, 1);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(totals);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            assertEquals(totals, in.readObject());
        }
        assertEquals(.75, totals.mean());
        assertEquals(Math.exp(.75), totals.perplexity(), 1e-15);
    }
}
