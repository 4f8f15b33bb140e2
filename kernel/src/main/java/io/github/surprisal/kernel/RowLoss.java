package io.github.surprisal.kernel;

/**
 * Loss and gradient of single rows, wherever they lie. Scratch for one thread.
 *
 * <p>With index targets the target y is kept out of the sum: R = sum of e^x over the others, q = log R - x_y, and
 * log-sum-exp - x_y = log(1 + e^q), which keeps its relative accuracy however small it is. Smoothing adds
 * sum of w_c (lse - x_c) = sum of w_c (m - x_c) + W (lse - m) with a reference m near the largest; probability targets are such sums alone.
 */
final class RowLoss {
    private static final ThreadLocal<RowLoss> OF_THREAD = new ThreadLocal<>();

    private final RowSum rowSum = new RowSum();
    private final LogSum others = new LogSum();
    private final TargetShare target = new TargetShare();

    // Made when they are needed: loading their classes would take a quarter of the very first loss.
    private LossBatch batch;
    private ProbabilityBatch probabilityBatch;
    private RowGradient rowGradient;
    private RowPieces pieces;
    private Coefficients coefficients;
    private RowGradient.Writer gradientWriter;
    private GapSum gapSum;
    private GapBatch gapBatch;
    private TiledLoss tiles;

    static RowLoss ofThread() {
        RowLoss own = OF_THREAD.get();
        if (own == null) OF_THREAD.set(own = new RowLoss());
        return own;
    }

    TiledLoss tiles() {
        if (tiles == null) tiles = new TiledLoss();
        return tiles;
    }

    GapSum gapSum() {
        if (gapSum == null) gapSum = new GapSum(pieces(), coefficients());
        return gapSum;
    }

    GapBatch gapBatch() {
        if (gapBatch == null) gapBatch = new GapBatch();
        return gapBatch;
    }

    private RowGradient.Writer gradientWriter() {
        if (gradientWriter == null) gradientWriter = new RowGradient.Writer(pieces(), coefficients());
        return gradientWriter;
    }

    private RowGradient rowGradient() {
        if (rowGradient == null) rowGradient = new RowGradient();
        return rowGradient;
    }

    private RowPieces pieces() {
        if (pieces == null) pieces = new RowPieces();
        return pieces;
    }

    private Coefficients coefficients() {
        if (coefficients == null) coefficients = new Coefficients();
        return coefficients;
    }

    /** The sum, in order, of the losses of rows from .. to, each put into each if that is not null. correct[0] grows by the right argmaxes. */
    double run(LossCall call, int from, int to, long[] correct, double[] each) {
        double sum = 0;
        boolean few = BatchShape.isFew(call.logits, call.logits.rows()) && (call.gradient == null || call.gradient.inPlace());
        if (!few && LossBatch.covers(call)) return runTogether(call, from, to, correct, each);
        if (TiledLoss.suits(call) || !few && TiledLoss.caps(call)) return tiles().run(this, call, from, to, correct, each);
        if (!few && ProbabilityBatch.covers(call)) return runProbabilities(call, from, to, each);
        rowSum.forgetNextRow();
        for (int r = from; r < to; r++) {
            double loss = call.probabilities != null ? probabilityRow(call, r) : indexRow(call, r, call.target(r), r < to - 1, correct);
            putLoss(call, r, loss, each);
            sum += loss;
        }
        return sum;
    }

    static void putLoss(LossCall call, int r, double loss, double[] each) {
        if (call.losses != null) call.losses[r] = DoubleMath.toFloat(loss);
        if (each != null) each[r] = loss;
    }

    /** As {@link #run}, in batches. */
    private double runTogether(LossCall call, int from, int to, long[] correct, double[] each) {
        if (batch == null) batch = new LossBatch(this);
        rowSum.forgetNextRow();
        boolean writes = LossBatch.writes(call);
        boolean sumOnly = call.losses == null && each == null && (call.gradient == null || writes);
        double sum = 0;
        for (int r = from, count; r < to; r += count) {
            count = LossBatch.countFrom(call, r, to);
            double all = batch.sum(call, r, count, sum);
            if (call.countsCorrect) correct[0] += batch.countCorrect(call, r);
            boolean together = sumOnly && batch.allUsual();
            if (together) sum = all;
            for (int k = 0; !together && k < count; k++) {
                boolean known = batch.isUsual(k);
                double loss = known ? batch.loss(k) : indexRow(call, r + k, batch.targets[k], false, correct);
                if (known && call.gradient != null && !writes) writeGradient(call, r + k, k);
                putLoss(call, r + k, loss, each);
                sum += loss;
            }
            if (writes) batch.write(call, r);
        }
        return sum;
    }

    /** The same with probability targets. */
    private double runProbabilities(LossCall call, int from, int to, double[] each) {
        if (probabilityBatch == null) probabilityBatch = new ProbabilityBatch(this);
        boolean finishes = ProbabilityBatch.finishes(call);
        double sum = 0;
        for (int r = from, count; r < to; r += count) {
            count = LossBatch.countFrom(call, r, to);
            probabilityBatch.sum(call, r, count);
            if (finishes) probabilityBatch.findLosses(call, r);
            for (int k = 0; k < count; k++) {
                double loss = !probabilityBatch.isUsual(k) ? probabilityRow(call, r + k) : finishes ? probabilityBatch.loss[k]
                        : finishProbabilityRow(call, r + k, probabilityBatch.lse[k], probabilityBatch.largest[k], probabilityBatch.above[k]);
                putLoss(call, r + k, loss, each);
                sum += loss;
            }
            if (finishes && call.gradient != null) probabilityBatch.write(call, r);
        }
        return sum;
    }

    /** Of row k of the batch. */
    private void writeGradient(LossCall call, int r, int k) {
        if (batch.targets[k] < 0) call.gradient.fill(r, 0);
        else indexGradient(call, r, batch.targets[k], batch.lse[k], batch.power[k], batch.p[k], batch.notP[k]);
    }

    // ---- one row, index target

    /** more: another row is to follow. */
    private double indexRow(LossCall call, int r, int y, boolean more, long[] correct) {
        if (y < 0) {
            if (call.gradient != null) call.gradient.fill(r, 0);
            return 0;
        }
        LossOptions options = call.options;
        double scale = options.scale();
        double x = scale * prepared(call, r, y);
        boolean keeps = call.gradient != null && !options.copies() && LossBatch.keepsTerms(call);
        boolean elsewhere = keeps && BatchShape.keepsElsewhere(call.logits, call.gradient) && !(more && KeptRow.looksAhead(call.kernel));
        float[] terms = elsewhere ? RowBatch.ofThread().room() : keeps ? call.gradient.data() : null;
        int from = keeps && !elsewhere ? call.gradient.start(r) : 0;
        boolean kept = keeps && rowSum.ofKept(call.kernel, call.logits, r, options, ChunkSum.SUM_ONLY, y, terms, from, more, others);
        if (!kept) rowSum.of(call.kernel, call.logits, r, options, ChunkSum.SUM_ONLY, y, call.parts, others);
        boolean few = keeps && !kept && rowSum.keepsFew(call.logits.columns());
        if (!target.finish(others, x)) {
            if (call.gradient != null) call.gradient.fill(r, Float.NaN);
            return Double.NaN; // NaN, +infinity, or nothing but -infinity
        }
        double lse = target.lse;
        if (call.countsCorrect && isFirstMax(call, r, y)) correct[0]++;

        double main = main(options, y);
        double loss = main == 0 ? 0 : main * target.gap;
        loss += options.smoothing() == 0 ? 0 : smoothing(call, r, y, target.gap, lse);
        loss += options.zLoss() == 0 ? 0 : options.zLoss() * lse * lse;

        if (kept || few) {
            if (few) {
                terms = rowSum.fewTerms();
                from = 0;
            }
            int exponent = few ? rowSum.fewExponent() : rowSum.keptExponent();
            gradientWriter().scale(call, r, terms, from, exponent, lse, target.power(), call.factor * options.logitScale() * main);
            call.gradient.set(r, y, (float) atTarget(call.factor * options.logitScale(), 0, 0, options.weight(y), 0, main, target.p, target.notP));
        } else if (call.gradient != null) {
            indexGradient(call, r, y, lse, target.power(), target.p, target.notP);
        }
        return loss;
    }

    private static float prepared(LossCall call, int r, int y) {
        float x = call.logits.get(r, y);
        return call.options.copies() ? call.options.prepared(x) : x;
    }

    /** The factor of the target's gap. */
    private static double main(LossOptions options, int y) {
        return options.kept() * options.weight(y);
    }

    /** What label smoothing adds to the loss of a row with this gap between log-sum-exp and its target y. */
    double smoothing(LossCall call, int r, int y, double gap, double lse) {
        LossOptions options = call.options;
        double scale = options.scale();
        float m = gap < 1 ? prepared(call, r, y) : (float) (lse / scale);
        double above = gap < 1 ? gap : lse - scale * m;
        gapSum().run(call, r, m);
        double total = options.weightTotal(call.logits.columns());
        double sum = scale * gapSum.gaps() + total * above;
        return isDelicate(options, gap, lse, sum, total) ? delicateSmoothing(call, r) : options.share(call.logits.columns()) * sum;
    }

    /**
     * Whether the sum of w_c (lse - x_c), total that of w_c, may be made of differences that cancel, so that an error of lse shows: lse is far above the
     * target's logit, but not above those that have the weights; or it is so huge that it has no digits for such differences.
     */
    static boolean isDelicate(LossOptions options, double gap, double lse, double sum, double total) {
        return gap >= 1 && (options.weights() != null && sum < total || RowWriter.isHuge(lse));
    }

    /** The same with the largest element kept apart, as a target is: then nothing cancels. */
    double delicateSmoothing(LossCall call, int r) {
        LossOptions options = call.options;
        int n = call.logits.columns();
        float max = max(call, r);
        double above = aboveLargest(call, r, max);
        gapSum().run(call, r, max);
        return options.share(n) * (options.scale() * gapSum.gaps() + options.weightTotal(n) * above);
    }

    /** How far log-sum-exp is above the row's largest logit, to its last digits. */
    private double aboveLargest(LossCall call, int r, float max) {
        rowSum.of(call.kernel, call.logits, r, call.options, ChunkSum.SUM_ONLY, firstOf(call, r, max), call.parts, others);
        return DoubleMath.softplus(others.minus(call.options.scale() * max));
    }

    private void indexGradient(LossCall call, int r, int y, double lse, double power, double p, double notP) {
        LossOptions options = call.options;
        double main = main(options, y);
        double share = options.share(call.logits.columns());
        double total = share == 0 ? 0 : share * options.weightTotal(call.logits.columns());
        double pull = 2 * options.zLoss() * lse;
        double factor = call.factor * (options.softcap() == 0 ? options.logitScale() : 1);
        RowGradient g = rowGradient().start(lse, power, factor * (main + total + pull));
        if (share > 0) g.subtract(options.weights() == null ? RowGradient.Minus.UNIFORM : RowGradient.Minus.MULTIPLE, factor * share);
        g.setApart(y, (float) atTarget(factor, total, share, options.weight(y), pull, main, p, notP));
        writeGradient(call, r, g, lse);
    }

    /** The gradient at the target. */
    static double atTarget(double factor, double total, double share, double weight, double pull, double main, double p, double notP) {
        return factor * (total * p - share * weight + pull * p - main * notP) + 0.0; // never -0, before the slope of a softcap
    }

    private void writeGradient(LossCall call, int r, RowGradient g, double lse) {
        if (RowWriter.isHuge(lse)) {
            float max = max(call, r);
            rowSum.of(call.kernel, call.logits, r, call.options, ChunkSum.SUM_ONLY, -1, call.parts, others);
            g.relativeTo(max, others.above((double) max * call.options.scale()));
        }
        int n = call.logits.columns();
        if (call.parts == null) {
            gradientWriter().write(call, r, g, 0, n);
        } else {
            call.parts.run(RowSum.chunks(n), (first, end) ->
                    ofThread().gradientWriter().write(call, r, g, first * ChunkSum.CHUNK, RowSum.chunkEnd(end - 1, n)));
        }
    }

    // ---- one row, probability targets

    private double probabilityRow(LossCall call, int r) {
        LossOptions options = call.options;
        int n = call.logits.columns();
        double scale = options.scale();
        rowSum.of(call.kernel, call.logits, r, options, n <= BatchShape.MEDIUM ? ChunkSum.TOP_APART : ChunkSum.SUM_ONLY, -1, call.parts, others);
        double lse = others.value();
        if (n == 0) return 0;
        if (!(Math.abs(lse) < Double.POSITIVE_INFINITY)) {
            if (call.gradient != null) call.gradient.fill(r, Float.NaN);
            return Double.NaN;
        }
        float max = max(call, r);
        boolean apart = others.unit() == 1; // always of few elements, and of huge ones
        double above = apart ? others.minus(scale * max) : lse - scale * max;
        if (apart ? !ProbabilityBatch.isEnough(above) : above < 1.5) { // one element dominates: keep it apart, not only its term
            rowSum.of(call.kernel, call.logits, r, options, ChunkSum.SUM_ONLY, firstOf(call, r, max), call.parts, others);
            above = DoubleMath.softplus(others.value() - scale * max);
            lse = scale * max + above;
        }
        return finishProbabilityRow(call, r, lse, max, above);
    }

    /** With log-sum-exp, the largest logit, and how far it is above that. */
    private double finishProbabilityRow(LossCall call, int r, double lse, float max, double above) {
        LossOptions options = call.options;
        int n = call.logits.columns();
        gapSum().run(call, r, max);
        double total = gapSum.total();
        double loss = options.scale() * gapSum.gaps() + total * above;
        loss += options.zLoss() == 0 ? 0 : options.zLoss() * lse * lse;
        if (call.gradient != null) {
            double factor = call.factor * (options.softcap() == 0 ? options.logitScale() : 1);
            double pull = 2 * options.zLoss() * lse;
            RowGradient g = rowGradient().start(lse, DoubleMath.exp(RowWriter.powerOf(lse)), factor * (total + pull));
            g.subtract(RowGradient.Minus.MULTIPLE, factor);
            g.setApart(n == 1 ? 0 : -1, (float) (factor * pull)); // of one class p is 1, and nothing else is left
            writeGradient(call, r, g, lse);
        }
        return loss;
    }

    // ---- over the classes of a row

    private float max(LossCall call, int r) {
        RowPieces pieces = pieces().start(call.kernel, call.logits, r, call.options);
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

    /** The first class whose logit is this one; -1 if there is none, because another thread has written to the row since. */
    private int firstOf(LossCall call, int r, float x) {
        RowPieces pieces = pieces().start(call.kernel, call.logits, r, call.options);
        int columns = call.logits.columns();
        int first = -1;
        int n;
        for (long c = 0; first < 0 && c < columns; c += n) {
            n = pieces.lengthFrom(c);
            pieces.load((int) c, n);
            int i = call.kernel.indexFrom(pieces.array(), pieces.at(), n, x);
            if (i < n) first = (int) c + i;
        }
        pieces.end();
        return first;
    }

    /** Whether y is the lowest index of the row's largest logit, as given: a saturated softcap makes different ones equal. */
    boolean isFirstMax(LossCall call, int r, int y) {
        RowPieces pieces = pieces().start(call.kernel, call.logits, r, null);
        float largest = call.logits.get(r, y);
        int columns = call.logits.columns();
        boolean first = true;
        int n;
        for (long c = 0; first && c < columns; c += n) {
            n = pieces.lengthFrom(c);
            pieces.load((int) c, n);
            int before = Math.clamp(y - c, 0, n);
            first = call.kernel.indexFrom(pieces.array(), pieces.at(), before, largest) == before
                    && !(call.kernel.max(pieces.array(), pieces.at() + before, n - before) > largest);
        }
        pieces.end();
        return first;
    }
}
