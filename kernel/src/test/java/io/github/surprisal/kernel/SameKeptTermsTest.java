package io.github.surprisal.kernel;

import static io.github.surprisal.kernel.KernelPair.SCALAR;
import static io.github.surprisal.kernel.KernelPair.SPECIALS;
import static io.github.surprisal.kernel.KernelPair.STRIPS;
import static io.github.surprisal.kernel.KernelPair.assertBits;
import static io.github.surprisal.kernel.KernelPair.assertSame;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.oracle.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The primitives of {@link RowKernel} that keep terms: the same bits from every kernel, and those of the ones that do not keep them. */
class SameKeptTermsTest {
    private static final int BLOCK = RowKernel.BLOCK;
    private static final int GRAIN = RowKernel.GRAIN;
    private static final int OFFSETS = 18;
    private static final long SEED = 20261125;

    private final List<RowKernel> kernels = Kernels.selected().lanes() == 1 ? List.of(SCALAR, STRIPS) : List.of(SCALAR, STRIPS, KernelPair.simd());

    @Test
    void sumOfEveryLengthAndOffset() {
        float[] k = Exp2.constants(0.7f);
        for (int n = GRAIN; n <= BLOCK; n += GRAIN) {
            for (int offset = 0; offset < OFFSETS; offset++) {
                int count = 1 + offset % 3;
                int stream = n + offset % 5;
                int step = 4 * stream + 1;
                float[] x = Shape.NORMAL_3.fill(offset + count * step, SEED + n);
                String call = ", n " + n + ", offset " + offset + ", seed " + SEED;
                float[] partials = new float[count * BLOCK];
                int[] tops = new int[RowKernel.TOPS_LENGTH];
                SCALAR.sum(x, offset, step, stream, n, count, 0, k, partials, 0, tops, 1);
                float[] terms = new float[x.length + 3];
                for (int b = 0; b < count; b++) {
                    for (int s = 0; s < 4; s++) SCALAR.terms(x, offset + b * step + s * stream, n, 0, k, 1, terms, 3 + offset + b * step + s * stream);
                }
                for (RowKernel kernel : kernels) {
                    float[] actualPartials = new float[count * BLOCK];
                    int[] actualTops = new int[RowKernel.TOPS_LENGTH];
                    float[] out = new float[x.length + 3];
                    kernel.sumKept(x, offset, step, stream, n, count, 0, k, actualPartials, 0, actualTops, 1, out, 3 + offset, step, 0);
                    assertSame(partials, actualPartials, () -> kernel.getClass() + " sumKept" + call);
                    assertSame(terms, out, () -> kernel.getClass() + " terms of sumKept" + call);
                    assertEquals(Arrays.toString(Arrays.copyOf(tops, 1 + count)), Arrays.toString(Arrays.copyOf(actualTops, 1 + count)), call);
                    Arrays.fill(actualPartials, 0);
                    kernel.sumTerms(out, 3 + offset, step, stream, n, count, actualPartials, 0);
                    assertSame(partials, actualPartials, () -> kernel.getClass() + " sumTerms" + call);
                    float[] inPlace = x.clone();
                    kernel.sumKept(inPlace, offset, step, stream, n, count, 0, k, actualPartials, 0, actualTops, 1, inPlace, offset, step, 0);
                    assertSame(partials, actualPartials, () -> kernel.getClass() + " sumKept in place" + call);
                    for (int i = 0; i < x.length; i++) { // between the streams, where no term is, nothing is written
                        assertBits(terms[i + 3] == 0 ? x[i] : terms[i + 3], inPlace[i], () -> kernel.getClass() + " terms of sumKept in place" + call);
                    }
                }
            }
        }
    }

    /** One that may not be kept shows, wherever it is, and every kernel returns the same then. */
    @Test
    void specialValuesAtEveryLane() {
        float[] k = Exp2.constants(1);
        int n = 64;
        float[] x = Shape.NORMAL_3.fill(4 * n, SEED);
        for (int i = 0; i < x.length; i++) {
            float usual = x[i];
            for (float special : SPECIALS) {
                x[i] = special;
                int bits = Exp2.exponentBits(special, Exp2.rounder(0), k[Exp2.LOG2E]);
                boolean kept = bits >= RowKernel.LOWEST_KEPT && bits < RowKernel.LOWEST_KEPT + RowKernel.KEPT_RANGE;
                String call = special + " at " + i + ", seed " + SEED;
                int[] expected = new int[RowKernel.TOPS_LENGTH];
                SCALAR.sumKept(x, 0, 0, n, n, 1, 0, k, new float[BLOCK], 0, expected, 0, new float[4 * n], 0, 0, 0);
                assertEquals(kept, ChunkExponents.outside(expected[0]) >= 0, call);
                for (RowKernel kernel : kernels) {
                    int[] actual = new int[RowKernel.TOPS_LENGTH];
                    kernel.sumKept(x, 0, 0, n, n, 1, 0, k, new float[BLOCK], 0, actual, 0, new float[4 * n], 0, 0, 0);
                    assertEquals(expected[0], actual[0], call);
                    assertEquals(kept, kernel.inRange(x, 0, 0, 4 * n, 1, 0, k), call);
                }
            }
            x[i] = usual;
        }
    }

    /** With masks: the same sums and terms from every kernel, those of sumMasked. */
    @Test
    void maskedSumOfEveryLengthAndOffset() {
        float[] k = Exp2.constants(0.7f);
        SplittableRandom random = new SplittableRandom(SEED);
        for (int n = GRAIN; n <= BLOCK; n += GRAIN) {
            for (int offset = 0; offset < OFFSETS; offset++) {
                int count = 1 + offset % 3;
                int stream = n + offset % 5;
                int step = 4 * stream + 1;
                float[] x = Shape.NORMAL_3.fill(offset + count * step, SEED + n);
                float[] masks = {Float.NEGATIVE_INFINITY, -1e9f, -1e5f, Math.nextDown(RowKernel.maskedBelow(0, k))};
                for (int i = 0; i < x.length; i++) if (random.nextInt(4) == 0 || offset % 7 == 0 && i < offset + step) x[i] = masks[random.nextInt(4)];
                String call = ", n " + n + ", offset " + offset + ", seed " + SEED;
                float[] partials = new float[count * BLOCK];
                int[] tops = new int[RowKernel.TOPS_LENGTH];
                SCALAR.sumMasked(x, offset, step, stream, n, count, 0, k, partials, 0, tops, 1, new int[RowKernel.TOPS_LENGTH]);
                for (int b = 0; b < count; b++) if (tops[1 + b] < RowKernel.LOWEST_KEPT) tops[1 + b] = 0; // nothing but masks
                float[] terms = x.clone();
                for (int b = 0; b < count; b++) {
                    for (int s = 0; s < 4; s++) SCALAR.terms(x, offset + b * step + s * stream, n, 0, k, 1, terms, offset + b * step + s * stream);
                }
                for (RowKernel kernel : kernels) {
                    float[] actualPartials = new float[count * BLOCK];
                    int[] actualTops = new int[RowKernel.TOPS_LENGTH];
                    float[] out = x.clone();
                    assertTrue(kernel.sumKeptMasked(x, offset, step, stream, n, count, 0, k, actualPartials, 0, actualTops, 1, out, offset, step), call);
                    assertSame(partials, actualPartials, () -> kernel.getClass() + " sumKeptMasked" + call);
                    assertSame(terms, out, () -> kernel.getClass() + " terms of sumKeptMasked" + call);
                    assertEquals(Arrays.toString(Arrays.copyOf(tops, 1 + count)), Arrays.toString(Arrays.copyOf(actualTops, 1 + count)), call);
                    float[] inPlace = x.clone();
                    kernel.sumKeptMasked(inPlace, offset, step, stream, n, count, 0, k, actualPartials, 0, actualTops, 1, inPlace, offset, step);
                    assertSame(partials, actualPartials, () -> kernel.getClass() + " sumKeptMasked in place" + call);
                    assertSame(terms, inPlace, () -> kernel.getClass() + " terms of sumKeptMasked in place" + call);
                }
            }
        }
    }

    /** Masks do not count, one that may not be kept shows, wherever it is and whatever the unit; every kernel returns the same. */
    @Test
    void specialValuesAtEveryLaneAmongMasks() {
        float[] k = Exp2.constants(1);
        int n = 64;
        for (int e : new int[] {0, 96, 170 * 96, 171 * 96, 1502 * 96, ChunkExponents.MAX / 2, -96, -400 * 96, -ChunkExponents.MAX / 2}) {
            float shift = (float) (e * DoubleMath.LN2);
            float[] x = Shape.NORMAL_3.fill(4 * n, SEED);
            for (int i = 0; i < x.length; i++) x[i] += shift;
            float floor = RowKernel.maskedBelow(e, k);
            float lowest = RowKernel.lowestKept(e, k);
            float[] specials = Arrays.copyOf(SPECIALS, SPECIALS.length + 5);
            float[] more = {Float.intBitsToFloat(0xFFC00000), Math.nextDown(floor), floor - 1, shift - 200, shift - 4000};
            System.arraycopy(more, 0, specials, SPECIALS.length, more.length);
            for (int i = 0; i < x.length; i++) {
                float usual = x[i];
                for (float special : specials) {
                    x[i] = special;
                    int bits = Exp2.exponentBits(special, Exp2.rounder(e), k[Exp2.LOG2E]);
                    boolean masked = special < floor;
                    boolean kept = masked || bits >= RowKernel.LOWEST_KEPT && bits < RowKernel.LOWEST_KEPT + RowKernel.KEPT_RANGE;
                    String call = special + " at " + i + ", e " + e + ", seed " + SEED;
                    int[] expected = new int[RowKernel.TOPS_LENGTH];
                    SCALAR.sumKeptMasked(x, 0, 0, n, n, 1, e, k, new float[BLOCK], 0, expected, 0, new float[4 * n], 0, 0);
                    // with the exponent of the floor it is a mask to sums, which changes nothing
                    if (!isNear(special, floor)) assertEquals(kept, ChunkExponents.outside(expected[0]) >= 0, call);
                    for (RowKernel kernel : kernels) {
                        int[] actual = new int[RowKernel.TOPS_LENGTH];
                        boolean found = kernel.sumKeptMasked(x, 0, 0, n, n, 1, e, k, new float[BLOCK], 0, actual, 0, new float[4 * n], 0, 0);
                        assertEquals(expected[0], actual[0], call);
                        boolean inRange = kernel.inRangeOrMasked(x, 0, 0, 4 * n, 1, e, k);
                        if (isNear(special, lowest) || isNear(special, lowest + RowKernel.keptWidth(k))) assertTrue(kept || !inRange, call);
                        else assertEquals(kept, inRange, call);
                        if (kept) assertEquals(masked, found, call);
                    }
                }
                x[i] = usual;
            }
        }
    }

    private static boolean isNear(float x, float y) {
        return Math.abs(x - y) < 1;
    }

    @Test
    void rangeOfRowsOfEveryLength() {
        float[] k = Exp2.constants(1);
        float lowest = RowKernel.lowestKept(0, k);
        float highest = lowest + RowKernel.keptWidth(k);
        for (int n = GRAIN; n <= 70; n++) {
            int step = n + 3;
            float[] x = new float[2 + 3 * step];
            Arrays.fill(x, Float.NaN); // around the rows, where nobody may look
            for (int r = 0; r < 3; r++) Arrays.fill(x, 2 + r * step, 2 + r * step + n, 1);
            for (RowKernel kernel : kernels) {
                assertTrue(kernel.inRange(x, 2, step, n, 3, 0, k));
                for (int i = 0; i < 3 * n; i++) {
                    int at = 2 + i / n * step + i % n;
                    x[at] = i % 2 == 0 ? Math.nextDown(lowest) : highest + 1e-5f;
                    assertFalse(kernel.inRange(x, 2, step, n, 3, 0, k), "n " + n + ", element " + i);
                    x[at] = i % 2 == 0 ? lowest : highest;
                    assertTrue(kernel.inRange(x, 2, step, n, 3, 0, k), "n " + n + ", element " + i);
                    assertTrue(kernel.inRangeOrMasked(x, 2, step, n, 3, 0, k), "n " + n + ", element " + i);
                    x[at] = i % 2 == 0 ? Math.nextDown(lowest) : highest + 1e-5f;
                    assertFalse(kernel.inRangeOrMasked(x, 2, step, n, 3, 0, k), "n " + n + ", element " + i);
                    x[at] = i % 2 == 0 ? Float.NEGATIVE_INFINITY : -1e9f;
                    assertTrue(kernel.inRangeOrMasked(x, 2, step, n, 3, 0, k), "n " + n + ", element " + i);
                    x[at] = 1;
                }
            }
        }
    }

    /** What is in range may be kept, near the limits of it and for every scale and unit. */
    @Test
    void whatIsInRangeMayBeKept() {
        for (float scale : new float[] {1, 0.7f, 1.3e-3f, 1000, 1 / 3f}) {
            float[] k = Exp2.constants(scale);
            for (int e = -ChunkExponents.MAX / 2; e <= ChunkExponents.MAX / 2; e += e == 0 ? 96 : Math.max(1, Math.abs(e) / 3)) {
                float lowest = RowKernel.lowestKept(e, k);
                for (float x : new float[] {lowest, lowest + RowKernel.keptWidth(k)}) {
                    int bits = Exp2.exponentBits(x, Exp2.rounder(e), k[Exp2.LOG2E]);
                    assertTrue(bits >= RowKernel.LOWEST_KEPT && bits < RowKernel.LOWEST_KEPT + RowKernel.KEPT_RANGE, x + ", e " + e + ", scale " + scale);
                }
            }
        }
    }

    /** Each element that sumKept looks at counts, in place too, and no other. */
    @Test
    void elementsAhead() {
        float[] k = Exp2.constants(1);
        float lowest = RowKernel.lowestKept(0, k);
        int count = 2;
        for (int n = GRAIN; n <= 5 * GRAIN; n += GRAIN) {
            int stream = n + 1;
            int step = 4 * stream;
            int ahead = count * step + 5;
            float[] x = new float[3 + 2 * ahead];
            for (RowKernel kernel : kernels) {
                for (int i = -1; i < count * step; i++) { // none, or one after the other
                    Arrays.fill(x, 1);
                    boolean counts = i >= 0 && i % stream < n;
                    if (i >= 0) x[3 + ahead + i] = i % 2 == 0 ? Math.nextDown(lowest) : Float.NaN;
                    float[] behind = Arrays.copyOfRange(x, 3 + ahead, x.length);
                    String call = kernel.getClass() + ", n " + n + ", element " + i;
                    assertEquals(!counts, kernel.sumKept(x, 3, step, stream, n, count, 0, k, new float[count * BLOCK], 0, new int[RowKernel.TOPS_LENGTH], 0,
                            x, 3, step, ahead), call);
                    for (int j = 0; j < behind.length; j++) assertBits(behind[j], x[3 + ahead + j], () -> call);
                }
                Arrays.fill(x, 1);
                assertFalse(kernel.sumKept(x, 3, step, stream, n, count, 0, k, new float[count * BLOCK], 0, new int[RowKernel.TOPS_LENGTH], 0, x, 3, step, 0));
            }
        }
    }

    @Test
    void scaleOfEveryLengthAndOffset() {
        float[] factors = {0, 0.37f, 3e-5f, -1.7f};
        float[] lows = {0, 0.37f * 0x1p-25f, 0, 1.7f * 0x1p-26f};
        for (int n = GRAIN; n <= 130; n++) {
            for (int offset = 0; offset < OFFSETS; offset++) {
                int step = n + offset % 3;
                float[] x = Shape.NORMAL_3.fill(offset + 3 * step + 2, SEED + n);
                float[] expected = x.clone();
                for (int r = 0; r < 3; r++) {
                    for (int i = offset + r * step; i < offset + r * step + n; i++) {
                        expected[i] = Math.fma(x[i], factors[r + 1], x[i] * lows[r + 1]);
                    }
                }
                for (RowKernel kernel : kernels) {
                    float[] actual = x.clone();
                    kernel.scale(actual, offset, step, n, 3, factors, lows, 1, actual, offset, step);
                    String call = kernel.getClass() + " scale, n " + n + ", offset " + offset + ", seed " + SEED;
                    for (int i = 0; i < x.length; i++) assertBits(expected[i], actual[i], () -> call + " in place");
                    float[] elsewhere = new float[x.length];
                    kernel.scale(x, offset, step, n, 3, factors, lows, 1, elsewhere, 1, n);
                    for (int i = 0; i < 3 * n; i++) assertBits(expected[offset + i / n * step + i % n], elsewhere[1 + i], () -> call);
                    for (int i = 3 * n + 1; i < x.length; i++) assertBits(0, elsewhere[i], () -> call);
                }
            }
        }
    }

    @Test
    void subtractOfEveryLengthAndOffset() {
        float[] highs = {9, 3.3f, -7.1f, 0.2f};
        float[] lows = {9, 1.1e-7f, -3e-7f, 1e-9f};
        for (int n = GRAIN; n <= 130; n++) {
            for (int offset = 0; offset < OFFSETS; offset++) {
                int step = n + offset % 3;
                float[] x = Shape.NORMAL_3.fill(offset + 3 * step + 2, SEED + n);
                float[] expected = x.clone();
                for (int r = 0; r < 3; r++) {
                    for (int i = offset + r * step; i < offset + r * step + n; i++) expected[i] = (x[i] - highs[r + 1]) - lows[r + 1];
                }
                for (RowKernel kernel : kernels) {
                    float[] actual = x.clone();
                    kernel.subtract(actual, offset, step, n, 3, highs, lows, 1, actual, offset, step);
                    String call = kernel.getClass() + " subtract, n " + n + ", offset " + offset + ", seed " + SEED;
                    for (int i = 0; i < x.length; i++) assertBits(expected[i], actual[i], () -> call + " in place");
                    float[] elsewhere = new float[x.length];
                    kernel.subtract(x, offset, step, n, 3, highs, lows, 1, elsewhere, 1, n);
                    for (int i = 0; i < 3 * n; i++) assertBits(expected[offset + i / n * step + i % n], elsewhere[1 + i], () -> call);
                    for (int i = 3 * n + 1; i < x.length; i++) assertBits(0, elsewhere[i], () -> call);
                }
            }
        }
    }
}
