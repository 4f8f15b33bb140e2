package io.github.surprisal.kernel;

/**
 * Loss and gradient of single rows, wherever they lie. Scratch for one thread, 120 KB with all that it holds.
 *
 * <p>With index targets the target y is kept out of the sum: R = sum of e^x over the others, q = log R - x_y, and
 * log-sum-exp - x_y = log(1 + e^q), which keeps its relative accuracy however small it is. Smoothing adds
 * sum of w_c (lse - x_c) = sum of w_c (m - x_c) + W (lse - m) with a reference m near the largest; probability targets are such sums alone.
 */
final class RowLoss {
    private static final ThreadLocal<RowLoss> OF_THREAD = ThreadLocal.withInitial(RowLoss::new);
    private static final int GROUP = RowKernel.GROUP;

    private final LogSum others = new LogSum();
    private final RowGradient rowGradient = new RowGradient();
    private final RowPieces pieces = new RowPieces();
    private final Coefficients coefficients = new Coefficients();
    private final RowGradient.Writer gradientWriter = new RowGradient.Writer(pieces, coefficients);
    private final GapSum gapSum = new GapSum(pieces, coefficients);
    private final TiledLoss tiles = new TiledLoss();
    private final ShortRows shortRows = new ShortRows();
    private final int[] targets = new int[GROUP];
    private final int[] excluded = new int[GROUP];
    private final double[] lse = new double[GROUP];
    private final double[] power = new double[GROUP];
    private final double[] p = new double[GROUP];
    private final double[] notP = new double[GROUP];
    private final double[] rest = new double[GROUP];
    private final double[] q = new double[GROUP];
    private final double[] gap = new double[GROUP];

    static RowLoss ofThread() {
        return OF_THREAD.get();
    }

    GapSum gapSum() {
        return gapSum;
    }

    /** The sum, in order, of the losses of rows from .. to, each put into each if that is not null. correct[0] grows by the right argmaxes. */
    double run(LossCall call, int from, int to, long[] correct, double[] each) {
        boolean arrays = call.logits.data() != null && (call.gradient == null || call.gradient.data() != null);
        if (arrays && ShortRows.covers(call)) return runShort(call, from, to, correct, each);
        if (TiledLoss.suits(call)) return tiles.run(this, call, from, to, correct, each);
        double sum = 0;
        boolean grouped = call.logits.straight() && !call.options.copies() && call.probabilities == null && call.parts == null;
        for (int r = from; r >= from && r < to; r += GROUP) { // r wraps behind the largest row counts
            int count = Math.min(GROUP, to - r);
            int usual = grouped ? sumGroup(call, r, count) : 0;
            for (int k = 0; k < count; k++) {
                double loss;
                if (call.probabilities != null) {
                    loss = probabilityRow(call, r + k);
                } else {
                    int y = (usual >> k & 1) != 0 ? targets[k] : call.target(r + k);
                    if (y < 0) {
                        loss = 0;
                        if (call.gradient != null) call.gradient.fill(r + k, 0);
                    } else {
                        loss = indexRow(call, r + k, y, (usual >> k & 1) != 0, k, correct);
                    }
                }
                if (call.losses != null) call.losses[r + k] = DoubleMath.toFloat(loss);
                if (each != null) each[r + k] = loss;
                sum += loss;
            }
        }
        return sum;
    }

    /** As {@link #run}, for short rows. */
    private double runShort(LossCall call, int from, int to, long[] correct, double[] each) {
        double sum = 0;
        float[] losses = call.losses;
        for (int r = from, count; r < to; r += count) {
            count = shortRows.countFrom(call, r, to);
            long usual = shortRows.sum(call, r, count);
            for (int k = 0; k < count; k++) {
                double loss = (usual >> k & 1) != 0 ? shortRows.loss(call, k) : unusualShortRow(call, r, k, correct);
                if (losses != null) losses[r + k] = DoubleMath.toFloat(loss);
                if (each != null) each[r + k] = loss;
                sum += loss;
            }
            if (usual == 0) continue;
            if (call.countsCorrect) correct[0] += shortRows.countFirstMax(call, r, usual);
            if (call.gradient != null) shortRows.gradient(call, r, usual);
        }
        return sum;
    }

    private double unusualShortRow(LossCall call, int r, int k, long[] correct) {
        int y = shortRows.target(k);
        if (y >= 0) return indexRow(call, r + k, y, false, k, correct);
        if (call.gradient != null) call.gradient.fill(r + k, 0);
        return 0;
    }

    /** q and gap of the usual rows among up to {@link RowKernel#GROUP}; returns a bit for each. Ignored rows are unusual. */
    private int sumGroup(LossCall call, int r, int count) {
        Rows x = call.logits;
        LossOptions options = call.options;
        int kept = 0;
        for (int k = 0; k < count; k++) {
            targets[k] = call.target(r + k);
            excluded[k] = Math.max(targets[k], 0);
            if (targets[k] >= 0) kept |= 1 << k;
        }
        if (kept == 0) return 0;
        ChunkSum chunk = ChunkSum.ofThread().withConstants(options.constants());
        int usual = kept & (x.inPlace()
                ? chunk.sumRows(call.kernel, x.data(), x.start(r), x.rowStride(), count, x.columns(), excluded, 0)
                : chunk.sumRowsOffHeap(call.kernel, x, r, count, excluded));
        if (usual == 0) return 0;
        for (int k = 0; k < GROUP; k++) q[k] = (usual >> k & 1) != 0 ? chunk.sum(k) : 1;
        call.kernel.log(q, GROUP);
        for (int k = 0; k < count; k++) {
            float target = x.get(r + k, excluded[k]);
            rest[k] = q[k] + chunk.exponent() * DoubleMath.LN2;
            q[k] = rest[k] - options.scale() * target;
            if (!Float.isFinite(target)) usual &= ~(1 << k);
        }
        System.arraycopy(q, 0, gap, 0, GROUP);
        call.kernel.softplus(gap, GROUP);
        if (call.gradient != null) prepareGradients(call, r, count);
        return usual;
    }

    /** lse, p, notP and power of a group's rows: side by side they cost a fraction. */
    private void prepareGradients(LossCall call, int r, int count) {
        Rows x = call.logits;
        for (int k = 0; k < GROUP; k++) lse[k] = -q[k];
        call.kernel.softplus(lse, GROUP);
        for (int k = 0; k < count; k++) {
            double xy = call.options.scale() * x.get(r + k, excluded[k]);
            lse[k] = q[k] > 0 ? rest[k] + lse[k] : xy + gap[k];
            boolean finite = Math.abs(lse[k]) < Double.POSITIVE_INFINITY;
            power[k] = finite ? RowWriter.powerOf(lse[k]) : 0;
            p[k] = -gap[k];
            notP[k] = finite ? q[k] - gap[k] : 0;
        }
        call.kernel.exp(power, GROUP);
        call.kernel.exp(p, GROUP);
        call.kernel.exp(notP, GROUP);
    }

    // ---- one row, index target

    private double indexRow(LossCall call, int r, int y, boolean known, int k, long[] correct) {
        LossOptions options = call.options;
        int n = call.logits.columns();
        float target = options.copies() ? options.prepared(call.logits.get(r, y)) : call.logits.get(r, y);
        double scale = options.scale();
        double xy = scale * target;
        double qy;
        double gapy;
        double restOf;
        if (known) {
            qy = q[k];
            gapy = gap[k];
            restOf = rest[k];
        } else {
            RowSum.of(call.kernel, call.logits, r, options, false, y, call.parts, others);
            restOf = others.value();
            if (!(restOf < Double.POSITIVE_INFINITY && xy < Double.POSITIVE_INFINITY) || restOf == xy && xy == Double.NEGATIVE_INFINITY) {
                if (call.gradient != null) call.gradient.fill(r, Float.NaN);
                return Double.NaN; // NaN, +infinity, or nothing but -infinity
            }
            qy = restOf - xy;
            gapy = DoubleMath.softplus(qy);
        }
        boolean needsLse = call.gradient != null || options.smoothing() > 0 || options.zLoss() != 0;
        double lse = !needsLse ? 0 : known && call.gradient != null ? this.lse[k] : qy > 0 ? restOf + DoubleMath.softplus(-qy) : xy + gapy; // the smaller part is added to the larger
        if (call.countsCorrect && isFirstMax(call, r, y)) correct[0]++;

        double main = (1 - options.smoothing()) * options.weight(y);
        double loss = main == 0 ? 0 : main * gapy;
        double share = options.smoothing() / n;
        if (share > 0) {
            float m = gapy < 1 ? target : (float) (lse / scale);
            double above = gapy < 1 ? gapy : lse - scale * m;
            double total = weightTotal(options, n);
            gapSum.run(call, r, m);
            loss += share * (scale * gapSum.gaps() + total * above);
        }
        loss += options.zLoss() == 0 ? 0 : options.zLoss() * lse * lse;

        if (call.gradient != null) {
            if (!known) {
                k = 0;
                p[0] = DoubleMath.exp(-gapy);
                notP[0] = qy == Double.POSITIVE_INFINITY ? 1 : DoubleMath.exp(qy - gapy);
                power[0] = DoubleMath.exp(RowWriter.powerOf(lse));
            }
            indexGradient(call, r, y, k, lse, main, share);
        }
        return loss;
    }

    /** (1 - p) e^gap = e^q: p and notP keep their accuracy at either end. */
    private void indexGradient(LossCall call, int r, int y, int k, double lse, double main, double share) {
        LossOptions options = call.options;
        double total = share == 0 ? 0 : share * weightTotal(options, call.logits.columns());
        double pull = 2 * options.zLoss() * lse;
        double factor = call.factor * (options.softcap() == 0 ? options.logitScale() : 1);
        RowGradient g = rowGradient.start(lse, power[k], factor * (main + total + pull));
        if (share > 0) g.subtract(options.weights() == null ? RowGradient.Minus.UNIFORM : RowGradient.Minus.MULTIPLE, factor * share);
        g.setApart(y, (float) atTarget(factor, total, share, options.weight(y), pull, main, p[k], notP[k]));
        writeGradient(call, r, g, lse);
    }

    /** The gradient at the target. */
    static double atTarget(double factor, double total, double share, double weight, double pull, double main, double p, double notP) {
        return factor * (total * p - share * weight + pull * p - main * notP) + 0.0; // never -0
    }

    private void writeGradient(LossCall call, int r, RowGradient g, double lse) {
        if (RowWriter.isHuge(lse)) {
            float max = max(call, r);
            RowSum.of(call.kernel, call.logits, r, call.options, false, -1, call.parts, others);
            g.relativeTo(max, others.above((double) max * call.options.scale()));
        }
        int n = call.logits.columns();
        if (call.parts == null || n <= ChunkSum.CHUNK) {
            gradientWriter.write(call, r, g, 0, n);
        } else {
            call.parts.run(RowSum.chunks(n), (first, end) ->
                    ofThread().gradientWriter.write(call, r, g, first * ChunkSum.CHUNK, RowSum.chunkEnd(end - 1, n)));
        }
    }

    // ---- one row, probability targets

    private double probabilityRow(LossCall call, int r) {
        LossOptions options = call.options;
        int n = call.logits.columns();
        double scale = options.scale();
        RowSum.of(call.kernel, call.logits, r, options, false, -1, call.parts, others);
        double lse = others.value();
        if (n == 0) return 0;
        if (!(Math.abs(lse) < Double.POSITIVE_INFINITY)) {
            if (call.gradient != null) call.gradient.fill(r, Float.NaN);
            return Double.NaN;
        }
        float max = max(call, r);
        double above = lse - scale * max;
        if (above < 1.5) { // one element dominates: keep it apart
            RowSum.of(call.kernel, call.logits, r, options, false, firstOf(call, r, max), call.parts, others);
            above = DoubleMath.softplus(others.value() - scale * max);
            lse = scale * max + above;
        }
        gapSum.run(call, r, max);
        double total = gapSum.total();
        double loss = scale * gapSum.gaps() + total * above;
        loss += options.zLoss() == 0 ? 0 : options.zLoss() * lse * lse;
        if (call.gradient != null) {
            double factor = call.factor * (options.softcap() == 0 ? options.logitScale() : 1);
            double pull = 2 * options.zLoss() * lse;
            RowGradient g = rowGradient.start(lse, DoubleMath.exp(RowWriter.powerOf(lse)), factor * (total + pull));
            g.subtract(RowGradient.Minus.MULTIPLE, factor);
            g.setApart(n == 1 ? 0 : -1, (float) (factor * pull)); // of one class p is 1, and nothing else is left
            writeGradient(call, r, g, lse);
        }
        return loss;
    }

    // ---- over the classes of a row

    private float max(LossCall call, int r) {
        pieces.start(call.kernel, call.logits, r, call.options);
        float max = Float.NEGATIVE_INFINITY;
        int columns = call.logits.columns();
        int n;
        for (long c = 0; c < columns; c += n) {
            n = pieces.lengthFrom(c);
            pieces.load((int) c, n);
            float v = call.kernel.max(pieces.array(), pieces.at(), n);
            max = v > max ? v : max;
        }
        pieces.end();
        return max;
    }

    /** The first class whose logit is this one. */
    private int firstOf(LossCall call, int r, float x) {
        pieces.start(call.kernel, call.logits, r, call.options);
        int n;
        for (int c = 0; ; c += n) {
            n = pieces.lengthFrom(c);
            pieces.load(c, n);
            for (int i = 0; i < n; i++) {
                if (pieces.array()[pieces.at() + i] == x) return c + i;
            }
        }
    }

    private double weightTotal(LossOptions options, int n) {
        return options.weights() == null ? n : options.weightSum();
    }

    /** Whether y is the lowest index of the row's largest logit, as given: a saturated softcap makes different ones equal. */
    private boolean isFirstMax(LossCall call, int r, int y) {
        pieces.start(call.kernel, call.logits, r, null);
        float largest = call.logits.get(r, y);
        int columns = call.logits.columns();
        int n;
        for (long c = 0; c < columns; c += n) {
            n = pieces.lengthFrom(c);
            pieces.load((int) c, n);
            float[] x = pieces.array();
            for (int i = 0, at = pieces.at(); i < n; i++, at++) {
                if (x[at] > largest || x[at] == largest && c + i < y) return false;
            }
        }
        return true;
    }
}
