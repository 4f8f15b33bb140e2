package io.github.surprisal.kernel;

import static io.github.surprisal.kernel.KernelPair.SCALAR;
import static io.github.surprisal.kernel.KernelPair.SPECIALS;
import static io.github.surprisal.kernel.KernelPair.assertBits;
import static io.github.surprisal.kernel.KernelPair.lanes;

import io.github.surprisal.oracle.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole rows: their bits are those of the scalar kernel on a contiguous array of their own, whatever kernel and source. */
class SameRowsTest {
    private static final long SEED = 20250702;
    private static final int MAX_LENGTH = 1100;
    private static final int OFFSETS = 18;
    /** Around the borders of grains, blocks and chunks (2^17). */
    private static final int[] BORDERS = {
        63, 64, 65, 2047, 2048, 2049, 4095, 4096, 4097, 8191, 8193, 16384, 16447, 131071, 131072, 131073, 131073 + 2048, (1 << 18) + 5
    };

    private static List<RowKernel> kernels;

    @BeforeAll
    static void findKernels() {
        kernels = KernelPair.all();
    }

    @ParameterizedTest
    @EnumSource(names = {"NORMAL_3", "WIDE", "MASKED", "DOMINANT_ZERO", "HUGE"})
    void everyLengthAndOffsetBetweenSentinels(Shape shape) {
        float[] row = shape.fill(MAX_LENGTH, SEED);
        float[] expected = new float[MAX_LENGTH + 1];
        for (int n = 0; n <= MAX_LENGTH; n++) expected[n] = lse(SCALAR, Arrays.copyOf(row, n), 0, n);
        for (RowKernel kernel : kernels) {
            for (int offset = 0; offset < OFFSETS; offset++) {
                float[] x = new float[offset + MAX_LENGTH + 2 * RowKernel.GRAIN];
                Arrays.fill(x, offset % 2 == 0 ? Float.NaN : Float.POSITIVE_INFINITY);
                for (int n = 0; n <= MAX_LENGTH; n++) {
                    if (n > 0) x[offset + n - 1] = row[n - 1];
                    int length = n;
                    int from = offset;
                    assertBits(expected[n], lse(kernel, x, offset, n),
                            () -> lanes(kernel) + ", " + shape + ", n " + length + ", offset " + from + ", seed " + SEED);
                }
            }
        }
    }

    @Test
    void specialValuesAtEveryLane() {
        for (int n : new int[] {1, 2, 16, 63, 64, 65, 300, 1100, 2049, 4097}) {
            float[] x = Shape.NORMAL_3.fill(n, SEED);
            for (int i = 0; i < n; i += i == 63 && n > 128 ? n - 127 : 1) { // the first and the last 64
                float usual = x[i];
                for (float special : SPECIALS) {
                    x[i] = special;
                    int at = i;
                    assertEveryKernel(x, () -> special + " at " + at + " of NORMAL_3, seed " + SEED);
                }
                x[i] = usual;
            }
        }
    }

    @Test
    void pairsOfSpecialValues() {
        float[] x = Shape.NORMAL.fill(131, SEED);
        for (int distance : new int[] {1, 48, 97}) {
            for (float a : SPECIALS) {
                for (float b : SPECIALS) {
                    float[] pair = x.clone();
                    pair[20] = a;
                    pair[20 + distance] = b;
                    assertEveryKernel(pair, () -> a + " and " + b + ", " + distance + " apart, in NORMAL, seed " + SEED);
                    assertEveryKernel(new float[] {a, b}, () -> a + " and " + b);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyShapeAroundTheBorders(Shape shape) {
        for (int n : BORDERS) assertEveryKernel(shape.fill(n, SEED), () -> shape + ", n " + n + ", seed " + SEED);
    }

    private static void assertEveryKernel(float[] x, Supplier<String> what) {
        float expected = lse(SCALAR, x, 0, x.length);
        for (RowKernel kernel : kernels) {
            if (kernel != SCALAR) assertBits(expected, lse(kernel, x, 0, x.length), () -> lanes(kernel) + ", n " + x.length + ", " + what.get());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"NORMAL_3", "MASKED", "DOMINANT_ZERO", "LARGE", "HUGE", "ASCENDING"})
    void stridesAndSegments(Shape shape) {
        for (int n : new int[] {0, 1, 5, 64, 333, 2049, 131079}) {
            float[] row = shape.fill(n, SEED);
            float expected = lse(SCALAR, row, 0, n);
            for (RowKernel kernel : kernels) {
                for (int stride : new int[] {2, 3, 17}) {
                    float[] x = new float[3 + n * stride];
                    Arrays.fill(x, Float.NaN);
                    for (int i = 0; i < n; i++) x[3 + i * stride] = row[i];
                    Rows one = new Rows(x, 3, 1, n, n, stride);
                    assertBits(expected, (float) ChunkSum.ofThread().withConstants(Exp2.constants(1)).lseOfRow(kernel, one, 0),
                            () -> lanes(kernel) + ", stride " + stride + ", n " + n + ", " + shape + ", seed " + SEED);
                }
                try (Arena arena = Arena.ofConfined()) {
                    segments(row, arena).forEach((name, segment) -> {
                        String what = lanes(kernel) + ", " + name + ", n " + n + ", " + shape + ", seed " + SEED;
                        assertBits(expected, ChunkSum.ofThread().withConstants(Exp2.constants(1)).lse(kernel, segment, 2, n), () -> what);
                    });
                }
            }
        }
    }

    /** The row behind two sentinels and before another, in every kind of memory. */
    private static Map<String, MemorySegment> segments(float[] row, Arena arena) {
        long bytes = (row.length + 3L) * Float.BYTES;
        Map<String, MemorySegment> segments = new LinkedHashMap<>();
        segments.put("float[]", MemorySegment.ofArray(new float[row.length + 3]));
        segments.put("long[]", MemorySegment.ofArray(new long[row.length + 3]).asSlice(8, bytes));
        for (int shift = 0; shift < 4; shift++) {
            segments.put("native + " + shift, arena.allocate(bytes + 4, 64).asSlice(shift, bytes));
            segments.put("byte[] + " + shift, MemorySegment.ofArray(new byte[(int) bytes + 4]).asSlice(shift, bytes));
        }
        for (MemorySegment segment : segments.values()) {
            MemorySegment.copy(row, 0, segment, ValueLayout.JAVA_FLOAT_UNALIGNED, 8, row.length);
            for (long i : new long[] {0, 1, row.length + 2}) segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, i * Float.BYTES, Float.NaN);
        }
        segments.put("read-only", segments.get("native + 0").asReadOnly());
        return segments;
    }

    @Test
    void chunksAddedOneByOneAreTheRow() {
        for (Shape shape : Shape.values()) {
            int n = 2 * ChunkSum.CHUNK + 777;
            float[] x = shape.fill(n, SEED);
            for (RowKernel kernel : kernels) {
                LogSum sum = new LogSum();
                for (int from = 0; from < n; from += ChunkSum.CHUNK) {
                    LogSum part = new LogSum();
                    ChunkSum.ofThread().withConstants(Exp2.constants(1)).add(kernel, x, from, Math.min(ChunkSum.CHUNK, n - from), part);
                    sum.merge(part);
                }
                assertBits(lse(SCALAR, x, 0, n), (float) sum.value(), () -> lanes(kernel) + ", " + shape + ", seed " + SEED);
            }
        }
    }

    private static float lse(RowKernel kernel, float[] x, int from, int length) {
        return ChunkSum.ofThread().withConstants(Exp2.constants(1)).lse(kernel, x, from, length);
    }
}
