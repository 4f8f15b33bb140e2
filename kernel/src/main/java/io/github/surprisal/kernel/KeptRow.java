package io.github.surprisal.kernel;

/** A row whose terms are kept while {@link ChunkSum} sums it, and what is seen of the next one meanwhile. Made when it is needed. */
final class KeptRow {
    private final ChunkSum chunk;
    private final Keeping keeping = new Keeping();

    // Where a row begins that was found to be in the range of this exponent while the one before was summed; -1 for none.
    private int knownFrom = -1;
    private int knownExponent;

    KeptRow(ChunkSum chunk) {
        this.chunk = chunk;
    }

    /**
     * Makes result the sum of row r, of up to {@link ChunkSum#CHUNK} elements, as {@link ChunkSum#addRow} does, and keeps each term in out, from outFrom on,
     * one behind the other, which may be the row: only a factor is missing then to what is written of the row. False if that was not possible; then rows are
     * as they were, and result means nothing. more: the next row is to follow, in the same way.
     */
    boolean sum(RowKernel kernel, Rows rows, int r, LossOptions options, int excluded, float[] out, int outFrom, boolean more, LogSum result) {
        int columns = rows.columns();
        boolean possible = columns > BatchShape.MEDIUM && columns <= ChunkSum.CHUNK && rows.inPlace() && (options == null || !options.copies());
        if (!possible || !ChunkExponents.mayKeep(chunk.exponent)) return false;
        if (!keeping.begins(kernel, chunk.masked())) return false;
        boolean masks = keeping.masks();
        chunk.keepsMasks = masks;
        chunk.foundMasks = false;
        boolean same = rows.data() == out;
        if (masks && !Keeping.hasOthers(kernel, rows, r, excluded, excluded, chunk.exponent, chunk.constants)) return false;
        boolean known = !masks && knownFrom == rows.start(r) && knownExponent == chunk.exponent;
        boolean kept = !same || known || isInRange(kernel, rows, r); // nothing may be overwritten before no other way can be needed
        knownFrom = -1;
        if (kept) {
            chunk.aheadInRange = same && more && !masks && looksAhead(kernel);
            chunk.ahead = chunk.aheadInRange ? rows.rowStride() : 0;
            chunk.keep = out;
            chunk.keepFrom = outFrom;
            result.clear();
            try {
                chunk.addRow(kernel, rows, r, 0, columns, options, excluded, result);
            } finally {
                chunk.keep = null;
            }
            kept = chunk.kept;
        }
        keeping.ends(kernel, kept, chunk.foundMasks);
        if (masks && kept && !chunk.foundMasks) chunk.expectMasks(false);
        int unit = chunk.keptExponent;
        if (kept && chunk.aheadInRange && ChunkElements.isTailInRange(kernel, out, rows.start(r + 1), 0, columns, 1, unit, chunk.constants, false)) {
            knownFrom = rows.start(r + 1);
            knownExponent = unit;
        }
        return kept;
    }

    /**
     * Measured on Zen 4: gradients in place of 256 x 32000 are 10 to 20 % faster so with 16 lanes, which have 32 registers, and slower with 8. Rows of a
     * {@link RowBatch} are too short for it: from memory their four streams end before they are fetched ahead, and a third of the speed is lost.
     */
    static boolean looksAhead(RowKernel kernel) {
        return kernel.lanes() == RowKernel.GRAIN;
    }

    /** Before the first row of a call: what was known of another call's rows says nothing. */
    void forgetNext() {
        knownFrom = -1;
    }

    private boolean isInRange(RowKernel kernel, Rows rows, int r) {
        int columns = rows.columns();
        boolean inRange = true;
        for (int c = 0, n; inRange && c < columns; c += n) {
            n = Rows.leaf(columns - c);
            inRange = Keeping.areInRange(kernel, keeping.masks(), rows.data(), rows.start(r) + c, 0, n, 1, chunk.exponent, chunk.constants);
        }
        return inRange;
    }
}
