package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * The log-sum-exp of few elements where it is near 0, and an ulp of it less than the error of a float term: the anchor, which is scale
 * times the largest, plus log1p of the rest. The rest is, in double, how many are as large, less one, and then e^gap of each of the others,
 * in order. If it is 0 nothing is added, so that a lone -0 keeps its sign: see {@link LogSum#value}.
 */
final class NearZero {
    /** A sum below this many times 2^top has at most this many elements near the largest; more average out their errors. */
    static final double FEW = 8;
    private static final int FEW_EXPONENT = Math.getExponent(FEW);
    /** |top| above which the logarithm of few elements is no number near 0. */
    static final int FAR = 5;

    private static final long NOTHING = Double.doubleToRawLongBits(Double.NEGATIVE_INFINITY);

    private NearZero() {}

    /**
     * Whether few elements make up a sum whose logarithm is near 0, where an ulp is less than a term's error: the largest element
     * must stay apart, and the others be summed more exactly. Also makes a lone element return itself, for which elsewhere
     * the rounding to float suffices.
     *
     * @param lse the logarithm of the sum, which is in units of 2^exponent
     * @param apart see {@link ChunkSum#withTopApart}
     */
    static boolean needsCare(double sum, double lse, int top, int exponent, int length, double apart) {
        // Exponents of the sum in units of 2^top, and of the logarithm. What each condition compares is below 0 where it holds: no branch to mispredict.
        int above = Math.getExponent(sum) - (top - exponent);
        int size = Math.getExponent(lse);
        int nearShort = size - 1 & length - BatchShape.SHORT - 1; // |lse| < 2, where care is cheap
        int few = above - FEW_EXPONENT & Math.abs(top) - FAR - 1;
        int dominated = above - 1 & Math.abs(top) - 4;
        int dominant = above - Math.getExponent(apart); // a power of two or 0
        return (few & (dominated | size) | nearShort | dominant) < 0;
    }

    /** Of the elements x[from + i * stride], 0 <= i < n. */
    static double anchor(double scale, float[] x, int from, int stride, int n) {
        int largest = Integer.MIN_VALUE;
        for (int i = 0; i < n; i++) largest = Math.max(largest, ordered(x[from + i * stride]));
        return scale * ofOrdered(largest);
    }

    /**
     * gaps[to + i * step] = what the element lacks to the anchor, or -infinity for nothing: those are counted, less one, in what is returned. Without
     * branches: which element is the largest cannot be predicted.
     */
    static int gaps(double scale, float[] x, int from, int stride, int n, double anchor, double[] gaps, int to, int step) {
        int count = -1;
        for (int i = 0; i < n; i++) {
            long gap = Double.doubleToRawLongBits(scale * x[from + i * stride] - anchor);
            long lacks = (gap | -gap) >> 63; // 0 for a gap of 0, else all ones
            count += 1 + (int) lacks;
            gaps[to + i * step] = Double.longBitsToDouble(gap & lacks | NOTHING & ~lacks);
        }
        return count;
    }

    /** How many numbers to give to a kernel, which takes whole vectors: n rounded up, those above now 0. */
    static int padded(double[] x, int n) {
        int rounded = n + 7 & -8;
        Arrays.fill(x, n, rounded, 0);
        return rounded;
    }

    /** The rest: what {@link #gaps} returned, and after it terms[from + i], 0 <= i < n. */
    static double rest(double count, double[] terms, int from, int n) {
        double rest = count;
        for (int i = from; i < from + n; i++) rest += terms[i];
        return rest;
    }

    /** An integer as large among integers as x among numbers, -0 below +0: to find a maximum without branches. */
    private static int ordered(float x) {
        int bits = Float.floatToRawIntBits(x);
        return bits ^ bits >> 31 & Integer.MAX_VALUE;
    }

    private static float ofOrdered(int ordered) {
        return Float.intBitsToFloat(ordered ^ ordered >> 31 & Integer.MAX_VALUE);
    }
}
