package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * Sums of many rows at a time, with the bits that {@link ChunkSum} gives each row: long chains of dependent operations overlap across
 * rows. Rows of few columns are summed as {@link RowsBeside}, others of up to one block as {@link BlockRows}: {@link BatchShape} says which. What is not as
 * expected is left to ChunkSum. {@link BatchLogs} takes the logarithms, and {@link BatchWriter} writes the rows.
 *
 * <p>Scratch for one thread, 37 KB, and 144 KB more where terms of rows that are to be overwritten are kept, or coefficients; {@link #ofThread} hands it out.
 */
final class RowBatch {
    /** In place of the indices of excluded elements. */
    static final int[] NONE = new int[BatchShape.ROWS];

    private static final ThreadLocal<RowBatch> OF_THREAD = new ThreadLocal<>();

    static {
        Arrays.fill(NONE, -1);
    }

    private final ChunkSum chunk = ChunkSum.ofThread();
    private final float[] scratch = new float[Math.max(BlockRows.SCRATCH_LENGTH, RowsBeside.TILE_LENGTH)];
    final int[] tops = new int[BatchShape.ROWS];
    final double[] sums = new double[BatchShape.ROWS];
    /** Of the rows just summed; whoever then writes rows may change it to those that are wanted. */
    final boolean[] usual = new boolean[BatchShape.ROWS];
    final float[] apart = chunk.scratch; // valid until the next call of chunk
    /** Room for a number of each element of some rows at a time: of {@link BatchShape#gapRows}. */
    final double[] gaps = new double[8 * BatchShape.SHORT];
    /** Room for a number of each row, until the next sum. */
    final double[] logs = new double[BatchShape.ROWS];

    final BlockRows blocks = new BlockRows(chunk, scratch, tops, sums, usual);
    final RowsBeside beside = new RowsBeside(chunk, scratch, tops, sums);
    final BatchWriter writer = new BatchWriter(chunk, blocks, beside, sums);

    private boolean keptApart;

    private RowBatch() {}

    static RowBatch ofThread() {
        RowBatch own = OF_THREAD.get();
        if (own == null) OF_THREAD.set(own = new RowBatch());
        return own;
    }

    /** As {@link ChunkSum#withConstants}. */
    RowBatch withConstants(float[] constants) {
        chunk.withConstants(constants);
        return this;
    }

    /** As {@link ChunkSum#withTopApart}. */
    RowBatch withTopApart(double times) {
        chunk.withTopApart(times);
        return this;
    }

    /**
     * Sums of the rows r .. r + count, each without the element excluded[k], if excluded is not null and that is not -1.
     *
     * @return whether all of them are as expected; {@link #usual} tells it of each. Their {@link #sums} are in units of 2^{@link #exponent()}; the others
     *     are for {@link ChunkSum}
     */
    boolean sum(RowKernel kernel, Rows x, int r, int count, int[] excluded) {
        return sum(kernel, x, r, count, excluded, null);
    }

    /** As the other, with the terms of rows of few columns kept if that is possible and they are to be written to out, if that is not null. */
    boolean sum(RowKernel kernel, Rows x, int r, int count, int[] excluded, Rows out) {
        forgetLast();
        int columns = x.columns();
        if (BatchShape.liesInRows(kernel, x)) {
            blocks.sumRows(kernel, x, r, 0, count, excluded == null ? NONE : excluded, out != null && out.inPlace());
        } else if (columns > 0 && x.sideBySide()) {
            keptApart = true;
            if (beside.sum(kernel, x, r, count, excluded == null ? NONE : excluded, out != null)) return allUsual(count);
        } else if (columns > 0 && x.straight() && ChunkElements.positions(columns) <= RowKernel.BLOCK && !(chunk.masked() && x.data() == null)) {
            blocks.sumGroups(kernel, x, r, count, excluded);
        } else {
            Arrays.fill(usual, 0, count, false);
            return false;
        }
        return ChunkExponents.areUsual(tops, sums, count, chunk.exponent, usual);
    }

    /**
     * As {@link #sum}, and each term of the rows is kept in out, row k from outFrom + k * outStep on, one behind the other; out may be x, in the same
     * places. Then {@link BatchWriter#writeTerms} has only to multiply. True if that was possible and all rows are as expected; if not, x is as it was, and the
     * rows have not been summed.
     */
    boolean sumKept(RowKernel kernel, Rows x, int r, int count, int[] excluded, float[] out, int outFrom, int outStep) {
        forgetLast();
        keptApart = excluded != null;
        return blocks.sumKept(kernel, x, r, count, excluded, out, outFrom, outStep);
    }

    /** As {@link #sum}, with the terms kept if that is possible, to be written to out later: there, or in {@link #room} if out is x. */
    boolean sumToWrite(RowKernel kernel, Rows x, int r, int count, Rows out) {
        boolean same = x.data() == out.data();
        boolean kept = !same && sumKept(kernel, x, r, count, null, out.data(), out.start(r), out.rowStride()) || same && sumKept(kernel, x, r, count);
        return kept || sum(kernel, x, r, count, null, out);
    }

    /**
     * As {@link #sum}, with the terms kept in {@link #room} if that is possible and sums of some may be needed once more; of few columns they are computed
     * again.
     */
    boolean sumToSumAgain(RowKernel kernel, Rows x, int r, int count) {
        return sumKept(kernel, x, r, count) || sum(kernel, x, r, count, null);
    }

    private boolean sumKept(RowKernel kernel, Rows x, int r, int count) {
        return BatchShape.keeps(x) && sumKept(kernel, x, r, count, null, room(), 0, x.columns());
    }

    /** In place of a sum: for short rows that need none. */
    void putSideBySide(RowKernel kernel, Rows x, int r, int count) {
        forgetLast();
        beside.lieSideBySide(kernel, x, r, count);
    }

    private void forgetLast() {
        beside.forget();
        blocks.forget();
        keptApart = false;
    }

    private boolean allUsual(int count) {
        Arrays.fill(usual, 0, count, true);
        return true;
    }

    int exponent() {
        return chunk.exponent;
    }

    /** Room for terms, also of a single row that is summed by {@link ChunkSum}; made when it is needed. */
    float[] room() {
        return blocks.room();
    }

    /** largest[k] = the largest element of row r + k, of those just summed, which are of up to {@link BatchShape#MEDIUM} columns. */
    void findLargest(RowKernel kernel, Rows x, int r, int count, float[] largest) {
        if (BatchShape.liesInRows(kernel, x)) blocks.findLargest(kernel, x, r, count, largest);
        else beside.findLargest(kernel, x, r, count, largest);
    }

    /** Copies of the excluded elements, if the sum has found them on the way, else null; no usual row's is then too low for {@link TargetShare}. */
    float[] apartIfFound() {
        return keptApart ? apart : null;
    }
}
