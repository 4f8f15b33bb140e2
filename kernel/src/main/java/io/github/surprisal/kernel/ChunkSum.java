package io.github.surprisal.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

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
 * <p>Scratch for one thread, 45 KB; {@link #ofThread} hands it out.
 */
public final class ChunkSum {
    /*
     * Frozen: changing one of these changes results in the last bit. Chosen by measurement (Zen 4, 512 bit, Gelem/s for
     * 64 x 128256): chunks of 8 Ki 4.0, 16 Ki 4.3, 32 Ki 4.5, 64 Ki 4.7, 128 Ki 4.9; one stream instead of four 2.5.
     * 2^17 also takes today's largest vocabularies in one piece.
     */
    public static final int CHUNK = 1 << 17;
    static final int STREAMS = 4;
    private static final int BLOCK = RowKernel.BLOCK;
    private static final int GRAIN = RowKernel.GRAIN;
    private static final int GROUP = RowKernel.GROUP;
    static final int TAIL = STREAMS * GRAIN;
    /*
     * Blocks a call of a long row, measured on Zen 5: more are 3 % faster in the cache, but a third slower from memory, where reading
     * so many partial sums back between two calls costs the row's own streams their prefetching. Folded ones, of 512 bits, leave none to read, and 16 are
     * 2 to 7 % faster than 4 on Zen 4; but 4 for a chunk's first call, which is made again where the chunk is not like the one before.
     */
    private static final int BLOCKS = 2;
    private static final int FIRST_BLOCKS = 4;
    private static final int FOLDED_BLOCKS = GROUP;
    /**
     * Decisions without a mask after one with: a block with a mask that was not expected is summed three or four times, a block without one where
     * masks are expected costs an eighth more.
     */
    private static final int MASKS_AHEAD = 64;

    /** For {@link #withTopApart}. */
    static final double SUM_ONLY = -1;

    /** In place of the index of an excluded element. */
    static final int NONE = -1;

    // Here and elsewhere no lambda, no segment and no text before they are needed: their classes would double the time of the very first call.
    private static final ThreadLocal<ChunkSum> OF_THREAD = new ThreadLocal<>();

    private final float[] scratch = new float[STREAMS * BLOCK];
    private final float[] partials = new float[GROUP * BLOCK];
    private final int[] tops = new int[RowKernel.TOPS_LENGTH];
    private final int[] bits = new int[RowKernel.TOPS_LENGTH];
    private final double[] sums = new double[8 * GROUP];
    private final int[] patched = new int[FOLDED_BLOCKS];
    private final float[] patches = new float[FOLDED_BLOCKS];
    private final LogSum chunk = new LogSum();
    private final LogSum row = new LogSum();
    private final ChunkElements elements = new ChunkElements();
    private HeavySums heavy; // made when it is needed
    private final double[] blockSums = new double[CHUNK / (STREAMS * BLOCK)];

    /** Of e^x, or of e^(scale * x). */
    private float[] constants = Exp2.constants(1);
    private double apart;

    // What the last chunk was like, and so the next one is expected to be.
    private int exponent;
    private int masksAhead; // 0 where no mask is expected

    // The state of a sweep.
    private double others; // sum of all blocks but the best
    private double best; // sum of the first block that holds the largest exponent
    private int bestFrom;
    private int top; // the largest exponent, MIN_VALUE while no block has counted
    private boolean skipped; // a block of nothing but elements that are too low, masked or not
    private boolean huge;
    private boolean nan;

    // Where the terms of the row at hand are kept, null where they are not; and in which unit they have been kept.
    private float[] keep;
    private int keepFrom;
    private boolean kept;
    private int keptExponent;
    private Keeping keeping; // made when it is needed
    private boolean foundMasks; // among what is kept

    // Where a row begins that was found to be in the range of this exponent while the one before was summed; -1 for none.
    private int knownFrom = -1;
    private int knownExponent;
    private int ahead; // how far behind the elements at hand those to look at are, 0 for none
    private boolean aheadInRange; // all of them so far

    private ChunkSum() {
        Arrays.fill(patched, NONE);
    }

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
     * {@link RowBatch#MEDIUM} elements it always is, unless that is 0.
     * {@link #SUM_ONLY}: it never is, because the sum itself is wanted, and its logarithm no better.
     */
    ChunkSum withTopApart(double times) {
        apart = times;
        return this;
    }

    /** Whether the largest of n elements is kept apart whatever their sum. */
    boolean keepsTopApart(int n) {
        return n <= RowBatch.MEDIUM && apart > 0;
    }

    /** Adds to result the elements array[from + i * stride], 0 <= i < length, chunk by chunk. */
    public void add(RowKernel kernel, float[] array, int from, int length, int stride, LogSum result) {
        addWithout(kernel, array, from, length, stride, NONE, result);
    }

    /** As {@link #add}, without the element of the given index. */
    public void addWithout(RowKernel kernel, float[] array, int from, int length, int stride, int excluded, LogSum result) {
        if (stride == 1 && addFew(kernel, array, from, length, excluded, result)) return;
        elements.set(array, from, stride);
        try {
            addChunks(kernel, length, excluded, result);
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
     * Makes result the sum of row r, of up to {@link #CHUNK} elements, as {@link #addRow} does, and keeps each term in out, from outFrom on, one behind the
     * other, which may be the row: only a factor is missing then to what is written of the row. False if that was not possible; then rows are as they
     * were, and result means nothing. more: the next row is to follow, in the same way.
     */
    boolean sumKept(RowKernel kernel, Rows rows, int r, LossOptions options, int excluded, float[] out, int outFrom, boolean more, LogSum result) {
        int columns = rows.columns();
        boolean possible = columns > RowBatch.MEDIUM && columns <= CHUNK && rows.inPlace() && (options == null || !options.copies());
        if (!possible || !ChunkExponents.mayKeep(exponent)) return false;
        if (keeping == null) keeping = new Keeping();
        if (!keeping.begins(kernel, masked())) return false;
        boolean masks = keeping.masks();
        foundMasks = false;
        boolean same = rows.data() == out;
        if (masks && !Keeping.hasOthers(kernel, rows, r, excluded, excluded, exponent, constants)) return false;
        boolean known = !masks && knownFrom == rows.start(r) && knownExponent == exponent;
        kept = !same || known || isInRange(kernel, rows, r); // nothing may be overwritten before no other way can be needed
        knownFrom = -1;
        if (kept) {
            aheadInRange = same && more && !masks && looksAhead(kernel);
            ahead = aheadInRange ? rows.rowStride() : 0;
            keep = out;
            keepFrom = outFrom;
            result.clear();
            try {
                addRow(kernel, rows, r, 0, columns, options, excluded, result);
            } finally {
                keep = null;
            }
        }
        keeping.ends(kernel, kept, foundMasks);
        if (masks && kept && !foundMasks) expectMasks(false);
        if (kept && aheadInRange && ChunkElements.isTailInRange(kernel, out, rows.start(r + 1), 0, columns, 1, keptExponent, constants, false)) {
            knownFrom = rows.start(r + 1);
            knownExponent = keptExponent;
        }
        return kept;
    }

    /**
     * Measured on Zen 4: gradients in place of 256 x 32000 are 10 to 20 % faster so with 16 lanes, which have 32 registers, and slower with 8. Rows of a
     * {@link RowBatch} are too short for it: from memory their four streams end before they are fetched ahead, and a third of the speed is lost.
     */
    private static boolean looksAhead(RowKernel kernel) {
        return kernel.lanes() == GRAIN;
    }

    /** Before the first row of a call: what was known of another call's rows says nothing. */
    void forgetNextRow() {
        knownFrom = -1;
    }

    private boolean isInRange(RowKernel kernel, Rows rows, int r) {
        int columns = rows.columns();
        boolean inRange = true;
        for (int c = 0, n; inRange && c < columns; c += n) {
            n = Rows.leaf(columns - c);
            inRange = Keeping.areInRange(kernel, keeping.masks(), rows.data(), rows.start(r) + c, 0, n, 1, exponent, constants);
        }
        return inRange;
    }

    /** What kept terms are in units of: 2 to this power. */
    int keptExponent() {
        return keptExponent;
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

    /** log-sum-exp of array[from + i * stride], 0 <= i < length. */
    public float lse(RowKernel kernel, float[] array, int from, int length, int stride) {
        row.clear();
        add(kernel, array, from, length, stride, row);
        return (float) row.value();
    }

    /** log-sum-exp of the native-order floats of a segment, from the given one on. */
    public float lse(RowKernel kernel, MemorySegment segment, long from, long length) {
        row.clear();
        add(kernel, segment, from, length, row);
        return (float) row.value();
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
        boolean few = elements.length <= RowBatch.MEDIUM;
        if (few) copyToScratch(kernel);
        double total = few && sumFew(kernel, scratch, 0, elements.length, excluded) ? best : sumBlocks(kernel, excluded, few);
        if (nan) {
            chunk.set(Double.NaN, 0, 0);
        } else if (huge || top == Integer.MIN_VALUE) {
            sumHuge(kernel, excluded);
        } else if (wantsLog(excluded) && keepsTopApart(elements.length)) {
            copyToScratch(kernel);
            setTopApart(kernel, scratch, 0, elements.length, total);
        } else if (wantsLog(excluded) && needsCare(total, elements.length)) {
            if (elements.length <= RowBatch.SHORT) {
                copyToScratch(kernel);
                sumNearZero(kernel, scratch, 0, elements.length);
            } else {
                sumWithCare(kernel, few);
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
        return finite && !few && mayBeHeavy(total, top, excluded == NONE) ? total + lacking(kernel, excluded, inPlace, total) : total;
    }

    boolean mayBeHeavy(double sum, int top, boolean whole) {
        return whole && apart == 0 ? ChunkExponents.mayBeHeavyForLog(sum, top, exponent) : ChunkExponents.mayBeHeavy(sum, top, exponent);
    }

    /** What {@link HeavySums} lack of a total. In place of the elements may be their terms. */
    private double lacking(RowKernel kernel, int excluded, boolean areTerms, double total) {
        double lacking = 0;
        for (int from = 0; from < elements.positions; from += BLOCK) {
            if (blockSums[from / BLOCK] < ChunkExponents.HEAVY * total) continue;
            int n = Math.min(BLOCK, elements.positions - from);
            if (elements.positions > BLOCK) sumBlockAgain(kernel, from, n, excluded, areTerms); // else all of it is still there
            int i = HeavySums.find(kernel, partials, 0, n, total);
            if (i < n) lacking += heavy().lacking(kernel, i, partials, 0, from, n, excluded, areTerms, total, exponent, constants);
        }
        return lacking;
    }

    private HeavySums heavy() {
        if (heavy == null) heavy = new HeavySums(elements);
        return heavy;
    }

    private void sumBlockAgain(RowKernel kernel, int from, int n, int excluded, boolean areTerms) {
        if (areTerms) {
            elements.gather(kernel, from, n, excluded, 0, scratch);
            kernel.sumTerms(scratch, 0, 0, n, n, 1, partials, 0);
        } else {
            gatherWithHole(kernel, from, n, excluded);
            sumScratch(kernel, n);
        }
    }

    /** What is lacking to the total of row r, just summed and folded as block k; of its terms, if they are given, from termsFrom on. */
    double lackingOf(RowKernel kernel, Rows rows, int r, float[] terms, int termsFrom, int excluded, int k, double total) {
        int n = ChunkElements.positions(rows.columns());
        int i = HeavySums.find(kernel, partials, k * BLOCK, n, total);
        if (i == n) return 0;
        if (terms != null) elements.set(terms, termsFrom, 1);
        else elements.set(rows, r, 0, null);
        try {
            elements.startChunk(0, rows.columns());
            return heavy().lacking(kernel, i, partials, k * BLOCK, 0, n, excluded, terms != null, total, exponent, constants);
        } finally {
            elements.clear();
        }
    }

    // ---- few elements

    /**
     * Adds a row of few elements in an array as {@link #sumChunk} does, sooner; false, with nothing added, if there are none or too many, or something is not as
     * expected.
     */
    private boolean addFew(RowKernel kernel, float[] x, int from, int n, int excluded, LogSum result) {
        if (n > RowBatch.MEDIUM || n == 0) return false;
        if (n == 2 && wantsLog(excluded) && setPair(x[from], x[from + 1])) {
            result.merge(chunk);
            return true;
        }
        if (!sumFew(kernel, x, from, n, excluded)) return false;
        if (wantsLog(excluded) && keepsTopApart(n)) {
            setTopApart(kernel, x, from, n, best);
        } else if (wantsLog(excluded) && needsCare(best, n)) {
            if (n > RowBatch.SHORT) return false;
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
        return ChunkExponents.outside(bits) >= 0 && ChunkExponents.outside(best) >= 0 && ChunkExponents.isDirect(exponent);
    }

    /** The same once a sweep has found E: whatever is decided by the sum must not depend on which of the two it was. */
    private void sumFewAgain(RowKernel kernel, int excluded) {
        if (nan || huge || top == Integer.MIN_VALUE) return;
        copyToScratch(kernel);
        if (excluded != NONE) scratch[excluded] = constants[Exp2.PADDING]; // E may be that of the others alone
        sumRow(kernel, scratch, 0, elements.length, NONE);
    }

    private int sumRow(RowKernel kernel, float[] x, int from, int n, int excluded) {
        int bits = kernel.sumRow(x, from, n, excluded, exponent, constants, partials, sums);
        others = 0;
        best = sums[0];
        return bits;
    }

    private void copyToScratch(RowKernel kernel) {
        elements.copy(kernel, 0, elements.length, scratch, 0);
    }

    // ---- one chunk, block by block

    /**
     * Sums all blocks without the excluded element into others + best, in units of 2^exponent. Unless it is a hole from the
     * start, the excluded element has its say in E.
     */
    private void sweep(RowKernel kernel, int excluded, boolean hole) {
        others = 0;
        best = 0;
        top = Integer.MIN_VALUE;
        skipped = false;
        huge = false;
        nan = false;
        if (elements.positions > BLOCK) Arrays.fill(blockSums, 0.0); // that of a single block is set before anyone reads it
        int hidden = excluded == NONE || hole ? NONE : elements.positionOf(excluded);
        int from = 0;
        while (from < elements.positions && !nan) {
            int blocks = hole ? 0 : sumBlocksInPlace(kernel, from, hidden, excluded);
            if (blocks > 0) {
                from += blocks * BLOCK;
                continue;
            }
            int n = Math.min(BLOCK, elements.positions - from);
            int patch = hidden >= from && hidden < from + n ? excluded : NONE;
            if (!hole && sumInPlace(kernel, from, n, patch)) {
                from += BLOCK;
                continue;
            }
            boolean cleaned = masked();
            keep = null;
            int largest = sumCopy(kernel, from, n, hole ? excluded : NONE);
            if (huge || nan) return;
            if (largest < -ChunkExponents.MAX) { // masked throughout: every term is 0
                skipped = true;
                from += BLOCK;
            } else {
                if (patch != NONE) partials[hidden - from] = elements.partialWithout(patch, exponent, constants);
                if (add(fold(kernel, n), largest, from)) {
                    from += BLOCK;
                } else if (cleaned) { // no known input comes here
                    nan = true;
                } else { // an element too low for the polynomial, but above any mask that shows: see it as a mask
                    expectMasks(true);
                }
            }
        }
        huge |= skipped && top < ChunkExponents.LOW; // then the terms skipped may count after all
    }

    /** Adds a block's sum; false if that is NaN. */
    private boolean add(double sum, int largest, int from) {
        if (Double.isNaN(sum)) return false;
        blockSums[from / BLOCK] = sum;
        if (largest > top) {
            others += best;
            best = sum;
            bestFrom = from;
            top = largest;
        } else {
            others += sum;
        }
        return true;
    }

    /** Sums and adds a few whole blocks of the body, which need no copy; stops at one that is not as expected. */
    private int sumBlocksInPlace(RowKernel kernel, int from, int hidden, int excluded) {
        float[] array = elements.array;
        boolean keeps = keep != null;
        boolean masks = keeps && keeping.masks();
        boolean cleaned = !masks && masked();
        if (!elements.inPlace() || array == null && cleaned) return 0;
        boolean plain = array != null && !cleaned;
        int body = elements.body;
        int most = !plain || keeps ? BLOCKS : top == Integer.MIN_VALUE || kernel.lanes() < GRAIN ? FIRST_BLOCKS : FOLDED_BLOCKS;
        int count = Math.min(most, (body - from) / BLOCK);
        if (count <= 0) return 0;
        boolean hides = hidden >= from && hidden < from + count * BLOCK;
        boolean folds = plain && !keeps;
        long first = elements.place(from);
        float patch = hides ? elements.partialWithout(excluded, exponent, constants) : 0; // before its elements are overwritten by terms
        if (masks) foundMasks |= kernel.sumKeptMasked(array, (int) first, BLOCK, body, BLOCK, count, exponent, constants, partials, 0, tops, 0,
                keep, keepFrom + from, BLOCK);
        else if (keeps) aheadInRange &= kernel.sumKept(array, (int) first, BLOCK, body, BLOCK, count, exponent, constants, partials, 0, tops, 0,
                keep, keepFrom + from, BLOCK, ahead);
        else if (folds) sumFolded(kernel, array, (int) first, body, count, hides ? hidden - from : NONE, patch);
        else if (cleaned) kernel.sumMasked(array, (int) first, BLOCK, body, BLOCK, count, exponent, constants, partials, 0, tops, 0, bits);
        else elements.store.sum(kernel, first, BLOCK, body, BLOCK, count, exponent, constants, partials, tops);
        int usual = 0;
        int raw = 0;
        for (int highest = top; usual < count; usual++) {
            if (cleaned) {
                if (ChunkExponents.isNan(bits[usual])) break;
                raw = ChunkExponents.unsignedMax(raw, bits[usual]);
            }
            int largest = ChunkExponents.largest(tops[usual], exponent);
            if ((cleaned || masks) && isMaskedThroughout(tops[usual], largest)) continue;
            if (!ChunkExponents.isExpected(tops[usual], largest, highest, exponent) || keeps && ChunkExponents.outside(tops[usual]) < 0) break;
            highest = Math.max(highest, largest);
        }
        if (usual < count) keep = null;
        if (usual == 0) return 0;
        if (!folds) {
            if (hidden >= from && hidden < from + usual * BLOCK) partials[hidden - from] = patch;
            kernel.fold(partials, BLOCK, usual, sums);
        }
        for (int b = 0; b < usual; b++) {
            int largest = ChunkExponents.largest(tops[b], exponent);
            boolean none = isMaskedThroughout(tops[b], largest);
            skipped |= none;
            if (none || add(sums[b], largest, from + b * BLOCK)) continue;
            keep = null;
            return b;
        }
        if (cleaned) expectMasks(ChunkExponents.isMasked(raw, constants));
        return usual;
    }

    /** Whether every term is 0. */
    private static boolean isMaskedThroughout(int bits, int largest) {
        return bits >= 0 && largest < -ChunkExponents.MAX;
    }

    /** Whole blocks, with a patch at that position of them, -1 for none. */
    private void sumFolded(RowKernel kernel, float[] array, int from, int body, int count, int position, float patch) {
        int block = Math.max(position, 0) / BLOCK;
        patched[block] = position < 0 ? NONE : position % BLOCK;
        patches[block] = patch;
        try {
            kernel.sumFolded(array, from, BLOCK, body, BLOCK, BLOCK, count, exponent, constants, partials, false, patched, patches, sums, tops);
        } finally {
            patched[block] = NONE; // also after a StackOverflowError: the next call of this thread would have the patch
        }
    }

    /** Sums and adds a block whose body needs no copy; false, with nothing added, if it does or is not as expected. */
    private boolean sumInPlace(RowKernel kernel, int from, int n, int patch) {
        boolean masks = keep != null && keeping.masks();
        if (!masks && masked() || !elements.inPlace()) return false;
        float[] array = elements.array;
        int body = elements.body;
        int n0 = Math.min(n, body - from);
        int bits = 0;
        float[] out = keep;
        keep = null; // unless the block turns out as expected
        float replacement = patch == NONE ? 0 : elements.partialWithout(patch, exponent, constants);
        if (n0 > 0) {
            long first = elements.place(from);
            if (masks) foundMasks |= kernel.sumKeptMasked(array, (int) first, 0, body, n0, 1, exponent, constants, partials, 0, tops, 0, out, keepFrom + from, 0);
            else if (out != null) aheadInRange &= kernel.sumKept(array, (int) first, 0, body, n0, 1, exponent, constants, partials, 0, tops, 0,
                    out, keepFrom + from, 0, ahead);
            else if (array != null) kernel.sum(array, (int) first, 0, body, n0, 1, exponent, constants, partials, 0, tops, 0);
            else elements.store.sum(kernel, first, 0, body, n0, 1, exponent, constants, partials, tops);
            bits = tops[0];
            if (out != null && !(masks && bits == 0) && ChunkExponents.outside(bits) < 0) return false;
        }
        if (n0 < n) {
            int tail = elements.length - STREAMS * body;
            boolean unknown = out != null && out != array; // else it has been looked at before, with the body
            if (unknown && !ChunkElements.isTailInRange(kernel, array, (int) elements.place(0), 0, elements.length, 1, exponent, constants, masks)) return false;
            elements.copy(kernel, STREAMS * body, tail, scratch, 0);
            Arrays.fill(scratch, tail, TAIL, constants[Exp2.PADDING]);
            if (masks) kernel.sumMasked(scratch, 0, 0, GRAIN, GRAIN, 1, exponent, constants, partials, n0, tops, 0, this.bits);
            else kernel.sum(scratch, 0, 0, GRAIN, GRAIN, 1, exponent, constants, partials, n0, tops, 0);
            bits = ChunkExponents.unsignedMax(bits, tops[0]);
            if (out != null) {
                kernel.terms(scratch, 0, TAIL, exponent, constants, 1, scratch, 0);
                System.arraycopy(scratch, 0, out, keepFrom + STREAMS * body, tail);
            }
        }
        int largest = ChunkExponents.largest(bits, exponent);
        if (masks && isMaskedThroughout(bits, largest)) { // a mask that is a number in a tail is none to sums: top is that of others then
            skipped = true;
            keep = out;
            return true;
        }
        if (!ChunkExponents.isExpected(bits, largest, top, exponent)) return false;
        if (patch != NONE) partials[elements.positionOf(patch) - from] = replacement;
        keep = out;
        return add(fold(kernel, n), largest, from);
    }

    /** Copies a block and leaves its sums in partials, in units of 2^exponent, which it may change; returns its largest exponent. */
    private int sumCopy(RowKernel kernel, int from, int n, int hole) {
        while (true) {
            boolean cleaned = masked();
            elements.gather(kernel, from, n, hole, constants[Exp2.PADDING], scratch);
            if (cleaned) {
                int bits = kernel.mask(scratch, STREAMS * n, constants[Exp2.PADDING]);
                nan = ChunkExponents.isNan(bits);
                expectMasks(ChunkExponents.isMasked(bits, constants));
            }
            int bits = sumScratch(kernel, n);
            int largest = ChunkExponents.largest(bits, exponent);
            if (bits < 0 || largest > ChunkExponents.MAX) { // NaN, infinite, huge, or masked
                huge = cleaned;
                expectMasks(true);
                if (cleaned) return largest;
                continue;
            }
            int needed = ChunkExponents.exponentFor(largest);
            if (largest >= -ChunkExponents.MAX && (top == Integer.MIN_VALUE ? needed != exponent : needed > exponent)) {
                others = Math.scalb(others, exponent - needed);
                best = Math.scalb(best, exponent - needed);
                for (int b = 0; b < from / BLOCK; b++) blockSums[b] = Math.scalb(blockSums[b], exponent - needed);
                exponent = needed;
                sumScratch(kernel, n);
            }
            return largest;
        }
    }

    private int sumScratch(RowKernel kernel, int n) {
        kernel.sum(scratch, 0, 0, n, n, 1, exponent, constants, partials, 0, tops, 0);
        return tops[0];
    }

    private double fold(RowKernel kernel, int n) {
        kernel.fold(partials, n, 1, sums);
        return sums[0];
    }

    // ---- the unusual

    /** {@link NearZero#needsCare} of the chunk at hand, with the logarithm taken only where it matters. */
    private boolean needsCare(double sum, int length) {
        boolean few = sum < NearZero.FEW * DoubleMath.powerOfTwo(top - exponent) && (apart > 0 || Math.abs(top) <= NearZero.FAR);
        if (!few && length > RowBatch.SHORT) return false;
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

    private void sumWithCare(RowKernel kernel, boolean few) {
        int n = Math.min(BLOCK, elements.positions - bestFrom);
        int excluded = elements.largest(kernel, bestFrom, n, scratch); // or within a factor 2 of the largest, which may be in another block
        double rest;
        if (Math.abs(top) <= NearZero.FAR) {
            rest = sumOthersInDouble(kernel, excluded);
        } else if (few) {
            copyToScratch(kernel);
            sumRow(kernel, scratch, 0, elements.length, excluded);
            rest = best;
        } else {
            gatherWithHole(kernel, bestFrom, n, excluded);
            sumScratch(kernel, n);
            blockSums[bestFrom / BLOCK] = fold(kernel, n);
            rest = others + blockSums[bestFrom / BLOCK];
            if (rest >= ChunkExponents.SMALL_REST && mayBeHeavy(rest, top, false)) rest += lacking(kernel, excluded, false, rest);
        }
        if (rest < ChunkExponents.SMALL_REST) {
            sweep(kernel, excluded, true);
            if (few) sumFewAgain(kernel, excluded);
            rest = top == Integer.MIN_VALUE ? 0 : others + best;
            if (rest > 0 && !few && mayBeHeavy(rest, top, false)) rest += lacking(kernel, excluded, false, rest);
        }
        double x = scale() * elements.element(excluded);
        chunk.set(x, 1, rest == 0 ? 0 : rest * DoubleMath.exp(exponent * DoubleMath.LN2 - x));
    }

    /** The sum without the excluded element, all of it in double. */
    private double sumOthersInDouble(RowKernel kernel, int excluded) {
        double sum = 0;
        for (int from = 0; from < elements.positions; from += BLOCK) {
            int n = Math.min(BLOCK, elements.positions - from);
            gatherWithHole(kernel, from, n, excluded);
            for (int i = 0; i < STREAMS * n; i += sums.length) sum += sumInDouble(kernel, i, Math.min(sums.length, STREAMS * n - i));
        }
        return sum;
    }

    /** Of n elements in scratch, a multiple of 8. */
    private double sumInDouble(RowKernel kernel, int from, int n) {
        double scale = scale();
        double unit = exponent * DoubleMath.LN2;
        for (int i = 0; i < n; i++) sums[i] = scale * scratch[from + i] - unit;
        kernel.exp(sums, n);
        double even = 0;
        double odd = 0;
        for (int i = 0; i < n; i += 4) {
            even += sums[i] + sums[i + 2];
            odd += sums[i + 1] + sums[i + 3];
        }
        return even + odd;
    }

    private void gatherWithHole(RowKernel kernel, int from, int n, int excluded) {
        elements.gather(kernel, from, n, excluded, constants[Exp2.PADDING], scratch);
        kernel.mask(scratch, STREAMS * n, constants[Exp2.PADDING]);
    }

    /** A chunk with NaN or infinities, or whose largest element is beyond +-2^19: x - max is exact or rounds without effect. */
    private void sumHuge(RowKernel kernel, int excluded) {
        float max = Float.NEGATIVE_INFINITY;
        int first = 0;
        for (int i = 0; i < elements.length; i++) {
            float x = elements.element(i);
            if (i == excluded || x <= max) continue;
            max = x;
            first = i;
            if (Float.isNaN(x)) break;
        }
        chunk.set(max, 0, 0);
        if (!Float.isFinite(max)) return;
        exponent = 0;
        double sum = 0;
        int at = elements.positionOf(first);
        for (int from = 0; from < elements.positions; from += BLOCK) {
            int n = Math.min(BLOCK, elements.positions - from);
            elements.gather(kernel, from, n, excluded, Float.NEGATIVE_INFINITY, scratch);
            if (at >= from && at < from + n) scratch[elements.streamOf(first) * n + at - from] = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < STREAMS * n; i++) scratch[i] = Math.max(scratch[i] - max, constants[Exp2.PADDING]);
            sumScratch(kernel, n);
            sum += fold(kernel, n);
        }
        chunk.set(scale() * max, 1, sum);
    }

    double scale() {
        return Exp2.scaleOf(constants);
    }

    /** log-sum-exp, not yet rounded, of row r. */
    double lseOfRow(RowKernel kernel, Rows rows, int r) {
        row.clear();
        addRow(kernel, rows, r, 0, rows.columns(), null, NONE, row);
        return row.value();
    }

    // ---- what a batch of rows needs to know

    float[] partials() {
        return partials;
    }

    float[] scratch() {
        return scratch;
    }

    /** Whether masks are expected. */
    boolean masked() {
        return masksAhead > 0;
    }

    /** What was found last. Only arrays are cleaned of masks without a copy; elsewhere a single block without one ends the expectation. */
    void expectMasks(boolean found) {
        if (found) masksAhead = MASKS_AHEAD;
        else masksAhead = elements.store == null ? Math.max(masksAhead - 1, 0) : 0;
    }

    float[] constants() {
        return constants;
    }

    double apart() {
        return apart;
    }

    int exponent() {
        return exponent;
    }
}
