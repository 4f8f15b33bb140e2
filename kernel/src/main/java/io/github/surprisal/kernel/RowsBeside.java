package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * Rows of few columns side by side, a row a lane: where they lie so already, else turned over. Sums them, and tells where their elements are. The part of
 * {@link RowBatch} for such rows, with its arrays.
 */
final class RowsBeside {
    private static final int GRAIN = RowKernel.GRAIN;
    /** Floats between the ends of columns side by side, lest all lie in the same sets of the cache. */
    static final int GAP = 16;
    /** Room for the largest tile. */
    static final int TILE_LENGTH = BatchShape.TILE + BatchShape.SHORT * GAP;
    /** SHORT terms whose exponents are below the range of E add up to less: a row of a larger sum has an element in that range. */
    private static final double LARGE_REST = 0x1p-33;

    private final ChunkSum chunk;
    /** Room for a tile, until the next sum. */
    final float[] tile;
    private final float[] apart;
    private final float[] scratch;
    private final int[] tops;
    private final double[] sums;

    private boolean transposed;
    private int tileStride;
    /** Whether the terms of the rows just summed are in {@link #tile}, and need only be multiplied. */
    private boolean kept;
    private int keepPause; // batches whose terms are not kept

    /** scratch has room for {@link #TILE_LENGTH} floats. */
    RowsBeside(ChunkSum chunk, float[] scratch, int[] tops, double[] sums) {
        this.chunk = chunk;
        this.scratch = scratch;
        this.tops = tops;
        this.sums = sums;
        tile = chunk.partials; // never needed by both at once
        apart = chunk.scratch;
    }

    /** Before other rows are summed. */
    void forget() {
        transposed = false;
        kept = false;
    }

    /** Whether all of them are as expected; false does not say that one is not. Their terms are kept if that is asked for and possible. */
    boolean sum(RowKernel kernel, Rows x, int r, int count, int[] excluded, boolean keeps) {
        int n = lieSideBySide(kernel, x, r, count);
        int columns = x.columns();
        int top = kernel.sumColumns(source(x), from(x, r), stride(x), columns, n, excluded, chunk.exponent, chunk.constants, tile, n + GAP,
                tops, apart);
        boolean all = kernel.foldColumns(tile, n + GAP, columns, n, LARGE_REST, sums) && ChunkExponents.outside(top) >= 0
                && ChunkExponents.isDirect(chunk.exponent);
        kept = all && keeps && areInRange(kernel, x, r, count);
        return all;
    }

    /** Whether the terms just summed may be kept; not asked for a while after they might not. */
    private boolean areInRange(RowKernel kernel, Rows x, int r, int count) {
        if (keepPause-- > 0) return false;
        int n = Math.max(count, GRAIN); // zeros behind the last row may be out of range
        boolean inRange = kernel.inRange(source(x), from(x, r), stride(x), n, x.columns(), chunk.exponent, chunk.constants);
        keepPause = inRange ? 0 : Keeping.PAUSE;
        return inRange;
    }

    boolean kept() {
        return kept;
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

    private void transpose(RowKernel kernel, Rows x, int r, int count, int n) {
        int columns = x.columns();
        if (x.contiguous()) kernel.transpose(x.data(), x.start(r), x.rowStride(), columns, count, scratch, tileStride);
        else // never reaches into the next outer index
            ScalarKernel.transpose(x.data(), x.start(r), 1, x.columnStride(), columns, 0, count, scratch, tileStride);
        for (int c = 0; c < columns && count < n; c++) Arrays.fill(scratch, c * tileStride + count, c * tileStride + n, 0f);
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

    /** The largest of each of count rows at hand. */
    void findLargest(RowKernel kernel, Rows x, int r, int count, float[] largest) {
        kernel.maxColumns(source(x), from(x, r), stride(x), x.columns(), count + GRAIN - 1 & -GRAIN, largest);
    }
}
