package io.github.surprisal.kernel;

/** The sum of one row wherever it lies, its chunks shared out among threads if there are any to share with. */
final class RowSum {
    static final int CHUNK = ChunkSum.CHUNK;

    private RowSum() {}

    /** Makes sum that of row r, as options prepare it, without the excluded element (-1 for none). */
    static void of(RowKernel kernel, Rows x, int r, LossOptions options, double apart, int excluded, Parts parts, LogSum sum) {
        sum.clear();
        int n = x.columns();
        if (parts == null || n <= CHUNK) {
            chunk(options, apart).addRow(kernel, x, r, 0, n, options, excluded, sum);
            return;
        }
        LogSum[] sums = new LogSum[chunks(n)];
        parts.run(sums.length, (first, end) -> {
            for (int c = first; c < end; c++) {
                sums[c] = new LogSum();
                chunk(options, apart).addRow(kernel, x, r, c * CHUNK, chunkEnd(c, n), options, excluded, sums[c]);
            }
        });
        for (LogSum s : sums) sum.merge(s); // in order, as one thread does
    }

    /** As {@link #of}, with the terms kept in out, from outFrom on, if that is possible: see {@link ChunkSum#sumKept}. */
    static boolean ofKept(RowKernel kernel, Rows x, int r, LossOptions options, double apart, int excluded, float[] out, int outFrom, boolean more, LogSum sum) {
        return chunk(options, apart).sumKept(kernel, x, r, options, excluded, out, outFrom, more, sum);
    }

    /** Of the terms just kept by this thread: see {@link ChunkSum#keptExponent}. */
    static int keptExponent() {
        return ChunkSum.ofThread().keptExponent();
    }

    /** Chunks of a row of n elements. */
    static int chunks(int n) {
        return (int) ((n + CHUNK - 1L) / CHUNK);
    }

    /** Where chunk c of a row of n elements ends. */
    static int chunkEnd(int c, int n) {
        return (int) Math.min(n, (c + 1L) * CHUNK);
    }

    private static ChunkSum chunk(LossOptions options, double apart) {
        return ChunkSum.ofThread().withConstants(options == null ? Exp2.constants(1) : options.constants()).withTopApart(apart);
    }
}
