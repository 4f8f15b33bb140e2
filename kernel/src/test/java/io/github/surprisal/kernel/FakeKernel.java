package io.github.surprisal.kernel;

/** A scalar kernel that says it is wider, and whose results may be off by one bit in one place. */
class FakeKernel implements RowKernel {
    /** Which output is off. */
    enum Fault {
        NONE, PARTIAL, TOP, FOLDED, FOLDED_TOP, PATCHED, BEHIND, MASKED_PARTIAL, MASKED_TOP, MASKED_BITS, PADDED, FOLD, LOG, LOG1P, LOG1P_SUM, EXP, CAPPED, SLOPE, MASKED, MASK_TOP, TERM, TERM_MINUS, ROW_TERM, KEPT_PARTIAL, KEPT_TERM, KEPT_TOP, AHEAD, KEPT_MASKED_PARTIAL, KEPT_MASKED_TERM, KEPT_MASKED_TOP, KEPT_MASKED_FOUND, RANGE_MASKED, ADDED, RANGE, SCALED, DIFFERENCE, LARGEST, INDEX, GAP, ROW_SUM, ROW_TOP, ROW_TERM_KEPT, ROW_TOO_LOW, ONE_ROW_SUM, ONE_ROW_TOP, ONE_ROW_LEAST, ONE_ROW_TERM,
        TRANSPOSE, TRANSPOSE_BACK, COLUMN, COLUMN_TOP, COLUMN_APART, TOP_OF_COLUMNS, COLUMN_FOLD, COLUMNS_INSIDE,
        COLUMN_GAP, COLUMN_ANCHOR, COLUMN_REST, WEIGHTED_GAP, COLUMN_MAX, COLUMN_TERM, COLUMN_TERM_MINUS, COLUMN_SCALED,
        VALID, COVERED, PROBABILITY, CROSS_ENTROPY, DIVERGENCE, FROM_MEAN
    }

    private final RowKernel scalar = new ScalarKernel();
    private StorageKernel storage = scalar.storage();
    private final Fault fault;
    private final int lanes;
    private final int at;

    FakeKernel(Fault fault, int lanes) {
        this(fault, lanes, 0);
    }

    /** Where the output is an array: only element at is off. */
    FakeKernel(Fault fault, int lanes, int at) {
        this.fault = fault;
        this.lanes = lanes;
        this.at = at;
    }

    @Override
    public int lanes() {
        return lanes;
    }

    @Override
    public void sum(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom) {
        scalar.sum(x, from, step, stream, n, count, e, k, partials, to, tops, topsFrom);
        if (fault == Fault.PARTIAL && at < n) partials[at] = Math.nextUp(partials[at]);
        if (fault == Fault.TOP) tops[0] ^= 1;
    }

    @Override
    public void sumFolded(float[] x, int from, int step, int stream, int n, int positions, int count, int e, float[] k,
            float[] partials, boolean stay, int[] patched, float[] patches, double[] sums, int[] tops) {
        int[] at = fault == Fault.PATCHED ? new int[] {-1, -1, -1} : patched;
        scalar.sumFolded(x, from, step, stream, n, fault == Fault.BEHIND ? n : positions, count, e, k, partials, stay, at, patches, sums, tops);
        if (fault == Fault.FOLDED) sums[0] = Math.nextUp(sums[0]);
        if (fault == Fault.FOLDED_TOP) tops[0] ^= 1;
    }

    @Override
    public void sumMasked(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom, int[] bits) {
        scalar.sumMasked(x, from, step, stream, n, count, e, k, partials, to, tops, topsFrom, bits);
        if (fault == Fault.MASKED_PARTIAL && at < n) partials[at] = Math.nextUp(partials[at]);
        if (fault == Fault.MASKED_TOP) tops[0] ^= 1;
        if (fault == Fault.MASKED_BITS) bits[0] ^= 1;
    }

    @Override
    public void pad(float[] x, int from, int step, int tail, int count, float padding, float[] out) {
        scalar.pad(x, from, step, tail, count, padding, out);
        if (fault == Fault.PADDED && at < out.length) out[at] = Math.nextUp(out[at]);
    }

    @Override
    public void fold(float[] partials, int n, int count, double[] sums) {
        scalar.fold(partials, n, count, sums);
        if (fault == Fault.FOLD) sums[0] = Math.nextUp(sums[0]);
    }

    @Override
    public void log(double[] x, int n) {
        scalar.log(x, n);
        if (fault == Fault.LOG && at < n) x[at] = Math.nextUp(x[at]);
    }

    @Override
    public double log1p(double[] x, int n, int count, double sum) {
        double result = scalar.log1p(x, n, count, sum);
        if (fault == Fault.LOG1P && at < n) x[at] = Math.nextUp(x[at]);
        return fault == Fault.LOG1P_SUM ? Math.nextUp(result) : result;
    }

    @Override
    public int mask(float[] x, int n, float padding) {
        int top = scalar.mask(x, n, padding);
        if (fault == Fault.MASKED && at < n) x[at] = Math.nextUp(x[at]);
        return fault == Fault.MASK_TOP ? top ^ 1 : top;
    }

    @Override
    public void exp(double[] x, int n) {
        scalar.exp(x, n);
        if (fault == Fault.EXP && at < n) x[at] = Math.nextUp(x[at]);
    }

    @Override
    public void softcap(float[] x, int from, int n, double factor, float cap) {
        scalar.softcap(x, from, n, factor, cap);
        if (fault == Fault.CAPPED && at < n) x[from + at] = Math.nextUp(x[from + at]);
    }

    @Override
    public void multiplyBySlope(float[] x, int from, int n, double factor, float scale, float[] out, int to) {
        scalar.multiplyBySlope(x, from, n, factor, scale, out, to);
        if (fault == Fault.SLOPE && at < n) out[to + at] = Math.nextUp(out[to + at]);
    }

    @Override
    public void termsMinus(float[] x, int from, int n, int e, float[] k, double factor, float[] minus, int minusFrom, float[] out, int to) {
        scalar.termsMinus(x, from, n, e, k, factor, minus, minusFrom, out, to);
        if (fault == Fault.TERM_MINUS && at < n) out[to + at] = Math.nextUp(out[to + at]);
    }

    @Override
    public void terms(float[] x, int from, int n, int e, float[] k, double factor, float[] out, int to) {
        scalar.terms(x, from, n, e, k, factor, out, to);
        if (fault == Fault.TERM && at < n) out[to + at] = Math.nextUp(out[to + at]);
    }

    @Override
    public void termsRows(float[] x, int from, int step, int n, int count, float[] rounders, float[] factors, float[] lows, int first, float[] k,
            float[] out, int to, int outStep) {
        scalar.termsRows(x, from, step, n, count, rounders, factors, lows, first, k, out, to, outStep);
        if (fault == Fault.ROW_TERM && at < n) out[to + at] = Math.nextUp(out[to + at]);
    }

    @Override
    public boolean sumKept(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom, float[] out, int outFrom, int outStep, int ahead) {
        boolean inRange = scalar.sumKept(x, from, step, stream, n, count, e, k, partials, to, tops, topsFrom, out, outFrom, outStep, ahead);
        if (fault == Fault.KEPT_PARTIAL && at < n) partials[to + at] = Math.nextUp(partials[to + at]);
        if (fault == Fault.KEPT_TERM && at < n) out[outFrom + at] = Math.nextUp(out[outFrom + at]);
        if (fault == Fault.KEPT_TOP) tops[topsFrom] ^= 1;
        return inRange != (fault == Fault.AHEAD);
    }

    @Override
    public void sumTerms(float[] t, int from, int step, int stream, int n, int count, float[] partials, int to) {
        scalar.sumTerms(t, from, step, stream, n, count, partials, to);
        if (fault == Fault.ADDED && at < n) partials[to + at] = Math.nextUp(partials[to + at]);
    }

    @Override
    public boolean sumKeptMasked(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom, float[] out, int outFrom, int outStep) {
        boolean found = scalar.sumKeptMasked(x, from, step, stream, n, count, e, k, partials, to, tops, topsFrom, out, outFrom, outStep);
        if (fault == Fault.KEPT_MASKED_PARTIAL && at < n) partials[to + at] = Math.nextUp(partials[to + at]);
        if (fault == Fault.KEPT_MASKED_TERM && at < n) out[outFrom + at] = Math.nextUp(out[outFrom + at]);
        if (fault == Fault.KEPT_MASKED_TOP) tops[topsFrom] ^= 1;
        return found != (fault == Fault.KEPT_MASKED_FOUND);
    }

    @Override
    public boolean inRangeOrMasked(float[] x, int from, int step, int n, int count, int e, float[] k) {
        return scalar.inRangeOrMasked(x, from, step, n, count, e, k) != (fault == Fault.RANGE_MASKED);
    }

    @Override
    public boolean inRange(float[] x, int from, int step, int n, int count, int e, float[] k) {
        return scalar.inRange(x, from, step, n, count, e, k) != (fault == Fault.RANGE);
    }

    @Override
    public void scale(float[] t, int from, int step, int n, int count, float[] factors, float[] lows, int first,
            float[] out, int to, int outStep) {
        scalar.scale(t, from, step, n, count, factors, lows, first, out, to, outStep);
        if (fault == Fault.SCALED && at < n) out[to + at] = Math.nextUp(out[to + at]);
    }

    @Override
    public void subtract(float[] x, int from, int step, int n, int count, float[] highs, float[] lows, int first,
            float[] out, int to, int outStep) {
        scalar.subtract(x, from, step, n, count, highs, lows, first, out, to, outStep);
        if (fault == Fault.DIFFERENCE && at < n) out[to + at] = Math.nextUp(out[to + at]);
    }

    @Override
    public float max(float[] x, int from, int n) {
        float max = scalar.max(x, from, n);
        return fault == Fault.LARGEST ? Math.nextUp(max) : max;
    }

    @Override
    public int indexFrom(float[] x, int from, int n, float least) {
        return scalar.indexFrom(x, from, n, least) + (fault == Fault.INDEX ? 1 : 0);
    }

    @Override
    public void gaps(float[] x, int from, float[] a, int aFrom, int n, float m, double[] sums) {
        scalar.gaps(x, from, a, aFrom, n, m, sums);
        if (fault == Fault.GAP && at < 16) sums[at] = Math.nextUp(sums[at]);
    }

    @Override
    public boolean sum(float[] x, int from, int n, double[] lanes) {
        boolean valid = scalar.sum(x, from, n, lanes);
        spoil(Fault.PROBABILITY, lanes);
        return valid ^ fault == Fault.VALID;
    }

    @Override
    public boolean covers(float[] p, int pFrom, float[] q, int qFrom, int n) {
        return scalar.covers(p, pFrom, q, qFrom, n) ^ fault == Fault.COVERED;
    }

    @Override
    public void crossEntropy(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        scalar.crossEntropy(p, pFrom, q, qFrom, n, lanes);
        spoil(Fault.CROSS_ENTROPY, lanes);
    }

    @Override
    public void divergence(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        scalar.divergence(p, pFrom, q, qFrom, n, lanes);
        spoil(Fault.DIVERGENCE, lanes);
    }

    @Override
    public void divergenceFromMean(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        scalar.divergenceFromMean(p, pFrom, q, qFrom, n, lanes);
        spoil(Fault.FROM_MEAN, lanes);
    }

    private void spoil(Fault ofThis, double[] lanes) {
        if (fault == ofThis) lanes[at] = Math.nextUp(lanes[at]);
    }

    @Override
    public void sumRows(float[] x, int from, int step, int columns, int count, int[] excluded, int first, int e, float[] k, float lowest,
            float[] terms, double[] lanes, double[] sums, int[] tops) {
        scalar.sumRows(x, from, step, columns, count, excluded, first, e, k, lowest, terms, lanes, sums, tops);
        if (fault == Fault.ROW_SUM) sums[first] = Math.nextUp(sums[first]);
        if (fault == Fault.ROW_TOP) tops[first] ^= 1;
        int second = RowKernel.termsStep(columns);
        if (fault == Fault.ROW_TERM_KEPT && lowest > Float.NEGATIVE_INFINITY) terms[second] = Math.nextUp(terms[second]);
        if (fault == Fault.ROW_TOO_LOW && lowest > Float.NEGATIVE_INFINITY) tops[first] &= Integer.MAX_VALUE;
    }

    @Override
    public int sumRow(float[] x, int from, int n, int excluded, int e, float[] k, float[] terms, double[] sums) {
        int top = scalar.sumRow(x, from, n, excluded, e, k, terms, sums);
        if (fault == Fault.ONE_ROW_SUM) sums[0] = Math.nextUp(sums[0]);
        if (fault == Fault.ONE_ROW_LEAST) sums[1] = Math.nextUp(sums[1]);
        if (fault == Fault.ONE_ROW_TERM) terms[n - 1] = Math.nextUp(terms[n - 1]);
        return fault == Fault.ONE_ROW_TOP ? top ^ 1 : top;
    }

    @Override
    public void transpose(float[] x, int from, int step, int columns, int count, float[] out, int stride) {
        scalar.transpose(x, from, step, columns, count, out, stride);
        if (fault == Fault.TRANSPOSE && at < count) out[at] = Math.nextUp(out[at]);
    }

    @Override
    public void transposeBack(float[] x, int first, int stride, int columns, int count, float[] out, int to, int step) {
        scalar.transposeBack(x, first, stride, columns, count, out, to, step);
        if (fault == Fault.TRANSPOSE_BACK && at < count) out[to + at * step] = Math.nextUp(out[to + at * step]);
    }

    @Override
    public int sumColumns(float[] x, int from, int stride, int columns, int n, int[] excluded, int e, float[] k,
            float[] terms, int termStride, int[] tops, float[] apart) {
        int top = scalar.sumColumns(x, from, stride, columns, n, excluded, e, k, terms, termStride, tops, apart);
        if (fault == Fault.COLUMN_APART && at < n) apart[at] = Math.nextUp(apart[at]);
        if (fault == Fault.COLUMN && at < n) terms[at] = Math.nextUp(terms[at]);
        if (fault == Fault.COLUMN_TOP && at < n) tops[at] ^= 1;
        return fault == Fault.TOP_OF_COLUMNS ? top ^ 1 : top;
    }

    @Override
    public boolean foldColumns(float[] terms, int stride, int columns, int n, double least, double[] sums) {
        boolean inside = scalar.foldColumns(terms, stride, columns, n, least, sums);
        if (fault == Fault.COLUMN_FOLD && at < n) sums[at] = Math.nextUp(sums[at]);
        return inside != (fault == Fault.COLUMNS_INSIDE);
    }

    @Override
    public void gapsColumns(float[] x, int columns, int n, double scale, double[] gaps, double[] anchors, double[] rests) {
        scalar.gapsColumns(x, columns, n, scale, gaps, anchors, rests);
        if (fault == Fault.COLUMN_GAP) gaps[(columns - 1) * n + at % n] = Math.nextUp(gaps[(columns - 1) * n + at % n]);
        if (fault == Fault.COLUMN_ANCHOR && at < n) anchors[at] = Math.nextUp(anchors[at]);
        if (fault == Fault.COLUMN_REST && at < n) rests[at] = Math.nextUp(rests[at]);
    }

    @Override
    public void weightedGaps(float[] x, int from, int stride, int columns, int n, float[] a, int aStride, float[] m, int first, double[] gaps) {
        scalar.weightedGaps(x, from, stride, columns, n, a, aStride, m, first, gaps);
        if (fault == Fault.WEIGHTED_GAP && at < n) gaps[at] = Math.nextUp(gaps[at]);
    }

    @Override
    public void maxColumns(float[] x, int from, int stride, int columns, int n, float[] largest) {
        scalar.maxColumns(x, from, stride, columns, n, largest);
        if (fault == Fault.COLUMN_MAX && at < n) largest[at] = Math.nextUp(largest[at]);
    }

    @Override
    public void termsColumns(float[] x, int from, int stride, int columns, int n, float[] rounders, float[] factors, float[] lows, float[] k,
            float[] out, int to, int outStride) {
        scalar.termsColumns(x, from, stride, columns, n, rounders, factors, lows, k, out, to, outStride);
        if (fault == Fault.COLUMN_TERM && at < n) out[to + at] = Math.nextUp(out[to + at]);
    }

    @Override
    public void termsMinusColumns(float[] x, int from, int stride, int columns, int n, float[] rounders, float[] factors, float[] lows, float[] k,
            float[] minus, int minusStride, float[] out, int outStride) {
        scalar.termsMinusColumns(x, from, stride, columns, n, rounders, factors, lows, k, minus, minusStride, out, outStride);
        if (fault == Fault.COLUMN_TERM_MINUS && at < n) out[at] = Math.nextUp(out[at]);
    }

    @Override
    public void scaleColumns(float[] t, int stride, int columns, int n, float[] factors, float[] lows) {
        scalar.scaleColumns(t, stride, columns, n, factors, lows);
        if (fault == Fault.COLUMN_SCALED && at < n) t[at] = Math.nextUp(t[at]);
    }

    @Override
    public StorageKernel storage() {
        return storage;
    }

    FakeKernel with(StorageKernel storage) {
        this.storage = storage;
        return this;
    }
}
