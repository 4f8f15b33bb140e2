package io.github.surprisal.kernel;

import static io.github.surprisal.kernel.KernelPair.SCALAR;
import static io.github.surprisal.kernel.KernelPair.SPECIALS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.github.surprisal.oracle.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Each sum and each term of {@link StorageKernel}, on every kernel: the bits of the primitives for arrays on the scalar one. */
class SameStorageTest {
    private static final int BLOCK = RowKernel.BLOCK;
    private static final int GRAIN = RowKernel.GRAIN;
    private static final long SEED = 20251125;
    private static final int[] EXPONENTS = {0, 96, -96, 192};

    @Test
    void sums() {
        for (int n = GRAIN; n <= BLOCK; n += GRAIN) {
            int stream = n + n / GRAIN % 5;
            int count = 1 + n / GRAIN % 3;
            int step = 4 * stream + 1;
            float[] x = Shape.NORMAL_3.fill(count * step + 7, SEED + n);
            check(x, n % 4, step, stream, n, count, EXPONENTS[n / GRAIN % 4], "n " + n + ", seed " + SEED);
        }
    }

    @Test
    void sumsOfSpecialValuesAtEveryLane() {
        int n = 32;
        float[] x = Shape.NORMAL_3.fill(4 * n, SEED);
        for (int i = 0; i < x.length; i++) {
            float usual = x[i];
            x[i] = SPECIALS[i % SPECIALS.length];
            check(x, 0, 0, n, n, 1, 0, x[i] + " at " + i + ", seed " + SEED);
            x[i] = usual;
        }
    }

    @Test
    void sumsOfRandomBits() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int turn = 0; turn < 50; turn++) {
            float[] x = new float[4 * BLOCK];
            for (int i = 0; i < x.length; i++) x[i] = Float.intBitsToFloat(random.nextInt());
            check(x, 0, 0, BLOCK, BLOCK, 1, EXPONENTS[turn % 4], "random bits, turn " + turn + ", seed " + SEED);
        }
    }

    private static void check(float[] x, int from, int step, int stream, int n, int count, int e, String what) {
        float[] k = Exp2.constants(1);
        short[] halves = new short[x.length];
        float[] widened = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            halves[i] = (short) (Float.floatToRawIntBits(x[i]) >>> 16);
            widened[i] = Half.ofBfloat16(halves[i]);
        }
        Sums expected = new Sums();
        SCALAR.sum(x, from, step, stream, n, count, e, k, expected.partials, 5, expected.tops, 1);
        Sums expectedOfHalves = new Sums();
        SCALAR.sum(widened, from, step, stream, n, count, e, k, expectedOfHalves.partials, 5, expectedOfHalves.tops, 1);
        for (RowKernel kernel : KernelPair.all()) {
            String where = KernelPair.lanes(kernel) + ", " + what;
            Sums actual = new Sums();
            kernel.storage().sumBfloat16(halves, from, step, stream, n, count, e, k, actual.partials, 5, actual.tops, 1);
            actual.check(expectedOfHalves, "bfloat16 array, " + where);
            try (Arena arena = Arena.ofConfined()) {
                for (int offset = 0; offset < 4; offset++) {
                    MemorySegment segment = arena.allocate(4L * x.length + offset).asSlice(offset); // ends with the last element
                    MemorySegment.copy(x, 0, segment, JAVA_FLOAT_UNALIGNED, 0, x.length);
                    actual = new Sums();
                    kernel.storage().sum(segment, 4L * from, 4L * step, 4L * stream, n, count, e, k, actual.partials, 5, actual.tops, 1);
                    actual.check(expected, "segment from " + offset + ", " + where);
                    MemorySegment ofHalves = arena.allocate(2L * x.length + offset).asSlice(offset);
                    MemorySegment.copy(halves, 0, ofHalves, JAVA_SHORT_UNALIGNED, 0, x.length);
                    actual = new Sums();
                    kernel.storage().sumBfloat16(ofHalves, 2L * from, 2L * step, 2L * stream, n, count, e, k, actual.partials, 5, actual.tops, 1);
                    actual.check(expectedOfHalves, "bfloat16 segment from " + offset + ", " + where);
                }
            }
        }
    }

    private static final class Sums {
        final float[] partials = new float[4 * BLOCK];
        final int[] tops = new int[RowKernel.TOPS_LENGTH];

        Sums() {
            Arrays.fill(partials, -1); // what is not to be written stays
            Arrays.fill(tops, -1);
        }

        void check(Sums expected, String what) {
            Arrays.fill(tops, RowKernel.TOPS, tops.length, -1); // scratch
            KernelPair.assertSame(expected.partials, partials, () -> "partials of " + what);
            KernelPair.assertSame(expected.tops, tops, () -> "tops of " + what);
        }
    }

    @Test
    void termsOfEveryLengthAndAlignment() {
        for (float scale : new float[] {1, 0.7f}) {
            float[] k = Exp2.constants(scale);
            for (int n = 0; n <= 160; n += GRAIN) {
                for (int offset = 0; offset < 5; offset++) {
                    float[] x = Shape.MASKED.fill(n + 1, SEED + n);
                    x[n / 2] = SPECIALS[(n + offset) % SPECIALS.length];
                    float[] minus = Shape.NORMAL.fill(n + 3, SEED + 1);
                    int e = 2 * (offset - 2) + 2;
                    float[] expected = new float[n + 1];
                    float[] expectedMinus = new float[n + 1];
                    SCALAR.terms(x, 0, n, e, k, 0.37f, expected, 0);
                    SCALAR.termsMinus(x, 0, n, e, k, 0.37f, minus, 2, expectedMinus, 0);
                    expected[n] = expectedMinus[n] = -1;
                    for (RowKernel kernel : KernelPair.all()) {
                        checkTerms(kernel.storage(), x, n, offset, e, k, minus, expected, expectedMinus,
                                KernelPair.lanes(kernel) + ", n " + n + ", offset " + offset + ", scale " + scale + ", seed " + SEED);
                    }
                }
            }
        }
    }

    private static void checkTerms(StorageKernel storage, float[] x, int n, int offset, int e, float[] k, float[] minus,
            float[] expected, float[] expectedMinus, String what) {
        float[] actual = new float[n + 1];
        actual[n] = -1;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment source = arena.allocate(4L * n + 8).asSlice(offset % 4);
            MemorySegment target = arena.allocate(4L * n + 8).asSlice((offset + 1) % 4);
            MemorySegment.copy(x, 0, source, JAVA_FLOAT_UNALIGNED, 0, n);
            target.set(JAVA_FLOAT_UNALIGNED, 4L * n, -1);
            storage.terms(source, 0, n, e, k, 0.37f, actual, 0);
            KernelPair.assertSame(expected, actual, () -> "terms to an array, " + what);
            storage.termsMinus(source, 0, n, e, k, 0.37f, minus, 2, actual, 0);
            KernelPair.assertSame(expectedMinus, actual, () -> "termsMinus to an array, " + what);
            storage.terms(source, 0, n, e, k, 0.37f, target, 0);
            assertSame(expected, target, "terms to a segment, " + what);
            storage.termsMinus(source, 0, n, e, k, 0.37f, minus, 2, target, 0);
            assertSame(expectedMinus, target, "termsMinus to a segment, " + what);
            source.set(JAVA_FLOAT_UNALIGNED, 4L * n, -1);
            storage.terms(source, 0, n, e, k, 0.37f, source, 0);
            assertSame(expected, source, "terms in place, " + what);
        }
    }

    private static void assertSame(float[] expected, MemorySegment actual, String what) {
        float[] floats = new float[expected.length];
        MemorySegment.copy(actual, JAVA_FLOAT_UNALIGNED, 0, floats, 0, floats.length);
        KernelPair.assertSame(expected, floats, () -> what);
    }
}
