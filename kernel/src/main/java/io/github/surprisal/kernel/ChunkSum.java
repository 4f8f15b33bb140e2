package io.github.surprisal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * The fixed shape of a sum, in one place for every kernel, source and thread count; equal bits come from here.
 *
 * <p>A row is cut into chunks of {@link #CHUNK} elements from its first element on. A chunk of n elements has a body of
 * four streams of q = 16 * floor(n / 64) elements, one behind the other, and a tail of up to 63 elements, padded to four streams
 * of 16 whose positions follow the body's. Positions are summed in blocks of {@link RowKernel#BLOCK}. A block's terms
 * are scaled by 2^-E, where E is that of the largest element in the blocks so far, in steps so large that it almost never changes:
 * see {@link ChunkExponents}. Positions and blocks add up in double. A chunk of few elements is summed in double from the first
 * addition on, and of one that few elements make up the {@link HeavySums} are, so that the errors of float additions average out. Of two elements, where
 * only their log-sum-exp is wanted, the smaller is taken beside the larger, in double throughout.
 * E and every decision below is a function of the chunk's elements alone, never of width, address, threads or neighbours.
 *
 * <p>Speed comes from expecting the usual: that E is that of the chunk before, and that nothing is masked, infinite or NaN.
 * The kernel reports the largest exponent it met; a block that was not as expected is done again.
 *
 * <p>Scratch for one thread, 50 KB; {@link #ofThread} hands it out.
 */
public final class ChunkSum extends BlockSweep {
    /*
     * Frozen: changing one of these changes results in the last bit. Chosen by measurement (Zen 4, 512 bit, Gelem/s for
     * 64 x 128256): chunks of 8 Ki 4.0, 16 Ki 4.3, 32 Ki 4.5, 64 Ki 4.7, 128 Ki 4.9; one stream instead of four 2.5.
     * 2^17 also takes a vocabulary of 128256 in one piece, but not the largest of today, of twice as many and more.
     */
    public static final int CHUNK = 1 << 17;
    static final int STREAMS = 4;
    static final int TAIL = STREAMS * RowKernel.GRAIN;

    /** For {@link #withTopApart}. */
    static final double SUM_ONLY = -1;
    /** For {@link #withTopApart}, where what the sum is above its largest element is wanted; for few elements any positive number would do. */
    static final double TOP_APART = 4;

    /** In place of the index of an excluded element. */
    static final int NONE = -1;

    // Here and elsewhere no lambda, no segment and no text before they are needed: their classes would double the time of the very first call.
    private static final ThreadLocal<ChunkSum> OF_THREAD = new ThreadLocal<>();

    private final LogSum chunk = new LogSum();
    private final LogSum row = new LogSum();
    private double apart;

    // Of the row just summed: whether its terms have all been kept, and in units of 2 to which power.
    boolean kept;
    int keptExponent;

    // Of few elements just summed: the least one, if that is negative; NaN if their terms are not in partials.
    private double least;

    // Made when they are needed.
    private HeavySums heavy;
    private CarefulSum careful;
    private KeptRow keptRow;

    private ChunkSum() {}

    public static ChunkSum ofThread() {
        ChunkSum own = OF_THREAD.get();
        if (own == null) OF_THREAD.set(own = new ChunkSum());
        return own;
    }

    /** From now on sums are of e^(scale * x), with the constants of {@link Exp2#constants}, and {@link #withTopApart} 0. */
    public ChunkSum withConstants(float[] constants) {
        this.constants = constants;
        apart = 0;
        return this;
    }

    /**
     * The largest element is kept apart, however large it is, where the sum is less than so many times 2^top, a power of two or 0; of up to
     * {@link BatchShape#MEDIUM} elements it always is, if that is positive.
     * {@link #SUM_ONLY}: it never is, because the sum itself is wanted, and its logarithm no better.
     */
    ChunkSum withTopApart(double times) {
        apart = times;
        return this;
    }

    /** Whether the largest of n elements is kept apart whatever their sum. */
    boolean keepsTopApart(int n) {
        return n <= BatchShape.MEDIUM && apart > 0;
    }

    /** Adds to result the elements array[from + i], 0 <= i < length, chunk by chunk. */
    public void add(RowKernel kernel, float[] array, int from, int length, LogSum result) {
        if (addFew(kernel, array, from, length, NONE, result)) return;
        elements.set(array, from);
        try {
            addChunks(kernel, length, NONE, result);
        } finally {
            elements.clear();
        }
    }

    /**
     * Adds to result the elements from .. to of row r, without the excluded one (-1 for none), as options prepare them if they are not
     * null; from is a multiple of {@link #CHUNK}.
     */
    void addRow(RowKernel kernel, Rows rows, int r, int from, int to, LossOptions options, int excluded, LogSum result) {
        boolean inPlace = rows.inPlace() && (options == null || !options.copies());
        if (inPlace && addFew(kernel, rows.data(), rows.start(r) + from, to - from,
                excluded >= from && excluded < to ? excluded - from : NONE, result)) return;
        elements.set(rows, r, from, options);
        try {
            addChunks(kernel, to - from, excluded >= from && excluded < to ? excluded - from : NONE, result);
        } finally {
            elements.clear();
        }
    }

    /**
     * Whether the terms of the row just added, of so many elements and with {@link #SUM_ONLY}, are all in {@link #partials}, to be multiplied, in units of
     * 2^{@link #exponent}.
     */
    boolean keepsFew(int columns) {
        float lowest = RowKernel.lowestKept(exponent, constants);
        return columns <= BatchShape.MEDIUM && lowest < 0 && least >= lowest;
    }

    KeptRow keptRow() {
        if (keptRow == null) keptRow = new KeptRow(this);
        return keptRow;
    }

    /** Before the first row of a call: what was known of another call's rows says nothing. */
    void forgetNextRow() {
        if (keptRow != null) keptRow.forgetNext();
    }

    /** Adds to result the native-order floats of a segment, from the given one on. */
    public void add(RowKernel kernel, MemorySegment segment, long from, long length, LogSum result) {
        elements.set(segment, from);
        try {
            addChunks(kernel, length, NONE, result);
        } finally {
            elements.clear();
        }
    }

    /** log-sum-exp of array[from + i], 0 <= i < length. */
    public float lse(RowKernel kernel, float[] array, int from, int length) {
        row.clear();
        add(kernel, array, from, length, row);
        return (float) row.value();
    }

    /** log-sum-exp of the native-order floats of a segment, from the given one on. */
    public float lse(RowKernel kernel, MemorySegment segment, long from, long length) {
        row.clear();
        add(kernel, segment, from, length, row);
        return (float) row.value();
    }

    /** log-sum-exp, not yet rounded, of row r. */
    double lseOfRow(RowKernel kernel, Rows rows, int r) {
        row.clear();
        addRow(kernel, rows, r, 0, rows.columns(), null, NONE, row);
        return row.value();
    }

    private void addChunks(RowKernel kernel, long rowLength, int excluded, LogSum result) {
        for (long from = 0; from < rowLength; from += CHUNK) {
            elements.startChunk(from, (int) Math.min(CHUNK, rowLength - from));
            sumChunk(kernel, excluded >= from && excluded < from + CHUNK ? (int) (excluded - from) : NONE);
            result.merge(chunk);
        }
    }

    private void sumChunk(RowKernel kernel, int excluded) {
        if (elements.length == 2 && wantsLog(excluded) && setPair(elements.element(0), elements.element(1))) return;
        boolean few = elements.length <= BatchShape.MEDIUM;
        if (few) copyToScratch(kernel);
        double total = few && sumFew(kernel, scratch, 0, elements.length, excluded) ? best : sumBlocks(kernel, excluded, few);
        if (nan) {
            chunk.set(Double.NaN, 0, 0);
        } else if (huge || top == Integer.MIN_VALUE) {
            careful().sumHuge(kernel, excluded, chunk);
        } else if (wantsLog(excluded) && keepsTopApart(elements.length)) {
            copyToScratch(kernel);
            setTopApart(kernel, scratch, 0, elements.length, total);
        } else if (wantsLog(excluded) && needsCare(total, elements.length)) {
            if (elements.length <= BatchShape.SHORT) {
                copyToScratch(kernel);
                sumNearZero(kernel, scratch, 0, elements.length);
            } else {
                careful().sum(kernel, few, chunk);
            }
        } else {
            chunk.set(exponent * DoubleMath.LN2, 0, total);
        }
    }

    /** The sum of all blocks, or of few elements in double, in the E that is found on the way; of no use where nan, huge or top says so. */
    private double sumBlocks(RowKernel kernel, int excluded, boolean few) {
        sweep(kernel, excluded, false);
        boolean inPlace = keep != null && keep == elements.array && keepFrom == elements.place(0);
        kept = keep != null;
        keptExponent = exponent;
        keep = null;
        if (few) sumFewAgain(kernel, excluded);
        if (excluded != NONE && !huge && !nan && others + best < ChunkExponents.SMALL_REST) {
            sweep(kernel, excluded, true); // so far below the excluded element that its E may have cut terms off
            if (few) sumFewAgain(kernel, excluded);
        }
        double total = others + best;
        boolean finite = !nan && !huge && top > Integer.MIN_VALUE;
        return finite && !few && mayBeHeavy(total, top, excluded == NONE) ? heavy().mended(kernel, excluded, inPlace, total) : total;
    }

    boolean mayBeHeavy(double sum, int top, boolean whole) {
        return whole && apart == 0 ? ChunkExponents.mayBeHeavyForLog(sum, top, exponent) : ChunkExponents.mayBeHeavy(sum, top, exponent);
    }

    HeavySums heavy() {
        if (heavy == null) heavy = new HeavySums(this);
        return heavy;
    }

    private CarefulSum careful() {
        if (careful == null) careful = new CarefulSum(this);
        return careful;
    }

    // ---- few elements

    /**
     * Adds a row of few elements in an array as {@link #sumChunk} does, sooner; false, with nothing added, if there are none or too many, or something is not
     * as expected.
     */
    private boolean addFew(RowKernel kernel, float[] x, int from, int n, int excluded, LogSum result) {
        if (n > BatchShape.MEDIUM || n == 0) return false;
        if (n == 2 && wantsLog(excluded) && setPair(x[from], x[from + 1])) {
            result.merge(chunk);
            return true;
        }
        if (!sumFew(kernel, x, from, n, excluded)) return false;
        if (wantsLog(excluded) && keepsTopApart(n)) {
            setTopApart(kernel, x, from, n, best);
        } else if (wantsLog(excluded) && needsCare(best, n)) {
            if (n > BatchShape.SHORT) return false;
            sumNearZero(kernel, x, from, n);
        } else {
            chunk.set(exponent * DoubleMath.LN2, 0, best);
        }
        result.merge(chunk);
        return true;
    }

    /** Whether the log-sum-exp is wanted, not the sum without an element, or to divide by. */
    private boolean wantsLog(int excluded) {
        return excluded == NONE && apart >= 0;
    }

    /** The larger of two elements apart, and e^gap in double: less work than float terms, and closer. False if the larger is infinite, or one is NaN. */
    private boolean setPair(float x, float y) {
        double a = scale() * x;
        double b = scale() * y;
        double anchor = Math.max(a, b);
        if (!(Math.abs(anchor) < Double.POSITIVE_INFINITY)) return false;
        chunk.set(anchor, 1, DoubleMath.exp(-Math.abs(a - b)));
        return true;
    }

    /**
     * The rest is the sum, which is in double, less the largest element's own term, so that the error of that one is gone: what is left of an ulp of the terms
     * is at most rest / (1 + rest) of it, within the bound of log-softmax.
     */
    private void setTopApart(RowKernel kernel, float[] x, int from, int n, double total) {
        float largest = kernel.max(x, from, n);
        double anchor = scale() * largest;
        chunk.set(anchor, 1, (total - Exp2.term(largest, exponent, constants)) * DoubleMath.exp(exponent * DoubleMath.LN2 - anchor));
    }

    /** Sums them in double, where that costs little, because few of them average out no errors; false if something is not as expected. */
    private boolean sumFew(RowKernel kernel, float[] x, int from, int n, int excluded) {
        nan = false;
        huge = false;
        bestFrom = 0;
        int bits = sumRow(kernel, x, from, n, excluded);
        top = ChunkExponents.largest(bits, exponent);
        boolean expected = ChunkExponents.outside(bits) >= 0 && ChunkExponents.outside(best) >= 0 && ChunkExponents.isDirect(exponent);
        if (!expected) least = Double.NaN;
        return expected;
    }

    /** The same once a sweep has found E: whatever is decided by the sum must not depend on which of the two it was. */
    void sumFewAgain(RowKernel kernel, int excluded) {
        if (nan || huge || top == Integer.MIN_VALUE) return;
        copyToScratch(kernel);
        if (excluded != NONE) scratch[excluded] = constants[Exp2.PADDING]; // E may be that of the others alone
        sumRow(kernel, scratch, 0, elements.length, NONE);
    }

    int sumRow(RowKernel kernel, float[] x, int from, int n, int excluded) {
        int bits = kernel.sumRow(x, from, n, excluded, exponent, constants, partials, sums);
        others = 0;
        best = sums[0];
        least = sums[1];
        return bits;
    }

    void copyToScratch(RowKernel kernel) {
        elements.copy(kernel, 0, elements.length, scratch, 0);
    }

    /** {@link NearZero#needsCare} of the chunk at hand, with the logarithm taken only where it matters. */
    private boolean needsCare(double sum, int length) {
        boolean few = sum < NearZero.FEW * DoubleMath.powerOfTwo(top - exponent) && (apart > 0 || Math.abs(top) <= NearZero.FAR);
        if (!few && length > BatchShape.SHORT) return false;
        boolean far = exponent != 0 || sum < 0x1p-3 || sum > 0x1p3; // all that matters of a logarithm outside of [-2, 2]
        double lse = far ? 4 : DoubleMath.log(sum);
        return NearZero.needsCare(sum, lse, top, exponent, length, apart);
    }

    private void sumNearZero(RowKernel kernel, float[] x, int from, int n) {
        double anchor = NearZero.anchor(scale(), x, from, 1, n);
        double count = NearZero.gaps(scale(), x, from, 1, n, anchor, sums, 0, 1);
        if (n < ScalarKernel.SCALAR_BELOW) for (int i = 0; i < n; i++) sums[i] = DoubleMath.exp(sums[i]);
        else kernel.exp(sums, NearZero.padded(sums, n));
        chunk.set(anchor, 1, NearZero.rest(count, sums, 0, n));
    }

    double apart() {
        return apart;
    }
}
