package io.github.surprisal.kernel;

import java.util.Arrays;

/** log-sum-exp of many rows at a time, which a {@link RowBatch} sums. Scratch for one thread, mostly that of its batch. */
final class BatchLogs {
    private static final int GROUP = RowKernel.GROUP;
    /** In place of the index of a largest element: the row is left to {@link ChunkSum}. */
    private static final int ALONE = -2;

    private static final ThreadLocal<BatchLogs> OF_THREAD = new ThreadLocal<>();

    private final ChunkSum chunk = ChunkSum.ofThread();
    private final RowBatch batch = RowBatch.ofThread();
    private final double[] sums = batch.sums;
    private final int[] tops = batch.tops;
    private final boolean[] usual = batch.usual;
    private final float[] apart = batch.apart;
    private final int[] largest = new int[RowBatch.ROWS];

    // Arrays of the batch, once there is no more use for what the sum left there: for rows near 0, which are summed again in double.
    private final int[] special = batch.groupTops; // rows for which the logarithm of their sum is not enough
    private final int[] waiting = batch.tops; // those among them whose gaps are known, but not yet their exponentials
    private final double[] gaps = batch.sums; // of the elements of waiting rows, row by row
    private final double[] rests = batch.groupSums; // of waiting rows

    private BatchLogs() {}

    static BatchLogs ofThread() {
        BatchLogs own = OF_THREAD.get();
        if (own == null) OF_THREAD.set(own = new BatchLogs());
        return own;
    }

    /** out[first + r] = log-sum-exp of row r, from <= r < to. */
    void lse(RowKernel kernel, Rows x, int from, int to, float[] out, int first) {
        for (int r = from, count; r >= from && r < to; r += count) { // r wraps behind the largest row counts
            count = RowBatch.countFrom(x, r, to);
            boolean few = RowBatch.isFew(count, x.columns());
            if (!few) lse(kernel, x, r, count, batch.logs);
            for (int k = 0; k < count; k++) out[first + r + k] = (float) (few ? chunk.lseOfRow(kernel, x, r + k) : batch.logs[k]);
        }
    }

    /** lse[k] = log-sum-exp, not yet rounded, of row r + k, 0 <= k < count, at most {@link RowBatch#ROWS}, which lse has room for. */
    void lse(RowKernel kernel, Rows x, int r, int count, double[] lse) {
        finish(kernel, x, r, count, batch.sum(kernel, x, r, count, null), lse);
    }

    /**
     * As the other, with the terms of these rows kept if that is possible, to be written to out, which lies in place too, later: they are kept there, or
     * elsewhere if out is x, because the elements of some rows are needed again. Then no more rows than {@link RowBatch#countKeptFrom}.
     */
    void lseKept(RowKernel kernel, Rows x, int r, int count, Rows out, double[] lse) {
        boolean kept = false;
        if (RowBatch.keeps(x)) {
            kept = x.data() == out.data() ? batch.sumKept(kernel, x, r, count, null, batch.room(), 0, x.columns())
                    : batch.sumKept(kernel, x, r, count, null, out.data(), out.start(r), out.rowStride());
        }
        finish(kernel, x, r, count, kept || batch.sum(kernel, x, r, count, null), lse);
    }

    private void finish(RowKernel kernel, Rows x, int r, int count, boolean all, double[] lse) {
        int e = chunk.exponent();
        int rounded = count + 7 & -8;
        System.arraycopy(sums, 0, lse, 0, count);
        Arrays.fill(lse, count, rounded, 1);
        for (int k = 0; !all && k < count; k++) if (!usual[k]) lse[k] = 1;
        kernel.log(lse, rounded);
        int specials = finishPlain(x.columns(), count, e, lse);
        if (specials > 0 && x.columns() > RowBatch.SHORT) {
            finishLong(kernel, x, r, count, e, specials, lse);
            return;
        }
        int most = Math.min(rests.length, gaps.length / Math.max(1, x.columns()));
        for (int i = 0, waits; i < specials; ) {
            for (waits = 0; i < specials && waits < most; i++) {
                if (usual[special[i]]) waiting[waits++] = special[i];
                else lse[special[i]] = chunk.lseOfRow(kernel, x, r + special[i]);
            }
            findGaps(x, r, waits, lse);
            finishInDouble(kernel, waits, x.columns(), lse);
        }
    }

    /** Adds the anchor; special rows are left for later, and how many is returned. Apart from kernels: C2 inlines nothing behind those. */
    private int finishPlain(int columns, int count, int e, double[] lse) {
        double anchor = e * DoubleMath.LN2;
        double apart = chunk.apart();
        int specials = 0;
        boolean cares = apart >= 0;
        for (int k = 0; k < count; k++) {
            lse[k] += anchor;
            boolean plain = usual[k] && !(cares && NearZero.needsCare(sums[k], lse[k], ChunkExponents.largest(tops[k], e), e, columns, apart));
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
        batch.sumApart(kernel, x, r + first, first, count, largest);
        Arrays.fill(rests, 0, GROUP, 0);
        for (int k = 0; k < count; k++) {
            if (largest[first + k] >= 0) rests[k] = e * DoubleMath.LN2 - chunk.scale() * apart[first + k];
        }
        kernel.exp(rests, GROUP);
        for (int k = 0; k < count; k++) {
            if (largest[first + k] >= 0 && ChunkExponents.outside(sums[first + k]) < 0) largest[first + k] = ALONE;
            rests[k] = largest[first + k] >= 0 ? sums[first + k] * rests[k] : 0;
        }
        kernel.log1p(rests, GROUP);
        for (int k = 0; k < count; k++) {
            if (largest[first + k] >= 0) lse[first + k] = chunk.scale() * apart[first + k] + rests[k];
        }
    }

    /** Puts the anchors of so many waiting rows into lse, and leaves their gaps: see {@link NearZero}. Apart from kernels, as {@link #finishPlain}. */
    private void findGaps(Rows x, int r, int count, double[] lse) {
        double scale = chunk.scale();
        float[] source = batch.source(x);
        int from = batch.from(x, r);
        int rowStep = batch.rowStep(x);
        int stride = batch.stride(x);
        int columns = x.columns();
        for (int i = 0; i < count; i++) {
            int at = from + waiting[i] * rowStep;
            double anchor = NearZero.anchor(scale, source, at, stride, columns);
            rests[i] = NearZero.gaps(scale, source, at, stride, columns, anchor, gaps, i * columns);
            lse[waiting[i]] = anchor;
        }
    }

    /** Adds to the anchors of so many waiting rows the logarithms of their sums. */
    private void finishInDouble(RowKernel kernel, int count, int columns, double[] lse) {
        kernel.exp(gaps, NearZero.padded(gaps, count * columns));
        addTerms(count, columns);
        kernel.log1p(rests, NearZero.padded(rests, count));
        for (int i = 0; i < count; i++) {
            if (rests[i] != 0) lse[waiting[i]] += rests[i];
        }
    }

    /** Apart from kernels, as {@link #finishPlain}. */
    private void addTerms(int count, int columns) {
        for (int i = 0; i < count; i++) rests[i] = NearZero.rest(rests[i], gaps, i * columns, columns);
    }
}
