package io.github.surprisal;

import static io.github.surprisal.Thrown.fails;
import static io.github.surprisal.Thrown.illegal;
import static io.github.surprisal.Thrown.isNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The error table for CrossEntropy and NegativeLogLikelihood: what is thrown, what its message carries, and that nothing was written before. */
class CrossEntropyValidationTest {
    private static final int ROWS = Views.ROWS;
    private static final int COLUMNS = Views.COLUMNS;
    private static final int[] TARGETS = {2, -100, 0, 1};
    private static final long[] LONG_TARGETS = {2, -100, 0, 1};
    private static final CrossEntropy LOSS = CrossEntropy.withDefaults();
    private static final NegativeLogLikelihood NLL = NegativeLogLikelihood.builder().build();

    private static Matrix matrix() {
        return matrix(ROWS, COLUMNS);
    }

    private static Matrix matrix(int rows, int columns) {
        return Matrix.of(new float[rows * columns], rows, columns);
    }

    /** What a call writes to, filled with sentinels, which must still be there after it has thrown. */
    private static final class Output {
        private static final float SENTINEL = -12345.5f;
        final float[] losses = filled(ROWS);
        final float[] data = filled(ROWS * COLUMNS);
        final Matrix gradient = Matrix.of(data, ROWS, COLUMNS);

        private static float[] filled(int n) {
            float[] x = new float[n];
            Arrays.fill(x, SENTINEL);
            return x;
        }

        void checkUntouched() {
            assertArrayEquals(filled(ROWS), losses, 0f);
            assertArrayEquals(filled(ROWS * COLUMNS), data, 0f);
        }
    }

    /** Every call with int[] targets, then with long[] targets. */
    private static final List<BiConsumer<int[], Output>> INT_CALLS = intCalls(matrix(), LOSS, NLL);
    private static final List<BiConsumer<long[], Output>> LONG_CALLS = longCalls(matrix(), LOSS, NLL);

    private static List<BiConsumer<int[], Output>> intCalls(Matrix x, CrossEntropy loss, NegativeLogLikelihood nll) {
        return List.of(
                (y, out) -> loss.loss(x, y),
                (y, out) -> loss.losses(x, y, out.losses),
                (y, out) -> loss.lossAndGradient(x, y, out.gradient),
                (y, out) -> loss.totals(x, y),
                (y, out) -> loss.totalsAndGradient(x, y, 1, out.gradient),
                (y, out) -> nll.loss(x, y),
                (y, out) -> nll.losses(x, y, out.losses),
                (y, out) -> nll.lossAndGradient(x, y, out.gradient));
    }

    private static List<BiConsumer<long[], Output>> longCalls(Matrix x, CrossEntropy loss, NegativeLogLikelihood nll) {
        return List.of(
                (y, out) -> loss.loss(x, y),
                (y, out) -> loss.losses(x, y, out.losses),
                (y, out) -> loss.lossAndGradient(x, y, out.gradient),
                (y, out) -> loss.totals(x, y),
                (y, out) -> loss.totalsAndGradient(x, y, 1, out.gradient),
                (y, out) -> nll.loss(x, y),
                (y, out) -> nll.losses(x, y, out.losses),
                (y, out) -> nll.lossAndGradient(x, y, out.gradient));
    }

    /** Every call with distributions. */
    private static List<BiConsumer<Matrix, Output>> distributionCalls(Matrix x, CrossEntropy loss) {
        return List.of(
                (q, out) -> loss.loss(x, q),
                (q, out) -> loss.losses(x, q, out.losses),
                (q, out) -> loss.lossAndGradient(x, q, out.gradient));
    }

    @Test
    void usualCallsDoNotThrow() {
        INT_CALLS.forEach(call -> call.accept(TARGETS, new Output()));
        LONG_CALLS.forEach(call -> call.accept(LONG_TARGETS, new Output()));
        distributionCalls(matrix(), LOSS).forEach(call -> call.accept(matrix(), new Output()));
    }

    @Test
    void nullArguments() {
        Matrix x = matrix();
        float[] losses = new float[ROWS];
        INT_CALLS.forEach(call -> isNull("targets", () -> call.accept(null, new Output())));
        LONG_CALLS.forEach(call -> isNull("targets", () -> call.accept(null, new Output())));
        distributionCalls(x, LOSS).forEach(call -> isNull("probabilities", () -> call.accept(null, new Output())));
        intCalls(null, LOSS, NLL).subList(0, 5).forEach(call -> isNull("logits", () -> call.accept(TARGETS, new Output())));
        longCalls(null, LOSS, NLL).subList(0, 5).forEach(call -> isNull("logits", () -> call.accept(LONG_TARGETS, new Output())));
        intCalls(null, LOSS, NLL).subList(5, 8).forEach(call -> isNull("logProbabilities", () -> call.accept(TARGETS, new Output())));
        distributionCalls(null, LOSS).forEach(call -> isNull("logits", () -> call.accept(x, new Output())));
        isNull("losses", () -> LOSS.losses(x, TARGETS, null));
        isNull("losses", () -> LOSS.losses(x, LONG_TARGETS, null));
        isNull("losses", () -> LOSS.losses(x, x, null));
        isNull("losses", () -> NLL.losses(x, TARGETS, null));
        isNull("gradient", () -> LOSS.lossAndGradient(x, TARGETS, null));
        isNull("gradient", () -> LOSS.lossAndGradient(x, LONG_TARGETS, null));
        isNull("gradient", () -> LOSS.lossAndGradient(x, matrix(), null));
        isNull("gradient", () -> LOSS.totalsAndGradient(x, TARGETS, 1, null));
        isNull("gradient", () -> NLL.lossAndGradient(x, TARGETS, null));



        isNull("weights", () -> CrossEntropy.builder().classWeights((float[]) null));
        isNull("reduction", () -> CrossEntropy.builder().reduction(null));
        isNull("execution", () -> CrossEntropy.builder().execution(null));
        isNull("weights", () -> NegativeLogLikelihood.builder().classWeights((float[]) null));
        isNull("reduction", () -> NegativeLogLikelihood.builder().reduction(null));
    }

    @Test
    void optionsOutOfRange() {
        CrossEntropy.Builder builder = CrossEntropy.builder();
        float inf = Float.POSITIVE_INFINITY;
        rejects(builder::labelSmoothing, -0.1f, -Float.MIN_VALUE, Math.nextUp(1f), 2, inf, -inf, Float.NaN);
        rejects(builder::zLoss, -0.1f, -Float.MIN_VALUE, inf, -inf, Float.NaN);
        rejects(builder::softcap, 0, -0f, -30, inf, -inf, Float.NaN);
        rejects(builder::logitScale, 0, -0f, -1, inf, -inf, Float.NaN);
        rejects(w -> builder.classWeights(1, w, 2), -1, -Float.MIN_VALUE, inf, -inf, Float.NaN);
        rejects(w -> NegativeLogLikelihood.builder().classWeights(1, w, 2), -1, inf, -inf, Float.NaN);
        // At the end of their ranges, and unharmed by what was rejected.
        builder.labelSmoothing(0).labelSmoothing(1).zLoss(0).zLoss(Float.MAX_VALUE).zLoss(0).softcap(Float.MIN_VALUE).softcap(Float.MAX_VALUE)
                .logitScale(Float.MIN_VALUE).logitScale(Float.MAX_VALUE).logitScale(1).classWeights(0, -0f, Float.MAX_VALUE)
                .ignoreIndex(Integer.MIN_VALUE).ignoreIndex(Integer.MAX_VALUE).build();
    }

    private static void rejects(Function<Float, ?> option, float... values) {
        for (float value : values) illegal(() -> option.apply(value), Float.toString(value), 0); // and the range
    }

    @Test
    void weightsAreCopied() {
        float[] weights = {1, 2, 3};
        CrossEntropy crossEntropy = CrossEntropy.builder().classWeights(weights).build();
        float before = crossEntropy.loss(matrix(), TARGETS);
        Arrays.fill(weights, Float.NaN);
        assertEquals(before, crossEntropy.loss(matrix(), TARGETS));
    }

    @Test
    void aBuilderMakesIndependentLosses() {
        CrossEntropy.Builder builder = CrossEntropy.builder();
        CrossEntropy mean = builder.build();
        float before = mean.loss(matrix(), TARGETS);
        builder.reduction(Reduction.SUM).labelSmoothing(1).classWeights(3, 2, 1).build();
        assertEquals(before, mean.loss(matrix(), TARGETS));
    }

    @Test
    void lengthsAndShapes() {
        for (int length : new int[] {0, ROWS - 1, ROWS + 1, 100}) {
            INT_CALLS.forEach(call -> untouched(out -> illegal(() -> call.accept(new int[length], out), ROWS, length)));
            LONG_CALLS.forEach(call -> untouched(out -> illegal(() -> call.accept(new long[length], out), ROWS, length)));
            illegal(() -> LOSS.losses(matrix(), TARGETS, new float[length]), ROWS, length);
            illegal(() -> LOSS.losses(matrix(), LONG_TARGETS, new float[length]), ROWS, length);
            illegal(() -> LOSS.losses(matrix(), matrix(), new float[length]), ROWS, length);
            illegal(() -> NLL.losses(matrix(), TARGETS, new float[length]), ROWS, length);
        }
        for (int[] shape : new int[][] {{ROWS + 1, COLUMNS}, {ROWS - 1, COLUMNS}, {COLUMNS, ROWS}, {2, 6}, {0, COLUMNS}, {ROWS, 0}, {ROWS, 17}}) {
            Matrix other = matrix(shape[0], shape[1]);
            Object[] numbers = shape[0] == ROWS ? new Object[] {COLUMNS, shape[1]} : new Object[] {ROWS, shape[0]};
            distributionCalls(matrix(), LOSS).forEach(call -> untouched(out -> illegal(() -> call.accept(other, out), numbers)));
            illegal(() -> LOSS.lossAndGradient(matrix(), TARGETS, other), numbers);
            illegal(() -> LOSS.lossAndGradient(matrix(), LONG_TARGETS, other), numbers);
            illegal(() -> LOSS.lossAndGradient(matrix(), matrix(), other), numbers);
            illegal(() -> LOSS.totalsAndGradient(matrix(), TARGETS, 1, other), numbers);
            illegal(() -> NLL.lossAndGradient(matrix(), TARGETS, other), numbers);
        }
    }

    @Test
    void weightsOfTheWrongLength() {
        for (int length : new int[] {0, 1, COLUMNS - 1, COLUMNS + 1, 100}) {
            CrossEntropy loss = CrossEntropy.builder().classWeights(new float[length]).build();
            NegativeLogLikelihood nll = NegativeLogLikelihood.builder().classWeights(new float[length]).build();
            intCalls(matrix(), loss, nll).forEach(call -> untouched(out -> illegal(() -> call.accept(TARGETS, out), COLUMNS, length)));
            longCalls(matrix(), loss, nll).forEach(call -> untouched(out -> illegal(() -> call.accept(LONG_TARGETS, out), COLUMNS, length)));
            distributionCalls(matrix(), loss).forEach(call -> untouched(out -> illegal(() -> call.accept(matrix(), out), COLUMNS, length)));
        }
    }

    private static void untouched(Consumer<Output> call) {
        Output out = new Output();
        call.accept(out);
        out.checkUntouched();
    }

    @Test
    void targetsOutOfRange() {
        for (int bad : new int[] {-1, COLUMNS, COLUMNS + 1, -99, -101, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            for (int row = 0; row < ROWS; row++) {
                int[] ints = TARGETS.clone();
                long[] longs = LONG_TARGETS.clone();
                ints[row] = bad;
                longs[row] = bad;
                Object[] parts = {row, bad, COLUMNS};
                INT_CALLS.forEach(call -> untouched(out -> fails(IndexOutOfBoundsException.class, () -> call.accept(ints, out), parts)));
                LONG_CALLS.forEach(call -> untouched(out -> fails(IndexOutOfBoundsException.class, () -> call.accept(longs, out), parts)));
            }
        }
    }

    /** Narrowed to int, these would be classes or the ignoreIndex. */
    @Test
    void longTargetsAreComparedBeforeNarrowing() {
        for (long bad : new long[] {1L << 32, (1L << 32) + 1, -1L << 32, (1L << 32) - 100, -100 - (1L << 32), 1L << 63, Long.MIN_VALUE + 1, Long.MAX_VALUE}) {
            for (int row = 0; row < ROWS; row++) {
                long[] longs = LONG_TARGETS.clone();
                longs[row] = bad;
                Object[] parts = {row, bad, COLUMNS};
                LONG_CALLS.forEach(call -> untouched(out -> fails(IndexOutOfBoundsException.class, () -> call.accept(longs, out), parts)));
            }
        }
    }

    @Test
    void ignoreIndexOutsideTheClassesIsNoError() {
        for (int ignored : new int[] {-1, COLUMNS, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            CrossEntropy crossEntropy = CrossEntropy.builder().ignoreIndex(ignored).classWeights(1, 2, 3).build();
            assertEquals(crossEntropy.loss(matrix(), new int[] {0, ignored, 1, 2}), crossEntropy.loss(matrix(), new long[] {0, ignored, 1, 2}));
            fails(IndexOutOfBoundsException.class, () -> crossEntropy.loss(matrix(), new int[] {0, -100, 1, 2}), 1, -100, COLUMNS);
        }
    }

    @Test
    void noClasses() {
        fails(IndexOutOfBoundsException.class, () -> LOSS.loss(matrix(2, 0), new int[] {-100, 0}), 1, 0);
        assertEquals(Float.NaN, LOSS.loss(matrix(2, 0), new int[] {-100, -100}));
    }

    // ---- overlap ----

    @Test
    void gradientsThatOverlapTheLogits() {
        for (Views v : Views.all()) {
            v.check("logits", "gradient", () -> LOSS.lossAndGradient(v.input(), TARGETS, v.output()));
            v.check("logits", "gradient", () -> LOSS.lossAndGradient(v.input(), LONG_TARGETS, v.output()));
            v.check("logits", "gradient", () -> LOSS.lossAndGradient(v.input(), matrix(), v.output()));
            v.check("logits", "gradient", () -> LOSS.totalsAndGradient(v.input(), TARGETS, 1, v.output()));
            v.check("logits", "gradient", () -> LOSS.totalsAndGradient(v.input(), LONG_TARGETS, 1, v.output()));
            v.check("logProbabilities", "gradient", () -> NLL.lossAndGradient(v.input(), TARGETS, v.output()));
            v.check("logProbabilities", "gradient", () -> NLL.lossAndGradient(v.input(), LONG_TARGETS, v.output()));
        }
    }

    /** Only the logits may be written over. */
    @Test
    void gradientsThatOverlapTheDistributions() {
        for (Views v : Views.allOfAnotherInput()) v.check("probabilities", "gradient", () -> LOSS.lossAndGradient(matrix(), v.input(), v.output()));
    }

    /** Else a later row's target would be what an earlier row's gradient has written. */
    @Test
    void gradientsThatOverlapTheTargets() {
        int[] ints = {1, 0};
        long[] longs = {1, 0};
        Matrix logits = matrix(2, 2);
        Matrix overInts = Matrix.of(MemorySegment.ofArray(ints), ElementType.BFLOAT16, 2, 2);
        Matrix overLongs = Matrix.ofClassAxis(MemorySegment.ofArray(longs), ElementType.FLOAT32, 1, 2, 2);
        illegal(() -> LOSS.lossAndGradient(logits, ints, overInts), "gradient", "targets");
        illegal(() -> LOSS.lossAndGradient(logits, longs, overLongs), "gradient", "targets");
        illegal(() -> LOSS.totalsAndGradient(logits, ints, 1, overInts), "gradient", "targets");
        illegal(() -> LOSS.totalsAndGradient(logits, longs, 1, overLongs), "gradient", "targets");
        illegal(() -> NLL.lossAndGradient(logits, ints, overInts), "gradient", "targets");
        illegal(() -> NLL.lossAndGradient(logits, longs, overLongs), "gradient", "targets");
        assertArrayEquals(new int[] {1, 0}, ints);
        assertArrayEquals(new long[] {1, 0}, longs);
        LOSS.lossAndGradient(logits, ints, Matrix.of(MemorySegment.ofArray(new int[2]), ElementType.BFLOAT16, 2, 2)); // another array is fine
    }

    @Test
    void lossesThatOverlapAnInput() {
        float[] losses = new float[ROWS];
        Matrix x = Matrix.of(losses, ROWS, 1);
        illegal(() -> LOSS.losses(x, new int[ROWS], losses), "losses", "logits");
        illegal(() -> LOSS.losses(x, new long[ROWS], losses), "losses", "logits");
        illegal(() -> LOSS.losses(x, matrix(ROWS, 1), losses), "losses", "logits");
        illegal(() -> LOSS.losses(matrix(ROWS, 1), x, losses), "losses", "probabilities");
        illegal(() -> NLL.losses(x, new int[ROWS], losses), "losses", "logProbabilities");
        assertArrayEquals(new float[ROWS], losses, 0f);
    }

    @Test
    void logitsMayBeTheirOwnDistribution() { // reading one array twice is no overlap
        Matrix x = matrix();
        LOSS.loss(x, x);
    }

    @Test
    void noClassesWithDistributions() {
        float[] losses = {7, 7};
        LOSS.losses(matrix(2, 0), matrix(2, 0), losses);
        assertArrayEquals(new float[2], losses);
        assertEquals(0, LOSS.lossAndGradient(matrix(2, 0), matrix(2, 0), matrix(2, 0)));
    }

    /** Nothing of an empty gradient is in any array. */
    @Test
    void emptyGradientsInTheArrayOfTheTargets() {
        int[] ignored = {-100, -100};
        LOSS.lossAndGradient(matrix(2, 0), ignored, Matrix.of(MemorySegment.ofArray(ignored), ElementType.FLOAT32, 2, 0));
        int[] none = {};
        LOSS.lossAndGradient(matrix(0, 2), none, Matrix.of(MemorySegment.ofArray(none), ElementType.FLOAT32, 0, 2));
    }
}
