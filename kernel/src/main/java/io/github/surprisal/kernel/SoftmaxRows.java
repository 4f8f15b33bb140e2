package io.github.surprisal.kernel;

/** softmax and log-softmax of rows. Scratch for one thread. */
public final class SoftmaxRows {
    private static final ThreadLocal<SoftmaxRows> OF_THREAD = ThreadLocal.withInitial(SoftmaxRows::new);
    private static final int KEPT = 1 << 20;
    /** Logits of a batch whose probabilities are written while they are in the second-level cache. */
    private static final int CACHED = 1 << 16;

    private final RowWriter writer = new RowWriter();
    private final RowBatch batch = RowBatch.ofThread();
    private final double[] lse = new double[RowBatch.ROWS];
    private float[] row = new float[0];

    public static SoftmaxRows ofThread() {
        return OF_THREAD.get();
    }

    /** Rows from .. to of out = softmax, or log-softmax if logarithm, of the same rows of x; out may be x. */
    public void run(RowKernel kernel, Rows x, Rows out, boolean logarithm, int from, int to) {
        int columns = x.columns();
        if (columns == 0) return;
        batch.withConstants(Exp2.constants(1)).withTopApart(logarithm);
        boolean copies = !x.contiguous() || !out.contiguous();
        if (copies && row.length < columns) row = new float[columns];
        for (int r = from, count; r >= from && r < to; r += count) { // r wraps behind the largest row counts
            count = Math.min(RowBatch.countFrom(x, r, to), Math.max(RowKernel.GROUP, CACHED / columns));
            batch.lse(kernel, x, r, count, lse);
            for (int k = 0; k < count; k++) {
                if (copies) {
                    x.get(r + k, row, 0);
                    write(kernel, row, 0, columns, lse[k], logarithm, row, 0);
                    out.put(r + k, row, 0);
                } else {
                    write(kernel, x.data(), x.start(r + k), columns, lse[k], logarithm, out.data(), out.start(r + k));
                }
            }
        }
        if (row.length > KEPT) row = new float[0];
    }

    private void write(RowKernel kernel, float[] x, int from, int n, double lse, boolean logarithm, float[] out, int to) {
        if (!(Math.abs(lse) <= Float.MAX_VALUE)) {
            for (int i = 0; i < n; i++) out[to + i] = Float.NaN;
            return;
        }
        if (n == 1) {
            out[to] = logarithm ? 0 : 1;
            return;
        }
        boolean huge = RowWriter.isHuge(lse);
        float max = 0;
        if (huge) {
            max = kernel.max(x, from, n);
            lse = ChunkSum.ofThread().lseAbove(kernel, x, from, n, max);
        }
        if (logarithm) {
            float high = huge ? max : (float) lse;
            float low = (float) (huge ? lse : lse - high);
            for (int i = 0; i < n; i++) out[to + i] = (x[from + i] - high) - low;
        } else {
            float[] k = Exp2.constants(1);
            double power = DoubleMath.exp(RowWriter.powerOf(lse));
            int pieceLength = RowWriter.pieceLength(huge, null);
            for (int i = 0; i >= 0 && i < n; i += pieceLength) { // i wraps behind the longest rows
                writer.write(kernel, k, x, from + i, Math.min(pieceLength, n - i), lse, power, huge, max, 1, null, 0, out, to + i);
            }
        }
    }
}
