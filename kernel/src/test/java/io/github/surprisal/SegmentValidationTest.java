package io.github.surprisal;

import static io.github.surprisal.Thrown.fails;
import static io.github.surprisal.Thrown.illegal;
import static io.github.surprisal.Thrown.isNull;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What is refused of segments and 16-bit arrays, how, and that nothing is written then. */
class SegmentValidationTest {
    private static final ElementType F32 = ElementType.FLOAT32;
    private static final ElementType BF16 = ElementType.BFLOAT16;
    private static final CrossEntropy LOSS = CrossEntropy.withDefaults();
    private static final int[] TARGETS = {0, 1, 2};

    private final MemorySegment floats = MemorySegment.ofArray(new float[12]);

    @Test
    void nulls() {
        isNull("data", () -> Matrix.of((MemorySegment) null, F32, 1, 1));
        isNull("type", () -> Matrix.of(floats, null, 1, 1));
        isNull("data", () -> Matrix.of((MemorySegment) null, F32, 0, 1, 1, 1));
        isNull("data", () -> Matrix.of((short[]) null, BF16, 1, 1));
        isNull("type", () -> Matrix.of(new short[1], null, 1, 1));
        isNull("data", () -> Matrix.ofClassAxis((MemorySegment) null, F32, 1, 1, 1));
        isNull("type", () -> Matrix.ofClassAxis(floats, null, 1, 1, 1));
    }

    @Test
    void sizes() {
        illegal(() -> Matrix.of(floats, F32, -1, 4), "rows", -1);
        illegal(() -> Matrix.of(floats, F32, 1, -4), "columns", -4);
        illegal(() -> Matrix.of(floats, F32, -3L, 1, 4, 4), "offset", -3);
        illegal(() -> Matrix.of(floats, F32, 0, 3, 4, 3), "rowStride", 3, 4);
        illegal(() -> Matrix.of(floats, F32, 4, 4), 16, 12);
        illegal(() -> Matrix.of(floats, F32, 1, 3, 4, 4), 13, 12);
        illegal(() -> Matrix.of(floats, F32, 0, 3, 4, 5), 14, 12);
        illegal(() -> Matrix.of(floats, BF16, 5, 5), 25, 24);
        illegal(() -> Matrix.of(floats.asSlice(0, 47), F32, 3, 4), 12, 11, 47);
        illegal(() -> Matrix.of(new short[11], BF16, 3, 4), 12, 11);
        illegal(() -> Matrix.of(new short[12], F32, 3, 4), "FLOAT32");
        illegal(() -> Matrix.ofClassAxis(floats, F32, 2, 3, 3), 18, 12);
        illegal(() -> Matrix.ofClassAxis(floats, F32, -2, 3, 3), "outer", -2);
        illegal(() -> Matrix.ofClassAxis(floats, F32, 2, -3, 3), "classes", -3);
        illegal(() -> Matrix.ofClassAxis(floats, F32, 2, 3, -3), "inner", -3);
        illegal(() -> Matrix.ofClassAxis(floats, F32, 1 << 16, 1, 1 << 16), 65536, "4294967296");
        assertEquals(3, Matrix.of(floats, F32, 0, 3, 2, 5).rows()); // the last row needs no stride
        assertEquals(2, Matrix.of(floats.asSlice(1, 47), BF16, 2, 2).columns()); // a longer one is fine, an odd one too
    }

    /** Products and sums beyond long are not mistaken for small numbers. */
    @Test
    void sizesBeyondLong() {
        long huge = Long.MAX_VALUE;
        illegal(() -> Matrix.of(floats, F32, 0, 3, 4, huge), "18446744073709551618", 12);
        illegal(() -> Matrix.of(floats, F32, huge, 1, 4, 4), "9223372036854775811", 12);
        illegal(() -> Matrix.of(floats, F32, huge - 1, 0, 4, 4), "9223372036854775806", 12);
        illegal(() -> Matrix.of(floats, F32, 0, Integer.MAX_VALUE, Integer.MAX_VALUE, 1L << 62), 12);
        illegal(() -> Matrix.of(floats, F32, Integer.MAX_VALUE, Integer.MAX_VALUE), "4611686014132420609", 12);
        illegal(() -> Matrix.ofClassAxis(floats, F32, 1, Integer.MAX_VALUE, Integer.MAX_VALUE), "4611686014132420609", 12);
        assertEquals(1, Matrix.of(floats, F32, 8, 1, 4, huge).rows()); // no second row, no stride
    }

    @Test
    void bytesThatAreNoFloats() {
        for (int bytes : new int[] {1, 2, 3, 5, 47}) illegal(() -> LogSumExp.of(floats.asSlice(0, bytes)), bytes, 4);
    }

    /** Each operation with an output matrix: it must refuse read-only and overlapping ones. */
    private static List<BiFunction<Matrix, Matrix, Executable>> operations() {
        Matrix t = Matrix.of(new float[12], 3, 4);
        NegativeLogLikelihood nll = NegativeLogLikelihood.withDefaults();
        BinaryCrossEntropy bce = BinaryCrossEntropy.withDefaults();
        return List.of(
                (x, out) -> () -> LOSS.lossAndGradient(x, TARGETS, out),
                (x, out) -> () -> LOSS.lossAndGradient(x, new long[] {0, 1, 2}, out),
                (x, out) -> () -> LOSS.lossAndGradient(x, t, out),
                (x, out) -> () -> LOSS.totalsAndGradient(x, TARGETS, 1, out),
                (x, out) -> () -> Softmax.softmax(x, out),
                (x, out) -> () -> Softmax.logSoftmax(x, out, Execution.parallel()),
                (x, out) -> () -> nll.lossAndGradient(x, TARGETS, out),
                (x, out) -> () -> bce.lossAndGradient(x, t, out),
                (x, out) -> () -> bce.losses(x, t, out));
    }

    @Test
    void readOnlyOutputs() {
        for (var operation : operations()) {
            Matrix x = Matrix.of(new float[12], 3, 4);
            illegal(operation.apply(x, Matrix.of(floats.asReadOnly(), F32, 3, 4)), "read-only");
            illegal(operation.apply(x, Matrix.of(MemorySegment.ofArray(new short[12]).asReadOnly(), BF16, 3, 4)), "read-only");
            try (Arena arena = Arena.ofConfined()) {
                illegal(operation.apply(x, Matrix.of(arena.allocate(48).asReadOnly(), F32, 3, 4)), "read-only");
            }
        }
    }

    @Test
    void overlaps() {
        try (Arena arena = Arena.ofConfined()) {
            for (MemorySegment memory : new MemorySegment[] {
                arena.allocate(200), MemorySegment.ofArray(new byte[200]), MemorySegment.ofArray(new float[50]), MemorySegment.ofArray(new short[100])
            }) {
                List<Matrix> refused = new ArrayList<>();
                Matrix x = Matrix.of(memory.asSlice(40, 48), F32, 3, 4);
                for (int shift : new int[] {-40, -3, -1, 1, 4, 44, 47}) refused.add(Matrix.of(memory.asSlice(40 + shift, 48), F32, 3, 4));
                refused.add(Matrix.of(memory.asSlice(40), BF16, 3, 4)); // the same place, another type
                refused.add(Matrix.of(memory.asSlice(40), F32, 0, 3, 4, 5));
                refused.add(Matrix.ofClassAxis(memory.asSlice(40), F32, 1, 4, 3));
                List<Matrix> allowed = List.of(x, Matrix.of(memory.asSlice(40, 48), F32, 3, 4), Matrix.of(memory, F32, 10, 3, 4, 4),
                        Matrix.of(memory.asSlice(88, 48), F32, 3, 4), Matrix.of(memory.asSlice(88), BF16, 3, 4), Matrix.of(memory.asSlice(16, 24), BF16, 3, 4));
                for (var operation : operations()) {
                    for (Matrix out : refused) unchanged(memory, () -> illegal(operation.apply(x, out), "overlaps"));
                    for (Matrix out : allowed) assertDoesNotThrow(operation.apply(x, out));
                }
                // disjoint columns of the same rows, and columns with one in common
                Matrix left = Matrix.of(memory, F32, 0, 3, 4, 9);
                for (var operation : operations()) {
                    assertDoesNotThrow(operation.apply(left, Matrix.of(memory, F32, 4, 3, 4, 9)));
                    unchanged(memory, () -> illegal(operation.apply(left, Matrix.of(memory, F32, 3, 3, 4, 9)), "overlaps"));
                }
            }
        }
    }

    /** An array and segments of it, read-only ones too, are the same memory. */
    @Test
    void overlapsOfArraysAndSegments() {
        float[] array = new float[50];
        MemorySegment segment = MemorySegment.ofArray(array);
        Matrix x = Matrix.of(array, 10, 3, 4, 4);
        Matrix y = Matrix.of(segment.asReadOnly(), F32, 10, 3, 4, 4);
        Matrix misaligned = Matrix.of(segment.asSlice(42), F32, 3, 4);
        for (var operation : operations()) {
            for (Matrix input : new Matrix[] {x, y, misaligned}) {
                unchanged(segment, () -> illegal(operation.apply(input, Matrix.of(array, 9, 3, 4, 4)), "overlaps"));
                unchanged(segment, () -> illegal(operation.apply(input, Matrix.of(segment.asSlice(81), F32, 3, 4)), "overlaps"));
                assertDoesNotThrow(operation.apply(input, Matrix.of(array, 23, 3, 4, 4)));
            }
            assertDoesNotThrow(operation.apply(x, Matrix.of(segment.asSlice(40), F32, 3, 4)), "exactly the same elements");
        }
        for (Matrix input : new Matrix[] {x, y, misaligned}) {
            Matrix three = Matrix.of(segment.asReadOnly(), F32, 0, 50, 1, 1);
            illegal(() -> LogSumExp.ofRows(three, array), "overlaps");
            assertDoesNotThrow(() -> LOSS.losses(input, TARGETS, new float[3]));
        }
        Matrix inThree = Matrix.of(MemorySegment.ofArray(array).asSlice(4), F32, 3, 4);
        float[] three = new float[3];
        Matrix shared = Matrix.of(MemorySegment.ofArray(three).asSlice(0, 12).asReadOnly(), F32, 3, 1);
        illegal(() -> LOSS.losses(shared, new int[3], three), "losses", "logits");
        assertDoesNotThrow(() -> LOSS.losses(inThree, TARGETS, three));
    }

    private static void unchanged(MemorySegment memory, Executable call) {
        byte[] before = memory.toArray(JAVA_BYTE);
        assertDoesNotThrow(call);
        assertArrayEquals(before, memory.toArray(JAVA_BYTE));
    }

    /** Every operation, with each of its matrices in turn in the segment. */
    private static void eachMatrix(MemorySegment segment, Consumer<Executable> check) {
        Matrix m = Matrix.of(segment, F32, 3, 4);
        for (var operation : operations()) {
            float[] in = new float[12];
            float[] out = new float[12];
            Arrays.fill(out, 7);
            check.accept(operation.apply(Matrix.of(in, 3, 4), m));
            check.accept(operation.apply(m, Matrix.of(out, 3, 4)));
            check.accept(operation.apply(m, m));
            for (float x : out) assertEquals(7, x, "written");
        }
        float[] rows = new float[3];
        Matrix x = Matrix.of(new float[12], 3, 4);
        check.accept(() -> LogSumExp.of(segment));
        check.accept(() -> LogSumExp.of(segment, Execution.parallel()));
        check.accept(() -> LogSumExp.ofRows(m, rows));
        check.accept(() -> LOSS.loss(m, TARGETS));
        check.accept(() -> LOSS.loss(x, m));
        check.accept(() -> LOSS.losses(m, TARGETS, rows));
        check.accept(() -> LOSS.totals(m, TARGETS));
        check.accept(() -> NegativeLogLikelihood.withDefaults().loss(m, TARGETS));
        check.accept(() -> BinaryCrossEntropy.withDefaults().loss(x, m));
        assertArrayEquals(new float[3], rows, "written");
    }

    @Test
    void closedSegments() {
        MemorySegment segment;
        try (Arena arena = Arena.ofShared()) {
            segment = arena.allocate(48);
        }
        eachMatrix(segment, call -> fails(IllegalStateException.class, call));
        illegal(() -> Matrix.of(segment, F32, 4, 4), 16, 12); // its size is still known
    }

    @Test
    void segmentsOfAnotherThread() throws InterruptedException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocate(48);
            List<Throwable> failures = new ArrayList<>();
            Thread other = new Thread(() -> eachMatrix(segment, call -> fails(WrongThreadException.class, call)));
            other.setUncaughtExceptionHandler((thread, e) -> failures.add(e));
            other.start();
            other.join();
            assertEquals(List.of(), failures);
        }
    }

    /** Even nothing is not read of a segment that is closed, nor written to one. */
    @Test
    void emptyMatricesInClosedSegments() {
        MemorySegment segment;
        try (Arena arena = Arena.ofShared()) {
            segment = arena.allocate(48);
        }
        emptyMatrices(segment, (call, name) -> fails(IllegalStateException.class, call, name));
    }

    @Test
    void emptyMatricesInSegmentsOfAnotherThread() throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocate(48);
            FutureTask<Void> other = new FutureTask<>(() -> {
                emptyMatrices(segment, (call, name) -> fails(WrongThreadException.class, call, name));
                return null;
            });
            Thread.ofPlatform().start(other);
            other.get();
        }
    }

    private static void emptyMatrices(MemorySegment segment, BiConsumer<Executable, String> check) {
        Matrix m = Matrix.of(segment, F32, 0, 4);
        Matrix x = Matrix.of(new float[0], 0, 4);
        int[] targets = {};
        check.accept(() -> LogSumExp.of(segment.asSlice(0, 0)), "x");
        check.accept(() -> LogSumExp.ofRows(m, new float[0]), "x");
        check.accept(() -> Softmax.softmax(m, x), "x");
        check.accept(() -> Softmax.softmax(x, m), "out");
        check.accept(() -> LOSS.loss(m, targets), "logits");
        check.accept(() -> LOSS.loss(x, m), "probabilities");
        check.accept(() -> LOSS.lossAndGradient(x, targets, m), "gradient");
        check.accept(() -> NegativeLogLikelihood.withDefaults().loss(m, targets), "logProbabilities");
        check.accept(() -> BinaryCrossEntropy.withDefaults().loss(m, x), "logits");
        check.accept(() -> BinaryCrossEntropy.withDefaults().loss(x, m), "targets");
        check.accept(() -> BinaryCrossEntropy.withDefaults().losses(x, x, m), "losses");
    }
}
