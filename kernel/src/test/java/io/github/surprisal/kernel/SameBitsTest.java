package io.github.surprisal.kernel;

import static io.github.surprisal.kernel.KernelPair.SCALAR;
import static io.github.surprisal.kernel.KernelPair.SPECIALS;
import static io.github.surprisal.kernel.KernelPair.STRIPS;
import static io.github.surprisal.kernel.KernelPair.assertBits;
import static io.github.surprisal.kernel.KernelPair.assertSame;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.surprisal.oracle.Shape;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Each primitive of {@link RowKernel}: what the SIMD kernel returns and writes has the bits of the scalar one. */
class SameBitsTest {
    private static final int BLOCK = RowKernel.BLOCK;
    private static final int GRAIN = RowKernel.GRAIN;
    private static final int MAX_COUNT = 8;
    private static final int OFFSETS = 18;
    private static final long SEED = 20250701;
    private static final int[] EXPONENTS = {0, 96, -96, 192, -14400, 14496, 1512768, -1512768};

    private static RowKernel simd;

    private final float[] expectedPartials = new float[MAX_COUNT * BLOCK];
    private final float[] expectedFolded = new float[RowKernel.GROUP * BLOCK];
    private final float[] actualFolded = new float[RowKernel.GROUP * BLOCK];
    private final float[] actualPartials = new float[MAX_COUNT * BLOCK];
    private final int[] expectedTops = new int[RowKernel.TOPS_LENGTH];
    private final int[] actualTops = new int[RowKernel.TOPS_LENGTH];

    @BeforeAll
    static void findKernel() {
        simd = KernelPair.simd();
    }

    @Test
    void sumOfEveryLengthAndOffsetBetweenSentinels() {
        float[] logits = Shape.NORMAL_3.fill(MAX_COUNT * 4 * BLOCK, SEED);
        for (int n = GRAIN; n <= BLOCK; n += GRAIN) {
            for (int offset = 0; offset < OFFSETS; offset++) {
                int first = offset % 3;
                int count = 1 + (n / GRAIN + offset) % (MAX_COUNT - 2);
                int stream = n + 1 + offset % 5;
                int step = 4 * stream + 1;
                float[] x = new float[offset + count * step + GRAIN];
                Arrays.fill(x, offset % 2 == 0 ? Float.NaN : Float.POSITIVE_INFINITY);
                for (int k = 0; k < count; k++) {
                    for (int s = 0; s < 4; s++) System.arraycopy(logits, (4 * k + s) * n, x, offset + k * step + s * stream, n);
                }
                int e = EXPONENTS[(n + offset) % 3]; // at none of them a term overflows
                assertSum(x, offset, step, stream, n, first, count, e, "NORMAL_3, seed " + SEED);
                for (float partial : expectedPartials) {
                    if (!(partial < Float.POSITIVE_INFINITY)) throw new AssertionError("a sentinel was read: n " + n + ", offset " + offset);
                }
            }
        }
    }

    @Test
    void sumOfSpecialValuesAtEveryLane() {
        int n = 64;
        for (int e : EXPONENTS) {
            float[] x = Shape.NORMAL_3.fill(4 * n, SEED);
            for (int i = 0; i < x.length; i++) x[i] += (float) (e * DoubleMath.LN2);
            for (int i = 0; i < x.length; i++) {
                float usual = x[i];
                for (float special : SPECIALS) {
                    x[i] = special;
                    assertSum(x, 0, 0, n, n, 0, 1, e, "special value at " + i + ", seed " + SEED);
                }
                x[i] = usual;
            }
        }
    }

    @Test
    void sumOfRandomBits() {
        SplittableRandom random = new SplittableRandom(SEED);
        float[] x = new float[4 * BLOCK];
        for (int turn = 0; turn < 500; turn++) {
            for (int i = 0; i < x.length; i++) x[i] = Float.intBitsToFloat(random.nextInt());
            assertSum(x, 0, 0, BLOCK, BLOCK, 0, 1, EXPONENTS[turn % EXPONENTS.length], "random bits, turn " + turn + ", seed " + SEED);
        }
    }

    private void assertSum(float[] x, int from, int step, int stream, int n, int first, int count, int e, String data) {
        Arrays.fill(expectedPartials, -1f); // what is not to be written stays
        Arrays.fill(actualPartials, -1f);
        Arrays.fill(expectedTops, -1);
        Arrays.fill(actualTops, -1);
        float[] k = Exp2.constants(1);
        int to = GRAIN * first;
        SCALAR.sum(x, from, step, stream, n, count, e, k, expectedPartials, to, expectedTops, first);
        simd.sum(x, from, step, stream, n, count, e, k, actualPartials, to, actualTops, first);
        Arrays.fill(actualTops, RowKernel.TOPS, actualTops.length, -1); // scratch
        Supplier<String> call = () -> "sum(from " + from + ", step " + step + ", stream " + stream + ", n " + n + ", first " + first
                + ", count " + count + ", e " + e + ") of " + data;
        assertSame(expectedPartials, actualPartials, () -> "partials of " + call.get());
        assertSame(expectedTops, actualTops, () -> "tops of " + call.get());
        STRIPS.sum(x, from, step, stream, n, count, e, k, actualPartials, to, actualTops, first);
        assertSame(expectedPartials, actualPartials, () -> "partials in strips of " + call.get());
        assertSame(expectedTops, actualTops, () -> "tops in strips of " + call.get());
        int[] expectedBits = new int[RowKernel.TOPS_LENGTH];
        int[] actualBits = new int[RowKernel.TOPS_LENGTH];
        SCALAR.sumMasked(x, from, step, stream, n, count, e, k, expectedPartials, to, expectedTops, first, expectedBits);
        simd.sumMasked(x, from, step, stream, n, count, e, k, actualPartials, to, actualTops, first, actualBits);
        Arrays.fill(actualTops, RowKernel.TOPS, actualTops.length, -1);
        Arrays.fill(actualBits, RowKernel.TOPS, actualBits.length, 0);
        assertSame(expectedPartials, actualPartials, () -> "partials of masked " + call.get());
        assertSame(expectedTops, actualTops, () -> "tops of masked " + call.get());
        assertSame(expectedBits, actualBits, () -> "bits of masked " + call.get());
        STRIPS.sumMasked(x, from, step, stream, n, count, e, k, actualPartials, to, actualTops, first, actualBits);
        assertSame(expectedPartials, actualPartials, () -> "partials in strips of masked " + call.get());
        assertSame(expectedTops, actualTops, () -> "tops in strips of masked " + call.get());
        assertSame(expectedBits, actualBits, () -> "bits in strips of masked " + call.get());
        assertSumFolded(x, from, step, stream, n, count, e, call);
    }

    private void assertSumFolded(float[] x, int from, int step, int stream, int n, int count, int e, Supplier<String> call) {
        double[] expectedSums = new double[8 * MAX_COUNT];
        double[] actualSums = new double[8 * MAX_COUNT];
        Arrays.fill(expectedFolded, Float.NaN); // of earlier calls nothing is read
        Arrays.fill(actualTops, -1);
        Arrays.fill(expectedTops, -1);
        int positions = n == BLOCK ? n : n + from % 2 * GRAIN;
        int[] patched = new int[count];
        float[] patches = new float[count];
        for (int b = 0; b < count; b++) {
            Arrays.fill(expectedFolded, b * BLOCK + n, b * BLOCK + positions, b + 0.7f);
            patched[b] = (from + b) % 3 == 0 ? -1 : (from + b) * 7 % positions;
            patches[b] = b + 3;
        }
        System.arraycopy(expectedFolded, 0, actualFolded, 0, actualFolded.length);
        boolean stay = positions > n || from % 4 == 0;
        SCALAR.sumFolded(x, from, step, stream, n, positions, count, e, Exp2.constants(1), expectedFolded, stay, patched, patches, expectedSums, expectedTops);
        simd.sumFolded(x, from, step, stream, n, positions, count, e, Exp2.constants(1), actualFolded, stay, patched, patches, actualSums, actualTops);
        Arrays.fill(actualTops, RowKernel.TOPS, actualTops.length, -1);
        assertSame(expectedTops, actualTops, () -> "tops of folded " + call.get());
        if (stay) assertSame(expectedFolded, actualFolded, () -> "partials of folded " + call.get());
        for (int b = 0; b < count; b++) {
            if (Double.isNaN(expectedSums[b]) && Double.isNaN(actualSums[b])) continue;
            int block = b;
            assertBits(expectedSums[b], actualSums[b], () -> "block " + block + " of folded " + call.get());
        }
    }

    @Test
    void padOfEveryTailAndOffset() {
        for (int tail = 0; tail <= 4 * GRAIN; tail++) {
            for (int offset = 0; offset < OFFSETS; offset++) {
                int count = 1 + offset % RowKernel.GROUP;
                int step = tail + offset;
                float[] x = Shape.NORMAL_3.fill(offset + count * step + 4 * GRAIN, SEED + tail);
                float[] expected = new float[4 * GRAIN * count + 1];
                float[] actual = expected.clone();
                SCALAR.pad(x, offset, step, tail, count, -3, expected);
                simd.pad(x, offset, step, tail, count, -3, actual);
                String call = "pad(from " + offset + ", step " + step + ", tail " + tail + ", count " + count + "), seed " + SEED;
                assertSame(expected, actual, () -> call);
            }
        }
    }

    @Test
    void foldOfEveryLengthAndCount() {
        for (int n = GRAIN; n <= BLOCK; n += GRAIN) {
            for (int count = 1; count <= MAX_COUNT; count++) {
                double[] sums = assertFold(partials(n, count), n, count, "terms of WIDE, seed " + SEED);
                for (int k = 0; k < count; k++) {
                    if (!(sums[k] >= 0)) throw new AssertionError("a sentinel was read: n " + n + ", count " + count);
                }
            }
        }
    }

    @Test
    void foldOfSpecialValuesAtEveryLane() {
        float[] specials = {
            0f, -0f, Float.MIN_VALUE, Float.MIN_NORMAL, 0x1p127f, Float.MAX_VALUE, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN
        };
        for (int n : new int[] {16, 64, 256, 272, BLOCK}) {
            float[] values = partials(n, 2);
            for (int i = 0; i < values.length; i += n > 64 ? 5 : 1) { // odd: every lane comes up
                float usual = values[i];
                if (Float.isNaN(usual)) continue;
                for (float special : specials) {
                    values[i] = special;
                    assertFold(values, n, 2, special + " at " + i + ", seed " + SEED);
                }
                values[i] = usual;
            }
        }
    }

    /** What sum leaves, among NaN that fold is not to read. */
    private static float[] partials(int n, int count) {
        float[] x = Shape.WIDE.fill(4 * n * count, SEED + n + count);
        float[] partials = new float[count * BLOCK];
        Arrays.fill(partials, Float.NaN);
        SCALAR.sum(x, 0, 4 * n, n, n, count, 96, Exp2.constants(1), partials, 0, new int[RowKernel.TOPS_LENGTH], 0);
        return partials;
    }

    private static double[] assertFold(float[] values, int n, int count, String data) {
        double[] expected = new double[8 * MAX_COUNT];
        double[] actual = new double[8 * MAX_COUNT];
        float[] scalarly = values.clone();
        float[] folded = values.clone();
        SCALAR.fold(scalarly, n, count, expected);
        simd.fold(folded, n, count, actual);
        assertSame(values, scalarly, () -> "partials after the scalar fold of " + data);
        assertSame(values, folded, () -> "partials after fold of " + data);
        for (int k = 0; k < count; k++) {
            String call = "fold(n " + n + ", count " + count + "), block " + k + ", of " + data;
            if (Double.isNaN(expected[k]) && Double.isNaN(actual[k])) continue;
            assertBits(expected[k], actual[k], () -> call);
        }
        return expected;
    }

    @Test
    void maskOfSpecialValuesAtEveryLane() {
        for (int n : new int[] {GRAIN, 64, 2 * BLOCK, 4 * BLOCK}) {
            float[] x = Shape.NORMAL_3.fill(n + GRAIN, SEED);
            for (int i = 0; i < n + GRAIN; i += i < 64 || i >= n - 16 ? 1 : 16) { // beyond n nothing is read or written
                float usual = x[i];
                for (float special : SPECIALS) {
                    x[i] = special;
                    assertMask(x, n, special + " at " + i);
                }
                x[i] = usual;
            }
        }
    }

    @Test
    void maskOfRandomBits() {
        SplittableRandom random = new SplittableRandom(SEED);
        float[] x = new float[4 * BLOCK + GRAIN];
        for (int turn = 0; turn < 200; turn++) {
            for (int i = 0; i < x.length; i++) x[i] = Float.intBitsToFloat(random.nextInt());
            assertMask(x, GRAIN * (1 + turn % (4 * BLOCK / GRAIN)), "random bits, turn " + turn);
        }
    }

    private static void assertMask(float[] x, int n, String data) {
        float[] expected = x.clone();
        float[] actual = x.clone();
        int expectedTop = SCALAR.mask(expected, n, Exp2.constants(1)[Exp2.PADDING]);
        int actualTop = simd.mask(actual, n, Exp2.constants(1)[Exp2.PADDING]);
        if (expectedTop != actualTop) throw new AssertionError("mask(n " + n + ") of " + data + ", seed " + SEED + ": the returned maximum");
        for (int i = 0; i < x.length; i++) assertBits(expected[i], actual[i], () -> "mask(n " + n + ") of " + data + ", seed " + SEED);
    }

    @Test
    void termsOfEveryLengthOffsetAndScale() {
        for (float scale : new float[] {1, 0.7f, 1e-3f, 250}) {
            float[] k = Exp2.constants(scale);
            for (int n = GRAIN; n <= 128; n += GRAIN) {
                for (int offset = 0; offset < OFFSETS; offset++) {
                    float[] x = Shape.MASKED.fill(n + offset + GRAIN, SEED + n);
                    x[offset] = SPECIALS[(n + offset) % SPECIALS.length];
                    float[] minus = Shape.NORMAL.fill(n + offset + 3, SEED + 1);
                    int e = 2 * (offset - 9) + 2 * (int) (2 * scale); // no term overflows: MASKED is below 6
                    float[] expected = new float[n + offset + 7];
                    float[] actual = expected.clone();
                    SCALAR.terms(x, offset, n, e, k, 0.37, expected, 5);
                    simd.terms(x, offset, n, e, k, 0.37, actual, 5);
                    String call = ", n " + n + ", offset " + offset + ", scale " + scale + ", seed " + SEED;
                    assertSame(expected, actual, () -> "terms" + call);
                    STRIPS.terms(x, offset, n, e, k, 0.37, actual, 5);
                    assertSame(expected, actual, () -> "terms in strips" + call);
                    SCALAR.termsMinus(x, offset, n, e, k, 0.37, minus, 3, expected, 6);
                    simd.termsMinus(x, offset, n, e, k, 0.37, minus, 3, actual, 6);
                    assertSame(expected, actual, () -> "termsMinus" + call);
                    STRIPS.termsMinus(x, offset, n, e, k, 0.37, minus, 3, actual, 6);
                    assertSame(expected, actual, () -> "termsMinus in strips" + call);
                }
            }
        }
    }

    @Test
    void termsOfRowsOfEveryLengthAndOffset() {
        for (float scale : new float[] {1, 0.7f}) {
            float[] k = Exp2.constants(scale);
            for (int n = Math.max(8, simd.lanes()); n <= 130; n++) {
                for (int offset = 0; offset < OFFSETS; offset++) {
                    int count = 1 + offset % 4;
                    int step = n + offset % 3;
                    float[] x = Shape.MASKED.fill(offset + count * step, SEED + n);
                    x[offset + n / 2] = SPECIALS[(n + offset) % SPECIALS.length];
                    float[] rounders = new float[count + 2];
                    float[] factors = new float[count + 2];
                    float[] lows = new float[count + 2];
                    for (int r = 0; r < count; r++) {
                        rounders[r + 2] = Exp2.rounder(2 * (offset - 8) + 2 * r); // no term overflows: MASKED is below 6
                        factors[r + 2] = 0.37f * (r + 1);
                        lows[r + 2] = Math.ulp(factors[r + 2]) / (r - 2.5f);
                    }
                    float[] expected = new float[count * (n + 2) + 3];
                    float[] actual = expected.clone();
                    SCALAR.termsRows(x, offset, step, n, count, rounders, factors, lows, 2, k, expected, 3, n + 2);
                    simd.termsRows(x, offset, step, n, count, rounders, factors, lows, 2, k, actual, 3, n + 2);
                    String call = ", n " + n + ", offset " + offset + ", count " + count + ", scale " + scale + ", seed " + SEED;
                    assertSame(expected, actual, () -> "termsRows" + call);
                    STRIPS.termsRows(x, offset, step, n, count, rounders, factors, lows, 2, k, actual, 3, n + 2);
                    assertSame(expected, actual, () -> "termsRows in strips" + call);
                    simd.termsRows(x, offset, step, n, count, rounders, factors, lows, 2, k, x, offset, step);
                    for (int i = 0; i < count * n; i++) {
                        int at = i;
                        assertBits(expected[3 + i / n * (n + 2) + i % n], x[offset + i / n * step + i % n], () -> "termsRows in place, element " + at + call);
                    }
                }
            }
        }
    }

    private static void assertIndexFrom(float[] x, int from, int n, float least, String call) {
        int expected = (int) IntStream.range(from, from + n).takeWhile(i -> !(x[i] >= least)).count();
        assertEquals(expected, SCALAR.indexFrom(x, from, n, least), () -> "scalar indexFrom " + least + call);
        assertEquals(expected, simd.indexFrom(x, from, n, least), () -> "indexFrom " + least + call);
    }

    @Test
    void maxAndGapsOfEveryLengthAndOffset() {
        for (int n = 0; n <= 130; n++) {
            for (int offset = 0; offset < OFFSETS; offset++) {
                float[] x = Shape.MASKED.fill(n + offset + 1, SEED + n);
                float[] a = Shape.TIES.fill(n + offset + 1, SEED + 1); // with zeros
                String call = ", n " + n + ", offset " + offset + ", seed " + SEED;
                assertBits(SCALAR.max(x, offset, n), simd.max(x, offset, n), () -> "max" + call);
                for (int i = offset; i <= offset + n; i++) {
                    float number = x[i]; // behind the last, an element that the others may have or not
                    assertIndexFrom(x, offset, n, number, call);
                    assertIndexFrom(x, offset, n, Math.nextUp(number), call);
                }
                assertGaps(x, offset, a, n & -GRAIN, call);
                for (int i = 0; i < x.length; i++) x[i] = Math.max(x[i], -1e9f);
                assertGaps(x, offset, a, n & -GRAIN, call + ", no infinity");
                x[offset + n / 2] = n % 2 == 0 ? Float.POSITIVE_INFINITY : Float.NEGATIVE_INFINITY;
                assertGaps(x, offset, a, n & -GRAIN, call + ", one infinity");
            }
        }
    }

    private void assertGaps(float[] x, int from, float[] a, int n, String call) {
        double[] expected = new double[16];
        for (int i = 0; i < 16; i++) expected[i] = i * 0.3 - 1;
        double[] actual = expected.clone();
        SCALAR.gaps(x, from, a, 1, n, 3.5f, expected);
        simd.gaps(x, from, a, 1, n, 3.5f, actual);
        for (int i = 0; i < 16; i++) {
            int at = i;
            assertBits(expected[i], actual[i], () -> "gaps" + call + ", lane " + at);
        }
    }
}
