package io.github.surprisal.kernel;

import static io.github.surprisal.kernel.KernelPair.SCALAR;
import static io.github.surprisal.kernel.KernelPair.SPECIALS;
import static io.github.surprisal.kernel.KernelPair.STRIPS;
import static io.github.surprisal.kernel.KernelPair.assertBits;
import static io.github.surprisal.kernel.KernelPair.assertSame;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.oracle.Shape;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** As {@link SameBitsTest}, of the primitives for rows of few columns: summed as they lie, and side by side. */
class SameColumnsTest {
    private static final int GRAIN = RowKernel.GRAIN;
    private static final int OFFSETS = 18;
    private static final long SEED = 20250701;

    private static RowKernel simd;

    @BeforeAll
    static void findKernel() {
        simd = KernelPair.simd();
    }

    @Test
    void sumOfRowsOfEveryLengthAndOffset() {
        float[] k = Exp2.constants(0.7f);
        for (int columns = GRAIN; columns <= RowKernel.MOST_COLUMNS; columns++) {
            for (int offset = 0; offset < OFFSETS; offset++) {
                int count = 1 + (offset * 7 + columns) % (2 * RowKernel.GROUP + 1);
                int step = columns + offset % 3;
                float[] x = Shape.MASKED.fill(offset + (count - 1) * step + columns, SEED + columns); // reads nothing behind the last row
                for (int i = 0; i < x.length; i++) { // what lies between the rows
                    if (i < offset || (i - offset) % step >= columns) x[i] = Float.NaN;
                }
                int[] excluded = new int[count + 1];
                for (int r = 0; r < count; r++) {
                    int y = (r * 5 + offset) % (columns + 1) - 1;
                    excluded[r + 1] = y < 0 ? -1 - r : y; // negative: none
                }
                assertSumRows(x, offset, step, columns, count, excluded, k, "MASKED, seed " + SEED);
                int special = offset + (offset % count) * step + offset * 3 % columns;
                x[special] = SPECIALS[(columns + offset) % SPECIALS.length];
                assertSumRows(x, offset, step, columns, count, excluded, k, x[special] + " at " + special + ", MASKED, seed " + SEED);
            }
        }
    }

    /** The others are with the rows above. */
    @Test
    void sumOfOneRowOfFewElements() {
        float[] k = Exp2.constants(0.7f);
        for (int columns = 1; columns < GRAIN; columns++) {
            for (int excluded = -1; excluded < columns; excluded++) {
                int offset = excluded + 1;
                float[] x = Shape.MASKED.fill(offset + columns, SEED + columns); // the array ends with the row
                assertSumRow(x, offset, columns, excluded, k, "MASKED, seed " + SEED);
                for (float special : SPECIALS) {
                    x[offset + columns / 2] = special;
                    assertSumRow(x, offset, columns, excluded, k, special + " at " + columns / 2 + ", MASKED, seed " + SEED);
                }
            }
        }
    }

    private static void assertSumRows(float[] x, int from, int step, int columns, int count, int[] excluded, float[] k, String data) {
        int e = columns % 5 - 2;
        double[] lanes = new double[8 * RowKernel.GROUP];
        double[] expected = new double[count + 1];
        double[] actual = new double[count + 1];
        int[] expectedTops = new int[count + 1];
        int[] actualTops = new int[count + 1];
        float[] terms = new float[RowKernel.termsStep(columns) * RowKernel.GROUP];
        SCALAR.sumRows(x, from, step, columns, count, excluded, 1, e, k, Float.NEGATIVE_INFINITY, terms, lanes, expected, expectedTops);
        Arrays.fill(terms, Float.NaN);
        simd.sumRows(x, from, step, columns, count, excluded, 1, e, k, Float.NEGATIVE_INFINITY, terms, lanes, actual, actualTops);
        for (int r = 0; r < count; r++) {
            String row = "row " + r + " of sumRows(from " + from + ", step " + step + ", columns " + columns + ", count " + count + ") of " + data;
            boolean outside = ChunkExponents.outside(expectedTops[r + 1]) < 0;
            assertEquals(outside, ChunkExponents.outside(actualTops[r + 1]) < 0, row);
            if (outside) continue; // which NaN shows is not said, nor what is summed then: what counts is that it does
            assertEquals(expectedTops[r + 1], actualTops[r + 1], () -> "top of " + row);
            assertBits(expected[r + 1], actual[r + 1], () -> row);
            assertBits(sumInDouble(x, from + step * r, columns, excluded[r + 1], e, k), actual[r + 1], () -> row + " as eight sums in double");
        }
        for (float lowest : new float[] {Float.NEGATIVE_INFINITY, -1000, -30, -2}) assertRowsStay(x, from, step, columns, count, excluded, k, lowest, expected, expectedTops, data);
        for (int r = 0; r < count; r++) assertSumRow(x, from + step * r, columns, excluded[r + 1], k, data);
    }

    /** As the sums of {@link #assertSumRows}, and what stays. */
    private static void assertRowsStay(float[] x, int from, int step, int columns, int count, int[] excluded, float[] k, float lowest,
            double[] sums, int[] tops, String data) {
        int e = columns % 5 - 2;
        for (RowKernel kernel : new RowKernel[] {SCALAR, STRIPS, simd}) {
            double[] actual = new double[count + 1];
            int[] actualTops = new int[count + 1];
            float[] terms = new float[RowKernel.termsStep(columns) * Math.max(RowKernel.GROUP, count)];
            Arrays.fill(terms, Float.NaN);
            kernel.sumRows(x, from, step, columns, count, excluded, 1, e, k, lowest, terms, new double[8 * RowKernel.GROUP], actual, actualTops);
            for (int r = 0; r < count; r++) {
                String row = "row " + r + " of sumRows(from " + from + ", step " + step + ", columns " + columns + ", count " + count + ", lowest " + lowest
                    + ") by " + kernel.getClass().getSimpleName() + " of " + data;
                boolean low = false;
                for (int c = 0; c < columns; c++) low |= x[from + r * step + c] < lowest;
                if (low) assertEquals(-1, actualTops[r + 1], () -> "top of " + row);
                if (low || ChunkExponents.outside(tops[r + 1]) < 0) continue;
                assertEquals(tops[r + 1], actualTops[r + 1], () -> "top of " + row);
                assertBits(sums[r + 1], actual[r + 1], () -> row);
                for (int c = 0; lowest > Float.NEGATIVE_INFINITY && c < columns; c++) {
                    float term = c == excluded[r + 1] ? 0 : ScalarKernel.maskedTerm(x[from + r * step + c], e, k);
                    assertBits(term, terms[r * RowKernel.termsStep(columns) + c], () -> "a term of " + row);
                }
            }
        }
    }

    private static void assertSumRow(float[] x, int from, int columns, int excluded, float[] k, String data) {
        int e = columns % 5 - 2;
        double[] expected = new double[8];
        double[] actual = new double[8];
        Arrays.fill(actual, Double.NaN);
        float[] terms = new float[256];
        Arrays.fill(terms, Float.NaN);
        float[] scalarTerms = terms.clone();
        int expectedTop = SCALAR.sumRow(x, from, columns, excluded, e, k, scalarTerms, expected);
        int actualTop = simd.sumRow(x, from, columns, excluded, e, k, terms, actual);
        String row = "sumRow(from " + from + ", columns " + columns + ", excluded " + excluded + ") of " + data;
        boolean outside = ChunkExponents.outside(expectedTop) < 0;
        assertEquals(outside, ChunkExponents.outside(actualTop) < 0, row);
        if (outside) return; // as of rows
        assertEquals(expectedTop, actualTop, () -> "top of " + row);
        assertBits(expected[0], actual[0], () -> row);
        assertBits(sumInDouble(x, from, columns, excluded, e, k), actual[0], () -> row + " as eight sums in double");
        assertBits(expected[1], actual[1], () -> "the least of " + row);
        double least = Double.POSITIVE_INFINITY;
        for (int c = 0; c < columns; c++) {
            least = Math.min(least, x[from + c]);
            assertBits(c == excluded ? 0 : ScalarKernel.maskedTerm(x[from + c], e, k), terms[c], () -> "a term of " + row);
            assertBits(terms[c], scalarTerms[c], () -> "a term of " + row + " by ScalarKernel");
        }
        if (least < 0) assertEquals(least, actual[1], () -> "the least of " + row);
        else assertTrue(actual[1] >= 0, () -> "the least of " + row + " is " + actual[1]);
    }

    private static double sumInDouble(float[] x, int from, int columns, int excluded, int e, float[] k) {
        double[] s = new double[8];
        for (int c = 0; c < columns; c++) {
            if (c != excluded) s[c % 8] += Exp2.term(Math.max(x[from + c], k[Exp2.PADDING]), e, k);
        }
        return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
    }

    @Test
    void gapsOfRowsOfEveryLength() {
        for (int columns = 1; columns <= 64; columns++) {
            for (int n = 8; n <= 40; n += 8) {
                float[] x = Shape.NORMAL_3.fill(columns * n, SEED + columns);
                for (int i = 0; i < n; i++) { // rows with up to three largest, some zeros of both signs
                    for (int c = 0; c < columns; c++) {
                        if (i % 4 == 1 && c % 3 == 0) x[c * n + i] = 11 + i;
                        if (i % 8 == 3) x[c * n + i] = c % 3 == 1 ? 0f : -0f;
                        if (i % 8 == 5) x[c * n + i] = c % 2 == 0 ? -3e38f : Float.MIN_VALUE;
                    }
                }
                for (double scale : new double[] {1, 0.7f}) {
                    double[][] expected = new double[3][columns * n];
                    double[][] actual = new double[3][columns * n];
                    SCALAR.gapsColumns(x, columns, n, scale, expected[0], expected[1], expected[2]);
                    simd.gapsColumns(x, columns, n, scale, actual[0], actual[1], actual[2]);
                    String call = "gapsColumns(columns " + columns + ", n " + n + ", scale " + scale + "), seed " + SEED;
                    for (int k = 0; k < 3; k++) {
                        for (int i = 0; i < columns * n; i++) assertBits(expected[k][i], actual[k][i], () -> call);
                    }
                }
            }
        }
    }

    @Test
    void gapsAreWhatElementsLackToTheLargest() {
        float[] x = {1, -2, 5, 0, -1, 7, 2, 3, /**/ 1, 4, -5, -0f, 0, 7, 1, 9};
        double[] gaps = new double[16];
        double[] anchors = new double[8];
        double[] rests = new double[8];
        double none = Double.NEGATIVE_INFINITY;
        for (RowKernel kernel : new RowKernel[] {SCALAR, simd}) {
            kernel.gapsColumns(x, 2, 8, 0.5, gaps, anchors, rests);
            assertArrayEquals(new double[] {none, -3, none, none, -0.5, none, none, -3, none, none, -5, -0.0, none, none, -0.5, none}, gaps); // -0 lacks 0 to 0
            assertArrayEquals(new double[] {0.5, 2, 2.5, 0, 0, 3.5, 1, 4.5}, anchors);
            assertArrayEquals(new double[] {1, 0, 0, 0, 0, 1, 0, 0}, rests);
        }
    }

    @Test
    void largestOfRowsOfEveryLength() {
        for (int columns = 1; columns <= 64; columns++) {
            for (int n = GRAIN; n <= 3 * GRAIN; n += GRAIN) {
                int offset = columns % OFFSETS;
                int stride = n + columns % 3;
                float[] x = Shape.NORMAL_3.fill(offset + columns * stride, SEED + columns);
                for (int r = 0; r < n; r++) { // in each of the columns, and of nothing but masks
                    if (r % 3 == 0) x[offset + (r * 7 + columns) % columns * stride + r] = 11 + r;
                    for (int c = 0; c < columns && r % 8 == 5; c++) x[offset + c * stride + r] = Float.NEGATIVE_INFINITY;
                }
                for (RowKernel kernel : new RowKernel[] {SCALAR, simd}) {
                    float[] largest = new float[n];
                    kernel.maxColumns(x, offset, stride, columns, n, largest);
                    for (int r = 0; r < n; r++) {
                        float expected = Float.NEGATIVE_INFINITY;
                        for (int c = 0; c < columns; c++) expected = Math.max(expected, x[offset + c * stride + r]);
                        assertEquals(expected, largest[r], "row " + r + ", columns " + columns + ", n " + n + ", seed " + SEED);
                    }
                }
            }
        }
    }

    @Test
    void shortRowsOfEveryLengthAndOffset() {
        float[] k = Exp2.constants(1);
        for (int columns = 1; columns <= 64; columns++) {
            for (int n = GRAIN; n <= BatchShape.ROWS; n += GRAIN) {
                int offset = (columns + n / GRAIN) % OFFSETS;
                int stride = n + columns % 3;
                float[] x = Shape.NORMAL_3.fill(offset + columns * stride + n, SEED + columns);
                x[offset + columns] = SPECIALS[columns % SPECIALS.length];
                x[offset + n - 1] = columns % 2 == 0 ? -596 : -595; // about where an excluded element is too low
                int[] excluded = new int[n];
                for (int r = 0; r < n; r++) excluded[r] = (r * 7 + columns) % (columns + 1) - 1;
                int termStride = n + columns % 2;
                float[] expected = new float[64 * termStride];
                Arrays.fill(expected, 7); // behind the terms nothing changes
                float[] actual = expected.clone();
                int[] expectedRowTops = new int[n];
                int[] actualRowTops = new int[n];
                float[] expectedApart = new float[n];
                float[] actualApart = new float[n];
                Arrays.fill(actualApart, 9);
                int expectedTop = SCALAR.sumColumns(x, offset, stride, columns, n, excluded, 0, k, expected, termStride, expectedRowTops, expectedApart);
                int actualTop = simd.sumColumns(x, offset, stride, columns, n, excluded, 0, k, actual, termStride, actualRowTops, actualApart);
                String call = ", columns " + columns + ", n " + n + ", offset " + offset + ", seed " + SEED;
                assertSame(expected, actual, () -> "sumColumns" + call);
                assertSame(expectedRowTops, actualRowTops, () -> "tops of sumColumns" + call);
                assertEquals(expectedTop, actualTop, () -> "top of sumColumns" + call);
                float[] inStrips = new float[64 * termStride];
                Arrays.fill(inStrips, 7);
                int[] topsInStrips = new int[n];
                float[] apartInStrips = new float[n];
                int topInStrips = STRIPS.sumColumns(x, offset, stride, columns, n, excluded, 0, k, inStrips, termStride, topsInStrips, apartInStrips);
                assertEquals(expectedTop, topInStrips, () -> "top of sumColumns in strips" + call);
                assertSame(expectedRowTops, topsInStrips, () -> "tops of sumColumns in strips" + call);
                assertSame(expectedApart, apartInStrips, () -> "apart of sumColumns in strips" + call);
                assertSame(expected, inStrips, () -> "sumColumns in strips" + call);
                assertSame(expectedApart, actualApart, () -> "apart of sumColumns" + call);
                double[] expectedSums = new double[n];
                double[] actualSums = new double[n];
                SCALAR.foldColumns(expected, termStride, columns, n, 0, expectedSums);
                double least = expectedSums[n / 2];
                boolean inside = SCALAR.foldColumns(expected, termStride, columns, n, least, expectedSums);
                assertEquals(inside, simd.foldColumns(expected, termStride, columns, n, least, actualSums), () -> "foldColumns" + call + ", least " + least);
                for (int r = 0; r < n; r++) {
                    int row = r;
                    if (Double.isNaN(expectedSums[r]) && Double.isNaN(actualSums[r])) continue;
                    assertBits(expectedSums[r], actualSums[r], () -> "foldColumns" + call + ", row " + row);
                }
                float[] rounders = new float[n];
                float[] factors = Shape.NORMAL.fill(n, SEED);
                float[] lows = new float[n];
                for (int r = 0; r < n; r++) lows[r] = Math.ulp(factors[r]) / (r - 2.5f);
                for (int r = 0; r < n; r++) rounders[r] = Exp2.rounder(2 * (r % 9) + 8);
                float[] expectedOut = new float[columns * stride + n];
                float[] actualOut = expectedOut.clone();
                SCALAR.termsColumns(x, offset, stride, columns, n, rounders, factors, lows, k, expectedOut, 1, stride);
                simd.termsColumns(x, offset, stride, columns, n, rounders, factors, lows, k, actualOut, 1, stride);
                assertSame(expectedOut, actualOut, () -> "termsColumns" + call);
                float[] minus = Shape.NORMAL.fill(columns * stride + n, SEED + 1);
                SCALAR.termsMinusColumns(x, offset, stride, columns, n, rounders, factors, lows, k, minus, stride, expectedOut, stride);
                simd.termsMinusColumns(x, offset, stride, columns, n, rounders, factors, lows, k, minus, stride, actualOut, stride);
                assertSame(expectedOut, actualOut, () -> "termsMinusColumns" + call);
                for (int i = 0; i < minus.length; i += 3) minus[i] = i % 2 == 0 ? 0f : -0f;
                double[] expectedGaps = new double[columns * (n - 8)];
                double[] actualGaps = expectedGaps.clone();
                SCALAR.weightedGaps(x, offset, stride, columns, n - 8, minus, stride, factors, 8, expectedGaps);
                simd.weightedGaps(x, offset, stride, columns, n - 8, minus, stride, factors, 8, actualGaps);
                for (int i = 0; i < expectedGaps.length; i++) {
                    int at = i;
                    if (Double.isNaN(expectedGaps[i]) && Double.isNaN(actualGaps[i])) continue;
                    assertBits(expectedGaps[i], actualGaps[i], () -> "weightedGaps" + call + ", at " + at);
                }
                SCALAR.scaleColumns(expectedOut, stride, columns, n, factors, lows);
                simd.scaleColumns(actualOut, stride, columns, n, factors, lows);
                assertSame(expectedOut, actualOut, () -> "scaleColumns" + call);
            }
        }
    }

    /** Side by side and back, with gaps and without, up to the last element of the arrays. */
    @Test
    void rowsSideBySide() {
        for (int columns = 1; columns <= 64; columns++) {
            for (int count : new int[] {1, 7, 8, 9, 10, 15, 16, 17, 18, 19, 23, 24, 25, 32, 33, 47, 64}) {
                for (int step = columns; step <= columns + 1; step++) {
                    int offset = (columns + count) % OFFSETS;
                    float[] x = Shape.NORMAL_3.fill(offset + (count - 1) * step + columns, SEED + columns);
                    for (int i = 0; i < x.length; i += 5) x[i] = SPECIALS[i % SPECIALS.length];
                    String call = ", columns " + columns + ", count " + count + ", step " + step + ", offset " + offset + ", seed " + SEED;
                    int stride = count + columns % 3;
                    float[] expected = new float[Math.max(columns, GRAIN) * stride];
                    float[] actual = expected.clone();
                    SCALAR.transpose(x, offset, step, columns, count, expected, stride);
                    simd.transpose(x, offset, step, columns, count, actual, stride);
                    for (int c = 0; c < columns; c++) {
                        int at = c * stride;
                        assertSame(Arrays.copyOfRange(expected, at, at + count), Arrays.copyOfRange(actual, at, at + count), () -> "transpose" + call);
                    }
                    for (int first : new int[] {0, count / 3}) {
                        float[] back = new float[x.length + GRAIN]; // behind the rows nothing changes
                        Arrays.fill(back, 7);
                        float[] expectedBack = back.clone();
                        SCALAR.transposeBack(expected, first, stride, columns, count - first, expectedBack, offset + first * step, step);
                        simd.transposeBack(expected, first, stride, columns, count - first, back, offset + first * step, step);
                        assertSame(expectedBack, back, () -> "transposeBack" + call + ", first " + first);
                        for (int r = first; r < count; r++) {
                            for (int c = 0; c < columns; c++) {
                                assertEquals(x[offset + r * step + c], back[offset + r * step + c], () -> "there and back" + call);
                            }
                        }
                    }
                }
            }
        }
    }
}
