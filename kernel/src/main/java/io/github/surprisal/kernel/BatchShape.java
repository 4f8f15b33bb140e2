package io.github.surprisal.kernel;

/** Which rows a {@link RowBatch} sums together, in which way, and how many at a time. */
final class BatchShape {
    /** Rows at a time, at most: every step of a batch ends with a long wait for its last results, so few steps for many rows. */
    static final int ROWS = 256;
    /** Columns up to which rows are summed side by side, where they are not summed as they lie. */
    static final int SHORT = 64;
    /**
     * Columns up to which whole rows are summed in one go as they lie, from {@link #fewest} on. All elements of so few are summed in double, elsewhere too:
     * with AVX2 losses of 255 columns take two thirds of the time that blocks take, and half of it where few elements outweigh the others. Frozen: changing it
     * changes results in the last bit.
     */
    static final int MEDIUM = RowKernel.MOST_COLUMNS;

    private static final int BLOCK = RowKernel.BLOCK;
    private static final int GRAIN = RowKernel.GRAIN;
    private static final int GROUP = RowKernel.GROUP;
    /** Logits of short rows at a time: they stay in the first-level cache. */
    static final int TILE = 4096;
    private static final int CACHED = 1 << 16;
    /** Room for the terms of rows that are to be overwritten later: a group of the longest, or as many rows of SHORT columns as a batch has. */
    static final int ROOM = Math.max(GROUP * ChunkSum.STREAMS * BLOCK, ROWS * RowKernel.termsStep(SHORT));
    /** Rows of up to {@link #SHORT} columns up to which each is done for itself: measured with AVX2, where 10 cost about as much together. */
    private static final int FEW_ROWS = 5;

    private BatchShape() {}

    /**
     * Whether so many rows are done sooner one after the other: every step of a batch has something to prepare and ends with a wait, which is as much as a few
     * short rows take alone.
     */
    static boolean isFew(Rows x, int count) {
        return count == 1 || count <= FEW_ROWS && x.columns() <= SHORT && x.inPlace();
    }

    /** How many rows from r on, and before to, can be done at once. */
    static int countFrom(Rows x, int r, int to) {
        int most = Math.min(rowsAtOnce(x.columns()), to - r);
        return x.contiguous() ? most : Math.min(most, x.columnStride() - r % x.columnStride());
    }

    /** As many as there is room for, or cache. */
    private static int rowsAtOnce(int columns) {
        if (columns > MEDIUM) return ROWS;
        return Math.min(ROWS, (columns > SHORT ? ROOM / RowKernel.termsStep(columns) : TILE / Math.max(1, columns)) & -GRAIN);
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

    /** Whether rows are summed as they lie. */
    static boolean liesInRows(RowKernel kernel, Rows x) {
        int columns = x.columns();
        return columns <= MEDIUM && x.straight() && (columns > SHORT || x.data() != null && columns >= fewest(kernel.lanes()));
    }

    /**
     * Columns from which rows are summed as they lie. Rows of fewer cost less turned over, which from 8 lanes on is done in registers; 4 lanes, and scalar
     * code, are too few for that, so that their limit is lower.
     */
    private static int fewest(int lanes) {
        return lanes < 8 ? GRAIN : 2 * GRAIN;
    }

    /** Whether rows of this kind are summed where they are. */
    static boolean reads(Rows x) {
        return x.straight() || x.sideBySide();
    }

    /** Whether terms of rows like these may be kept while they are summed in blocks. */
    static boolean keeps(Rows x) {
        return x.columns() > MEDIUM && ChunkElements.positions(x.columns()) <= BLOCK && x.inPlace();
    }

    /**
     * Whether the terms of a single row of more than {@link #MEDIUM}, if they may overwrite elements, are kept in {@link RowBatch#room}, as far as it goes: so
     * nothing has to be known of the elements before, and no pass over them is made to find out.
     */
    static boolean keepsElsewhere(Rows x, Rows out) {
        return x.data() == out.data() && x.columns() > MEDIUM && x.columns() <= ROOM;
    }

    /** How many rows of so many columns {@link RowBatch#gaps} has room for, a multiple of 8. */
    static int gapRows(int columns) {
        return 8 * SHORT / columns & -8;
    }
}
