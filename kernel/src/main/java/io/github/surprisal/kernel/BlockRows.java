package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * Sums rows of up to one block as they lie, one behind the other: of up to {@link BatchShape#MEDIUM} columns in double, of more a group at a time. Keeps their
 * terms meanwhile if that is asked for and possible. The part of {@link RowBatch} for such rows, with its arrays.
 */
final class BlockRows {
    private static final int BLOCK = RowKernel.BLOCK;
    private static final int GRAIN = RowKernel.GRAIN;
    private static final int GROUP = RowKernel.GROUP;
    private static final int STREAMS = ChunkSum.STREAMS;
    private static final int TAIL = ChunkSum.TAIL;
    /** Where in scratch the elements to patch with are, behind the tails. */
    private static final int TO_PATCH = GROUP * TAIL;
    /** What they take in scratch. */
    static final int SCRATCH_LENGTH = TO_PATCH + STREAMS * GRAIN;
    /** Positions from which rows are folded while the next one is summed; fewer are 2 to 4 % faster when they are folded together. */
    private static final int FOLDED = 8 * GRAIN;

    private final ChunkSum chunk;
    private final float[] partials;
    private final float[] apart;
    private final float[] scratch;
    private final int[] tops;
    private final double[] sums;
    private final boolean[] usual;
    private final float[] patches = new float[GRAIN];
    private final int[] positionsToPatch = new int[GROUP];
    final int[] groupTops = new int[RowKernel.TOPS_LENGTH];
    private final int[] groupBits = new int[RowKernel.TOPS_LENGTH];
    private final int[] patchTops = new int[RowKernel.TOPS_LENGTH];
    final double[] groupSums = new double[8 * GROUP];

    /** Whether the terms of the rows just summed are in keep, row k from keepFrom + k * keepStep on. */
    private boolean kept;
    float[] keep;
    int keepFrom;
    int keepStep;
    private float[] room;
    private Keeping keeping; // made when it is needed
    private boolean foundMasks; // among the terms kept
    private int keepPause; // batches of rows of few columns whose terms are not kept

    /** scratch has room for {@link #SCRATCH_LENGTH} floats. */
    BlockRows(ChunkSum chunk, float[] scratch, int[] tops, double[] sums, boolean[] usual) {
        this.chunk = chunk;
        this.scratch = scratch;
        this.tops = tops;
        this.sums = sums;
        this.usual = usual;
        partials = chunk.partials; // never needed by both at once
        apart = chunk.scratch;
    }

    /** Before other rows are summed. */
    void forget() {
        kept = false;
        keep = null;
    }

    /** Whether the terms of the rows just summed have been kept. */
    boolean kept() {
        return kept;
    }

    /** Room for terms, also of a single row that is summed by {@link ChunkSum}; made when it is needed. */
    float[] room() {
        if (room == null) room = new float[BatchShape.ROOM];
        return room;
    }

    /** The largest of each of the rows just summed, of up to {@link BatchShape#MEDIUM} columns. */
    void findLargest(RowKernel kernel, Rows x, int r, int count, float[] largest) {
        int columns = x.columns();
        boolean there = x.data() != null;
        for (int k = 0; k < count; k++) {
            if (!there) x.get(kernel, r + k, 0, columns, scratch, 0);
            largest[k] = kernel.max(there ? x.data() : scratch, there ? x.start(r + k) : 0, columns);
        }
    }

    // ---- rows of few columns

    /** Row r + k as row first + k, with the terms kept if that is asked for and possible. */
    void sumRows(RowKernel kernel, Rows x, int r, int first, int count, int[] excluded, boolean keeps) {
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
        keepStep = RowKernel.termsStep(x.columns());
        kernel.sumRows(x.data(), x.start(r), x.rowStride(), x.columns(), count, excluded, first, chunk.exponent, chunk.constants, lowest,
                keep, groupSums, sums, tops);
        int all = 0;
        for (int k = 0; k < count; k++) all |= tops[first + k];
        kept = all >= 0;
        keepPause = kept ? 0 : Keeping.PAUSE;
        return kept;
    }

    // ---- rows of one block

    /** Row r + k as row k. */
    void sumGroups(RowKernel kernel, Rows x, int r, int count, int[] excluded) {
        for (int k = 0; k < count; k += GROUP) {
            int group = Math.min(GROUP, count - k);
            sumGroup(kernel, x, r + k, k, group, excluded, false);
            mend(kernel, x, r + k, k, group, excluded);
        }
    }

    /** As {@link RowBatch#sumKept}. */
    boolean sumKept(RowKernel kernel, Rows x, int r, int count, int[] excluded, float[] out, int outFrom, int outStep) {
        if (!BatchShape.keeps(x) || !ChunkExponents.mayKeep(chunk.exponent)) return false;
        if (keeping == null) keeping = new Keeping();
        if (!keeping.begins(kernel, chunk.masked())) return false;
        boolean masks = keeping.masks();
        foundMasks = false;
        if (masks && !haveOthers(kernel, x, r, count, excluded)) return false;
        keep = out;
        keepFrom = outFrom;
        keepStep = outStep;
        kept = sumGroupsKept(kernel, x, r, count, excluded) && ChunkExponents.areUsual(tops, sums, count, chunk.exponent, usual);
        keeping.ends(kernel, kept, foundMasks);
        if (masks && kept && !foundMasks) chunk.expectMasks(false);
        if (!kept) keep = null;
        return kept;
    }

    /** False if a row is not wholly in range; where terms overwrite elements, nothing has been written then. */
    private boolean sumGroupsKept(RowKernel kernel, Rows x, int r, int count, int[] excluded) {
        int columns = x.columns();
        boolean masks = keeping.masks();
        // Nothing may be overwritten before it is sure that no row has to be done in another way: rows wholly in range are all as expected.
        boolean same = x.data() == keep;
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
        return inRange;
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
        int[] patched = excluded == null ? RowBatch.NONE : positionsToPatch;
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
        HeavySums heavy = chunk.heavy();
        heavy.start();
        for (int k = 0; k < count; k++) {
            double sum = sums[first + k];
            int top = tops[first + k];
            int y = excluded == null ? ChunkSum.NONE : excluded[first + k];
            boolean expected = ChunkExponents.outside(top) >= 0 && ChunkExponents.outside(sum) >= 0;
            boolean counts = excluded == null || y >= 0; // of an ignored row nobody uses the sum
            if (!expected || !counts || !chunk.mayBeHeavy(sum, ChunkExponents.largest(top, e), excluded == null)) continue;
            heavy.findOf(kernel, x, r + k, keep, keepFrom + (first + k) * keepStep, y, k, sum);
        }
        heavy.mendAll(kernel, keep != null, sums, first);
    }

    /**
     * Sums up to {@link RowKernel#GROUP} of the rows just summed again, row r + k as row first + k, those with a largest[first + k] from 0 on without that
     * element, of which a copy is put apart. Of the others neither is of use afterwards.
     */
    void sumApart(RowKernel kernel, Rows x, int r, int first, int count, int[] largest) {
        if (x.columns() <= BatchShape.MEDIUM) {
            sumRows(kernel, x, r, first, count, largest, false);
            for (int k = 0; k < count; k++) apart[first + k] = x.get(r + k, Math.max(largest[first + k], 0));
            return;
        }
        if (kept) addGroup(kernel, x, r, first, count, largest);
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
}
