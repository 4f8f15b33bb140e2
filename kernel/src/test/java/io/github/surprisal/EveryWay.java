package io.github.surprisal;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** One row through every way to hand it over: all must give the bits of {@link LogSumExp#of(float...)}. */
final class EveryWay {
    private static final float POISON = Float.NaN;
    private static final Execution TWO = Execution.parallel();

    private final float[] row;
    private final int n;
    private final float expected;
    private final String what;

    private EveryWay(float[] row, String what) {
        this.row = row;
        this.n = row.length;
        this.expected = LogSumExp.of(row);
        this.what = what;
    }

    /** Returns the common result. Around the row there is NaN, which would absorb everything if it were read. */
    static float check(float[] row, String what) {
        EveryWay ways = new EveryWay(row, what);
        ways.ranges();
        ways.segments();
        ways.rows();
        ways.strided();
        ways.classAxis();
        ways.accumulator();
        return ways.expected;
    }

    private void same(float actual, String way) {
        if (Float.floatToRawIntBits(expected) != Float.floatToRawIntBits(actual)) {
            throw new AssertionError(what + ", " + way + ": " + actual + ", of(row) " + expected
                    + String.format(" (bits %08x, %08x)", Float.floatToRawIntBits(actual), Float.floatToRawIntBits(expected)));
        }
    }

    private void ranges() {
        for (int offset : new int[] {1, 7, 16}) {
            float[] data = poison(n + offset + 3);
            System.arraycopy(row, 0, data, offset, n);
            same(LogSumExp.of(data, offset, offset + n), "range from " + offset);
            same(LogSumExp.of(data, offset, offset + n, TWO), "parallel range from " + offset);
        }
    }

    private void segments() {
        MemorySegment heap = MemorySegment.ofArray(row);
        same(LogSumExp.of(heap), "heap segment");
        same(LogSumExp.of(heap.asReadOnly()), "read-only heap segment");
        same(LogSumExp.of(heap, TWO), "heap segment, parallel");
        byte[] bytes = new byte[4 * n + 3];
        for (int offset = 0; offset < 4; offset++) {
            MemorySegment ofBytes = MemorySegment.ofArray(bytes).asSlice(offset, 4L * n);
            same(LogSumExp.of(ofBytes.copyFrom(heap)), "byte[] from " + offset);
        }
        try (Arena arena = Arena.ofConfined()) {
            for (int offset = 0; offset < 4; offset++) {
                MemorySegment off = arena.allocate(4L * n + 8, 64).fill((byte) -1).asSlice(offset, 4L * n);
                for (int i = 0; i < n; i++) off.set(JAVA_FLOAT_UNALIGNED, 4L * i, row[i]);
                same(LogSumExp.of(off), "native segment from " + offset);
                same(LogSumExp.of(off.asReadOnly()), "read-only native segment from " + offset);
                same(LogSumExp.of(off, TWO), "confined segment, parallel");
            }
        }
        try (Arena arena = Arena.ofShared()) {
            MemorySegment shared = arena.allocate(4L * n, 4).copyFrom(heap);
            same(LogSumExp.of(shared), "shared segment");
            same(LogSumExp.of(shared, TWO), "shared segment, parallel");
        }
    }

    /** In the middle of other rows: bits do not depend on neighbours, whatever they hold. */
    private void rows() {
        int rows = 19; // more than two groups of eight
        float[] data = new float[rows * n];
        fillNeighbours(data);
        for (int at : new int[] {0, 7, 8, 18}) System.arraycopy(row, 0, data, at * n, n);
        matrix(Matrix.of(data, rows, n), "row of " + rows, 0, 7, 8, 18);
        matrix(Matrix.of(row, 1, n), "only row", 0);
    }

    private void strided() {
        int rows = 10;
        int stride = n + 3;
        float[] data = poison(5 + rows * stride);
        for (int r = 0; r < rows; r++) System.arraycopy(row, 0, data, 5 + r * stride, n);
        matrix(Matrix.of(data, 5, rows, n, stride), "strided row", 0, 3, 9);
    }

    private void classAxis() {
        int outer = 2;
        for (int inner : new int[] {1, 3}) {
            float[] data = new float[outer * n * inner];
            fillNeighbours(data);
            int j = inner - 1;
            for (int o = 0; o < outer; o++) {
                for (int c = 0; c < n; c++) data[(o * n + c) * inner + j] = row[c];
            }
            matrix(Matrix.ofClassAxis(data, outer, n, inner), "class axis, inner " + inner, j, inner + j);
        }
    }

    private void accumulator() {
        same(new LogSumExpAccumulator().add(row, 0, n).result(), "accumulator");
    }

    private void matrix(Matrix x, String way, int... rows) {
        float[] out = new float[x.rows()];
        LogSumExp.ofRows(x, out);
        for (int r : rows) same(out[r], way + " " + r);
        Arrays.fill(out, 0);
        LogSumExp.ofRows(x, out, TWO);
        for (int r : rows) same(out[r], way + " " + r + ", parallel");
    }

    private static void fillNeighbours(float[] data) {
        float[] values = {1, -3e38f, Float.NEGATIVE_INFINITY, 60, POISON, Float.POSITIVE_INFINITY, -1e9f, 0, 3e38f, -200};
        for (int i = 0; i < data.length; i++) data[i] = values[i * 7 % 10];
    }

    private static float[] poison(int length) {
        float[] x = new float[length];
        Arrays.fill(x, POISON);
        return x;
    }
}
