package io.github.surprisal.kernel;

import java.util.Arrays;

/** log-sum-exp of many rows at a time, which a {@link RowBatch} sums. Scratch for one thread, mostly that of its batch. */
final class BatchLogs {
    private static final int GRAIN = RowKernel.GRAIN;
    private static final int GROUP = RowKernel.GROUP;
    /** In place of the index of a largest element: the row is left to {@link ChunkSum}. */
    private static final int ALONE = -2;

    private static final ThreadLocal<BatchLogs> OF_THREAD = new ThreadLocal<>();

    private final ChunkSum chunk = ChunkSum.ofThread();
    private final RowBatch batch = RowBatch.ofThread();
    private final RowsBeside beside = batch.beside;
    private final double[] sums = batch.sums;
    private final int[] tops = batch.tops;
    private final boolean[] usual = batch.usual;
    private final float[] apart = batch.apart;
    private final int[] largest = new int[BatchShape.ROWS];
    private final float[] largestElements = batch.writer.factors; // whoever writes rows afterwards overwrites it
    private final float[] largestTerms = batch.writer.lows;

    private final double[] gaps = batch.gaps; // of the elements of waiting rows, side by side

    // Arrays of the batch, once there is no more use for what the sum left there: for rows near 0, which are summed again in double.
    private final int[] special = batch.blocks.groupTops; // rows for which the logarithm of their sum is not enough
    private final int[] waiting = batch.tops; // those among them whose elements are side by side
    private final float[] elements = beside.tile;
    private final double[] anchors = batch.sums;
    private final double[] rests = batch.blocks.groupSums;

    private BatchLogs() {}

    static BatchLogs ofThread() {
        BatchLogs own = OF_THREAD.get();
        if (own == null) OF_THREAD.set(own = new BatchLogs());
        return own;
    }

    /** out[first + r] = log-sum-exp of row r, from <= r < to. */
    void lse(RowKernel kernel, Rows x, int from, int to, float[] out, int first) {
        for (int r = from, count; r < to; r += count) {
            count = BatchShape.isFew(x, to - r) ? 1 : BatchShape.countFrom(x, r, to);
            if (count == 1) batch.logs[0] = chunk.lseOfRow(kernel, x, r);
            else lse(kernel, x, r, count, batch.logs);
            for (int k = 0; k < count; k++) out[first + r + k] = (float) batch.logs[k];
        }
    }

    /** lse[k] = log-sum-exp, not yet rounded, of row r + k, 0 <= k < count, at most {@link BatchShape#ROWS}, which lse has room for. */
    void lse(RowKernel kernel, Rows x, int r, int count, double[] lse) {
        if (x.columns() == 2) lseOfPairs(kernel, x, r, count, lse);
        else finish(kernel, x, r, count, batch.sum(kernel, x, r, count, null), lse);
    }

    /** As the other, with the terms of these rows kept if that is possible, because those of some are needed again: see {@link BatchShape#countKeptFrom}. */
    void lseKept(RowKernel kernel, Rows x, int r, int count, double[] lse) {
        if (x.columns() == 2) lseOfPairs(kernel, x, r, count, lse);
        else finish(kernel, x, r, count, batch.sumToSumAgain(kernel, x, r, count), lse);
    }

    private void finish(RowKernel kernel, Rows x, int r, int count, boolean all, double[] lse) {
        if (chunk.keepsTopApart(x.columns())) {
            finishTopApart(kernel, x, r, count, lse);
            return;
        }
        int e = chunk.exponent;
        int rounded = count + 7 & -8;
        System.arraycopy(sums, 0, lse, 0, count);
        Arrays.fill(lse, count, rounded, 1);
        for (int k = 0; !all && k < count; k++) if (!usual[k]) lse[k] = 1;
        kernel.log(lse, rounded);
        int specials = finishPlain(x.columns(), count, e, lse);
        if (specials > 0 && x.columns() > BatchShape.SHORT) {
            finishLong(kernel, x, r, count, e, specials, lse);
            return;
        }
        int most = Math.min(rests.length, BatchShape.gapRows(Math.max(1, x.columns())));
        for (int i = 0, waits; i < specials; ) {
            for (waits = 0; i < specials && waits < most; i++) {
                if (usual[special[i]]) waiting[waits++] = special[i];
                else lse[special[i]] = chunk.lseOfRow(kernel, x, r + special[i]);
            }
            if (waits > 0) finishInDouble(kernel, x, r, waits, lse);
        }
    }

    /** What {@link ChunkSum} does with few elements whose largest is kept apart. */
    private void finishTopApart(RowKernel kernel, Rows x, int r, int count, double[] lse) {
        int e = chunk.exponent;
        int rounded = count + GRAIN - 1 & -GRAIN;
        batch.findLargest(kernel, x, r, count, largestElements);
        Arrays.fill(largestElements, count, rounded, 0);
        kernel.terms(largestElements, 0, rounded, e, chunk.constants, 1, largestTerms, 0);
        findRests(count, rounded, e * DoubleMath.LN2, lse);
        kernel.exp(lse, rounded);
        for (int k = 0; k < rounded; k++) sums[k] *= lse[k];
        kernel.log1p(sums, rounded, 0, 0);
        double scale = chunk.scale();
        for (int k = 0; k < count; k++) lse[k] = sums[k] == 0 ? scale * largestElements[k] : scale * largestElements[k] + sums[k]; // see LogSum.value
        for (int k = 0; k < count; k++) if (!usual[k]) lse[k] = chunk.lseOfRow(kernel, x, r + k);
    }

    /** What {@link ChunkSum} does with two elements. */
    private void lseOfPairs(RowKernel kernel, Rows x, int r, int count, double[] lse) {
        batch.putSideBySide(kernel, x, r, count);
        int rounded = count + 7 & -8;
        boolean all = findGaps(beside.source(x), beside.from(x, r), beside.stride(x), count, lse);
        for (int k = 0; !all && k < count; k++) {
            usual[k] = Math.abs(anchors[k]) < Double.POSITIVE_INFINITY;
            if (!usual[k]) lse[k] = 0;
        }
        Arrays.fill(lse, count, rounded, 0);
        kernel.exp(lse, rounded);
        kernel.log1p(lse, rounded, 0, 0);
        if (all) Arrays.fill(usual, 0, count, true);
        for (int k = 0; k < count; k++) {
            double above = lse[k];
            lse[k] = above == 0 ? anchors[k] : anchors[k] + above; // see LogSum.value
            sums[k] = above;
        }
        for (int k = 0; !all && k < count; k++) if (!usual[k]) lse[k] = chunk.lseOfRow(kernel, x, r + k);
    }

    /**
     * After {@link #lse} of these rows, with their largest elements kept apart: those, and how far log-sum-exp is above them, times the scale; NaN for rows
     * left to {@link ChunkSum}.
     */
    void copyAbove(RowKernel kernel, Rows x, int r, int count, double[] above, float[] largest) {
        if (x.columns() == 2) batch.findLargest(kernel, x, r, count, largestElements);
        System.arraycopy(largestElements, 0, largest, 0, count);
        System.arraycopy(sums, 0, above, 0, count);
        for (int k = 0; k < count; k++) if (!usual[k]) above[k] = Double.NaN;
    }

    /** The larger of each pair, times the scale, and minus what the other lacks to it; false if a larger one is infinite or NaN. */
    private boolean findGaps(float[] x, int from, int stride, int count, double[] gaps) {
        double scale = chunk.scale();
        for (int k = 0; k < count; k++) {
            double a = scale * x[from + k];
            double b = scale * x[from + stride + k];
            anchors[k] = Math.max(a, b);
            gaps[k] = -Math.abs(a - b);
        }
        long nothing = 0;
        for (int k = 0; k < count; k++) nothing |= Double.doubleToRawLongBits(anchors[k] - anchors[k]);
        return nothing == 0;
    }

    /**
     * The sums without the largest terms, and how far the anchor is above the largest elements; 0 for rows that are not usual. Apart from kernels, as
     * {@link #finishPlain}.
     */
    private void findRests(int count, int rounded, double anchor, double[] above) {
        double scale = chunk.scale();
        for (int k = 0; k < count; k++) {
            above[k] = anchor - scale * largestElements[k];
            sums[k] -= largestTerms[k];
        }
        for (int k = 0; k < count; k++) if (!usual[k]) above[k] = sums[k] = 0;
        Arrays.fill(above, count, rounded, 0);
        Arrays.fill(sums, count, rounded, 0);
    }

    /**
     * Adds the anchor; special rows are left for later, and how many is returned. Not for {@link ChunkSum#SUM_ONLY}, which has none. Apart from kernels: C2
     * inlines nothing behind those.
     */
    private int finishPlain(int columns, int count, int e, double[] lse) {
        double anchor = e * DoubleMath.LN2;
        double apart = chunk.apart();
        int specials = 0;
        for (int k = 0; k < count; k++) {
            lse[k] += anchor;
            boolean plain = usual[k] & !NearZero.needsCare(sums[k], lse[k], ChunkExponents.largest(tops[k], e), e, columns, apart);
            special[specials] = k;
            specials += plain ? 0 : 1;
        }
        return specials;
    }

    /**
     * What {@link ChunkSum} does where the largest element must stay apart, a group at a time: sums it again without that element. Other rows are left to
     * it.
     */
    private void finishLong(RowKernel kernel, Rows x, int r, int count, int e, int specials, double[] lse) {
        Arrays.fill(largest, 0, count, -1);
        for (int i = 0; i < specials; i++) {
            int k = special[i];
            boolean far = usual[k] && x.inPlace() && Math.abs(ChunkExponents.largest(tops[k], e)) > NearZero.FAR;
            largest[k] = far ? indexOfLargest(kernel, x, r + k) : ALONE;
        }
        for (int first = 0; first < count; first += GROUP) {
            int group = Math.min(GROUP, count - first);
            int any = ALONE;
            for (int k = first; k < first + group; k++) any = Math.max(any, largest[k]);
            if (any >= 0) finishApart(kernel, x, r, first, group, e, lse);
        }
        for (int k = 0; k < count; k++) {
            if (largest[k] == ALONE) lse[k] = chunk.lseOfRow(kernel, x, r + k);
        }
    }

    private static int indexOfLargest(RowKernel kernel, Rows x, int r) {
        return kernel.indexFrom(x.data(), x.start(r), x.columns(), kernel.max(x.data(), x.start(r), x.columns()));
    }

    private void finishApart(RowKernel kernel, Rows x, int r, int first, int count, int e, double[] lse) {
        batch.blocks.sumApart(kernel, x, r + first, first, count, largest);
        Arrays.fill(rests, 0, GROUP, 0);
        for (int k = 0; k < count; k++) {
            if (largest[first + k] >= 0) rests[k] = e * DoubleMath.LN2 - chunk.scale() * apart[first + k];
        }
        kernel.exp(rests, GROUP);
        for (int k = 0; k < count; k++) {
            if (largest[first + k] >= 0 && ChunkExponents.outside(sums[first + k]) < 0) largest[first + k] = ALONE;
            rests[k] = largest[first + k] >= 0 ? sums[first + k] * rests[k] : 0;
        }
        kernel.log1p(rests, GROUP, 0, 0);
        for (int k = 0; k < count; k++) {
            if (largest[first + k] >= 0) lse[first + k] = chunk.scale() * apart[first + k] + rests[k];
        }
    }

    /** The waiting rows as {@link NearZero} does it, many at a time. */
    private void finishInDouble(RowKernel kernel, Rows x, int r, int count, double[] lse) {
        int columns = x.columns();
        int n = count + 7 & -8;
        gatherElements(x, r, count, n);
        kernel.gapsColumns(elements, columns, n, chunk.scale(), gaps, anchors, rests);
        kernel.exp(gaps, columns * n);
        addTerms(columns, n);
        kernel.log1p(rests, n, 0, 0);
        for (int i = 0; i < count; i++) lse[waiting[i]] = rests[i] == 0 ? anchors[i] : anchors[i] + rests[i];
    }

    /** Apart from kernels, as {@link #finishPlain}. */
    private void gatherElements(Rows x, int r, int count, int n) {
        float[] source = beside.source(x);
        int from = beside.from(x, r);
        int rowStep = beside.rowStep(x);
        int stride = beside.stride(x);
        for (int c = 0, to = 0; c < x.columns(); c++, from += stride, to += n) {
            for (int i = 0; i < count; i++) elements[to + i] = source[from + waiting[i] * rowStep];
            for (int i = count; i < n; i++) elements[to + i] = 0;
        }
    }

    /** As {@link NearZero#rest}. */
    private void addTerms(int columns, int n) {
        for (int c = 0, at = 0; c < columns; c++, at += n) {
            for (int i = 0; i < n; i++) rests[i] += gaps[at + i];
        }
    }
}
