package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.surprisal.kernel.LossCall;
import io.github.surprisal.oracle.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;

/** The same bits for the same values: in any layout, on any number of threads, among any other rows. */
class LossInvarianceTest {
    private static final long SEED = 20250711;
    private static final int CALLS = 300;
    private static final CrossEntropy SUM = CrossEntropy.builder().reduction(Reduction.SUM).build();

    private static float loss(float[] row, int target) {
        return SUM.loss(Matrix.of(row, 1, row.length), new int[] {target});
    }

    private static float[] gradient(float[] row, int target) {
        float[] gradient = new float[row.length];
        SUM.lossAndGradient(Matrix.of(row, 1, row.length), new int[] {target}, Matrix.of(gradient, 1, row.length));
        return gradient;
    }

    private static void assertBits(float[] expected, float[] actual, String what) {
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            int at = i;
            assertEquals(Float.floatToRawIntBits(expected[i]), Float.floatToRawIntBits(actual[i]),
                    () -> "at " + at + ": " + expected[at] + " and " + actual[at] + ", " + what);
        }
    }

    private static float[] gradient(RandomCall call, Layout layout, Execution execution) {
        float[] gradient = new float[layout.size()];
        float[] x = layout.store(call.logits);
        call.lossAndGradient(call.builder().execution(execution).build(), layout.matrix(x), layout.matrix(gradient));
        return layout.load(gradient);
    }

    /** Short rows are summed in batches, but for those that one class outweighs. */
    @Test
    void probabilityTargetsTogetherAndAlone() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int columns : new int[] {2, 3, 16, 64, 65, 127, 128, 255, 256}) {
            for (int turn = 0; turn < 20; turn++) {
                int rows = 30;
                float[] x = new float[rows * columns];
                float[] p = new float[x.length];
                for (int i = 0; i < x.length; i++) {
                    x[i] = (float) random.nextGaussian() * 3;
                    p[i] = random.nextInt(4) == 0 ? 0 : (float) random.nextDouble();
                    if (turn > 9 && random.nextInt(10 * columns) == 0) x[i] = turn % 2 == 0 ? 1e30f : Float.NaN;
                }
                for (int r = 0; r < rows; r++) x[r * columns + random.nextInt(columns)] += (float) random.nextDouble(0, 40);
                float[] losses = new float[rows];
                float[] gradient = new float[x.length];
                SUM.losses(Matrix.of(x, rows, columns), Matrix.of(p, rows, columns), losses);
                SUM.lossAndGradient(Matrix.of(x, rows, columns), Matrix.of(p, rows, columns), Matrix.of(gradient, rows, columns));
                for (int r = 0; r < rows; r++) {
                    Matrix row = Matrix.of(Arrays.copyOfRange(x, r * columns, (r + 1) * columns), 1, columns);
                    Matrix targets = Matrix.of(Arrays.copyOfRange(p, r * columns, (r + 1) * columns), 1, columns);
                    float[] alone = new float[columns];
                    float[] loss = {SUM.lossAndGradient(row, targets, Matrix.of(alone, 1, columns))};
                    String what = "row " + r + " of " + columns + " columns, turn " + turn + ", seed " + SEED;
                    assertBits(loss, new float[] {losses[r]}, "loss of " + what);
                    assertBits(alone, Arrays.copyOfRange(gradient, r * columns, (r + 1) * columns), "gradient of " + what);
                }
            }
        }
    }

    /** With every option, and rows that cannot be done with the others: ignored ones, NaN, infinities, and one class that outweighs the rest. */
    @Test
    void everyOptionTogetherAndAlone() {
        for (int seed = 0; seed < CALLS; seed++) {
            RandomCall call = new RandomCall(seed, LossCall.GROUP, seed % 3 == 0 ? 130 : 20);
            SplittableRandom random = new SplittableRandom(SEED + seed);
            float[] specials = {Float.NaN, Float.intBitsToFloat(0xFFC00001), Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -1e9f, 1e30f, 60};
            for (int i = 0; seed % 2 == 0 && i < call.rows / 5; i++) {
                call.logits[random.nextInt(call.logits.length)] = specials[random.nextInt(specials.length)];
            }
            CrossEntropy crossEntropy = call.builder().reduction(Reduction.SUM).build();
            float[] losses = call.losses(crossEntropy, Matrix.of(call.logits, call.rows, call.columns));
            float[] gradient = new float[call.logits.length];
            float[] inPlace = call.logits.clone();
            Matrix x = Matrix.of(call.logits, call.rows, call.columns);
            call.lossAndGradient(crossEntropy, x, Matrix.of(gradient, call.rows, call.columns));
            call.lossAndGradient(crossEntropy, Matrix.of(inPlace, call.rows, call.columns), Matrix.of(inPlace, call.rows, call.columns));
            assertBits(gradient, inPlace, "in place, " + call);
            long correct = 0;
            double sum = 0;
            for (int r = 0; r < call.rows; r++) {
                int from = r * call.columns;
                float[] row = Arrays.copyOfRange(call.logits, from, from + call.columns);
                Matrix one = Matrix.of(row, 1, call.columns);
                float[] alone = new float[call.columns];
                Matrix to = Matrix.of(alone, 1, call.columns);
                float[] loss = new float[1];
                if (call.targets != null) {
                    int[] target = {call.targets[r]};
                    loss[0] = crossEntropy.lossAndGradient(one, target, to);
                    sum += crossEntropy.totals(one, target).lossSum();
                    if (call.isKept(r) && isCorrect(row, target[0], call.softcap != 0)) correct++;
                } else {
                    loss[0] = crossEntropy.lossAndGradient(one, Matrix.of(call.probabilities, from, 1, call.columns, call.columns), to);
                }
                String what = "row " + r + " of " + call;
                assertBits(loss, new float[] {losses[r]}, "loss of " + what);
                assertBits(alone, Arrays.copyOfRange(gradient, from, from + call.columns), "gradient of " + what);
            }
            if (call.targets == null) continue;
            CrossEntropy.Totals totals = crossEntropy.totals(x, call.targets);
            assertEquals(correct, totals.correct(), "correct, " + call);
            assertEquals(sum, totals.lossSum(), "sum in double, " + call);
        }
    }

    /** Many rows next to each other are read where they are, those of a second outer index too, and fewer are brought together. */
    @Test
    void everyOptionAcrossMemory() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int columns : new int[] {2, 10, 31, 40, 100}) {
            for (int inner : new int[] {1, 8, 31, 32, 33, 48, 64, 80}) {
                int rows = 3 * inner;
                float[] data = Shape.NORMAL_3.fill(rows * columns, random.nextLong());
                int[] targets = new int[rows];
                float[] weights = new float[columns];
                for (int r = 0; r < rows; r++) targets[r] = random.nextInt(6) == 0 ? -100 : random.nextInt(columns);
                for (int c = 0; c < columns; c++) weights[c] = (float) random.nextDouble();
                for (int option = 0; option < 4; option++) {
                    CrossEntropy.Builder builder = CrossEntropy.builder().reduction(Reduction.SUM);
                    if (option == 1) builder.labelSmoothing(0.42f);
                    if (option == 2) builder.classWeights(weights).zLoss(0.1f);
                    if (option == 3) builder.softcap(20).labelSmoothing(0.1f);
                    Layout layout = Layout.classAxis(rows, columns, inner);
                    String what = layout + ", option " + option + ", seed " + SEED;
                    float[] x = layout.store(data);
                    float[] gradient = new float[rows * columns];
                    CrossEntropy loss = builder.build();
                    CrossEntropy.Totals expected = loss.totalsAndGradient(Matrix.of(data, rows, columns), targets, 1, Matrix.of(gradient, rows, columns));
                    assertEquals(expected, loss.totals(layout.matrix(x), targets), what);
                    assertEquals(expected, loss.totalsAndGradient(layout.matrix(x), targets, 1, layout.matrix(x)), what);
                    assertBits(gradient, layout.load(x), "gradient, " + what);
                }
            }
        }
    }

    /** In double, of few rows, lest what differs in the last bit be lost among others. */
    @Test
    void smoothedSumsTogetherAndAlone() {
        SplittableRandom random = new SplittableRandom(SEED);
        int rows = 8;
        for (int columns : new int[] {3, 10, 17, 25, 31}) {
            for (int turn = 0; turn < 40; turn++) {
                float[] x = Shape.NORMAL_3.fill(rows * columns, random.nextLong());
                float[] weights = new float[columns];
                int[] targets = new int[rows];
                for (int c = 0; c < columns; c++) weights[c] = (float) random.nextDouble();
                for (int r = 0; r < rows; r++) targets[r] = random.nextInt(columns);
                CrossEntropy smoothed = CrossEntropy.builder().reduction(Reduction.SUM).classWeights(weights).labelSmoothing(0.3f).build();
                double sum = 0;
                for (int r = 0; r < rows; r++) sum += smoothed.totals(Matrix.of(x, r * columns, 1, columns, columns), new int[] {targets[r]}).lossSum();
                String what = "sum of " + columns + " columns, turn " + turn + ", seed " + SEED;
                assertEquals(sum, smoothed.totals(Matrix.of(x, rows, columns), targets).lossSum(), what);
            }
        }
    }

    /** Whether the target is the first of the largest; not in a row that has no log-sum-exp: infinities have one when they are capped. */
    private static boolean isCorrect(float[] row, int target, boolean capped) {
        boolean correct = true;
        for (int c = 0; c < row.length; c++) {
            if (Float.isNaN(row[c]) || row[c] == Float.POSITIVE_INFINITY && !capped) return false;
            correct &= c < target ? row[c] < row[target] : row[c] <= row[target];
        }
        return correct && (row[target] > Float.NEGATIVE_INFINITY || capped);
    }

    /** Strided rows and the class axis at several inner sizes have the bits of a row-major copy. */
    @Test
    void everyLayout() {
        for (int seed = 0; seed < CALLS; seed++) {
            RandomCall call = new RandomCall(seed, 60, 40);
            CrossEntropy crossEntropy = call.builder().build();
            Layout rowMajor = Layout.rowMajor(call.rows, call.columns);
            Matrix x = rowMajor.matrix(call.logits);
            float[] losses = call.losses(crossEntropy, x);
            float[] loss = {call.loss(crossEntropy, x)};
            float[] gradient = gradient(call, rowMajor, Execution.serial());
            for (int k = 1; k < 8; k++) {
                Layout layout = Layout.of(k, call.rows, call.columns);
                String what = layout + " of " + call;
                Matrix view = layout.matrix(layout.store(call.logits));
                assertBits(losses, call.losses(crossEntropy, view), "losses, " + what);
                assertBits(loss, new float[] {call.loss(crossEntropy, view)}, "loss, " + what);
                assertBits(gradient, gradient(call, layout, Execution.serial()), "gradient, " + what);
            }
        }
    }

    /** A row whose sum without the target is 2^-80 of it in double, and just less in float, after rows that leave other expectations of E. */
    @Test
    void whateverWasComputedBefore() {
        float[] row = new float[64];
        Arrays.fill(row, -100);
        row[0] = -55.61786f;
        row[1] = 0.26670423f;
        row[2] = -61.93407f;
        row[3] = -57.338978f;
        for (int i = 16; i < 64; i += 16) row[i] = -72.789764f;
        Matrix x = Matrix.of(row, 1, 64);
        double expected = 0;
        for (float before : new float[] {0, -60, 100, -1e4f}) {
            float[] others = new float[64];
            Arrays.fill(others, before);
            loss(others, 0);
            double loss = SUM.totals(x, new int[] {1}).lossSum();
            if (before == 0) expected = loss;
            assertEquals(expected, loss, "after a row of " + before);
        }
    }

    @Test
    void wideRowsInEveryLayout() {
        for (int columns : new int[] {63, 64, 65, 255, 257, 1000, 4099}) {
            for (int inner : new int[] {1, 7, 16, 33, 64}) {
                int rows = 2 * inner;
                float[] data = Shape.NORMAL_3.fill(rows * columns, columns + inner);
                int[] targets = new int[rows];
                Arrays.setAll(targets, r -> r * 31 % columns);
                float[] expected = new float[rows * columns];
                SUM.lossAndGradient(Matrix.of(data, rows, columns), targets, Matrix.of(expected, rows, columns));
                float[] p = new float[rows * columns];
                Softmax.softmax(Matrix.of(data, rows, columns), Matrix.of(p, rows, columns));
                for (Layout layout : new Layout[] {Layout.strided(rows, columns), Layout.classAxis(rows, columns, inner), Layout.classAxis(rows, columns, rows)}) {
                    float[] x = layout.store(data);
                    SUM.lossAndGradient(layout.matrix(x), targets, layout.matrix(x));
                    assertBits(expected, layout.load(x), "gradient, " + layout);
                    x = layout.store(data);
                    Softmax.softmax(layout.matrix(x), layout.matrix(x));
                    assertBits(p, layout.load(x), "softmax, " + layout);
                }
            }
        }
    }

    @Test
    void everyExecution() {
        List<ForkJoinPool> pools = new ArrayList<>();
        for (int threads : new int[] {1, 2, 3, 7}) pools.add(new ForkJoinPool(threads));
        try {
            List<Execution> executions = new ArrayList<>(List.of(Execution.parallel()));
            for (ForkJoinPool pool : pools) executions.add(Execution.on(pool));
            for (int[] size : new int[][] {{1, 10}, {700, 10}, {9000, 10}, {300, 1000}, {3, 140_000}, {1, 300_000}}) {
                for (int seed = 0; seed < 4; seed++) checkExecutions(LargeCall.of(seed, size[0], size[1]), executions);
            }
        } finally {
            pools.forEach(ForkJoinPool::close);
        }
    }

    private record LargeCall(float[] logits, int[] targets, CrossEntropy.Builder builder, Layout layout) {
        static LargeCall of(int seed, int rows, int columns) {
            int[] targets = new int[rows];
            Arrays.setAll(targets, r -> r % 11 == 10 ? -100 : r * 7 % columns);
            CrossEntropy.Builder builder = CrossEntropy.builder().reduction(seed % 2 == 0 ? Reduction.MEAN : Reduction.SUM);
            if (seed > 1) builder.labelSmoothing(.1f).zLoss(1e-4f);
            Layout layout = seed % 2 == 0 ? Layout.rowMajor(rows, columns) : Layout.classAxis(rows, columns, rows);
            return new LargeCall(Shape.NORMAL_3.fill(rows * columns, seed), targets, builder, layout);
        }
    }

    private static void checkExecutions(LargeCall call, List<Execution> executions) {
        float[] expected = null;
        float[] expectedGradient = null;
        float[] x = call.layout.store(call.logits);
        List<Execution> all = new ArrayList<>(List.of(Execution.serial()));
        all.addAll(executions);
        for (Execution execution : all) {
            CrossEntropy crossEntropy = call.builder.execution(execution).build();
            float[] results = new float[call.targets.length + 2];
            float[] gradient = new float[x.length];
            float[] losses = new float[call.targets.length];
            crossEntropy.losses(call.layout.matrix(x), call.targets, losses);
            System.arraycopy(losses, 0, results, 2, losses.length);
            results[0] = crossEntropy.loss(call.layout.matrix(x), call.targets);
            results[1] = crossEntropy.lossAndGradient(call.layout.matrix(x), call.targets, call.layout.matrix(gradient));
            if (expected == null) {
                expected = results;
                expectedGradient = gradient;
            } else {
                assertBits(expected, results, "losses, " + call.layout);
                assertBits(expectedGradient, gradient, "gradient, " + call.layout);
            }
            float[] p = new float[x.length];
            Softmax.softmax(call.layout.matrix(x), call.layout.matrix(p), execution);
            float[] serial = new float[x.length];
            Softmax.softmax(call.layout.matrix(x), call.layout.matrix(serial));
            assertBits(serial, p, "softmax, " + call.layout);
        }
    }

    /** A row's loss and gradient do not depend on its neighbours: alone, and among rows of every other shape. */
    @Test
    void batchInvariance() {
        for (int n : new int[] {2, 10, 33, 100, 1000}) {
            Shape[] shapes = Shape.values();
            int rows = shapes.length + 3;
            float[] data = new float[rows * n];
            Arrays.fill(data, (rows - 1) * n, rows * n, Float.NaN);
            Arrays.fill(data, (rows - 2) * n, (rows - 1) * n, Float.POSITIVE_INFINITY);
            Arrays.fill(data, (rows - 3) * n, (rows - 2) * n, Float.NEGATIVE_INFINITY);
            for (int s = 0; s < shapes.length; s++) System.arraycopy(shapes[s].fill(n, SEED), 0, data, s * n, n);
            SplittableRandom random = new SplittableRandom(SEED);
            for (int turn = 0; turn < 5; turn++) {
                int[] order = order(rows, random);
                float[] batch = new float[rows * n];
                int[] targets = new int[rows];
                for (int r = 0; r < rows; r++) {
                    System.arraycopy(data, order[r] * n, batch, r * n, n);
                    targets[r] = order[r] * 5 % n;
                }
                float[] losses = new float[rows];
                float[] gradient = new float[rows * n];
                float[] p = new float[rows * n];
                SUM.losses(Matrix.of(batch, rows, n), targets, losses);
                SUM.lossAndGradient(Matrix.of(batch, rows, n), targets, Matrix.of(gradient, rows, n));
                Softmax.softmax(Matrix.of(batch, rows, n), Matrix.of(p, rows, n));
                for (int r = 0; r < rows; r++) {
                    float[] row = Arrays.copyOfRange(batch, r * n, (r + 1) * n);
                    String what = "row " + order[r] + ", n " + n;
                    assertBits(new float[] {loss(row, targets[r])}, new float[] {losses[r]}, "loss of " + what);
                    assertBits(gradient(row, targets[r]), Arrays.copyOfRange(gradient, r * n, (r + 1) * n), "gradient of " + what);
                    Softmax.softmax(row, row);
                    assertBits(row, Arrays.copyOfRange(p, r * n, (r + 1) * n), "softmax of " + what);
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
}
