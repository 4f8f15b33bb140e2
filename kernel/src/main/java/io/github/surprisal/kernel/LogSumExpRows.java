package io.github.surprisal.kernel;

/** log-sum-exp of rows. */
public final class LogSumExpRows {
    private LogSumExpRows() {}

    /** out[r] = log-sum-exp of row r, from <= r < to. */
    public static void run(RowKernel kernel, Rows x, float[] out, int from, int to) {
        RowBatch.ofThread().withConstants(Exp2.constants(1)); // it may have been left with the scale of a loss
        BatchLogs logs = BatchLogs.ofThread();
        if (BatchShape.reads(x)) {
            logs.lse(kernel, x, from, to, out, 0);
        } else if (RowTile.suits(x)) {
            RowTile tile = RowTile.ofThread();
            Rows rows = tile.shape(x, false);
            for (int r = from, count; r < to; r += count) {
                count = tile.countFrom(x, r, to);
                tile.load(kernel, x, r, count);
                logs.lse(kernel, rows, 0, count, out, r);
            }
        } else {
            ChunkSum sum = ChunkSum.ofThread(); // that of the batch
            for (int r = from; r < to; r++) out[r] = (float) sum.lseOfRow(kernel, x, r);
        }
    }

    /** Of all rows, each shared out among threads. */
    public static void run(RowKernel kernel, Rows x, float[] out, Parts parts) {
        RowSum rowSum = new RowSum();
        LogSum sum = new LogSum();
        for (int r = 0; r < x.rows(); r++) {
            rowSum.of(kernel, x, r, null, 0, -1, parts, sum);
            out[r] = (float) sum.value();
        }
    }
}
