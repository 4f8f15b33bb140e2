package io.github.surprisal.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The terms of {@link Exp2} for a strip of elements, in loops over whole arrays that C2 vectorises by itself: one operation after the other instead
 * of one element after the other, with the same bits. C2 vectorises neither a loop that turns floats into bits nor one that reads and writes at different
 * indices, so bits are copied between arrays, and elements into the strip. For one thread, 14 KB.
 */
final class Strip {
    static final int LENGTH = RowKernel.BLOCK;
    /** Of fewer elements the loops, a dozen, cost more than they save. */
    static final int SHORTEST = 64;
    private static final ThreadLocal<Strip> OF_THREAD = new ThreadLocal<>();

    private final float[] x = new float[LENGTH];
    private final float[] z = new float[LENGTH];
    private final float[] scale = new float[LENGTH];
    private final float[] sum = new float[LENGTH];
    private final float[] more = new float[LENGTH];
    private final int[] bits = new int[LENGTH];
    private final int[] scaleBits = new int[LENGTH];
    private final MemorySegment xBytes = MemorySegment.ofArray(x);
    private final MemorySegment zBytes = MemorySegment.ofArray(z);
    private final MemorySegment scaleBytes = MemorySegment.ofArray(scale);
    private final MemorySegment bitsBytes = MemorySegment.ofArray(bits);
    private final MemorySegment scaleBitsBytes = MemorySegment.ofArray(scaleBits);

    static Strip ofThread() {
        Strip own = OF_THREAD.get();
        if (own == null) OF_THREAD.set(own = new Strip());
        return own;
    }

    /** {@link RowKernel#sum} of count blocks of n positions, at most LENGTH in all; {@link RowKernel#sumMasked} if raw is not null. */
    void sum(float[] array, int from, int step, int stream, int n, int count, int e, float[] k, float[] partials, int to, int[] tops, int[] raw, int topsFrom) {
        int all = n * count;
        Arrays.fill(tops, topsFrom, topsFrom + count, 0);
        if (raw != null) Arrays.fill(raw, topsFrom, topsFrom + count, 0);
        for (int s = 0; s < 4; s++) {
            load(array, from + s * stream, step, n, n, count);
            if (raw != null) mask(k[Exp2.PADDING], n, count, raw, topsFrom);
            findExponents(all, e, k);
            raise(tops, topsFrom, 0, n, n, count);
            findMantissas(all, e, k);
            if (s % 2 == 0) multiply(x, scale, s == 0 ? sum : more, all);
            else multiplyAdd(x, scale, s == 1 ? sum : more, all);
        }
        add(more, sum, all);
        for (int b = 0; b < count; b++) System.arraycopy(sum, b * n, partials, to + b * RowKernel.BLOCK, n);
    }

    /**
     * {@link RowKernel#sumRows} for count rows, at most LENGTH elements in all with up to 7 more behind each: the terms, with +0 for the excluded ones, of
     * row r from r * width(columns) on, and the tops.
     */
    float[] termsOfRows(float[] array, int from, int step, int columns, int count, int[] excluded, int first, int e, float[] k, float lowest,
            int[] tops) {
        int width = width(columns);
        int all = width * count;
        load(array, from, step, columns, width, count);
        Arrays.fill(tops, first, first + count, 0);
        if (lowest > Float.NEGATIVE_INFINITY) markBelow(lowest, columns, width, count, tops, first);
        max(x, k[Exp2.PADDING], all);
        findExponents(all, e, k);
        raise(tops, first, 0, columns, width, count);
        findMantissas(all, e, k);
        multiply(x, scale, sum, all);
        for (int r = 0; r < count; r++) {
            if (excluded[first + r] >= 0) sum[r * width + excluded[first + r]] = 0;
        }
        return sum;
    }

    static int width(int columns) {
        return columns + 7 & -8;
    }

    /** Loads n elements each of count rows, step apart, to places width apart. */
    private void load(float[] array, int from, int step, int n, int width, int count) {
        for (int r = 0; r < count; r++) System.arraycopy(array, from + r * step, x, r * width, n);
    }

    /** Makes the tops of rows with an element below lowest -1. */
    private void markBelow(float lowest, int n, int width, int count, int[] tops, int first) {
        MemorySegment.copy(xBytes, 0, bitsBytes, 0, 4L * width * count);
        raise(tops, first, 0, n, width, count);
        for (int r = first; r < first + count; r++) tops[r] = Integer.compareUnsigned(tops[r], Float.floatToRawIntBits(lowest)) > 0 ? -1 : 0;
    }

    /** Masks the elements, and raises each row's raw to the unsigned maximum of their bits. */
    private void mask(float padding, int n, int count, int[] raw, int first) {
        MemorySegment.copy(xBytes, 0, bitsBytes, 0, 4L * n * count);
        raise(raw, first, 0, n, n, count);
        unsignedMin(bits, Float.floatToRawIntBits(padding), n * count);
        MemorySegment.copy(bitsBytes, 0, xBytes, 0, 4L * n * count);
    }

    /** Raises each row's top to the unsigned maximum of what its n bits, width apart, are above the lowest. */
    private void raise(int[] tops, int first, int lowest, int n, int width, int count) {
        for (int r = 0; r < count; r++) {
            int top = topAbove(bits, lowest, r * width, r * width + n);
            tops[first + r] = Math.max(tops[first + r] ^ Integer.MIN_VALUE, top) ^ Integer.MIN_VALUE;
        }
    }

    /** The unsigned maximum of the bits of what array[from .. from + n) is above the lowest. */
    int widest(float[] array, int from, int n, float lowest) {
        System.arraycopy(array, from, x, 0, n);
        subtract(x, lowest, z, n);
        MemorySegment.copy(zBytes, 0, bitsBytes, 0, 4L * n);
        return topAbove(bits, 0, 0, n) ^ Integer.MIN_VALUE;
    }

    /** {@link RowKernel#sumKept} of count blocks of n positions, at most LENGTH in all. */
    void sumKept(float[] array, int from, int step, int stream, int n, int count, int e, float[] k, float[] partials, int to, int[] tops, int topsFrom,
            float[] out, int outFrom, int outStep) {
        int all = n * count;
        Arrays.fill(tops, topsFrom, topsFrom + count, 0);
        for (int s = 0; s < 4; s++) {
            load(array, from + s * stream, step, n, n, count);
            findExponents(all, e, k);
            raise(tops, topsFrom, RowKernel.LOWEST_KEPT, n, n, count);
            findMantissas(all, e, k);
            multiply(x, scale, x, all);
            for (int b = 0; b < count; b++) System.arraycopy(x, b * n, out, outFrom + b * outStep + s * stream, n);
            if (s % 2 == 0) System.arraycopy(x, 0, s == 0 ? sum : more, 0, all);
            else add(x, s == 1 ? sum : more, all);
        }
        add(more, sum, all);
        for (int b = 0; b < count; b++) {
            System.arraycopy(sum, b * n, partials, to + b * RowKernel.BLOCK, n);
            tops[topsFrom + b] += RowKernel.LOWEST_KEPT;
        }
    }

    /** out[to + i] = the term of the masked element array[from + i], times high + low, 0 <= i < n. */
    void terms(float[] array, int from, int n, int e, float[] k, float high, float low, float[] out, int to) {
        maskedTerms(array, from, n, e, k);
        multiply(sum, high, low, n);
        System.arraycopy(sum, 0, out, to, n);
    }

    /** As the other, less minus[minusFrom + i], with one rounding. */
    void termsMinus(float[] array, int from, int n, int e, float[] k, float high, float low, float[] minus, int minusFrom, float[] out, int to) {
        maskedTerms(array, from, n, e, k);
        System.arraycopy(minus, minusFrom, x, 0, n);
        multiplySubtract(sum, high, low, x, n);
        System.arraycopy(sum, 0, out, to, n);
    }

    /** {@link RowKernel#sumColumns} for column c, which begins at from, but for the excluded elements themselves. */
    void termsOfColumn(float[] array, int from, int c, int n, int[] excluded, int e, float[] k, float[] terms, int to, int[] tops) {
        System.arraycopy(array, from, x, 0, n);
        max(x, k[Exp2.PADDING], n);
        findExponents(n, e, k);
        unsignedMax(tops, bits, n);
        findMantissas(n, e, k);
        zeroWhereEqual(scaleBits, excluded, c, n);
        MemorySegment.copy(scaleBitsBytes, 0, scaleBytes, 0, 4L * n);
        multiply(x, scale, sum, n);
        System.arraycopy(sum, 0, terms, to, n);
    }

    private void maskedTerms(float[] array, int from, int n, int e, float[] k) {
        System.arraycopy(array, from, x, 0, n);
        MemorySegment.copy(xBytes, 0, bitsBytes, 0, 4L * n);
        unsignedMin(bits, Float.floatToRawIntBits(k[Exp2.PADDING]), n);
        MemorySegment.copy(bitsBytes, 0, xBytes, 0, 4L * n);
        findExponents(n, e, k);
        findMantissas(n, e, k);
        multiply(x, scale, sum, n);
    }

    private void findExponents(int n, int e, float[] k) {
        exponents(x, z, k[Exp2.LOG2E], Exp2.rounder(e), n);
        MemorySegment.copy(zBytes, 0, bitsBytes, 0, 4L * n);
    }

    /** Replaces the elements by their mantissas and leaves their scales. */
    private void findMantissas(int n, int e, float[] k) {
        scales(bits, scaleBits, n);
        MemorySegment.copy(bitsBytes, 0, zBytes, 0, 4L * n);
        MemorySegment.copy(scaleBitsBytes, 0, scaleBytes, 0, 4L * n);
        mantissas(x, z, Exp2.rounder(e), k[Exp2.LN2_HI], k[Exp2.LN2_LO], k[Exp2.C1], k[Exp2.C2], k[Exp2.C3], k[Exp2.C4], k[Exp2.C5], k[Exp2.C6], n);
    }

    private static void exponents(float[] x, float[] z, float log2e, float rounder, int n) {
        for (int i = 0; i < n; i++) z[i] = Math.fma(x[i], log2e, rounder);
    }

    /** The unsigned maximum, with the sign bit flipped. */
    private static int topAbove(int[] bits, int lowest, int from, int to) {
        int top = Integer.MIN_VALUE;
        for (int i = from; i < to; i++) top = Math.max(top, bits[i] - lowest ^ Integer.MIN_VALUE);
        return top;
    }

    private static void scales(int[] bits, int[] scaleBits, int n) {
        for (int i = 0; i < n; i++) {
            int b = Math.max(bits[i], Exp2.ZERO_SCALE);
            bits[i] = b;
            scaleBits[i] = b << 23;
        }
    }

    private static void mantissas(float[] x, float[] z, float rounder, float hi, float lo,
            float c1, float c2, float c3, float c4, float c5, float c6, int n) {
        for (int i = 0; i < n; i++) {
            float m = z[i] - rounder;
            float r = Math.fma(m, lo, Math.fma(m, hi, x[i]));
            float p = Math.fma(r, c6, c5);
            p = Math.fma(p, r, c4);
            p = Math.fma(p, r, c3);
            p = Math.fma(p, r, c2);
            p = Math.fma(p, r, c1);
            x[i] = Math.fma(p, r, 1f);
        }
    }

    /** A NaN stays one. */
    private static void max(float[] x, float least, int n) {
        for (int i = 0; i < n; i++) x[i] = Math.max(x[i], least);
    }

    private static void unsignedMax(int[] tops, int[] bits, int n) {
        for (int i = 0; i < n; i++) tops[i] = Math.max(tops[i] ^ Integer.MIN_VALUE, bits[i] ^ Integer.MIN_VALUE) ^ Integer.MIN_VALUE;
    }

    private static void zeroWhereEqual(int[] bits, int[] a, int b, int n) {
        for (int i = 0; i < n; i++) {
            int difference = a[i] ^ b;
            bits[i] &= (difference | -difference) >> 31;
        }
    }

    private static void unsignedMin(int[] bits, int most, int n) {
        int flipped = most ^ Integer.MIN_VALUE;
        for (int i = 0; i < n; i++) bits[i] = Math.min(bits[i] ^ Integer.MIN_VALUE, flipped) ^ Integer.MIN_VALUE;
    }

    private static void multiply(float[] a, float[] b, float[] out, int n) {
        for (int i = 0; i < n; i++) out[i] = a[i] * b[i];
    }

    private static void subtract(float[] a, float b, float[] out, int n) {
        for (int i = 0; i < n; i++) out[i] = a[i] - b;
    }

    private static void add(float[] a, float[] sum, int n) {
        for (int i = 0; i < n; i++) sum[i] += a[i];
    }

    private static void multiplyAdd(float[] a, float[] b, float[] sum, int n) {
        for (int i = 0; i < n; i++) sum[i] = Math.fma(a[i], b[i], sum[i]);
    }

    private static void multiply(float[] a, float high, float low, int n) {
        for (int i = 0; i < n; i++) a[i] = Math.fma(a[i], high, a[i] * low);
    }

    private static void multiplySubtract(float[] a, float high, float low, float[] minus, int n) {
        for (int i = 0; i < n; i++) a[i] = Math.fma(a[i], high, Math.fma(a[i], low, -minus[i]));
    }
}
