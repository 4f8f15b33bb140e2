package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * Losses and gradients of a batch of rows with index targets: summed by {@link RowBatch}, finished side by side. Scratch for one thread.
 *
 * <p>The target y is kept out of the sum: see {@link TargetShare}, which is the same for one row.
 */
final class LossBatch {
    private static final int ROWS = RowBatch.ROWS;
    private static final int GRAIN = RowKernel.GRAIN;

    private final RowBatch rows = RowBatch.ofThread();
    final int[] targets = new int[ROWS];
    final double[] gap = new double[ROWS];
    final double[] lse = new double[ROWS];
    final double[] p = new double[ROWS];
    final double[] notP = new double[ROWS];
    final double[] power = new double[ROWS];
    private final double[] xy = new double[ROWS];
    private final double[] weight = new double[ROWS];
    private final double[] t = new double[ROWS];
    private final float[] out = rows.sideBySide();
    private final boolean[] usual = new boolean[ROWS];
    private boolean all;
    private int count;

    /** Whether rows of this call are to be done here; a row that turns out to be unusual cannot. */
    static boolean covers(LossCall call) {
        Rows x = call.logits;
        Rows gradient = call.gradient;
        if (x.columns() <= RowBatch.SHORT) return coversShort(call) && x.data() != null && (gradient == null || gradient.data() != null);
        return call.probabilities == null && !call.options.copies() && call.parts == null && x.straight()
                && ChunkElements.positions(x.columns()) <= RowKernel.BLOCK && (gradient == null || gradient.straight());
    }

    /** Whether rows like these could be done side by side if they were in arrays. */
    static boolean coversShort(LossCall call) {
        int columns = call.logits.columns();
        return call.probabilities == null && !call.options.copies() && columns > 0 && columns <= RowBatch.SHORT
                && (call.options.smoothing() == 0 || call.logits.contiguous());
    }

    /** How many rows from r on, and before to, make a batch. */
    static int countFrom(LossCall call, int r, int to) {
        return call.gradient == null ? RowBatch.countFrom(call.logits, r, to) : RowBatch.countCachedFrom(call.logits, r, to);
    }

    /**
     * Sums of the rows r .. r + count: for each that {@link #isUsual} then gap stands, with options that are not plain or a gradient lse, and with
     * a gradient p, notP and power. Returns sum and the gaps, if {@link #allUsual}.
     */
    double sum(LossCall call, int r, int count, double sum) {
        this.count = count;
        Rows x = call.logits;
        boolean kept = call.targets(r, count, targets);
        rows.withConstants(call.options.constants());
        Rows out = mayKeep(call) ? call.gradient : null;
        boolean terms = keepsTerms(call) && rows.sumKept(call.kernel, x, r, count, targets, out.data(), out.start(r), out.rowStride());
        all = (terms || rows.sum(call.kernel, x, r, count, targets, out)) && kept;
        int rounded = count + 7 & -8;
        double[] sums = rows.sums;
        Arrays.fill(usual, 0, count, true);
        for (int k = 0; !all && k < count; k++) {
            if (rows.isUsual(k) && targets[k] >= 0) continue;
            usual[k] = false;
            sums[k] = 1; // any: the row is done alone later
        }
        double anchor = rows.exponent() * DoubleMath.LN2;
        findWeights(x, r, call.options.scale(), anchor);
        Arrays.fill(weight, count, rounded, 0);
        call.kernel.exp(weight, rounded);
        for (int k = 0; k < rounded; k++) gap[k] = t[k] = sums[k] * weight[k];
        double sumOfGaps = call.kernel.log1p(gap, rounded, count, sum);
        if (call.gradient == null && call.options.isPlain()) return sumOfGaps;
        for (int k = 0; k < rounded; k++) lse[k] = xy[k] + gap[k];
        if (call.gradient != null) finishGradients(rounded);
        return sumOfGaps;
    }

    boolean allUsual() {
        return all;
    }

    boolean isUsual(int k) {
        return usual[k];
    }

    /** The targets' logits times the scale, and what they lack to the anchor. A row that is usual so far no longer is if that is too much, or NaN. */
    private void findWeights(Rows x, int r, double scale, double anchor) {
        float[] apart = rows.apart();
        for (int k = 0; apart != null && k < count; k++) {
            double target = scale * apart[k];
            xy[k] = target;
            weight[k] = anchor - target;
        }
        if (apart != null) return;
        float[] source = rows.source(x);
        int at = source == null ? 0 : rows.from(x, r);
        int rowStep = rows.rowStep(x);
        int step = rows.stride(x);
        double lowest = anchor - TargetShare.MAX_POWER;
        int below = 0;
        for (int k = 0; k < count; k++, at += rowStep) {
            int y = Math.max(targets[k], 0);
            double target = scale * (source != null ? source[at + y * step] : x.get(r + k, y));
            below |= target >= lowest ? 0 : 1;
            xy[k] = target;
            weight[k] = anchor - target;
        }
        if (below == 0) return;
        all = false;
        for (int k = 0; k < count; k++) usual[k] &= xy[k] >= lowest;
    }

    private void finishGradients(int rounded) {
        for (int k = 0; k < rounded; k++) {
            p[k] = 1 / (1 + t[k]);
            notP[k] = t[k] * p[k];
        }
        for (int k = 0; k < rounded; k++) power[k] = weight[k] * p[k];
        if (rows.keptAny()) return;
        int exponent = rows.exponent();
        for (int k = 0; k < rounded; k++) {
            power[k] *= DoubleMath.powerOfTwo(Math.clamp(RowWriter.exponentOf(lse[k]) - exponent, -1000, 1000)); // clamped: an unusual row
        }
    }

    // ---- the gradient

    /** Whether {@link #write} can write the gradient. */
    static boolean writes(LossCall call) {
        if (call.gradient == null || call.options.smoothing() != 0) return false;
        return call.logits.columns() <= RowBatch.SHORT || call.logits.inPlace() && call.gradient.inPlace();
    }

    /**
     * Whether the terms may be kept in the gradient while they are summed, in place too: whether its rows are ranges of an array, and nothing else is asked of
     * the logits afterwards.
     */
    static boolean keepsTerms(LossCall call) {
        return mayKeep(call) && call.gradient.inPlace() && !call.countsCorrect;
    }

    /** Whether terms may be kept at all: no factor may lose digits in units of 2^E, as one with a weight or a z-loss might, which have any size. */
    private static boolean mayKeep(LossCall call) {
        double factor = Math.abs(call.factor * call.options.logitScale());
        return writes(call) && call.options.isPlain() && factor >= 0x1p-20 && factor <= 0x1p20;
    }

    /** Writes the gradient of the usual rows. Makes power the factors of their terms, and t the gradients at their targets. */
    void write(LossCall call, int r) {
        double factor = call.factor * call.options.logitScale();
        boolean kept = rows.keptAny();
        if (call.options.weights() == null && call.options.zLoss() == 0) {
            for (int k = 0; k < count; k++) {
                power[k] *= factor;
                t[k] = RowLoss.atTarget(factor, 0, 0, 1, 0, 1, p[k], notP[k]);
            }
        } else {
            findOwnFactors(call.options, factor);
        }
        for (int k = 0; !kept && k < count; k++) rows.setExponent(k, usual[k] ? lse[k] : rows.exponent() * DoubleMath.LN2);
        rows.setFactors(power, count);
        boolean inPlace = call.logits.inPlace() && call.gradient.inPlace();
        if (call.logits.columns() >= GRAIN && inPlace && !rows.keptBeside()) writeRows(call, r);
        else writeSideBySide(call, r);
    }

    /** Where rows are not alike, the factors of their terms and, in t, the gradients at their targets. */
    private void findOwnFactors(LossOptions options, double factor) {
        for (int k = 0; k < count; k++) {
            if (!usual[k]) continue;
            double weight = options.weight(targets[k]);
            double pull = 2 * options.zLoss() * lse[k];
            power[k] *= factor * (weight + pull);
            t[k] = RowLoss.atTarget(factor, 0, 0, weight, pull, weight, p[k], notP[k]);
        }
    }

    private void writeRows(LossCall call, int r) {
        Rows gradient = call.gradient;
        rows.writeTerms(call.kernel, call.logits, gradient, r, count, usual);
        for (int k = 0; k < count; k++) {
            if (usual[k]) gradient.data()[gradient.start(r + k) + targets[k]] = (float) t[k];
        }
    }

    private void writeSideBySide(LossCall call, int r) {
        int stride = rows.terms(call.kernel, call.logits, r, count);
        for (int k = 0; k < count; k++) {
            if (usual[k]) out[targets[k] * stride + k] = (float) t[k];
        }
        rows.put(call.kernel, call.gradient, r, count, usual, stride);
    }
}
