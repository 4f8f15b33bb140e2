package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Bad arguments: what is thrown, what its message carries, and that nothing was written before. */
class ValidationTest {
    private static final int MAX = Integer.MAX_VALUE;
    private static final float[] SIX = {1, 2, 3, 4, 5, 6};
    private static final Execution SERIAL = Execution.serial();

    private static void fails(Class<? extends Exception> type, Executable call, String... parts) {
        Exception thrown = assertThrows(type, call);
        assertEquals(type, thrown.getClass());
        for (String part : parts) {
            // A whole number or word: "6 elements" must not be found in "16 elements".
            boolean found = (" " + thrown.getMessage() + " ").matches("(?s).*\\W" + part + "\\W.*");
            assertTrue(found, () -> "\"" + part + "\" is not in: " + thrown.getMessage());
        }
    }

    private static void illegal(Executable call, String... parts) {
        fails(IllegalArgumentException.class, call, parts);
    }

    private static void isNull(String name, Executable call) {
        NullPointerException thrown = assertThrows(NullPointerException.class, call);
        assertEquals(name, thrown.getMessage());
    }

    @Test
    void matricesSayWhereTheyAre() {
        float[] data = new float[24];
        assertEquals("2 x 3 from element 4, rows 5 apart", Matrix.of(data, 4, 2, 3, 5).toString());
        assertEquals("4 x 3 from element 0, columns 2 apart", Matrix.ofClassAxis(data, 2, 3, 2).toString());
        MemorySegment segment = MemorySegment.ofArray(new short[24]);
        assertEquals("2 x 3 from element 0, rows 3 apart, of " + segment, Matrix.of(segment, ElementType.BFLOAT16, 2, 3).toString());
        illegal(() -> CrossEntropy.withDefaults().lossAndGradient(Matrix.of(data, 4, 2, 3, 5), new int[2], Matrix.of(data, 3, 2, 3, 5)),
                "gradient \\(2 x 3 from element 3, rows 5 apart\\) overlaps logits \\(2 x 3 from element 4, rows 5 apart\\) without being the same view");
        illegal(() -> NegativeLogLikelihood.builder().classWeights(1, 2).build().loss(Matrix.of(data, 2, 3), new int[2]),
                "classWeights has 2 elements, logProbabilities has 3 columns");
    }

    @Test
    void nullArguments() {
        Matrix matrix = Matrix.of(SIX, 2, 3);
        isNull("x", () -> LogSumExp.of((float[]) null));
        isNull("x", () -> LogSumExp.of(null, 0, 1));
        isNull("x", () -> LogSumExp.of(null, 0, 1, SERIAL));
        isNull("execution", () -> LogSumExp.of(SIX, 0, 1, null));
        isNull("x", () -> LogSumExp.of((MemorySegment) null));
        isNull("x", () -> LogSumExp.of((MemorySegment) null, SERIAL));
        isNull("execution", () -> LogSumExp.of(MemorySegment.ofArray(SIX), null));
        isNull("x", () -> LogSumExp.ofRows(null, new float[2]));
        isNull("x", () -> LogSumExp.ofRows(null, new float[2], SERIAL));
        isNull("out", () -> LogSumExp.ofRows(matrix, null));
        isNull("out", () -> LogSumExp.ofRows(matrix, null, SERIAL));
        isNull("execution", () -> LogSumExp.ofRows(matrix, new float[2], null));
        isNull("data", () -> Matrix.of(null, 1, 1));
        isNull("data", () -> Matrix.of(null, 0, 1, 1, 1));
        isNull("data", () -> Matrix.ofClassAxis(null, 1, 1, 1));
        isNull("pool", () -> Execution.on(null));
        isNull("x", () -> new LogSumExpAccumulator().add(null, 0, 1));
        isNull("other", () -> new LogSumExpAccumulator().merge(null));
    }

    @Test
    void rangesOutsideTheArray() {
        int[][] ranges = {{-1, 3}, {0, 7}, {4, 3}, {7, 7}, {MAX, MAX}, {1, Integer.MIN_VALUE}, {-2, -1}};
        for (int[] range : ranges) {
            int from = range[0];
            int to = range[1];
            String[] parts = {"" + from, "" + to, "6"};
            fails(IndexOutOfBoundsException.class, () -> LogSumExp.of(SIX, from, to), parts);
            fails(IndexOutOfBoundsException.class, () -> LogSumExp.of(SIX, from, to, Execution.parallel()), parts);
            LogSumExpAccumulator sum = new LogSumExpAccumulator().add(1);
            fails(IndexOutOfBoundsException.class, () -> sum.add(SIX, from, to), parts);
            assertEquals(1, sum.count());
            assertEquals(1f, sum.result());
        }
        assertEquals(Float.NEGATIVE_INFINITY, LogSumExp.of(SIX, 6, 6));
    }

    @Test
    void negativeSizes() {
        illegal(() -> Matrix.of(SIX, -1, 3), "rows", "-1");
        illegal(() -> Matrix.of(SIX, 2, -3), "columns", "-3");
        illegal(() -> Matrix.of(SIX, -4, 1, 1, 1), "offset", "-4");
        illegal(() -> Matrix.of(SIX, 0, -5, 1, 1), "rows", "-5");
        illegal(() -> Matrix.of(SIX, 0, 1, -6, 1), "columns", "-6");
        illegal(() -> Matrix.ofClassAxis(SIX, -1, 1, 1), "outer", "-1");
        illegal(() -> Matrix.ofClassAxis(SIX, 1, -2, 1), "classes", "-2");
        illegal(() -> Matrix.ofClassAxis(SIX, 1, 1, -3), "inner", "-3");
    }

    @Test
    void strideBelowColumns() {
        illegal(() -> Matrix.of(SIX, 0, 2, 3, 2), "rowStride", "2", "columns", "3");
        illegal(() -> Matrix.of(SIX, 0, 1, 3, -3), "rowStride", "-3", "columns", "3");
        illegal(() -> Matrix.of(SIX, 0, 0, 0, -1), "rowStride", "-1", "columns", "0");
    }

    @Test
    void viewsThatDoNotFit() {
        illegal(() -> Matrix.of(SIX, 7, 1), "7", "6");
        illegal(() -> Matrix.of(SIX, 2, 4), "8", "6");
        illegal(() -> Matrix.of(SIX, 1, 2, 3, 3), "7", "6");
        illegal(() -> Matrix.of(SIX, 0, 2, 3, 4), "7", "6");
        illegal(() -> Matrix.of(SIX, 7, 0, 3, 3), "7", "6");
        illegal(() -> Matrix.ofClassAxis(SIX, 1, 7, 1), "7", "6");
        illegal(() -> Matrix.ofClassAxis(SIX, 2, 2, 2), "8", "6");
        // Longer data is fine, and so is a last row without its gap.
        assertEquals(1, Matrix.of(SIX, 1, 5).rows());
        assertEquals(2, Matrix.of(SIX, 0, 2, 2, 4).columns());
        assertEquals(6, Matrix.ofClassAxis(SIX, 3, 1, 2).rows());
        assertEquals(0, Matrix.of(SIX, 6, 0, MAX, MAX).rows());
    }

    @Test
    void sizesBeyondInt() {
        illegal(() -> Matrix.of(SIX, 1 << 16, 1 << 16), "4294967296", "6");
        illegal(() -> Matrix.of(SIX, MAX, MAX), "4611686014132420609", "6");
        illegal(() -> Matrix.of(SIX, MAX, MAX, MAX, MAX), "4611686016279904256", "6");
        illegal(() -> Matrix.of(SIX, 0, 3, 1, MAX), "4294967295", "6");
        illegal(() -> Matrix.ofClassAxis(SIX, 1 << 16, 0, 1 << 16), "4294967296", "2147483647");
        illegal(() -> Matrix.ofClassAxis(SIX, 1 << 16, 1, 1 << 15), "2147483648", "2147483647");
        illegal(() -> Matrix.ofClassAxis(SIX, 1 << 15, 1 << 15, 1 << 15), "35184372088832", "6");
        illegal(() -> Matrix.ofClassAxis(SIX, 1, MAX, MAX), "4611686014132420609", "6");
    }

    @Test
    void outOfAnotherLength() {
        Matrix matrix = Matrix.of(SIX, 2, 3);
        for (int length : new int[] {0, 1, 3}) {
            float[] out = new float[length];
            Arrays.fill(out, 99);
            illegal(() -> LogSumExp.ofRows(matrix, out), "out", "" + length, "2");
            illegal(() -> LogSumExp.ofRows(matrix, out, Execution.parallel()), "out", "" + length, "2");
            for (float element : out) assertEquals(99f, element);
        }
    }

    /** out is a whole array with one element a row, so it can share one with x only where x has one column. */
    @Test
    void outThatOverlapsX() {
        float[] data = {1, 2, 3};
        illegal(() -> LogSumExp.ofRows(Matrix.of(data, 3, 1), data), "out", "x");
        illegal(() -> LogSumExp.ofRows(Matrix.of(data, 3, 1), data, Execution.parallel()), "out", "x");
        illegal(() -> LogSumExp.ofRows(Matrix.ofClassAxis(data, 1, 1, 3), data), "out", "x");
        assertArrayEquals(new float[] {1, 2, 3}, data);
        LogSumExp.ofRows(Matrix.of(data, 3, 1), new float[3]);
        LogSumExp.ofRows(Matrix.of(data, 3, 0), data); // x has no elements to overlap
        float infinity = Float.NEGATIVE_INFINITY;
        assertArrayEquals(new float[] {infinity, infinity, infinity}, data);
    }

    @Test
    void segmentThatIsNotWholeFloats() {
        for (int bytes : new int[] {1, 2, 3, 5, 4097}) {
            MemorySegment segment = MemorySegment.ofArray(new byte[bytes]);
            illegal(() -> LogSumExp.of(segment), "x", "" + bytes, "4");
            illegal(() -> LogSumExp.of(segment, Execution.parallel()), "x", "" + bytes, "4");
        }
    }

    @Test
    void closedSegment() {
        for (long bytes : new long[] {4, 4096, 1 << 20}) {
            for (boolean shared : new boolean[] {true, false}) {
                Arena arena = shared ? Arena.ofShared() : Arena.ofConfined();
                MemorySegment segment = arena.allocate(bytes);
                arena.close();
                assertThrows(IllegalStateException.class, () -> LogSumExp.of(segment), () -> "bytes " + bytes);
                assertThrows(IllegalStateException.class, () -> LogSumExp.of(segment, Execution.parallel()), () -> "bytes " + bytes);
            }
        }
        assertEquals(3f, LogSumExp.of(3)); // the thread's scratch is as good as before
    }

    @Test
    void segmentOfAnotherThread() throws InterruptedException {
        try (Arena arena = Arena.ofConfined()) {
            for (long bytes : new long[] {4, 4096, 1 << 20}) {
                MemorySegment segment = arena.allocate(bytes);
                Throwable[] thrown = new Throwable[2];
                Thread.ofPlatform().start(() -> {
                    thrown[0] = assertThrows(Throwable.class, () -> LogSumExp.of(segment));
                    thrown[1] = assertThrows(Throwable.class, () -> LogSumExp.of(segment, Execution.parallel()));
                }).join();
                assertEquals(WrongThreadException.class, thrown[0].getClass());
                assertEquals(WrongThreadException.class, thrown[1].getClass());
            }
        }
    }

    /** Numbers never throw. */
    @Test
    void anyBitsAreAccepted() {
        float[] x = new float[512];
        for (int i = 0; i < x.length; i++) x[i] = Float.intBitsToFloat(i << 23 | i * 0x3779b9 & 0x7fffff);
        for (int from = 0; from < x.length; from++) LogSumExp.of(x, from, x.length);
    }
}
