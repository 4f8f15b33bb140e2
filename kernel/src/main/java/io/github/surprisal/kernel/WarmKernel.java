package io.github.surprisal.kernel;

import static io.github.surprisal.kernel.WarmStart.Group.COLUMNS;
import static io.github.surprisal.kernel.WarmStart.Group.GAPS;
import static io.github.surprisal.kernel.WarmStart.Group.INFORMATION;
import static io.github.surprisal.kernel.WarmStart.Group.LOSSES;
import static io.github.surprisal.kernel.WarmStart.Group.MASKS;
import static io.github.surprisal.kernel.WarmStart.Group.SOFTCAP;
import static io.github.surprisal.kernel.WarmStart.Group.STORAGE;
import static io.github.surprisal.kernel.WarmStart.Group.SUMS;
import static io.github.surprisal.kernel.WarmStart.Group.TERMS;

/** Scalar for those groups of primitives whose SIMD code is not compiled yet, SIMD for the others; it is gone once all are. */
final class WarmKernel implements RowKernel {
    private final WarmStart start;

    WarmKernel(WarmStart start) {
        this.start = start;
    }

    @Override
    public int lanes() {
        return start.lanes();
    }

    @Override
    public void sum(float[] x, int from, int step, int stream, int n, int count, int e, float[] k, float[] partials,
            int to, int[] tops, int topsFrom) {
        start.of(SUMS).sum(x, from, step, stream, n, count, e, k, partials, to, tops, topsFrom);
    }

    @Override
    public void sumFolded(float[] x, int from, int step, int stream, int n, int positions, int count, int e, float[] k,
            float[] partials, boolean stay, int[] patched, float[] patches, double[] sums, int[] tops) {
        start.of(SUMS).sumFolded(x, from, step, stream, n, positions, count, e, k, partials, stay, patched, patches, sums, tops);
    }

    @Override
    public void sumMasked(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom, int[] bits) {
        start.of(MASKS).sumMasked(x, from, step, stream, n, count, e, k, partials, to, tops, topsFrom, bits);
    }

    @Override
    public void pad(float[] x, int from, int step, int tail, int count, float padding, float[] out) {
        start.of(SUMS).pad(x, from, step, tail, count, padding, out);
    }

    @Override
    public void fold(float[] partials, int n, int count, double[] sums) {
        start.of(SUMS).fold(partials, n, count, sums);
    }

    @Override
    public void log(double[] x, int n) {
        start.of(SUMS).log(x, n);
    }

    @Override
    public void exp(double[] x, int n) {
        start.of(LOSSES).exp(x, n);
    }

    @Override
    public double log1p(double[] x, int n, int count, double sum) {
        return start.of(LOSSES).log1p(x, n, count, sum);
    }

    @Override
    public void softcap(float[] x, int from, int n, double factor, float cap) {
        start.of(SOFTCAP).softcap(x, from, n, factor, cap);
    }

    @Override
    public void multiplyBySlope(float[] x, int from, int n, double factor, float scale, float[] out, int to) {
        start.of(SOFTCAP).multiplyBySlope(x, from, n, factor, scale, out, to);
    }

    @Override
    public int mask(float[] x, int n, float padding) {
        return start.of(MASKS).mask(x, n, padding);
    }

    @Override
    public void termsMinus(float[] x, int from, int n, int e, float[] k, double factor, float[] minus, int minusFrom, float[] out, int to) {
        start.of(TERMS).termsMinus(x, from, n, e, k, factor, minus, minusFrom, out, to);
    }

    @Override
    public void terms(float[] x, int from, int n, int e, float[] k, double factor, float[] out, int to) {
        start.of(TERMS).terms(x, from, n, e, k, factor, out, to);
    }

    @Override
    public void termsRows(float[] x, int from, int step, int n, int count, float[] rounders, float[] factors, float[] lows, int first, float[] k,
            float[] out, int to, int outStep) {
        start.of(TERMS).termsRows(x, from, step, n, count, rounders, factors, lows, first, k, out, to, outStep);
    }

    @Override
    public boolean sumKept(float[] x, int from, int step, int stream, int n, int count, int e, float[] k, float[] partials,
            int to, int[] tops, int topsFrom, float[] out, int outFrom, int outStep, int ahead) {
        return start.of(TERMS).sumKept(x, from, step, stream, n, count, e, k, partials, to, tops, topsFrom, out, outFrom, outStep, ahead);
    }

    @Override
    public void sumTerms(float[] t, int from, int step, int stream, int n, int count, float[] partials, int to) {
        start.of(TERMS).sumTerms(t, from, step, stream, n, count, partials, to);
    }

    @Override
    public boolean sumKeptMasked(float[] x, int from, int step, int stream, int n, int count, int e, float[] k, float[] partials,
            int to, int[] tops, int topsFrom, float[] out, int outFrom, int outStep) {
        return start.of(MASKS).sumKeptMasked(x, from, step, stream, n, count, e, k, partials, to, tops, topsFrom, out, outFrom, outStep);
    }

    @Override
    public boolean inRangeOrMasked(float[] x, int from, int step, int n, int count, int e, float[] k) {
        return start.of(MASKS).inRangeOrMasked(x, from, step, n, count, e, k);
    }

    @Override
    public boolean inRange(float[] x, int from, int step, int n, int count, int e, float[] k) {
        return start.of(TERMS).inRange(x, from, step, n, count, e, k);
    }

    @Override
    public void scale(float[] t, int from, int step, int n, int count, float[] factors, float[] lows, int first,
            float[] out, int to, int outStep) {
        start.of(TERMS).scale(t, from, step, n, count, factors, lows, first, out, to, outStep);
    }

    @Override
    public void subtract(float[] x, int from, int step, int n, int count, float[] highs, float[] lows, int first,
            float[] out, int to, int outStep) {
        start.of(TERMS).subtract(x, from, step, n, count, highs, lows, first, out, to, outStep);
    }

    @Override
    public float max(float[] x, int from, int n) {
        return start.of(GAPS).max(x, from, n);
    }

    @Override
    public int indexFrom(float[] x, int from, int n, float least) {
        return start.of(GAPS).indexFrom(x, from, n, least);
    }

    @Override
    public void gaps(float[] x, int from, float[] a, int aFrom, int n, float m, double[] sums) {
        start.of(GAPS).gaps(x, from, a, aFrom, n, m, sums);
    }

    @Override
    public void sumRows(float[] x, int from, int step, int columns, int count, int[] excluded, int first, int e, float[] k, float lowest,
            float[] terms, double[] lanes, double[] sums, int[] tops) {
        start.of(COLUMNS).sumRows(x, from, step, columns, count, excluded, first, e, k, lowest, terms, lanes, sums, tops);
    }

    @Override
    public int sumRow(float[] x, int from, int n, int excluded, int e, float[] k, float[] terms, double[] sums) {
        return start.of(COLUMNS).sumRow(x, from, n, excluded, e, k, terms, sums);
    }

    @Override
    public void transpose(float[] x, int from, int step, int columns, int count, float[] out, int stride) {
        start.of(COLUMNS).transpose(x, from, step, columns, count, out, stride);
    }

    @Override
    public void transposeBack(float[] x, int first, int stride, int columns, int count, float[] out, int to, int step) {
        start.of(COLUMNS).transposeBack(x, first, stride, columns, count, out, to, step);
    }

    @Override
    public int sumColumns(float[] x, int from, int stride, int columns, int n, int[] excluded, int e, float[] k,
            float[] terms, int termStride, int[] tops, float[] apart) {
        return start.of(COLUMNS).sumColumns(x, from, stride, columns, n, excluded, e, k, terms, termStride, tops, apart);
    }

    @Override
    public boolean foldColumns(float[] terms, int stride, int columns, int n, double least, double[] sums) {
        return start.of(COLUMNS).foldColumns(terms, stride, columns, n, least, sums);
    }

    @Override
    public void gapsColumns(float[] x, int columns, int n, double scale, double[] gaps, double[] anchors, double[] rests) {
        start.of(COLUMNS).gapsColumns(x, columns, n, scale, gaps, anchors, rests);
    }

    @Override
    public void weightedGaps(float[] x, int from, int stride, int columns, int n, float[] a, int aStride, float[] m, int first, double[] gaps) {
        start.of(GAPS).weightedGaps(x, from, stride, columns, n, a, aStride, m, first, gaps);
    }

    @Override
    public void maxColumns(float[] x, int from, int stride, int columns, int n, float[] largest) {
        start.of(COLUMNS).maxColumns(x, from, stride, columns, n, largest);
    }

    @Override
    public void termsColumns(float[] x, int from, int stride, int columns, int n, float[] rounders, float[] factors, float[] lows,
            float[] k, float[] out, int to, int outStride) {
        start.of(COLUMNS).termsColumns(x, from, stride, columns, n, rounders, factors, lows, k, out, to, outStride);
    }

    @Override
    public void termsMinusColumns(float[] x, int from, int stride, int columns, int n, float[] rounders, float[] factors, float[] lows, float[] k,
            float[] minus, int minusStride, float[] out, int outStride) {
        start.of(GAPS).termsMinusColumns(x, from, stride, columns, n, rounders, factors, lows, k, minus, minusStride, out, outStride);
    }

    @Override
    public void scaleColumns(float[] t, int stride, int columns, int n, float[] factors, float[] lows) {
        start.of(COLUMNS).scaleColumns(t, stride, columns, n, factors, lows);
    }

    @Override
    public StorageKernel storage() {
        return start.of(STORAGE).storage();
    }

    @Override
    public boolean sum(float[] x, int from, int n, double[] lanes) {
        return start.of(INFORMATION).sum(x, from, n, lanes);
    }

    @Override
    public boolean covers(float[] p, int pFrom, float[] q, int qFrom, int n) {
        return start.of(INFORMATION).covers(p, pFrom, q, qFrom, n);
    }

    @Override
    public void crossEntropy(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        start.of(INFORMATION).crossEntropy(p, pFrom, q, qFrom, n, lanes);
    }

    @Override
    public void divergence(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        start.of(INFORMATION).divergence(p, pFrom, q, qFrom, n, lanes);
    }

    @Override
    public void divergenceFromMean(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        start.of(INFORMATION).divergenceFromMean(p, pFrom, q, qFrom, n, lanes);
    }
}
