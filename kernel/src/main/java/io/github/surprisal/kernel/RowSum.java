package io.github.surprisal.kernel;

/** The sum of one row wherever it lies, its chunks shared out among threads if there are any to share with. Belongs to the thread that makes it. */
final class RowSum {
    private final ChunkSum own = ChunkSum.ofThread();

    /** Makes sum that of row r, as options prepare it, without the excluded element (-1 for none). */
    void of(RowKernel kernel, Rows x, int r, LossOptions options, double apart, int excluded, Parts parts, LogSum sum) {
        sum.clear();
        int n = x.columns();
        if (parts == null) {
            start(own, options, apart).addRow(kernel, x, r, 0, n, options, excluded, sum);
            return;
        }
        LogSum[] sums = new LogSum[chunks(n)];
        parts.run(sums.length, (first, end) -> {
            for (int c = first; c < end; c++) {
                sums[c] = new LogSum();
                ChunkSum theirs = ChunkSum.ofThread(); // of whichever thread does this part
                start(theirs, options, apart).addRow(kernel, x, r, c * ChunkSum.CHUNK, chunkEnd(c, n), options, excluded, sums[c]);
            }
        });
        for (LogSum s : sums) sum.merge(s); // in order, as one thread does
    }

    /** As {@link #of}, with the terms kept in out, from outFrom on, if that is possible: see {@link KeptRow#sum}. */
    boolean ofKept(RowKernel kernel, Rows x, int r, LossOptions options, double apart, int excluded, float[] out, int outFrom, boolean more, LogSum sum) {
        return start(own, options, apart).keptRow().sum(kernel, x, r, options, excluded, out, outFrom, more, sum);
    }

    /** Whether the row just summed, of so many columns, has left its terms in {@link #fewTerms}: see {@link ChunkSum#keepsFew}. None so short has parts. */
    boolean keepsFew(int columns) {
        return own.keepsFew(columns);
    }

    float[] fewTerms() {
        return own.partials;
    }

    int fewExponent() {
        return own.exponent;
    }

    /** What the terms just kept are in units of: 2 to this power. */
    int keptExponent() {
        return own.keptExponent;
    }

    /** Before the first row of a call: see {@link ChunkSum#forgetNextRow}. */
    void forgetNextRow() {
        own.forgetNextRow();
    }

    /** Chunks of a row of n elements. */
    static int chunks(int n) {
        return (int) ((n + ChunkSum.CHUNK - 1L) / ChunkSum.CHUNK);
    }

    /** Where chunk c of a row of n elements ends. */
    static int chunkEnd(int c, int n) {
        return (int) Math.min(n, (c + 1L) * ChunkSum.CHUNK);
    }

    private static ChunkSum start(ChunkSum sum, LossOptions options, double apart) {
        return sum.withConstants(options == null ? Exp2.constants(1) : options.constants()).withTopApart(apart);
    }
}
