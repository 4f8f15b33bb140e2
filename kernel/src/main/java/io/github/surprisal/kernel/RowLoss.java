package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * Loss and gradient of single rows. Scratch for one thread: some rows of numbers, and one row of logits where they have to be copied.
 *
 * <p>With index targets the target y is kept out of the sum: R = sum of e^x over the others, q = log R - x_y, and
 * log-sum-exp - x_y = log(1 + e^q), which keeps its relative accuracy however small it is. Smoothing adds
 * sum of w_c (lse - x_c) = sum of w_c (m - x_c) + W (lse - m) with a reference m near the largest; probability targets are such sums alone.
 */
final class RowLoss {
    private static final ThreadLocal<RowLoss> OF_THREAD = ThreadLocal.withInitial(RowLoss::new);
    private static final int PIECE = RowKernel.BLOCK;
    private static final int KEPT = 1 << 20;
    private static final float[] ONES = new float[PIECE];
    private static final float[] ZEROS = new float[PIECE];

    static {
        Arrays.fill(ONES, 1);
    }

    private final LogSum others = new LogSum();
    private final RowWriter writer = new RowWriter();
    private final LossBatch batch = new LossBatch();
    private final TargetShare target = new TargetShare();
    private final double[] lanes = new double[16];
    private final float[] piece = new float[PIECE];
    private float[] row = new float[0];
    private float[] targetRow = new float[0];

    static RowLoss ofThread() {
        return OF_THREAD.get();
    }

    /** The sum, in order, of the losses of rows from .. to, each put into each if that is not null. correct[0] grows by the right argmaxes. */
    double run(LossCall call, int from, int to, long[] correct, double[] each) {
        double sum = 0;
        boolean batched = LossBatch.covers(call);
        boolean writesShort = LossBatch.writesShort(call);
        boolean gapsOnly = !call.countsCorrect && call.options.isPlain() && (call.gradient == null || writesShort);
        for (int r = from, count; r >= from && r < to; r += count) { // r wraps behind the largest row counts
            count = batched ? LossBatch.countFrom(call, r, to) : 1;
            if (batched) batch.sum(call, r, count);
            for (int k = 0; k < count; k++) {
                double loss;
                boolean known = batched && batch.isUsual(k);
                if (gapsOnly && known) loss = batch.gap[k];
                else if (call.probabilities != null) loss = probabilityRow(call, r + k);
                else loss = indexRow(call, r + k, batched ? batch.targets[k] : call.target(r + k), known, k, writesShort, correct);
                if (call.losses != null) call.losses[r + k] = DoubleMath.toFloat(loss);
                if (each != null) each[r + k] = loss;
                sum += loss;
            }
            if (writesShort && batched) batch.writeShort(call, r);
        }
        return sum;
    }

    // ---- one row, index target

    /** known: row k of the batch has been summed; written: it also writes the gradient of such rows. */
    private double indexRow(LossCall call, int r, int y, boolean known, int k, boolean written, long[] correct) {
        if (y < 0) {
            if (call.gradient != null) call.gradient.fill(r, 0);
            return 0;
        }
        Rows logits = call.logits;
        LossOptions options = call.options;
        float[] x = logits.data();
        int from = logits.start(r);
        int n = logits.columns();
        if (!logits.contiguous() || options.copies()) {
            x = copied(call, r);
            from = 0;
        }
        double scale = options.scale();
        double xy = scale * x[from + y];
        if (!known) {
            others.clear();
            ChunkSum.ofThread().withConstants(options.constants()).addWithout(call.kernel, x, from, n, 1, y, others);
            if (!target.finish(others, xy)) {
                if (call.gradient != null) call.gradient.fill(r, Float.NaN);
                return Double.NaN; // NaN, +infinity, or nothing but -infinity
            }
        }
        double gapy = known ? batch.gap[k] : target.gap;
        double lse = known ? batch.lse[k] : target.lse;
        if (call.countsCorrect && isFirstMax(call, r, y)) correct[0]++;

        double main = (1 - options.smoothing()) * options.weight(y);
        double loss = main == 0 ? 0 : main * gapy;
        double share = options.smoothing() / n;
        if (share > 0) {
            float m = gapy < 1 ? x[from + y] : (float) (lse / scale);
            double above = gapy < 1 ? gapy : lse - scale * m;
            double total = weightTotal(options, n);
            double gaps = scale * gaps(call.kernel, x, from, n, options.weights(), m);
            loss += share * (gaps + total * above);
        }
        loss += options.zLoss() == 0 ? 0 : options.zLoss() * lse * lse;

        if (call.gradient != null && known && !written) {
            indexGradient(call, r, x, from, y, lse, batch.power[k], batch.p[k], batch.notP[k], main, share);
        } else if (call.gradient != null && !known) {
            indexGradient(call, r, x, from, y, lse, target.power(), target.p, target.notP, main, share);
        }
        return loss;
    }

    private void indexGradient(LossCall call, int r, float[] x, int from, int y, double lse, double power, double p, double notP,
            double main, double share) {
        LossOptions options = call.options;
        int n = call.logits.columns();
        double total = share == 0 ? 0 : share * weightTotal(options, n);
        double pull = 2 * options.zLoss() * lse;
        double factor = call.factor * (options.softcap() == 0 ? options.logitScale() : 1);
        float[] minus = share == 0 ? null : piece;
        float[] constant = null;
        if (share > 0 && options.weights() == null) Arrays.fill(piece, (float) (factor * share));
        else if (share > 0) constant = options.weights();
        double atTarget = atTarget(factor, total, share, options.weight(y), pull, main, p, notP);
        writeGradient(call, r, x, from, lse, power, factor * (main + total + pull), minus, constant, factor * share, y, (float) atTarget);
    }

    /** The gradient at the target. */
    static double atTarget(double factor, double total, double share, double weight, double pull, double main, double p, double notP) {
        return factor * (total * p - share * weight + pull * p - main * notP) + 0.0; // never -0
    }

    /** Writes a whole row of the gradient; coefficients, if not null, are multiplied with times for each piece. */
    private void writeGradient(LossCall call, int r, float[] x, int from, double lse, double power, double factor, float[] minus,
            float[] coefficients, double times, int y, float atTarget) {
        Rows gradient = call.gradient;
        LossOptions options = call.options;
        int n = call.logits.columns();
        boolean direct = gradient.contiguous() && options.softcap() == 0;
        if (!direct && row.length < n) row = new float[n];
        float[] out = direct ? gradient.data() : row;
        int to = direct ? gradient.start(r) : 0;
        boolean huge = RowWriter.isHuge(lse);
        float max = 0;
        if (huge) {
            max = call.kernel.max(x, from, n);
            lse = ChunkSum.ofThread().withConstants(options.constants()).lseAbove(call.kernel, x, from, n, max);
            power = DoubleMath.exp(RowWriter.powerOf(lse));
        }
        int pieceLength = RowWriter.pieceLength(huge, minus);
        for (int i = 0; i >= 0 && i < n; i += pieceLength) { // i wraps behind the longest rows
            int length = Math.min(pieceLength, n - i);
            if (coefficients != null) {
                for (int j = 0; j < length; j++) piece[j] = (float) (times * coefficients[i + j]);
            }
            writer.write(call.kernel, options.constants(), x, from + i, length, lse, power, huge, max, factor, minus, 0, out, to + i);
        }
        if (y >= 0) out[to + y] = atTarget;
        if (options.softcap() != 0) {
            Rows logits = call.logits;
            int at = logits.start(r);
            for (int c = 0; c < n; c++, at += logits.columnStride()) out[to + c] *= (float) options.capSlope(logits.data()[at]);
        }
        if (!direct) gradient.put(r, row, 0);
    }

    // ---- one row, probability targets

    private double probabilityRow(LossCall call, int r) {
        Rows logits = call.logits;
        LossOptions options = call.options;
        float[] x = logits.data();
        int from = logits.start(r);
        int n = logits.columns();
        if (!logits.contiguous() || options.copies()) {
            x = copied(call, r);
            from = 0;
        }
        if (targetRow.length < n) targetRow = new float[n];
        float[] a = targetRow;
        call.probabilities.get(r, a, 0);
        double keep = 1 - options.smoothing();
        double share = n == 0 ? 0 : options.smoothing() / n;
        for (int c = 0; c < n; c++) a[c] = (float) (options.weight(c) * (a[c] * keep + share));

        double scale = options.scale();
        ChunkSum chunk = ChunkSum.ofThread().withConstants(options.constants());
        others.clear();
        chunk.add(call.kernel, x, from, n, 1, others);
        double lse = others.value();
        if (n == 0) return 0;
        if (!(Math.abs(lse) < Double.POSITIVE_INFINITY)) {
            if (call.gradient != null) call.gradient.fill(r, Float.NaN);
            return Double.NaN;
        }
        float max = call.kernel.max(x, from, n);
        double above = lse - scale * max;
        if (above < 1.5) { // one element dominates: keep it apart
            int first = 0;
            while (x[from + first] != max) first++;
            others.clear();
            chunk.addWithout(call.kernel, x, from, n, 1, first, others);
            above = DoubleMath.softplus(others.value() - scale * max);
            lse = scale * max + above;
        }
        double total = total(call.kernel, a, n);
        double loss = scale * gaps(call.kernel, x, from, n, a, max) + total * above;
        loss += options.zLoss() == 0 ? 0 : options.zLoss() * lse * lse;
        if (call.gradient != null) {
            double factor = call.factor * (options.softcap() == 0 ? options.logitScale() : 1);
            double pull = 2 * options.zLoss() * lse;
            int only = n == 1 ? 0 : -1; // of one class p is 1, and nothing else is left
            double power = DoubleMath.exp(RowWriter.powerOf(lse));
            writeGradient(call, r, x, from, lse, power, factor * (total + pull), piece, a, factor, only, (float) (factor * pull));
        }
        return loss;
    }

    // ---- sums over the classes

    /** Sum of a_c (m - x_c) in double, in a fixed order; a_c = 1 if a is null. */
    private double gaps(RowKernel kernel, float[] x, int from, int n, float[] a, float m) {
        Arrays.fill(lanes, 0);
        for (int i = 0; i >= 0 && i < n; i += PIECE) {
            int length = Math.min(PIECE, n - i);
            int whole = length & -RowKernel.GRAIN;
            float[] weights = a == null ? ONES : a;
            int at = a == null ? 0 : i;
            kernel.gaps(x, from + i, weights, at, whole, m, lanes);
            for (int j = whole; j < length; j++) {
                double weight = weights[at + j];
                if (weight != 0) lanes[j & 15] += weight * ((double) m - x[from + i + j]);
            }
        }
        return foldLanes();
    }

    private double foldLanes() {
        for (int width = 8; width > 0; width /= 2) {
            for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
        }
        return lanes[0];
    }

    /** Sum of a_c: the gaps between 1 and 0. */
    private double total(RowKernel kernel, float[] a, int n) {
        Arrays.fill(lanes, 0);
        for (int i = 0; i >= 0 && i < n; i += PIECE) {
            int length = Math.min(PIECE, n - i);
            int whole = length & -RowKernel.GRAIN;
            kernel.gaps(ZEROS, 0, a, i, whole, 1, lanes);
            for (int j = whole; j < length; j++) lanes[j & 15] += a[i + j];
        }
        return foldLanes();
    }

    private double weightTotal(LossOptions options, int n) {
        return options.weights() == null ? n : options.weightSum();
    }

    /** The logits of a row, capped if a cap is set, next to each other. */
    private float[] copied(LossCall call, int r) {
        int n = call.logits.columns();
        if (row.length < n) row = new float[n];
        call.logits.get(r, row, 0);
        if (call.options.copies()) {
            for (int c = 0; c < n; c++) row[c] = call.options.prepared(row[c]);
        }
        return row;
    }

    /** Whether y is the lowest index of the row's largest logit, as given: a saturated softcap makes different ones equal. */
    private static boolean isFirstMax(LossCall call, int r, int y) {
        Rows x = call.logits;
        int step = x.columnStride();
        int from = x.start(r);
        float largest = x.data()[from + y * step];
        for (int c = 0, at = from; c < x.columns(); c++, at += step) {
            float v = x.data()[at];
            if (v > largest || v == largest && c < y) return false;
        }
        return true;
    }

    /** Lets go of scratch for exceptionally long rows. */
    void trim() {
        if (row.length > KEPT) row = new float[0];
        if (targetRow.length > KEPT) targetRow = new float[0];
    }
}
