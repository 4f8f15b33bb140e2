package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * Sums of many rows at a time, with the bits that {@link ChunkSum} gives each row: long chains of dependent operations overlap across
 * rows. Rows of few columns lie side by side, a row a lane, at most {@link #SHORT}; longer ones of up to one block are summed one behind the
 * other, up to {@link #MEDIUM} columns in double. What is not as expected is left to ChunkSum. {@link BatchLogs} takes their logarithms.
 *
 * <p>Scratch for one thread, 37 KB, and 144 KB more where terms of rows that are to be overwritten are kept, or coefficients; {@link #ofThread} hands it out.
 */
public final class RowBatch {
    /** Rows at a time, at most: every step of a batch ends with a long wait for its last results, so few steps for many rows. */
    public static final int ROWS = 256;
    /** Columns up to which rows lie side by side. */
    public static final int SHORT = 64;

    private static final int BLOCK = RowKernel.BLOCK;
    private static final int GRAIN = RowKernel.GRAIN;
    private static final int GROUP = RowKernel.GROUP;
    private static final int STREAMS = ChunkSum.STREAMS;
    private static final int TAIL = ChunkSum.TAIL;
    /** Logits of short rows at a time: they stay in the first-level cache. */
    private static final int TILE = 4096;
    private static final int CACHED = 1 << 16;
    /** Floats between the ends of columns side by side, lest all lie in the same sets of the cache. */
    static final int GAP = 16;
    /** Room for the largest tile. */
    static final int TILE_LENGTH = TILE + SHORT * GAP;
    /** Columns up to which rows may be summed as they lie. All elements of so few are summed in double, elsewhere too. */
    static final int MEDIUM = 127;
    /** SHORT terms whose exponents are below the range of E add up to less: a row of a larger sum has an element in that range. */
    private static final double LARGE_REST = 0x1p-33;
    /** Room for the terms of rows that are to be overwritten later: a group of the longest. */
    private static final int ROOM = GROUP * STREAMS * BLOCK;
    /** And for those of rows as they lie. */
    private static final int ROWS_ROOM = ROWS * RowKernel.TERMS_STEP;
    /** Columns from which terms of rows in four streams are kept: of fewer, vectors of 16 lanes compute them again as fast. */
    private static final int KEPT = 128;
    private static final int KEPT_WIDE = 192;
    /** Where in scratch the elements to patch with are, behind the tails. */
    private static final int TO_PATCH = GROUP * TAIL;
    /** Positions from which rows are folded while the next one is summed; fewer are 2 to 4 % faster when they are folded together. */
    private static final int FOLDED = 8 * GRAIN;
    /** Rows of up to {@link #SHORT} columns up to which each is done for itself: measured with AVX2, where 10 cost about as much together. */
    private static final int FEW_ROWS = 5;
    /** Batches of rows of few columns whose terms are not kept after one where that failed. */
    private static final int KEEP_PAUSE = 32;
    private static final int[] NONE = new int[ROWS];

    private static final ThreadLocal<RowBatch> OF_THREAD = new ThreadLocal<>();

    static {
        Arrays.fill(NONE, -1);
    }

    private final ChunkSum chunk = ChunkSum.ofThread();
    private final float[] partials = chunk.partials; // never needed by both at once
    private final float[] scratch = new float[Math.max(GROUP * TAIL, TILE_LENGTH)];
    private final float[] patches = new float[GRAIN];
    private final int[] positionsToPatch = new int[GROUP];
    final int[] groupTops = new int[RowKernel.TOPS_LENGTH];
    private final int[] groupBits = new int[RowKernel.TOPS_LENGTH];
    private final int[] patchTops = new int[RowKernel.TOPS_LENGTH];
    final int[] tops = new int[ROWS];
    final float[] apart = chunk.scratch; // valid until the next call of chunk
    /** A row's {@link Exp2#rounder} and factor, in two floats, to write its terms. */
    private final float[] rounders = new float[ROWS];
    final float[] factors = new float[ROWS];
    final float[] lows = new float[ROWS];

    final double[] groupSums = new double[8 * GROUP];
    final double[] sums = new double[ROWS];
    /** Room for a number of each element of some rows at a time: of {@link #gapRows}. */
    final double[] gaps = new double[8 * SHORT];
    /** Room for a number of each row, until the next sum. */
    final double[] logs = new double[ROWS];
    /** Of the rows just summed; whoever then writes rows may change it to those that are wanted. */
    final boolean[] usual = new boolean[ROWS];

    private boolean transposed;
    private boolean keptApart;
    /** Whether the terms of the rows just summed are in keep, row k from keepFrom + k * keepStep on. */
    private boolean keptTerms;
    /** Whether they are in {@link #tile}. */
    private boolean keptBeside;
    private float[] keep;
    private int keepFrom;
    private int keepStep;
    private float[] room;
    private Keeping keeping; // made when it is needed
    private boolean foundMasks; // among the terms kept
    private int keepPause; // of rows of few columns
    private int tileStride;

    private RowBatch() {}

    public static RowBatch ofThread() {
        RowBatch own = OF_THREAD.get();
        if (own == null) OF_THREAD.set(own = new RowBatch());
        return own;
    }

    /** As {@link ChunkSum#withConstants}. */
    public RowBatch withConstants(float[] constants) {
        chunk.withConstants(constants);
        return this;
    }

    /** As {@link ChunkSum#withTopApart}. */
    RowBatch withTopApart(double times) {
        chunk.withTopApart(times);
        return this;
    }

    /**
     * Whether so many rows are done sooner one after the other: every step of a batch has something to prepare and ends with a wait, which is as much as a few
     * short rows take alone.
     */
    static boolean isFew(Rows x, int count) {
        return count == 1 || count <= FEW_ROWS && x.columns() <= SHORT && x.inPlace();
    }

    /** How many rows from r on, and before to, can be done at once. */
    static int countFrom(Rows x, int r, int to) {
        int most = Math.min(x.columns() > SHORT ? ROWS : Math.min(ROWS, TILE / Math.max(1, x.columns()) & -GRAIN), to - r);
        return x.contiguous() ? most : Math.min(most, x.columnStride() - r % x.columnStride());
    }

    /** As {@link #countCachedFrom}, but not more rows of an array than there is room for their terms. */
    static int countKeptFrom(Rows x, int r, int to) {
        return Math.min(countCachedFrom(x, r, to), Math.max(1, ROOM / x.columns()));
    }

    /** As {@link #countFrom}, but not more rows than stay in the second-level cache until something is written for each. */
    static int countCachedFrom(Rows x, int r, int to) {
        return Math.min(countFrom(x, r, to), Math.max(GROUP, CACHED / x.columns()));
    }

    /** Whether rows of this kind are summed side by side. */
    static boolean areSideBySide(RowKernel kernel, Rows x) {
        return x.sideBySide() && !liesInRows(kernel, x);
    }

    /** Whether rows of this kind are summed where they are. */
    static boolean reads(Rows x) {
        return x.straight() || x.sideBySide();
    }

    /**
     * Sums of the rows r .. r + count, each without the element excluded[k], if excluded is not null and that is not -1.
     *
     * @return whether all of them are as expected; {@link #isUsual} tells it of each. Their {@link #sums} are in units of 2^{@link #exponent()}; the others
     *     are for {@link ChunkSum}
     */
    boolean sum(RowKernel kernel, Rows x, int r, int count, int[] excluded) {
        return sum(kernel, x, r, count, excluded, null);
    }

    /** As the other, with the terms of rows of few columns kept if that is possible and they are to be written to out, if that is not null. */
    boolean sum(RowKernel kernel, Rows x, int r, int count, int[] excluded, Rows out) {
        forgetLast();
        int columns = x.columns();
        if (liesInRows(kernel, x)) {
            sumRows(kernel, x, r, 0, count, excluded == null ? NONE : excluded, out != null && out.inPlace());
        } else if (columns > 0 && x.sideBySide()) {
            if (sumShort(kernel, x, r, count, excluded == null ? NONE : excluded)) {
                keptBeside = out != null && isKeptBeside(kernel, x, r, count);
                return allUsual(count);
            }
        } else if (columns > 0 && x.straight() && ChunkElements.positions(columns) <= BLOCK && !(chunk.masked() && x.data() == null)) {
            for (int k = 0; k < count; k += GROUP) {
                int group = Math.min(GROUP, count - k);
                sumGroup(kernel, x, r + k, k, group, excluded, false);
                mend(kernel, x, r + k, k, group, excluded);
            }
        } else {
            Arrays.fill(usual, 0, count, false);
            return false;
        }
        return areUsual(count);
    }

    private void forgetLast() {
        transposed = false;
        keptBeside = false;
        keptApart = false;
        keptTerms = false;
        keep = null;
    }

    /** Whether {@link #sumKept} may keep terms of rows like these. */
    private static boolean keeps(RowKernel kernel, Rows x) {
        return x.columns() >= (kernel.lanes() < GRAIN ? KEPT : KEPT_WIDE) && ChunkElements.positions(x.columns()) <= BLOCK && x.inPlace();
    }

    /**
     * As {@link #sum}, and each term of the rows is kept in out, row k from outFrom + k * outStep on, one behind the other; out may be x, in the same
     * places. Then {@link #writeTerms} has only to multiply. True if that was possible and all rows are as expected; if not, x is as it was, and the rows
     * have not been summed.
     */
    boolean sumKept(RowKernel kernel, Rows x, int r, int count, int[] excluded, float[] out, int outFrom, int outStep) {
        int columns = x.columns();
        keptTerms = false;
        keptBeside = false;
        if (!keeps(kernel, x) || !ChunkExponents.mayKeep(chunk.exponent)) return false;
        if (keeping == null) keeping = new Keeping();
        if (!keeping.begins(kernel, chunk.masked())) return false;
        boolean masks = keeping.masks();
        foundMasks = false;
        if (masks && !haveOthers(kernel, x, r, count, excluded)) return false;
        keep = out;
        keepFrom = outFrom;
        keepStep = outStep;
        // Nothing may be overwritten before it is sure that no row has to be done in another way: rows wholly in range are all as expected.
        boolean same = x.data() == out;
        boolean inRange = !same || Keeping.areInRange(kernel, masks, x.data(), x.start(r), x.rowStride(), columns, count, chunk.exponent,
                chunk.constants);
        for (int k = 0; inRange && k < count; k += GROUP) {
            int group = Math.min(GROUP, count - k);
            inRange = same || ChunkElements.isTailInRange(kernel, x.data(), x.start(r + k), x.rowStride(), columns, group, chunk.exponent,
                    chunk.constants, masks);
            if (!inRange) continue;
            sumGroup(kernel, x, r + k, k, group, excluded, true);
            mend(kernel, x, r + k, k, group, excluded);
        }
        transposed = false;
        keptApart = excluded != null;
        keptTerms = inRange && areUsual(count);
        keeping.ends(kernel, keptTerms, foundMasks);
        if (masks && keptTerms && !foundMasks) chunk.expectMasks(false);
        if (!keptTerms) keep = null;
        return keptTerms;
    }

    /** As {@link #sum}, with the terms kept if that is possible, to be written to out later: there, or in {@link #room} if out is x. */
    boolean sumToWrite(RowKernel kernel, Rows x, int r, int count, Rows out) {
        boolean same = x.data() == out.data();
        boolean kept = !same && sumKept(kernel, x, r, count, null, out.data(), out.start(r), out.rowStride()) || same && sumKept(kernel, x, r, count);
        return kept || sum(kernel, x, r, count, null, out);
    }

    /** As {@link #sum}, with the terms kept in {@link #room} if that is possible and sums of some may be needed once more; of few columns they are computed again. */
    boolean sumToSumAgain(RowKernel kernel, Rows x, int r, int count) {
        return sumKept(kernel, x, r, count) || sum(kernel, x, r, count, null);
    }

    private boolean sumKept(RowKernel kernel, Rows x, int r, int count) {
        return keeps(kernel, x) && sumKept(kernel, x, r, count, null, room(), 0, x.columns());
    }

    private boolean haveOthers(RowKernel kernel, Rows x, int r, int count, int[] excluded) {
        boolean all = true;
        for (int k = 0; all && k < count; k++) {
            int target = excluded == null ? ChunkSum.NONE : excluded[k];
            int left = excluded == null ? ChunkSum.NONE : Math.max(target, 0); // of an ignored row too: see gatherToPatch
            all = Keeping.hasOthers(kernel, x, r + k, target, left, chunk.exponent, chunk.constants);
        }
        return all;
    }

    /** Whether the terms of one row fit into {@link #room}. */
    static boolean hasRoom(int columns) {
        return columns <= ROOM;
    }

    /** Room for terms, also of a single row that is summed by {@link ChunkSum}; made when it is needed. */
    float[] room() {
        if (room == null) room = new float[Math.max(ROOM, ROWS_ROOM)];
        return room;
    }

    /** Mostly all rows are as expected, which the first loops find out without a branch. */
    private boolean areUsual(int count) {
        int outsideTops = 0;
        long outsideSums = 0;
        for (int k = 0; k < count; k++) outsideTops |= ChunkExponents.outside(tops[k]);
        for (int k = 0; k < count; k++) outsideSums |= ChunkExponents.outside(sums[k]);
        boolean all = outsideTops >= 0 && outsideSums >= 0 && ChunkExponents.isDirect(chunk.exponent);
        Arrays.fill(usual, 0, count, all);
        for (int k = 0; !all && k < count; k++) {
            usual[k] = ChunkExponents.outside(tops[k]) >= 0 && ChunkExponents.outside(sums[k]) >= 0 && ChunkExponents.isDirect(chunk.exponent);
        }
        return all;
    }

    private boolean allUsual(int count) {
        Arrays.fill(usual, 0, count, true);
        return true;
    }

    boolean isUsual(int k) {
        return usual[k];
    }

    int exponent() {
        return chunk.exponent;
    }

    // ---- rows of few columns, as they lie

    /**
     * Columns from which rows are summed as they lie. Rows of fewer cost less turned over, which from 8 lanes on is done in registers; 4 lanes, and scalar
     * code, are too few for that, so that their limit is lower.
     */
    private static int fewest(int lanes) {
        return lanes < 8 ? GRAIN : 2 * GRAIN;
    }

    /** Whether rows are summed as they lie. */
    private static boolean liesInRows(RowKernel kernel, Rows x) {
        int columns = x.columns();
        return columns <= MEDIUM && x.straight() && (columns > SHORT || x.data() != null && columns >= fewest(kernel.lanes()));
    }

    /** Row r + k as row first + k, with the terms kept if that is asked for and possible. */
    private void sumRows(RowKernel kernel, Rows x, int r, int first, int count, int[] excluded, boolean keeps) {
        if (keeps && x.data() != null && sumRowsKept(kernel, x, r, first, count, excluded)) return;
        int columns = x.columns();
        boolean there = x.data() != null;
        for (int k = 0, n; k < count; k += n) {
            n = there ? count : Math.min(count - k, scratch.length / columns);
            for (int i = 0; !there && i < n; i++) x.get(kernel, r + k + i, 0, columns, scratch, i * columns);
            kernel.sumRows(there ? x.data() : scratch, there ? x.start(r) : 0, there ? x.rowStride() : columns, columns, n, excluded, first + k,
                    chunk.exponent, chunk.constants, Float.NEGATIVE_INFINITY, partials, groupSums, sums, tops);
        }
    }

    /** False if one of the elements is too low, or may be; then there are masks, mostly, and for a while it is not tried again. */
    private boolean sumRowsKept(RowKernel kernel, Rows x, int r, int first, int count, int[] excluded) {
        float lowest = RowKernel.lowestKept(chunk.exponent, chunk.constants);
        if (lowest >= 0 || keepPause-- > 0) return false;
        keep = room();
        keepFrom = 0;
        keepStep = RowKernel.TERMS_STEP;
        kernel.sumRows(x.data(), x.start(r), x.rowStride(), x.columns(), count, excluded, first, chunk.exponent, chunk.constants, lowest,
                keep, groupSums, sums, tops);
        int all = 0;
        for (int k = 0; k < count; k++) all |= tops[first + k];
        keptTerms = all >= 0;
        keepPause = keptTerms ? 0 : KEEP_PAUSE;
        return keptTerms;
    }

    // ---- rows of one block

    /** Keeps the terms, if asked to. */
    private void sumGroup(RowKernel kernel, Rows x, int r, int first, int count, int[] excluded, boolean keeps) {
        int columns = x.columns();
        int body = ChunkElements.body(columns);
        int tail = columns - STREAMS * body;
        int positions = ChunkElements.positions(columns);
        boolean masks = keeps && keeping.masks();
        boolean masked = keeps ? masks : chunk.masked();
        boolean folds = body >= FOLDED && !keeps && !masked && x.data() != null;
        if (keeps && excluded != null) gatherToPatch(x, r, first, count, body, excluded); // x may be overwritten
        Arrays.fill(groupTops, 0, 2 * GROUP, 0);
        if (masked) Arrays.fill(groupBits, 0, 2 * GROUP, 0);
        if (masks) {
            foundMasks |= kernel.sumKeptMasked(x.data(), x.start(r), x.rowStride(), body, body, count, chunk.exponent, chunk.constants, partials, 0,
                    groupTops, 0, keep, keepFrom + first * keepStep, keepStep);
        } else if (keeps) {
            kernel.sumKept(x.data(), x.start(r), x.rowStride(), body, body, count, chunk.exponent, chunk.constants, partials, 0,
                    groupTops, 0, keep, keepFrom + first * keepStep, keepStep, 0);
        } else if (x.data() == null) {
            x.store().sum(kernel, x.position(r), x.stride(), body, body, count, chunk.exponent, chunk.constants, partials, groupTops);
        } else if (!folds) {
            sumPieces(kernel, masked, x.data(), x.start(r), x.rowStride(), body, count, 0, 0);
        }
        if (tail > 0) {
            padTails(kernel, x, r, STREAMS * body, tail, count);
            sumPieces(kernel, masked, scratch, 0, TAIL, GRAIN, count, body, GROUP);
            if (keeps) keepTails(kernel, first, STREAMS * body, tail, count);
        }
        if (excluded != null) {
            if (!keeps) gatherToPatch(x, r, first, count, body, excluded);
            findPatches(kernel, first, count, body, excluded);
        }
        int[] patched = excluded == null ? NONE : positionsToPatch;
        if (folds) {
            kernel.sumFolded(x.data(), x.start(r), x.rowStride(), body, body, positions, count, chunk.exponent, chunk.constants, partials, true,
                    patched, patches, groupSums, groupTops);
        } else {
            RowKernel.patch(partials, count, patched, patches);
            kernel.fold(partials, positions, count, groupSums);
        }
        int raw = 0;
        for (int k = 0; k < count; k++) {
            int top = tail > 0 ? ChunkExponents.unsignedMax(groupTops[k], groupTops[GROUP + k]) : groupTops[k];
            boolean known = !keeps || masks && groupTops[k] == 0; // or masked throughout, but not behind the body
            tops[first + k] = known ? top : top | ChunkExponents.outside(groupTops[k]) >> 31; // -1 also if an element is too low
            sums[first + k] = groupSums[k];
            if (masked) {
                int bits = ChunkExponents.unsignedMax(groupBits[k], groupBits[GROUP + k]);
                raw = ChunkExponents.unsignedMax(raw, bits);
                if (ChunkExponents.isNan(bits)) sums[first + k] = Double.NaN;
            }
        }
        if (masked && !keeps) chunk.expectMasks(ChunkExponents.isMasked(raw, chunk.constants));
    }

    /** Adds what {@link HeavySums} lack to the sums of the group just summed, where those are as expected. */
    private void mend(RowKernel kernel, Rows x, int r, int first, int count, int[] excluded) {
        int e = chunk.exponent;
        long any = 0;
        for (int k = first; k < first + count; k++) any |= ChunkExponents.heaviness(sums[k], ChunkExponents.largest(tops[k], e), e);
        if (any >= 0) return; // mostly, and without a branch for each
        for (int k = 0; k < count; k++) {
            double sum = sums[first + k];
            int top = tops[first + k];
            int y = excluded == null ? ChunkSum.NONE : excluded[first + k];
            boolean expected = ChunkExponents.outside(top) >= 0 && ChunkExponents.outside(sum) >= 0;
            boolean counts = excluded == null || y >= 0; // of an ignored row nobody uses the sum
            if (!expected || !counts || !chunk.mayBeHeavy(sum, ChunkExponents.largest(top, e), excluded == null)) continue;
            sums[first + k] += chunk.heavy().lackingOf(kernel, x, r + k, keep, keepFrom + (first + k) * keepStep, y, k, sum);
        }
    }

    /**
     * Sums up to {@link RowKernel#GROUP} of the rows just summed again, row r + k as row first + k, those with a largest[first + k] from 0 on without that
     * element, of which a copy is put apart. Of the others neither is of use afterwards.
     */
    void sumApart(RowKernel kernel, Rows x, int r, int first, int count, int[] largest) {
        if (x.columns() <= MEDIUM) {
            sumRows(kernel, x, r, first, count, largest, false);
            for (int k = 0; k < count; k++) apart[first + k] = x.get(r + k, Math.max(largest[first + k], 0));
            return;
        }
        if (keptTerms) addGroup(kernel, x, r, first, count, largest);
        else sumGroup(kernel, x, r, first, count, largest, false);
        mend(kernel, x, r, first, count, largest);
    }

    /** As {@link #sumGroup} without the largest elements, from terms that have been kept: the term of an element left out is 0 meanwhile. */
    private void addGroup(RowKernel kernel, Rows x, int r, int first, int count, int[] largest) {
        int columns = x.columns();
        int body = ChunkElements.body(columns);
        int tail = columns - STREAMS * body;
        float[] terms = keep;
        Arrays.fill(scratch, 0, TAIL, 0f);
        for (int k = 0; k < count; k++) {
            int y = largest[first + k];
            if (y < 0) continue;
            int from = keepFrom + (first + k) * keepStep;
            float term = terms[from + y];
            terms[from + y] = 0;
            kernel.sumTerms(terms, from, 0, body, body, 1, partials, k * BLOCK);
            System.arraycopy(terms, from + STREAMS * body, scratch, 0, tail);
            kernel.sumTerms(scratch, 0, 0, GRAIN, tail > 0 ? GRAIN : 0, 1, partials, k * BLOCK + body);
            terms[from + y] = term;
            apart[first + k] = x.data()[x.start(r + k) + y];
        }
        kernel.fold(partials, ChunkElements.positions(columns), count, groupSums);
        for (int k = 0; k < count; k++) sums[first + k] = largest[first + k] >= 0 ? groupSums[k] : sums[first + k];
    }

    private void sumPieces(RowKernel kernel, boolean masked, float[] x, int from, int step, int n, int count, int to, int topsFrom) {
        if (masked) kernel.sumMasked(x, from, step, n, n, count, chunk.exponent, chunk.constants, partials, to, groupTops, topsFrom, groupBits);
        else kernel.sum(x, from, step, n, n, count, chunk.exponent, chunk.constants, partials, to, groupTops, topsFrom);
    }

    /** Copies the tails of count rows, which begin at that column, to scratch and fills them up with padding. */
    private void padTails(RowKernel kernel, Rows x, int r, int column, int tail, int count) {
        float padding = chunk.constants[Exp2.PADDING];
        int inside = 0; // rows behind whose tail the array goes on for a whole one: all but the last few
        if (x.data() != null) {
            int from = x.start(r) + column;
            inside = count;
            while (inside > 0 && from + (inside - 1) * x.rowStride() > x.data().length - TAIL) inside--;
            kernel.pad(x.data(), from, x.rowStride(), tail, inside, padding, scratch);
        }
        for (int k = inside; k < count; k++) {
            x.get(kernel, r + k, column, tail, scratch, k * TAIL);
            Arrays.fill(scratch, k * TAIL + tail, (k + 1) * TAIL, padding);
        }
    }

    private void keepTails(RowKernel kernel, int first, int column, int tail, int count) {
        kernel.terms(scratch, 0, TAIL * count, chunk.exponent, chunk.constants, 1, scratch, 0);
        for (int k = 0; k < count; k++) System.arraycopy(scratch, k * TAIL, keep, keepFrom + (first + k) * keepStep + column, tail);
    }

    /** Puts what each row's excluded element is added to into scratch, and that element apart. */
    private void gatherToPatch(Rows x, int r, int first, int count, int body, int[] excluded) {
        float padding = chunk.constants[Exp2.PADDING];
        float[] data = x.data();
        for (int k = 0; k < count; k++) {
            int y = Math.max(excluded[first + k], 0); // of an ignored row nobody uses the sum
            boolean inBody = y < STREAMS * body;
            int i = inBody ? ChunkElements.positionOf(y, body) : STREAMS * body + (y - STREAMS * body) % GRAIN;
            int step = inBody ? body : GRAIN;
            int row = data == null ? 0 : x.start(r + k);
            for (int s = 0; s < STREAMS; s++, i += step) {
                boolean counts = i != y && i < x.columns();
                scratch[TO_PATCH + s * GRAIN + k] = !counts ? padding : Math.max(data != null ? data[row + i] : x.get(r + k, i), padding);
            }
            apart[first + k] = data != null ? data[row + y] : x.get(r + k, y);
        }
    }

    /** Computes the partial sum that each row's excluded element is in again, without it: a row a lane. */
    private void findPatches(RowKernel kernel, int first, int count, int body, int[] excluded) {
        kernel.sum(scratch, TO_PATCH, 0, GRAIN, GRAIN, 1, chunk.exponent, chunk.constants, patches, 0, patchTops, 0);
        for (int k = 0; k < count; k++) positionsToPatch[k] = ChunkElements.positionOf(Math.max(excluded[first + k], 0), body);
    }

    /** largest[k] = the largest element of row r + k, of those just summed, which are of up to {@link #MEDIUM} columns. */
    void findLargest(RowKernel kernel, Rows x, int r, int count, float[] largest) {
        int columns = x.columns();
        if (!liesInRows(kernel, x)) {
            kernel.maxColumns(source(x), from(x, r), stride(x), columns, count + GRAIN - 1 & -GRAIN, largest);
            return;
        }
        boolean there = x.data() != null;
        for (int k = 0; k < count; k++) {
            if (!there) x.get(kernel, r + k, 0, columns, scratch, 0);
            largest[k] = kernel.max(there ? x.data() : scratch, there ? x.start(r + k) : 0, columns);
        }
    }

    // ---- short rows, side by side

    /** Whether all of them are as expected; false does not say that one is not. */
    private boolean sumShort(RowKernel kernel, Rows x, int r, int count, int[] excluded) {
        int n = lieSideBySide(kernel, x, r, count);
        int columns = x.columns();
        int top = kernel.sumColumns(source(x), from(x, r), stride(x), columns, n, excluded, chunk.exponent, chunk.constants, partials, n + GAP, tops, apart);
        keptApart = true;
        return kernel.foldColumns(partials, n + GAP, columns, n, LARGE_REST, sums) && ChunkExponents.outside(top) >= 0 && ChunkExponents.isDirect(chunk.exponent);
    }

    /** In place of a sum: for short rows that need none. */
    void putSideBySide(RowKernel kernel, Rows x, int r, int count) {
        forgetLast();
        lieSideBySide(kernel, x, r, count);
    }

    /** Puts the short rows at hand side by side, if they do not lie so, and returns how many that makes with what the last vector lacks. */
    int lieSideBySide(RowKernel kernel, Rows x, int r, int count) {
        int n = count + GRAIN - 1 & -GRAIN;
        boolean needed = x.contiguous() || count < n;
        tileStride = n + GAP;
        if (needed && !transposed) transpose(kernel, x, r, count, n);
        transposed = needed;
        return n;
    }

    /** Whether the terms just summed, which are in {@link #tile}, need only be multiplied; not asked for a while after they did not. */
    private boolean isKeptBeside(RowKernel kernel, Rows x, int r, int count) {
        if (keepPause-- > 0) return false;
        int n = Math.max(count, GRAIN); // zeros behind the last row may be out of range
        boolean inRange = kernel.inRange(source(x), from(x, r), stride(x), n, x.columns(), chunk.exponent, chunk.constants);
        keepPause = inRange ? 0 : KEEP_PAUSE;
        return inRange;
    }

    boolean keptBeside() {
        return keptBeside;
    }

    /** Puts the short rows' terms times factors, side by side, into {@link #tile}, where columns are so far apart as returned. */
    int terms(RowKernel kernel, Rows x, int r, int count) {
        int n = lieSideBySide(kernel, x, r, count);
        if (keptBeside) kernel.scaleColumns(partials, n + GAP, x.columns(), n, factors, lows);
        else kernel.termsColumns(source(x), from(x, r), stride(x), x.columns(), n, rounders, factors, lows, chunk.constants, partials, 0, n + GAP);
        return n + GAP;
    }

    /** Whether the terms of the rows just summed have been kept, in units of 2^{@link #exponent()}. */
    boolean keptAny() {
        return keptTerms || keptBeside;
    }

    /** As {@link #terms}, less minus[c * minusStride + k] for the element of column c; of terms that have not been kept. */
    int termsMinus(RowKernel kernel, Rows x, int r, int count, float[] minus, int minusStride) {
        int n = lieSideBySide(kernel, x, r, count);
        kernel.termsMinusColumns(source(x), from(x, r), stride(x), x.columns(), n, rounders, factors, lows, chunk.constants, minus, minusStride,
                partials, n + GAP);
        return n + GAP;
    }

    /** Terms of row k are to be written with the exponent of {@link RowWriter#exponentOf}; those that have been kept need not be told. */
    void setExponent(int k, double lse) {
        rounders[k] = Exp2.rounder(RowWriter.exponentOf(lse));
    }

    /** Terms of count rows are to be multiplied by these, or elements written less these, each in two floats. */
    void setFactors(double[] f, int count) {
        for (int k = 0; k < count; k++) {
            factors[k] = (float) f[k];
            lows[k] = DoubleMath.low(f[k]);
        }
    }

    /** Terms of the wanted ones among the rows just summed, in units of 2^unit, are to be written as probabilities. Overwrites the sums. */
    void setProbabilities(int count, boolean[] wanted, int unit) {
        boolean kept = keptAny();
        for (int k = 0; kept && k < count; k++) sums[k] = 1 / sums[k];
        for (int k = 0; !kept && k < count; k++) {
            double sum = wanted[k] ? sums[k] : 1;
            rounders[k] = Exp2.rounder(RowWriter.exponentOf(sum, unit));
            sums[k] = RowWriter.factorOf(sum, unit);
        }
        setFactors(sums, count);
    }

    /** How many rows of so many columns {@link #gaps} has room for, a multiple of 8. */
    static int gapRows(int columns) {
        return 8 * SHORT / columns & -8;
    }

    /** Room for a tile, until the next sum. */
    float[] tile() {
        return partials;
    }

    /** Copies the wanted ones among count rows of {@link #tile} to their places in an array, from row r on. */
    void put(RowKernel kernel, Rows to, int r, int count, boolean[] wanted, int stride) {
        int columns = to.columns();
        for (int first = nextWanted(wanted, 0, count), end; first < count; first = nextWanted(wanted, end, count)) {
            end = endOfWanted(wanted, first, count);
            if (to.contiguous()) {
                kernel.transposeBack(partials, first, stride, columns, end - first, to.data(), to.start(r + first), to.rowStride());
                continue;
            }
            for (int k = first, next; k < end; k = next) { // up to the next outer index
                next = (int) Math.min(end, k + (long) to.columnStride() - (r + k) % to.columnStride());
                for (int c = 0; c < columns; c++) {
                    System.arraycopy(partials, c * stride + k, to.data(), to.start(r + k) + c * to.columnStride(), next - k);
                }
            }
        }
    }

    /**
     * Writes the terms times factors of the wanted ones among the rows r .. r + count, which lie in place, to those of out, which do too; from where they have
     * been kept, if they have.
     */
    void writeTerms(RowKernel kernel, Rows x, Rows out, int r, int count, boolean[] wanted) {
        for (int first = nextWanted(wanted, 0, count), end; first < count; first = nextWanted(wanted, end, count)) {
            end = endOfWanted(wanted, first, count);
            if (keptTerms) kernel.scale(keep, keepFrom + first * keepStep, keepStep, out.columns(), end - first, factors, lows, first,
                    out.data(), out.start(r + first), out.rowStride());
            else kernel.termsRows(x.data(), x.start(r + first), x.rowStride(), x.columns(), end - first, rounders, factors, lows, first, chunk.constants,
                    out.data(), out.start(r + first), out.rowStride());
        }
        keep = null; // keeps no caller's data alive
    }

    /** Writes the wanted rows as they are, less the logarithms in {@link #factors} and {@link #lows}; else as {@link #writeTerms}. */
    void writeLogarithms(RowKernel kernel, Rows x, Rows out, int r, int count, boolean[] wanted) {
        for (int first = nextWanted(wanted, 0, count), end; first < count; first = nextWanted(wanted, end, count)) {
            end = endOfWanted(wanted, first, count);
            kernel.subtract(x.data(), x.start(r + first), x.rowStride(), x.columns(), end - first, factors, lows, first,
                    out.data(), out.start(r + first), out.rowStride());
        }
    }

    /** Where the next run of wanted rows begins; count if there is none. */
    private static int nextWanted(boolean[] wanted, int from, int count) {
        int k = from;
        while (k < count && !wanted[k]) k++;
        return k;
    }

    private static int endOfWanted(boolean[] wanted, int from, int count) {
        int k = from;
        while (k < count && wanted[k]) k++;
        return k;
    }

    /** Copies of the excluded elements, if the sum has found them on the way, else null; no usual row's is then too low for {@link TargetShare}. */
    float[] apart() {
        return keptApart ? apart : null;
    }

    /** Where element (row k, column c) of the rows at hand is: source[from + c * stride + k * rowStep]. */
    float[] source(Rows x) {
        return transposed ? scratch : x.data();
    }

    int from(Rows x, int r) {
        return transposed ? 0 : x.start(r);
    }

    int stride(Rows x) {
        return transposed ? tileStride : x.columnStride();
    }

    int rowStep(Rows x) {
        return !transposed && x.contiguous() ? x.rowStride() : 1;
    }

    private void transpose(RowKernel kernel, Rows x, int r, int count, int n) {
        int columns = x.columns();
        if (x.contiguous()) kernel.transpose(x.data(), x.start(r), x.rowStride(), columns, count, scratch, tileStride);
        else ScalarKernel.transpose(x.data(), x.start(r), 1, x.columnStride(), columns, 0, count, scratch, tileStride); // never reaches into the next outer index
        for (int c = 0; c < columns && count < n; c++) Arrays.fill(scratch, c * tileStride + count, c * tileStride + n, 0f);
    }
}
