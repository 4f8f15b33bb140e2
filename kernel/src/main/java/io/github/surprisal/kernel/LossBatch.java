package io.github.surprisal.kernel;

/**
 * Losses and gradients of a batch of rows with index targets: summed by {@link RowBatch}, finished side by side. Scratch for one thread.
 *
 * <p>The target y is kept out of the sum: R = sum of e^x over the others, q = log R - x_y, gap = log-sum-exp - x_y = log(1 + e^q).
 */
final class LossBatch {
    private static final int ROWS = RowBatch.ROWS;
    private static final int GRAIN = RowKernel.GRAIN;
    /** Logits of a batch whose gradient is written while they are in the second-level cache. */
    private static final int CACHED = 1 << 16;

    private final RowBatch rows = RowBatch.ofThread();
    final int[] targets = new int[ROWS];
    final double[] rest = new double[ROWS];
    final double[] q = new double[ROWS];
    final double[] gap = new double[ROWS];
    final double[] lse = new double[ROWS];
    final double[] p = new double[ROWS];
    final double[] notP = new double[ROWS];
    final double[] power = new double[ROWS];
    private final int[] excluded = new int[ROWS];
    private final double[] xy = new double[ROWS];
    private final float[] rounders = new float[ROWS];
    private final float[] factors = new float[ROWS];
    private final float[] out = new float[RowBatch.SHORT * ROWS];
    private int count;

    /** Whether rows of this call can be done here; a row that turns out to be unusual still cannot. */
    static boolean covers(LossCall call) {
        Rows x = call.logits;
        return call.probabilities == null && !call.options.copies() && x.columns() > 0
                && (x.columns() <= RowBatch.SHORT || x.contiguous() && ChunkSum.positions(x.columns()) <= RowKernel.BLOCK);
    }

    /** How many rows from r on, and before to, make a batch. */
    static int countFrom(LossCall call, int r, int to) {
        int most = RowBatch.countFrom(call.logits, r, to);
        return call.gradient == null ? most : Math.min(most, Math.max(RowKernel.GROUP, CACHED / call.logits.columns()));
    }

    /** Sums of the rows r .. r + count; returns a bit for each usual row, for which q, gap and, where needed, the others then stand. */
    long sum(LossCall call, int r, int count) {
        this.count = count;
        Rows x = call.logits;
        long kept = call.targets(r, count, targets);
        boolean isShort = x.columns() <= RowBatch.SHORT;
        for (int k = 0; k < count; k++) excluded[k] = isShort ? targets[k] : Math.max(targets[k], 0);
        rows.withConstants(call.options.constants());
        long usual = kept & rows.sum(call.kernel, x, r, count, excluded);
        if (usual == 0) return 0;
        int rounded = count + 7 & -8;
        for (int k = 0; k < rounded; k++) q[k] = (usual >> k & 1) != 0 ? rows.sum(k) : 1;
        call.kernel.log(q, rounded);
        double anchor = rows.exponent() * DoubleMath.LN2;
        double scale = call.options.scale();
        float[] source = isShort ? rows.source(x) : x.data();
        int at = isShort ? rows.from(x, r) : x.start(r);
        int rowStep = isShort ? 1 : x.rowStride();
        int step = isShort ? rows.stride(x) : 1;
        for (int k = 0; k < count; k++, at += rowStep) {
            double target = scale * source[at + Math.max(targets[k], 0) * step];
            xy[k] = target;
            rest[k] = q[k] + anchor;
            q[k] = rest[k] - target;
            gap[k] = q[k];
            if (!(Math.abs(target) < Double.POSITIVE_INFINITY)) usual &= ~(1L << k);
        }
        call.kernel.softplus(gap, rounded);
        if (call.gradient != null) finishGradients(call, usual, rounded);
        return usual;
    }

    /** lse, p, notP and power: (1 - p) e^gap = e^q, so p and notP keep their accuracy at either end. */
    private void finishGradients(LossCall call, long usual, int rounded) {
        for (int k = 0; k < rounded; k++) lse[k] = -q[k];
        call.kernel.softplus(lse, rounded);
        for (int k = 0; k < rounded; k++) {
            boolean counts = (usual >> k & 1) != 0;
            lse[k] = q[k] > 0 ? rest[k] + lse[k] : xy[k] + gap[k];
            power[k] = counts ? RowWriter.powerOf(lse[k]) : 0;
            p[k] = counts ? -gap[k] : 0;
            notP[k] = counts ? q[k] - gap[k] : 0;
        }
        call.kernel.exp(power, rounded);
        call.kernel.exp(p, rounded);
        call.kernel.exp(notP, rounded);
    }

    // ---- the gradient of short rows

    /** Whether {@link #writeShort} can write the gradient. */
    static boolean writesShort(LossCall call) {
        return call.gradient != null && call.logits.columns() <= RowBatch.SHORT && call.options.smoothing() == 0;
    }

    /** Writes the gradient of the usual rows. */
    void writeShort(LossCall call, int r, long usual) {
        Rows x = call.logits;
        LossOptions options = call.options;
        int columns = x.columns();
        int n = count + GRAIN - 1 & -GRAIN;
        double factor = call.factor * options.logitScale();
        for (int k = 0; k < n; k++) {
            boolean counts = k < count && (usual >> k & 1) != 0;
            rounders[k] = Exp2.rounder(counts ? RowWriter.exponentOf(lse[k]) : 0);
            double main = counts ? options.weight(targets[k]) : 0;
            double pull = counts ? 2 * options.zLoss() * lse[k] : 0;
            factors[k] = counts ? (float) (factor * (main + pull) * power[k]) : 0;
        }
        call.kernel.termsColumns(rows.source(x), rows.from(x, r), rows.stride(x), columns, n, rounders, factors, options.constants(), out, 0, ROWS);
        for (int k = 0; k < count; k++) {
            if ((usual >> k & 1) == 0) continue;
            double weight = options.weight(targets[k]);
            out[targets[k] * ROWS + k] = (float) RowLoss.atTarget(factor, 0, 0, weight, 2 * options.zLoss() * lse[k], weight, p[k], notP[k]);
        }
        put(call.gradient, r, usual);
    }

    private void put(Rows gradient, int r, long usual) {
        float[] data = gradient.data();
        boolean together = gradient.contiguous() || r % gradient.columnStride() + count <= gradient.columnStride();
        if (together && usual == all(count)) {
            int rowStep = gradient.contiguous() ? gradient.rowStride() : 1;
            int to = gradient.start(r);
            for (int c = 0; c < gradient.columns(); c++, to += gradient.columnStride()) {
                for (int k = 0; k < count; k++) data[to + k * rowStep] = out[c * ROWS + k];
            }
            return;
        }
        for (int k = 0; k < count; k++) {
            if ((usual >> k & 1) == 0) continue;
            int to = gradient.start(r + k);
            for (int c = 0; c < gradient.columns(); c++, to += gradient.columnStride()) data[to] = out[c * ROWS + k];
        }
    }

    /** A bit for each of count rows. */
    static long all(int count) {
        return -1L >>> 64 - count;
    }
}
