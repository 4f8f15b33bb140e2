package io.github.surprisal.kernel;

/**
 * Losses of a batch of rows of few classes with probability targets: log-sum-exp, and how far it is above the largest logit; of rows side by side the
 * losses and gradients too. Scratch for one thread.
 */
final class ProbabilityBatch {
    /** Of what is left of a sum less its largest term: below it too few of the 53 bits are, and the row is to be summed without its largest element. */
    private static final double LEAST_REST = 0x1p-20;

    private final RowLoss rowLoss;
    private final BatchLogs logs = BatchLogs.ofThread();
    private final RowBatch rows = RowBatch.ofThread();
    private final BatchWriter writer = rows.writer;
    final double[] lse = new double[BatchShape.ROWS];
    final double[] above = new double[BatchShape.ROWS];
    final float[] largest = new float[BatchShape.ROWS];
    final double[] loss = rows.logs; // both until the next sum
    private final double[] total = rows.sums;
    private final boolean[] usual = rows.usual;
    private int count;

    /** With its {@link GapBatch}. */
    ProbabilityBatch(RowLoss rowLoss) {
        this.rowLoss = rowLoss;
    }

    static boolean covers(LossCall call) {
        int columns = call.logits.columns();
        return call.probabilities != null && columns > 1 && columns <= BatchShape.MEDIUM && BatchShape.reads(call.logits) && !call.options.copies();
    }

    /** Whether losses and gradients are done here too. */
    static boolean finishes(LossCall call) {
        return covers(call) && BatchShape.areSideBySide(call.kernel, call.logits); // all else lies in rows of arrays then: see TiledLoss
    }

    void sum(LossCall call, int r, int count) {
        this.count = count;
        rows.withConstants(call.options.constants()).withTopApart(ChunkSum.TOP_APART);
        logs.lse(call.kernel, call.logits, r, count, lse);
        logs.copyAbove(call.kernel, call.logits, r, count, above, largest);
        for (int k = 0; k < count; k++) usual[k] = isEnough(above[k]) && !RowWriter.isHuge(lse[k]);
    }

    /** Makes loss that of each usual row: as RowLoss of one row, with the same bits. */
    void findLosses(LossCall call, int r) {
        LossOptions options = call.options;
        GapBatch gaps = rowLoss.gapBatch();
        gaps.loadTargets(call, r, count);
        gaps.sum(call, r, largest, loss);
        gaps.total(count, total);
        double scale = options.scale();
        double zLoss = options.zLoss();
        for (int k = 0; k < count; k++) loss[k] = scale * loss[k] + total[k] * above[k];
        for (int k = 0; zLoss != 0 && k < count; k++) loss[k] += zLoss * lse[k] * lse[k];
        double factor = call.factor * options.logitScale();
        for (int k = 0; call.gradient != null && k < count; k++) usual[k] &= RowWriter.isFloat(factor * (total[k] + 2 * zLoss * lse[k]));
    }

    /** Writes the gradient of the usual rows, after {@link #findLosses}. */
    void write(LossCall call, int r) {
        LossOptions options = call.options;
        double factor = call.factor * options.logitScale();
        double zLoss = options.zLoss();
        int rounded = count + 7 & -8;
        double[] power = above; // no longer needed
        for (int k = 0; k < count; k++) {
            boolean known = usual[k];
            power[k] = known ? RowWriter.powerOf(lse[k]) : 0;
            total[k] = factor * (total[k] + 2 * zLoss * lse[k]);
            writer.setExponent(k, known ? lse[k] : 0);
        }
        for (int k = count; k < rounded; k++) power[k] = 0;
        call.kernel.exp(power, rounded);
        for (int k = 0; k < count; k++) power[k] *= total[k];
        writer.setFactors(power, count);
        GapBatch gaps = rowLoss.gapBatch();
        gaps.multiply(factor);
        int stride = writer.termsMinus(call.kernel, call.logits, r, count, gaps.coefficients(), gaps.stride());
        writer.put(call.kernel, call.gradient, r, count, usual, stride);
    }

    boolean isUsual(int k) {
        return usual[k];
    }

    /** Whether a sum's logarithm, less its largest element kept apart, has all its digits; not of NaN. */
    static boolean isEnough(double above) {
        return above >= LEAST_REST;
    }
}
