package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * The primitives that touch logits, over raw float ranges. {@link ScalarKernel} is their specification; every other
 * implementation returns and writes the same bits. Nothing is validated here: callers have.
 *
 * <p>A block is up to {@link #BLOCK} positions of four streams (see {@link ChunkSum}); its number of positions n is always a
 * multiple of {@link #GRAIN}, so no implementation has a tail.
 */
public interface RowKernel extends InformationKernel {
    /** Positions of each of the four streams in one block: 2048 logits, whose four pieces and partial sums stay in the first-level cache. */
    int BLOCK = 512;

    /** Every range is a multiple of this many floats: one 512-bit register, two of 256 or four of 128 bits. */
    int GRAIN = 16;

    /** Blocks one call may sum. */
    int GROUP = 16;

    /** tops[TOPS ..] is scratch for the lanes of one vector a block. */
    int TOPS = 2 * GROUP;

    /** tops[AHEAD ..] is scratch for the lanes of a vector of what {@link #sumKept} has seen ahead, or of the lowest of {@link #sumKeptMasked}. */
    int AHEAD = TOPS + GROUP * GRAIN;

    /** tops[RAW ..] is scratch for the lanes of a vector of bits of elements. */
    int RAW = AHEAD + GRAIN;

    /** Length of the array of tops. */
    int TOPS_LENGTH = RAW + GRAIN;

    /** Floats per vector, 1 for scalar. */
    int lanes();

    /**
     * Sums count blocks of n positions: for block b and position i writes to {@code partials[to + b * BLOCK + i]} the sum
     * (t(x[at]) + t(x[at + stream])) + (t(x[at + 2 stream]) + t(x[at + 3 stream])), at = from + b * step + i, where t is the
     * term of {@link Exp2} for constants k and exponent e: of each pair a product, then a fused multiply-add.
     * tops[topsFrom + b] becomes the unsigned maximum of the block's {@link Exp2#exponentBits}.
     *
     * <p>Several blocks a call, because a call costs about as much as 30 logits.
     */
    void sum(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom);

    /**
     * {@link #sum} of count blocks of n positions, and {@link #fold} of these and the partial sums behind them, which are there already: of so many positions
     * in all. sums[b] is the sum of block b, tops[b] its top. Before a block is folded its partial sum at patched[b] is replaced by patches[b]; -1 for none.
     * Vectors of 16 lanes fold a block while the next one is summed.
     *
     * @param stay whether partial sums are left where {@link #sum} leaves them; else they may be anywhere, which is faster from memory, and positions is n
     * @param sums its first 8 * count are overwritten
     */
    default void sumFolded(float[] x, int from, int step, int stream, int n, int positions, int count, int e, float[] k,
            float[] partials, boolean stay, int[] patched, float[] patches, double[] sums, int[] tops) {
        sum(x, from, step, stream, n, count, e, k, partials, 0, tops, 0);
        patch(partials, count, patched, patches);
        fold(partials, positions, count, sums);
    }

    /** Replaces the partial sum at patched[b] of each of count blocks by patches[b]; -1 for none. */
    static void patch(float[] partials, int count, int[] patched, float[] patches) {
        for (int b = 0; b < count; b++) {
            if (patched[b] >= 0) partials[b * BLOCK + patched[b]] = patches[b];
        }
    }

    /**
     * As {@link #sum}, with each element below k's padding, -infinity too, taken for it: its term is +0. bits[topsFrom + b] becomes the
     * unsigned maximum of the bits of the block's elements as they are: above those of the padding there are masks, above those of -infinity
     * NaN of negative sign, which show nowhere else. bits is as long as tops.
     */
    void sumMasked(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom, int[] bits);

    /**
     * out[b * 4 * GRAIN + i] = x[from + b * step + i] for i < tail and padding for the others, 0 <= i < 4 * GRAIN, 0 <= b < count. May read
     * x where it writes padding.
     */
    void pad(float[] x, int from, int step, int tail, int count, float padding, float[] out);

    /**
     * sums[k] = the sum of partials[k * BLOCK .. k * BLOCK + n) for each of count blocks, in double and in a fixed order: those 16 apart one after the other,
     * and these 16 sums in a tree (8, then 4, 2, 1). Adding equal floats so is exact. Overwrites sums[0 .. 8 * count).
     */
    void fold(float[] partials, int n, int count, double[] sums);

    /** Replaces x[0..n), n a multiple of 8, by {@link DoubleMath#log}; every x is positive and normal. */
    void log(double[] x, int n);

    /** Replaces x[0..n), n a multiple of 8, by {@link DoubleMath#exp}; no x is above 709, and a NaN of negative sign may become a number. */
    void exp(double[] x, int n);

    /**
     * Replaces x[0..n), n a multiple of 8, by {@link DoubleMath#log1p}; what any other than those in [0, 2^1000] becomes is not specified. Returns
     * sum + x[0] + .. + x[count - 1] of the logarithms, added one after the other: a chain that waits for itself, and costs little while something
     * else is done.
     */
    double log1p(double[] x, int n, int count, double sum);

    /** Replaces x[from + i], 0 <= i < n, by {@link DoubleMath#softcap} of it; n of any remainder. */
    void softcap(float[] x, int from, int n, double factor, float cap);

    /**
     * out[to + i] times scale {@link DoubleMath#sechSquared}(x[from + i], factor), rounded once, for 0 <= i < n of any remainder; where x is NaN, anything.
     */
    void multiplyBySlope(float[] x, int from, int n, double factor, float scale, float[] out, int to);

    /**
     * Replaces every x[i] below padding, a negative number ({@link Exp2#PADDING}), by it, in place: -infinity, -1e9 and other masks.
     * A NaN of negative sign is lost on the way, and shows in the result.
     *
     * @return the unsigned maximum of the bits of the old x[0..n)
     */
    int mask(float[] x, int n, float padding);

    /**
     * out[to + i] = fma(t, high, fma(t, low, -minus[minusFrom + i])) for 0 <= i < n, a multiple of {@link #GRAIN}. The factor is high + low, two
     * floats, the second {@link DoubleMath#low}: one alone would cost half an ulp. t is the term of {@link Exp2} of x[from + i], for constants k
     * and exponent e. Elements below k's padding, -infinity too, have the term +0. out may be x, but not minus.
     */
    void termsMinus(float[] x, int from, int n, int e, float[] k, double factor, float[] minus, int minusFrom, float[] out, int to);

    /** out[to + i] = fma(t, high, t * low), else as {@link #termsMinus}. */
    void terms(float[] x, int from, int n, int e, float[] k, double factor, float[] out, int to);

    /**
     * {@link #terms} of count rows of n elements, at least {@link #lanes()}, n of any remainder, from x[from + r * step] on to out[to + r * outStep], each with
     * the exponent whose {@link Exp2#rounder} is rounders[first + r] and the factor factors[first + r] + lows[first + r]. out may be x, in the same places.
     */
    void termsRows(float[] x, int from, int step, int n, int count, float[] rounders, float[] factors, float[] lows, int first, float[] k,
            float[] out, int to, int outStep);

    /**
     * {@link #sum}, whose terms are kept: out[outFrom + b * outStep + s * stream + i] = t(x[from + b * step + s * stream + i]), and tops[topsFrom + b] becomes
     * LOWEST_KEPT plus the unsigned maximum of what the block's {@link Exp2#exponentBits} are above LOWEST_KEPT: the same if none is below it. If one is, the
     * partial sums mean nothing. out may be x, in the same places.
     *
     * <p>On the way, while multipliers are the limit, it looks at elements that are to be summed later, which nothing is written to: so they are brought near.
     *
     * @return whether the elements ahead floats behind those summed are {@link #inRange}; false if ahead is 0
     */
    boolean sumKept(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom, float[] out, int outFrom, int outStep, int ahead);

    /**
     * {@link #sumKept} with masks among the elements: those below {@link #maskedBelow}, -infinity too, have terms +0. tops[topsFrom + b] is that of the other
     * elements of a block, 0 if there are none. All tops are -1, and nothing written means anything, if an element is neither masked nor from LOWEST_KEPT on,
     * or NaN of negative sign.
     *
     * @return whether there are masks
     */
    boolean sumKeptMasked(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom, float[] out, int outFrom, int outStep);

    /**
     * The partial sums again, of terms that {@link #sumKept} has kept, or of any numbers: partials[to + b * BLOCK + i] = (t[at] + t[at + stream]) +
     * (t[at + 2 stream] + t[at + 3 stream]), at = from + b * step + i.
     */
    void sumTerms(float[] t, int from, int step, int stream, int n, int count, float[] partials, int to);

    /**
     * {@link Exp2#exponentBits} from which on a term may be kept: the lowest of those that {@link ChunkExponents} expects of a row's largest element.
     * Frozen as they are.
     */
    int LOWEST_KEPT = Exp2.ZERO_SCALE + 127 - 40;

    /** Exponents of elements that may be kept, from that of LOWEST_KEPT on. */
    int KEPT_RANGE = 96;

    /** The lowest number whose term, in units of 2^e, may be kept; half an exponent inside the limit, because it is rounded. */
    static float lowestKept(int e, float[] k) {
        return (float) ((LOWEST_KEPT - Exp2.ZERO_SCALE - 127 + e) / (double) k[Exp2.LOG2E]);
    }

    /** How far above the lowest the highest is; likewise. */
    static float keptWidth(float[] k) {
        return (KEPT_RANGE - 1) / k[Exp2.LOG2E];
    }

    /** The last step of {@link #sumKeptMasked}: raw is the unsigned maximum of the elements' bits, lowest the unsigned minimum of exponent bits above first. */
    static boolean checkKeptMasked(int raw, int lowest, int first, float floor, int count, int[] tops, int topsFrom) {
        boolean valid = !ChunkExponents.isNan(raw) && Integer.compareUnsigned(lowest, LOWEST_KEPT - first) >= 0;
        if (!valid) Arrays.fill(tops, topsFrom, topsFrom + count, -1);
        return Integer.compareUnsigned(raw, Float.floatToRawIntBits(floor)) > 0;
    }

    /** The last step of {@link #inRangeOrMasked}: raw is the unsigned maximum of the elements' bits, widest of the differences of those that are not masked. */
    static boolean areKeptOrMasked(int raw, int widest, float[] k) {
        return !ChunkExponents.isNan(raw) && areKept(widest, k);
    }

    /**
     * Beside an element that may be kept one below this, less than 2^-512 of it, has the term +0 in every unit that the row may be summed or written in. It is
     * negative, so that what is below it has the larger bits as unsigned integers, and nothing else but NaN of negative sign.
     */
    static float maskedBelow(int e, float[] k) {
        return Math.min((float) ((LOWEST_KEPT - 512 - Exp2.ZERO_SCALE - 127 + e) / (double) k[Exp2.LOG2E]), -1 / k[Exp2.LOG2E]);
    }

    /** Whether the unsigned maximum of bits of differences to the lowest is that of numbers in [0, {@link #keptWidth}]: those of all others are above. */
    static boolean areKept(int widest, float[] k) {
        return Integer.compareUnsigned(widest, Float.floatToRawIntBits(keptWidth(k))) <= 0;
    }

    /**
     * Whether for all x[from + r * step + i], 0 <= i < n, at least {@link #GRAIN}, of any remainder, 0 <= r < count, the rounded difference to
     * {@link #lowestKept} is in [0, {@link #keptWidth}]: then their exponents are in [LOWEST_KEPT, LOWEST_KEPT + KEPT_RANGE).
     */
    boolean inRange(float[] x, int from, int step, int n, int count, int e, float[] k);

    /** {@link #inRange} of all elements that are not masked, that is below {@link #maskedBelow}; false if one is NaN. */
    boolean inRangeOrMasked(float[] x, int from, int step, int n, int count, int e, float[] k);

    /**
     * Rows of kept terms times factors: out[to + r * outStep + i] = fma(u, high, u * low), where u = t[from + r * step + i], 0 <= i < n, at least
     * {@link #GRAIN}, of any remainder, 0 <= r < count; high is factors[first + r], low is lows[first + r]. out may be t, in the same places.
     */
    void scale(float[] t, int from, int step, int n, int count, float[] factors, float[] lows, int first,
            float[] out, int to, int outStep);

    /**
     * Less a number of each row: out[to + r * outStep + i] = (x[from + r * step + i] - highs[first + r]) - lows[first + r], 0 <= i < n, at least
     * {@link #GRAIN}, of any remainder, 0 <= r < count; out may be x, in the same places.
     */
    void subtract(float[] x, int from, int step, int n, int count, float[] highs, float[] lows, int first,
            float[] out, int to, int outStep);

    /** The largest of x[from .. from + n), any n; -infinity for none. NaN are passed over; of zeros of both signs either. */
    float max(float[] x, int from, int n);

    /** The lowest i in 0 <= i < n, any n, where x[from + i] >= least; n if there is none. Of the largest, its first index. */
    int indexFrom(float[] x, int from, int n, float least);

    /**
     * Adds to sums[i mod 16], in double, a[aFrom + i] * (m - x[from + i]) for 0 <= i < n, a multiple of {@link #GRAIN}, in order
     * of i; where a is 0, nothing, even if x is infinite.
     */
    void gaps(float[] x, int from, float[] a, int aFrom, int n, float m, double[] sums);

    /**
     * sums[first + r] = the sum of row r of {@link #GRAIN} to {@link #MOST_COLUMNS} columns, x[from + r * step + c], without its element excluded[first + r]
     * (negative for none), 0 <= r < count: of its terms in double, those of columns 8 apart in order of the columns, and the 8 sums as at the end of
     * {@link #fold}. An element below k's padding is taken for it. tops[first + r] becomes the unsigned maximum of the row's {@link Exp2#exponentBits}, of the
     * excluded one too; with infinities, NaN or huge elements in the row it shows that, and the row's sum means nothing. Overwrites terms and lanes, 8 * GROUP
     * doubles.
     *
     * @param lowest -infinity, or a negative number: then the terms stay, in {@code terms[r * termsStep(columns) + c]}, that of an excluded element as +0, and
     *     the top of a row with an element below lowest is -1
     * @param terms at least termsStep(columns) floats for each of GROUP rows, or of all if they stay; the others are overwritten
     */
    void sumRows(float[] x, int from, int step, int columns, int count, int[] excluded, int first, int e, float[] k, float lowest,
            float[] terms, double[] lanes, double[] sums, int[] tops);

    /** Of rows that are summed in double as they lie. */
    int MOST_COLUMNS = 255;

    /** How far apart the terms of rows of so many columns are in {@link #sumRows}: a power of two that is more, and room for a vector. */
    static int termsStep(int columns) {
        return (columns < 128 ? 128 : 256) + GRAIN;
    }

    /**
     * {@link #sumRows} of one row of 1 to {@link #MOST_COLUMNS} columns, x[from .. from + n), without its element excluded (negative for none): its sum becomes
     * sums[0], its terms terms[0 .. n), that of the excluded element +0, and sums[1] the element with the largest bits as an unsigned integer, which is the least
     * if one is negative, or NaN. Its top is returned. Overwrites terms[n .. 256) and sums[2 .. 8), too.
     */
    int sumRow(float[] x, int from, int n, int excluded, int e, float[] k, float[] terms, double[] sums);

    // ---- many short rows, side by side: element c of row r is x[from + c * stride + r], 0 <= r < n, a multiple of GRAIN

    /** {@link Exp2#exponentBits} of an excluded element of 2^-860, in units of 2^e: far enough inside {@link TargetShare#MAX_POWER}. */
    int LOWEST_APART = Exp2.ZERO_SCALE + 127 - 860;

    /**
     * Puts rows that lie one behind the other side by side: out[c * stride + r] = x[from + r * step + c], 0 <= c < columns, 0 <= r < count. Overwrites
     * out[0 .. max(columns, GRAIN) * stride).
     */
    void transpose(float[] x, int from, int step, int columns, int count, float[] out, int stride);

    /**
     * The way back: out[to + r * step + c] = x[c * stride + first + r], 0 <= c < columns, 0 <= r < count. Reads x up to max(columns, lanes()) * stride. On
     * the way anything may stand in these places of out, but nothing is written elsewhere.
     */
    void transposeBack(float[] x, int first, int stride, int columns, int count, float[] out, int to, int step);

    /**
     * The terms of rows of up to 64 columns: terms[c * termStride + r], +0 for the element excluded[r] (-1 for none), of which apart[r] becomes a copy (of
     * none, 0); an element below k's padding is taken for it. The term of an excluded NaN or infinity may be NaN.
     * tops[r] becomes the unsigned maximum of the row's {@link Exp2#exponentBits}, of the excluded one too; or -1, if that one is below 2^-860 in units of 2^e.
     *
     * @return the unsigned maximum of tops
     */
    int sumColumns(float[] x, int from, int stride, int columns, int n, int[] excluded, int e, float[] k,
            float[] terms, int termStride, int[] tops, float[] apart);

    /**
     * sums[r] = the sum of terms[c * stride + r] over 0 <= c < columns, as {@link #sumRows} adds them.
     *
     * @return whether each is in [least, infinity)
     */
    boolean foldColumns(float[] terms, int stride, int columns, int n, double least, double[] sums);

    /**
     * What elements lack to the largest one of their row, x[c * n + r] here, n a multiple of 8, no NaN: anchors[r] becomes scale times the largest,
     * gaps[c * n + r] what {@link NearZero#gaps} writes for the element, and rests[r] what that returns.
     */
    void gapsColumns(float[] x, int columns, int n, double scale, double[] gaps, double[] anchors, double[] rests);

    /**
     * gaps[c * n + r] = a[first + c * aStride + r] * (m[first + r] - x[from + c * stride + r]) in double, n a multiple of 8, +0 in place of -0; 0 where a is 0,
     * even if x is infinite.
     */
    void weightedGaps(float[] x, int from, int stride, int columns, int n, float[] a, int aStride, float[] m, int first, double[] gaps);

    /** largest[r] = the largest of row r, any number of columns from 1 on. Where there are NaN, any element; of zeros of both signs either. */
    void maxColumns(float[] x, int from, int stride, int columns, int n, float[] largest);

    /**
     * {@link #terms} to out[to + c * outStride + r], with the exponent whose {@link Exp2#rounder} is rounders[r] and the factor factors[r] + lows[r].
     */
    void termsColumns(float[] x, int from, int stride, int columns, int n, float[] rounders, float[] factors, float[] lows, float[] k,
            float[] out, int to, int outStride);

    /** As {@link #termsColumns}, less minus[c * minusStride + r]: rounded once for both, as {@link #termsMinus}. */
    void termsMinusColumns(float[] x, int from, int stride, int columns, int n, float[] rounders, float[] factors, float[] lows, float[] k,
            float[] minus, int minusStride, float[] out, int outStride);

    /** Kept terms times factors, in place: each t[c * stride + r] = fma(t, factors[r], t * lows[r]). */
    void scaleColumns(float[] t, int stride, int columns, int n, float[] factors, float[] lows);

    // ---- what lies elsewhere than in float arrays

    /** The primitives for segments and 16-bit formats, of the same make. */
    StorageKernel storage();
}
