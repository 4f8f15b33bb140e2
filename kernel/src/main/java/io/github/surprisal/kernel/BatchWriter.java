package io.github.surprisal.kernel;

/**
 * Writes those rows that are wanted among the ones that a {@link RowBatch} has just summed: terms times factors, or elements less logarithms; as they lie, or
 * side by side.
 */
final class BatchWriter {
    private static final int GAP = RowsBeside.GAP;

    private final ChunkSum chunk;
    private final BlockRows blocks;
    private final RowsBeside beside;
    private final double[] sums;
    private final float[] tile;
    /** A row's {@link Exp2#rounder} and factor, in two floats, to write its terms. */
    private final float[] rounders = new float[BatchShape.ROWS];
    final float[] factors = new float[BatchShape.ROWS];
    final float[] lows = new float[BatchShape.ROWS];

    BatchWriter(ChunkSum chunk, BlockRows blocks, RowsBeside beside, double[] sums) {
        this.chunk = chunk;
        this.blocks = blocks;
        this.beside = beside;
        this.sums = sums;
        tile = beside.tile;
    }

    /** Whether the terms of the rows just summed have been kept, in units of 2^{@link RowBatch#exponent()}. */
    boolean keptAny() {
        return blocks.kept() || beside.kept();
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

    // ---- as they lie

    /**
     * Writes the terms times factors of the wanted ones among the rows r .. r + count, which lie in place, to those of out, which do too; from where they have
     * been kept, if they have.
     */
    void writeTerms(RowKernel kernel, Rows x, Rows out, int r, int count, boolean[] wanted) {
        for (int first = nextWanted(wanted, 0, count), end; first < count; first = nextWanted(wanted, end, count)) {
            end = endOfWanted(wanted, first, count);
            if (blocks.kept()) kernel.scale(blocks.keep, blocks.keepFrom + first * blocks.keepStep, blocks.keepStep, out.columns(), end - first,
                    factors, lows, first, out.data(), out.start(r + first), out.rowStride());
            else kernel.termsRows(x.data(), x.start(r + first), x.rowStride(), x.columns(), end - first, rounders, factors, lows, first, chunk.constants,
                    out.data(), out.start(r + first), out.rowStride());
        }
        blocks.keep = null; // keeps no caller's data alive
    }

    /** Writes the wanted rows as they are, less the logarithms in {@link #factors} and {@link #lows}; else as {@link #writeTerms}. */
    void writeLogarithms(RowKernel kernel, Rows x, Rows out, int r, int count, boolean[] wanted) {
        for (int first = nextWanted(wanted, 0, count), end; first < count; first = nextWanted(wanted, end, count)) {
            end = endOfWanted(wanted, first, count);
            kernel.subtract(x.data(), x.start(r + first), x.rowStride(), x.columns(), end - first, factors, lows, first,
                    out.data(), out.start(r + first), out.rowStride());
        }
    }

    // ---- side by side

    /** Puts the short rows' terms times factors, side by side, into {@link RowsBeside#tile}, where columns are so far apart as returned. */
    int terms(RowKernel kernel, Rows x, int r, int count) {
        int n = beside.lieSideBySide(kernel, x, r, count);
        if (beside.kept()) kernel.scaleColumns(tile, n + GAP, x.columns(), n, factors, lows);
        else kernel.termsColumns(beside.source(x), beside.from(x, r), beside.stride(x), x.columns(), n, rounders, factors, lows,
                chunk.constants, tile, 0, n + GAP);
        return n + GAP;
    }

    /** As {@link #terms}, less minus[c * minusStride + k] for the element of column c; of terms that have not been kept. */
    int termsMinus(RowKernel kernel, Rows x, int r, int count, float[] minus, int minusStride) {
        int n = beside.lieSideBySide(kernel, x, r, count);
        kernel.termsMinusColumns(beside.source(x), beside.from(x, r), beside.stride(x), x.columns(), n, rounders, factors, lows,
                chunk.constants, minus, minusStride, tile, n + GAP);
        return n + GAP;
    }

    /** As {@link #terms}, of the elements less the logarithms in {@link #factors} and {@link #lows}. */
    int logarithms(RowKernel kernel, Rows x, int r, int count) {
        int stride = beside.lieSideBySide(kernel, x, r, count) + GAP;
        for (int c = 0; c < x.columns(); c++) {
            subtract(beside.source(x), beside.from(x, r) + c * beside.stride(x), count, factors, lows, tile, c * stride);
        }
        return stride;
    }

    private static void subtract(float[] x, int from, int n, float[] high, float[] low, float[] out, int to) {
        for (int i = 0; i < n; i++) out[to + i] = (x[from + i] - high[i]) - low[i];
    }

    /** Copies the wanted ones among count rows of {@link RowsBeside#tile} to their places in an array, from row r on. */
    void put(RowKernel kernel, Rows to, int r, int count, boolean[] wanted, int stride) {
        int columns = to.columns();
        for (int first = nextWanted(wanted, 0, count), end; first < count; first = nextWanted(wanted, end, count)) {
            end = endOfWanted(wanted, first, count);
            if (to.contiguous()) {
                kernel.transposeBack(tile, first, stride, columns, end - first, to.data(), to.start(r + first), to.rowStride());
                continue;
            }
            for (int k = first, next; k < end; k = next) { // up to the next outer index
                next = (int) Math.min(end, k + (long) to.columnStride() - (r + k) % to.columnStride());
                for (int c = 0; c < columns; c++) {
                    System.arraycopy(tile, c * stride + k, to.data(), to.start(r + k) + c * to.columnStride(), next - k);
                }
            }
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
}
