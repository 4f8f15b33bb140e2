package io.github.surprisal.kernel;

/** log-sum-exp of a batch of rows of few classes with probability targets, and how far it is above the largest logit. Scratch for one thread. */
final class ProbabilityBatch {
    /** For {@link ChunkSum#withTopApart}: for rows as short as these any positive number keeps the largest apart. */
    static final double TOP_APART = 4;
    /** Of what is left of a sum less its largest term: below it too few of the 53 bits are, and the row is to be summed without its largest element. */
    private static final double LEAST_REST = 0x1p-20;

    private final BatchLogs logs = BatchLogs.ofThread();
    private final RowBatch rows = RowBatch.ofThread();
    final double[] lse = new double[RowBatch.ROWS];
    final double[] above = new double[RowBatch.ROWS];
    final float[] largest = new float[RowBatch.ROWS];

    static boolean covers(LossCall call) {
        int columns = call.logits.columns();
        return call.probabilities != null && columns > 1 && columns <= RowBatch.MEDIUM && RowBatch.reads(call.logits) && !call.options.copies();
    }

    void sum(LossCall call, int r, int count) {
        rows.withConstants(call.options.constants()).withTopApart(TOP_APART);
        logs.lse(call.kernel, call.logits, r, count, lse);
        logs.copyAbove(call.kernel, call.logits, r, count, above, largest);
    }

    boolean isUsual(int k) {
        return isEnough(above[k]);
    }

    /** Whether a sum's logarithm, less its largest element kept apart, has all its digits; not of NaN. */
    static boolean isEnough(double above) {
        return above >= LEAST_REST;
    }
}
