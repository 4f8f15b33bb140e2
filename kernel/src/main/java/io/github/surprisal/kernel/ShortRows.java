package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * Loss and gradient of many rows of few columns, with the bits of {@link RowLoss} but a row in each lane. Logits with the class axis in the
 * middle already lie like that; others are transposed on the way. For index targets without smoothing or softcap. Scratch for one thread.
 */
final class ShortRows {
    static final int ROWS = RowKernel.COLUMN;
    static final int MAX_COLUMNS = 64;
    private static final int GRAIN = RowKernel.GRAIN;

    private final float[] tile = new float[MAX_COLUMNS * ROWS];
    private final float[] out = new float[MAX_COLUMNS * ROWS];
    private final float[] partials = new float[GRAIN * ROWS];
    private final int[] tops = new int[ROWS];
    private final int[] targets = new int[ROWS];
    private final double[] rest = new double[ROWS];
    private final double[] xy = new double[ROWS];
    private final double[] q = new double[ROWS];
    private final double[] gap = new double[ROWS];
    private final double[] lse = new double[ROWS];
    private final double[] p = new double[ROWS];
    private final double[] notP = new double[ROWS];
    private final double[] scale = new double[ROWS];
    private final float[] rounders = new float[ROWS];
    private final float[] factors = new float[ROWS];
    private int count;
    private boolean transposed;

    static boolean covers(LossCall call) {
        return call.probabilities == null && !call.options.copies() && call.options.smoothing() == 0
                && call.logits.columns() > 0 && call.logits.columns() <= MAX_COLUMNS;
    }

    /** How many rows from r on, and before to, can be done at once. */
    int countFrom(LossCall call, int r, int to) {
        int most = Math.min(ROWS, to - r);
        int inner = call.logits.columnStride();
        return inner == 1 ? most : Math.min(most, inner - r % inner);
    }

    int target(int k) {
        return targets[k];
    }

    /** Sums of the rows r .. r + count; returns a bit for each usual row, whose {@link #loss} and gradient are then to be had. */
    long sum(LossCall call, int r, int count) {
        this.count = count;
        Rows x = call.logits;
        int columns = x.columns();
        int n = count + GRAIN - 1 & -GRAIN;
        Arrays.fill(targets, count, n, -1);
        for (int k = 0; k < count; k++) targets[k] = call.target(r + k);
        ChunkSum chunk = ChunkSum.ofThread().withConstants(call.options.constants());
        transposed = x.contiguous() || count < n;
        if (transposed) transpose(x, r, count, n);
        call.kernel.sumColumns(source(x), from(x, r), stride(x), columns, n, targets, chunk.exponent(), call.options.constants(), partials, tops);
        long usual = 0;
        for (int k = 0; k < count; k++) {
            if (targets[k] >= 0 && chunk.isUsual(tops[k])) usual |= 1L << k;
        }
        call.kernel.foldColumns(partials, n, rest);
        for (int k = 0; k < n; k++) {
            if ((usual >> k & 1) == 0 || !chunk.isUsual(rest[k])) {
                usual &= ~(1L << k);
                rest[k] = 1;
            }
        }
        if (usual == 0) return 0;
        call.kernel.log(rest, n);
        double anchor = chunk.exponent() * DoubleMath.LN2;
        double scale = call.options.scale();
        float[] source = source(x);
        int from = from(x, r);
        int stride = stride(x);
        for (int k = 0; k < n; k++) {
            xy[k] = k < count ? scale * source[from + Math.max(targets[k], 0) * stride + k] : 0;
            rest[k] += anchor;
            q[k] = rest[k] - xy[k];
            gap[k] = q[k];
        }
        call.kernel.softplus(gap, n);
        if (call.gradient != null || call.options.zLoss() != 0) {
            for (int k = 0; k < n; k++) lse[k] = -q[k];
            call.kernel.softplus(lse, n);
            for (int k = 0; k < count; k++) lse[k] = q[k] > 0 ? rest[k] + lse[k] : xy[k] + gap[k];
        }
        return usual;
    }

    private float[] source(Rows x) {
        return transposed ? tile : x.data();
    }

    private int from(Rows x, int r) {
        return transposed ? 0 : x.start(r);
    }

    private int stride(Rows x) {
        return transposed ? ROWS : x.columnStride();
    }

    /** Five columns at a time, with the longer loop inside. */
    private void transpose(Rows x, int r, int count, int n) {
        float[] data = x.data();
        int columns = x.columns();
        int step = x.columnStride();
        int rowStep = x.contiguous() ? x.rowStride() : 1; // count rows never reach into the next outer index
        int from = x.start(r);
        int c = 0;
        for (; c + 5 <= columns; c += 5) transposeFive(data, from + c * step, step, rowStep, c * ROWS, count);
        for (; c < columns; c++) {
            for (int k = 0, at = from + c * step; k < count; k++, at += rowStep) tile[c * ROWS + k] = data[at];
        }
        for (c = 0; c < columns && count < n; c++) Arrays.fill(tile, c * ROWS + count, c * ROWS + n, 0f);
    }

    private void transposeFive(float[] data, int from, int step, int rowStep, int to, int count) {
        float[] t = tile;
        for (int k = to, at = from; k < to + count; k++, at += rowStep) {
            float a = data[at];
            float b = data[at + step];
            float c = data[at + 2 * step];
            float d = data[at + 3 * step];
            float e = data[at + 4 * step];
            t[k] = a;
            t[k + ROWS] = b;
            t[k + 2 * ROWS] = c;
            t[k + 3 * ROWS] = d;
            t[k + 4 * ROWS] = e;
        }
    }

    /** The loss of the usual row k. */
    double loss(LossCall call, int k) {
        LossOptions options = call.options;
        double loss = gap[k];
        if (options.weights() != null) {
            double main = options.weight(targets[k]);
            loss = main == 0 ? 0 : main * loss;
        }
        return options.zLoss() == 0 ? loss : loss + options.zLoss() * lse[k] * lse[k];
    }

    /** The number of usual rows whose target is the lowest index of their largest element. */
    int countFirstMax(LossCall call, int r, long usual) {
        int right = 0;
        for (int k = 0; k < count; k++) {
            if ((usual >> k & 1) != 0 && isFirstMax(call, r, k)) right++;
        }
        return right;
    }

    private boolean isFirstMax(LossCall call, int r, int k) {
        Rows x = call.logits;
        int at = from(x, r) + k;
        float largest = source(x)[at + targets[k] * stride(x)];
        for (int c = 0; c < x.columns(); c++) {
            float v = source(x)[at + c * stride(x)];
            if (v > largest || v == largest && c < targets[k]) return false;
        }
        return true;
    }

    /** Writes the gradient of the usual rows. */
    void gradient(LossCall call, int r, long usual) {
        Rows x = call.logits;
        LossOptions options = call.options;
        int columns = x.columns();
        int n = count + GRAIN - 1 & -GRAIN;
        double factor = call.factor * options.logitScale();
        for (int k = 0; k < n; k++) {
            boolean counts = (usual >> k & 1) != 0;
            int e = counts ? RowWriter.exponentOf(lse[k]) : 0;
            rounders[k] = Exp2.rounder(e);
            scale[k] = counts ? RowWriter.powerOf(lse[k]) : 0;
            p[k] = counts ? -gap[k] : 0;
            notP[k] = counts ? q[k] - gap[k] : 0;
        }
        call.kernel.exp(scale, n);
        call.kernel.exp(p, n);
        call.kernel.exp(notP, n);
        for (int k = 0; k < n; k++) {
            double main = (usual >> k & 1) != 0 ? options.weight(targets[k]) : 0;
            double pull = 2 * options.zLoss() * lse[k];
            factors[k] = (float) (factor * (main + pull) * scale[k]);
        }
        call.kernel.termsColumns(source(x), from(x, r), stride(x), columns, n, rounders, factors, options.constants(), out, 0, ROWS);
        for (int k = 0; k < count; k++) {
            if ((usual >> k & 1) == 0) continue;
            double pull = 2 * options.zLoss() * lse[k];
            out[targets[k] * ROWS + k] = (float) RowLoss.atTarget(factor, 0, 0, options.weight(targets[k]), pull, options.weight(targets[k]), p[k], notP[k]);
        }
        put(call.gradient, r, usual);
    }

    private void put(Rows gradient, int r, long usual) {
        float[] data = gradient.data();
        boolean together = gradient.contiguous() || r % gradient.columnStride() + count <= gradient.columnStride();
        if (together && usual == (count == 64 ? -1L : (1L << count) - 1)) {
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
}
