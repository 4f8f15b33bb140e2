package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * The rules by which {@link ChunkSum} chooses E, the exponent of the unit that terms are summed in, and finds that what a kernel
 * summed with an expected E is right: functions of the largest bits that it met, of exponents or elements, and of the sum.
 */
final class ChunkExponents {
    /** |n| up to here is summed directly: |x| <= 2^19. Beyond it the reduction of x loses bits, and x - max is exact or negligible. */
    static final int MAX = 756387;

    /** Beside a term of this exponent one below -MAX is less than 2^-200 of it. */
    static final int LOW = 200 - MAX;

    /** No sum above this has lost terms below 2^-126, at most one 2^-126 an element, that would show. */
    static final double SMALL_REST = 0x1p-80;

    // Frozen: changing one of these changes results in the last bit.
    /** The part of a sum from which on a partial sum is heavy: see {@link HeavySums}. */
    static final double HEAVY = 0x1p-3;
    /** An element that is so large a part makes the sum less than this many times 2^top: 8 * sqrt(2). */
    private static final double FEW = 11.4;
    static final int STEP = RowKernel.KEPT_RANGE;
    /** Exponents n in [-40, 56), logits in [-27.7, 38.8), share E = 0: usual logits and log-probabilities lie well inside. */
    private static final int FLOOR = RowKernel.LOWEST_KEPT - Exp2.ZERO_SCALE - 127;

    private static final long SMALL_REST_BITS = Double.doubleToRawLongBits(SMALL_REST);
    private static final long INFINITY_BITS = Double.doubleToRawLongBits(Double.POSITIVE_INFINITY);
    private static final int NEGATIVE_INFINITY_BITS = 0xFF800000;

    private ChunkExponents() {}

    /** The largest exponent of terms whose largest bits, in units of 2^exponent, are these. */
    static int largest(int bits, int exponent) {
        return bits - Exp2.ZERO_SCALE - 127 + exponent;
    }

    /** E where the largest exponent so far is this. */
    static int exponentFor(int largest) {
        return Math.floorDiv(largest - FLOOR, STEP) * STEP;
    }

    /** Whether a block has no NaN, infinite, huge or masked element (bits < 0: NaN or a mask) and is not masked throughout. */
    private static boolean isCounted(int bits, int largest) {
        return bits >= 0 && Math.abs(largest) <= MAX;
    }

    /** Whether a block with these exponent bits could be summed with the given E, the largest exponent so far being highest. */
    static boolean isExpected(int bits, int largest, int highest, int exponent) {
        if (!isCounted(bits, largest)) return false;
        int needed = exponentFor(largest);
        return highest == Integer.MIN_VALUE ? needed == exponent : needed <= exponent;
    }

    /** Negative unless the E it was summed with is right for a row with these largest exponent bits: {@link #exponentFor}, without a branch. */
    static int outside(int bits) {
        int above = bits - RowKernel.LOWEST_KEPT;
        return above | STEP - 1 - above;
    }

    /** Whether terms in units of 2^E may be kept, to be multiplied later: far from where a row counts as huge. */
    static boolean mayKeep(int exponent) {
        return Math.abs(exponent) < MAX / 2;
    }

    /** Whether {@link #outside} holds for this E: near the limits the general way decides. */
    static boolean isDirect(int exponent) {
        return Math.abs(exponent) < MAX - STEP;
    }

    /**
     * Negative unless a finite sum without its excluded element has lost nothing that would show; for NaN too. Integers, because Math.min
     * is slow.
     */
    static long outside(double sum) {
        long bits = Double.doubleToRawLongBits(sum);
        return bits - SMALL_REST_BITS | INFINITY_BITS - 1 - bits;
    }

    /**
     * usual[k] = whether row k of count is as expected, by its largest exponent bits and its sum; returns whether all are. Mostly they are, which the first
     * loops find out without a branch.
     */
    static boolean areUsual(int[] tops, double[] sums, int count, int exponent, boolean[] usual) {
        int outsideTops = 0;
        long outsideSums = 0;
        for (int k = 0; k < count; k++) outsideTops |= outside(tops[k]);
        for (int k = 0; k < count; k++) outsideSums |= outside(sums[k]);
        boolean all = outsideTops >= 0 && outsideSums >= 0 && isDirect(exponent);
        Arrays.fill(usual, 0, count, all);
        for (int k = 0; !all && k < count; k++) usual[k] = outside(tops[k]) >= 0 && outside(sums[k]) >= 0 && isDirect(exponent);
        return all;
    }

    /** Whether a sum in units of 2^exponent, whose largest element, or excluded one, is about 2^top, may have {@link HeavySums}. */
    static boolean mayBeHeavy(double sum, int top, int exponent) {
        return heaviness(sum, top, exponent) < 0;
    }

    /** Negative where it may, and only then, if the sum is a number. */
    static long heaviness(double sum, int top, int exponent) {
        return Double.doubleToRawLongBits(sum - FEW * DoubleMath.powerOfTwo(top - exponent));
    }

    /**
     * The same where only the logarithm of the sum is wanted, and no element is excluded: an ulp of that is 2^-22 from 2 on, 2^-21 from 4 and 2^-20 from 8,
     * where nothing of this shows any more.
     */
    static boolean mayBeHeavyForLog(double sum, int top, int exponent) {
        int n = Math.abs(Math.getExponent(sum) + exponent);
        return n < 12 && sum < (n < 6 ? FEW : FEW / 4) * DoubleMath.powerOfTwo(top - exponent);
    }

    /** Whether among elements with this unsigned maximum of bits there is a NaN of negative sign. */
    static boolean isNan(int bits) {
        return Integer.compareUnsigned(bits, NEGATIVE_INFINITY_BITS) > 0;
    }

    /** Whether among elements with this unsigned maximum of bits there are masks. */
    static boolean isMasked(int bits, float[] constants) {
        return Integer.compareUnsigned(bits, Float.floatToRawIntBits(constants[Exp2.PADDING])) > 0;
    }

    static int unsignedMax(int a, int b) {
        return Integer.compareUnsigned(a, b) > 0 ? a : b;
    }
}
