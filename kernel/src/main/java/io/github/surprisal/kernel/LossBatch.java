package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * Losses and gradients of a batch of rows with index targets: summed by {@link RowBatch}, finished side by side. Scratch for one thread.
 *
 * <p>The target y is kept out of the sum: see {@link TargetShare}, which is the same for one row.
 */
final class LossBatch {
    private static final int ROWS = BatchShape.ROWS;
    private static final int GRAIN = RowKernel.GRAIN;

    private final RowLoss rowLoss;
    private final RowBatch rows = RowBatch.ofThread();
    private final RowsBeside beside = rows.beside;
    private final BatchWriter writer = rows.writer;
    final int[] targets = new int[ROWS];
    final double[] lse = new double[ROWS];
    final double[] p = new double[ROWS];
    final double[] notP = new double[ROWS];
    final double[] power = new double[ROWS];
    private final double[] gap = new double[ROWS];
    private final double[] ownLosses = rows.logs; // where they are not the gaps
    private final double[] xy = new double[ROWS];
    private final double[] weight = new double[ROWS];
    private final double[] t = new double[ROWS];
    private final int[] ignored = new int[ROWS]; // the rows whose targets are
    private final float[] out = beside.tile;
    private final boolean[] usual = rows.usual;
    private double[] losses;
    private boolean all;
    private int count;
    private int ignoredCount;

    /** With its scratch, and its way to do a row alone. */
    LossBatch(RowLoss rowLoss) {
        this.rowLoss = rowLoss;
    }

    /** Whether rows of this call are to be done here; a row that turns out to be unusual cannot. */
    static boolean covers(LossCall call) {
        Rows x = call.logits;
        Rows gradient = call.gradient;
        if (x.columns() <= BatchShape.SHORT) return coversShort(call) && x.sideBySide() && (gradient == null || gradient.sideBySide());
        return hasFloatFactors(call) && call.probabilities == null && !call.options.copies() && x.straight()
                && ChunkElements.positions(x.columns()) <= RowKernel.BLOCK && (gradient == null || gradient.straight());
    }

    /** Whether rows like these could be done side by side if they were in arrays. */
    static boolean coversShort(LossCall call) {
        int columns = call.logits.columns();
        return hasFloatFactors(call) && call.probabilities == null && !call.options.copies() && columns > 0 && columns <= BatchShape.SHORT;
    }

    /** Whether no factor of a row's terms can be larger than floats are, which {@link RowGradient} alone provides for. */
    private static boolean hasFloatFactors(LossCall call) {
        LossOptions options = call.options;
        double weight = options.weights() == null ? 1 : options.weightTotal(call.logits.columns());
        double most = weight + 2 * options.zLoss() * RowWriter.MAX_DIRECT;
        return call.gradient == null || RowWriter.isFloat(call.factor * options.logitScale() * 2 * most);
    }

    /** How many rows from r on, and before to, make a batch. */
    static int countFrom(LossCall call, int r, int to) {
        return call.gradient == null ? BatchShape.countFrom(call.logits, r, to) : BatchShape.countCachedFrom(call.logits, r, to);
    }

    /**
     * Sums of the rows r .. r + count: for each that {@link #isUsual} then {@link #loss} stands, and with a gradient lse, p, notP and power too. Returns sum
     * and the losses, if {@link #allUsual}.
     */
    double sum(LossCall call, int r, int count, double sum) {
        this.count = count;
        Rows x = call.logits;
        LossOptions options = call.options;
        ignoredCount = call.targets(r, count, targets) ? 0 : listIgnored();
        rows.withConstants(options.constants());
        Rows out = mayKeep(call) ? call.gradient : null;
        boolean terms = keepsTerms(call) && rows.sumKept(call.kernel, x, r, count, targets, out.data(), out.start(r), out.rowStride());
        all = terms || rows.sum(call.kernel, x, r, count, targets, out);
        int rounded = count + 7 & -8;
        double[] sums = rows.sums;
        for (int k = 0; !all && k < count; k++) if (!usual[k]) sums[k] = 1; // any: the row is done alone later
        double anchor = rows.exponent() * DoubleMath.LN2;
        findWeights(x, r, options.scale(), anchor);
        Arrays.fill(weight, count, rounded, 0);
        for (int i = 0; i < ignoredCount; i++) {
            int k = ignored[i]; // no loss, and a log-sum-exp near which terms can be written, to be multiplied by 0
            sums[k] = 0;
            weight[k] = 0;
            xy[k] = anchor;
        }
        call.kernel.exp(weight, rounded);
        for (int k = 0; k < rounded; k++) gap[k] = t[k] = sums[k] * weight[k];
        double sumOfGaps = call.kernel.log1p(gap, rounded, count, sum);
        if (call.gradient != null || !options.isPlain()) {
            for (int k = 0; k < rounded; k++) lse[k] = xy[k] + gap[k];
        }
        if (call.gradient != null) finishGradients(rounded);
        losses = options.isPlain() ? gap : ownLosses;
        return options.isPlain() ? sumOfGaps : findLosses(call, r, sum);
    }

    /** Without a branch on targets, which are as random as anything. */
    private int listIgnored() {
        int n = 0;
        for (int k = 0; k < count; k++) {
            ignored[n] = k;
            n += targets[k] >>> 31;
        }
        return n;
    }

    /** Of the usual rows, from gap and lse; returns sum and them. */
    private double findLosses(LossCall call, int r, double sum) {
        LossOptions options = call.options;
        double main = options.kept();
        float[] weights = options.weights();
        for (int k = 0; weights == null && k < count; k++) losses[k] = main * gap[k];
        for (int k = 0; weights != null && k < count; k++) losses[k] = main * weights[Math.max(targets[k], 0)] * gap[k];
        if (options.smoothing() != 0) addSmoothing(call, r);
        double zLoss = options.zLoss();
        for (int k = 0; zLoss != 0 && k < count; k++) losses[k] += zLoss * lse[k] * lse[k];
        for (int i = 0; i < ignoredCount; i++) losses[ignored[i]] = 0;
        double total = sum;
        for (int k = 0; k < count; k++) total += losses[k];
        return total;
    }

    private void addSmoothing(LossCall call, int r) {
        if (!sideBySide(call)) {
            for (int k = 0; k < count; k++) {
                if (usual[k] && targets[k] >= 0) losses[k] += rowLoss.smoothing(call, r + k, targets[k], gap[k], lse[k]);
            }
            return;
        }
        LossOptions options = call.options;
        double scale = options.scale();
        float[] apart = rows.apartIfFound();
        float[] reference = writer.factors; // not yet needed
        double[] above = t; // no longer needed
        for (int k = 0; k < count; k++) {
            boolean near = gap[k] < 1;
            reference[k] = near ? apart[k] : (float) (lse[k] / scale);
            above[k] = near ? gap[k] : lse[k] - scale * reference[k];
        }
        GapBatch gaps = rowLoss.gapBatch();
        gaps.loadWeights(call, count);
        double[] sums = xy; // no longer needed
        gaps.sum(call, r, reference, sums);
        double share = options.share(call.logits.columns());
        double total = options.weightTotal(call.logits.columns());
        for (int k = 0; k < count; k++) {
            double sum = scale * sums[k] + total * above[k];
            // such a row overwrites what the batch has in ChunkSum's scratch, all of which it is done with: nothing is kept with smoothing
            boolean delicate = usual[k] && targets[k] >= 0 && RowLoss.isDelicate(options, gap[k], lse[k], sum, total);
            losses[k] += delicate ? rowLoss.delicateSmoothing(call, r + k) : share * sum;
        }
    }

    private static boolean sideBySide(LossCall call) {
        return BatchShape.areSideBySide(call.kernel, call.logits);
    }

    /** How many of the usual rows have their largest logit, the first if there are several, at their target. To be asked before {@link #write}. */
    int countCorrect(LossCall call, int r) {
        Rows x = call.logits;
        int correct = 0;
        if (!sideBySide(call)) {
            for (int k = 0; k < count; k++) {
                if (usual[k] && targets[k] >= 0 && rowLoss.isFirstMax(call, r + k, targets[k])) correct++;
            }
            return correct;
        }
        float[] largest = writer.factors; // not yet needed
        rows.findLargest(call.kernel, x, r, count, largest);
        float[] source = beside.source(x);
        int stride = beside.stride(x);
        for (int k = 0, at = beside.from(x, r); k < count; k++, at++) {
            int y = targets[k];
            if (y < 0 || !usual[k] || source[at + y * stride] != largest[k]) continue;
            int c = 0;
            while (source[at + c * stride] != largest[k]) c++;
            if (c == y) correct++;
        }
        return correct;
    }

    boolean allUsual() {
        return all;
    }

    boolean isUsual(int k) {
        return usual[k];
    }

    double loss(int k) {
        return losses[k];
    }

    /** The targets' logits times the scale, and what they lack to the anchor. A row that is usual so far no longer is if that is too much, or NaN. */
    private void findWeights(Rows x, int r, double scale, double anchor) {
        float[] apart = rows.apartIfFound();
        for (int k = 0; apart != null && k < count; k++) {
            double target = scale * apart[k];
            xy[k] = target;
            weight[k] = anchor - target;
        }
        if (apart != null) return;
        float[] source = beside.source(x);
        int at = source == null ? 0 : beside.from(x, r);
        int rowStep = beside.rowStep(x);
        int step = beside.stride(x);
        double lowest = anchor - TargetShare.MAX_POWER;
        int below = 0;
        for (int k = 0; k < count; k++, at += rowStep) {
            int y = Math.max(targets[k], 0);
            double target = scale * (source != null ? source[at + y * step] : x.get(r + k, y));
            below |= target >= lowest ? 0 : 1;
            xy[k] = target;
            weight[k] = anchor - target;
        }
        for (int k = 0; below != 0 && k < count; k++) {
            usual[k] &= xy[k] >= lowest | targets[k] < 0;
            all &= usual[k];
        }
    }

    private void finishGradients(int rounded) {
        for (int k = 0; k < rounded; k++) {
            p[k] = 1 / (1 + t[k]);
            notP[k] = t[k] * p[k];
        }
        for (int k = 0; k < rounded; k++) power[k] = weight[k] * p[k];
        if (writer.keptAny()) return;
        int exponent = rows.exponent();
        for (int k = 0; k < rounded; k++) {
            power[k] *= DoubleMath.powerOfTwo(Math.clamp(RowWriter.exponentOf(lse[k]) - exponent, -1000, 1000)); // clamped: an unusual row
        }
    }

    // ---- the gradient

    /** Whether {@link #write} can write the gradient. */
    static boolean writes(LossCall call) {
        if (call.gradient == null || call.options.smoothing() != 0 && !sideBySide(call)) return false;
        return call.logits.columns() <= BatchShape.SHORT || call.logits.inPlace() && call.gradient.inPlace();
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
        boolean kept = writer.keptAny();
        if (call.options.isPlain()) {
            for (int k = 0; k < count; k++) {
                power[k] *= factor;
                t[k] = RowLoss.atTarget(factor, 0, 0, 1, 0, 1, p[k], notP[k]);
            }
        } else {
            findOwnFactors(call.options, factor, call.logits.columns());
        }
        for (int i = 0; i < ignoredCount; i++) power[ignored[i]] = t[ignored[i]] = 0;
        for (int k = 0; !kept && k < count; k++) writer.setExponent(k, usual[k] ? lse[k] : rows.exponent() * DoubleMath.LN2);
        writer.setFactors(power, count);
        boolean inPlace = call.logits.inPlace() && call.gradient.inPlace();
        if (call.logits.columns() >= GRAIN && inPlace && !beside.kept() && call.options.smoothing() == 0) writeRows(call, r);
        else writeSideBySide(call, r);
    }

    /** Where rows are not alike, the factors of their terms and, in t, the gradients at their targets. */
    private void findOwnFactors(LossOptions options, double factor, int columns) {
        double share = options.share(columns);
        double total = share == 0 ? 0 : share * options.weightTotal(columns);
        for (int k = 0; k < count; k++) {
            if (!usual[k]) continue;
            double weight = options.weight(Math.max(targets[k], 0));
            double pull = 2 * options.zLoss() * lse[k];
            double main = options.kept() * weight;
            power[k] *= factor * (main + total + pull);
            t[k] = RowLoss.atTarget(factor, total, share, weight, pull, main, p[k], notP[k]);
        }
    }

    private void writeRows(LossCall call, int r) {
        Rows gradient = call.gradient;
        writer.writeTerms(call.kernel, call.logits, gradient, r, count, usual);
        for (int k = 0; k < count; k++) {
            if (usual[k]) gradient.data()[gradient.start(r + k) + Math.max(targets[k], 0)] = (float) t[k];
        }
    }

    /** Less what label smoothing takes from each class; from {@link #addSmoothing} on its weights are there. */
    private int termsMinusShares(LossCall call, int r) {
        int columns = call.logits.columns();
        GapBatch gaps = rowLoss.gapBatch();
        float[] shares = gaps.coefficients();
        gaps.multiply(call.factor * call.options.logitScale() * call.options.share(columns));
        for (int i = 0; i < ignoredCount; i++) {
            for (int c = 0; c < columns; c++) shares[c * gaps.stride() + ignored[i]] = 0;
        }
        return writer.termsMinus(call.kernel, call.logits, r, count, shares, gaps.stride());
    }

    private void writeSideBySide(LossCall call, int r) {
        boolean smoothed = call.options.smoothing() != 0;
        int stride = smoothed ? termsMinusShares(call, r) : writer.terms(call.kernel, call.logits, r, count);
        for (int k = 0; k < count; k++) {
            if (usual[k]) out[Math.max(targets[k], 0) * stride + k] = (float) t[k];
        }
        writer.put(call.kernel, call.gradient, r, count, usual, stride);
    }
}
