package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * The sums of {@link GapSum} for rows side by side, with the same bits, and the {@link Coefficients}, which gradients need too. Scratch for one thread.
 */
final class GapBatch {
    private static final int GRAIN = RowKernel.GRAIN;
    private static final int LANES = 16;

    private final RowBatch rows = RowBatch.ofThread();
    private final RowsBeside beside = rows.beside;
    private final float[] coefficients = rows.room(); // that of terms to be kept, which none are here
    private final double[] products = rows.gaps;
    private int columns;
    private int n;
    private int stride;

    /** Coefficients for count rows of this call with index targets: the same for each. */
    void loadWeights(LossCall call, int count) {
        shape(call, count);
        float[] weights = Coefficients.ofClasses(call.options);
        for (int c = 0, at = 0; c < columns; c++, at += stride) Arrays.fill(coefficients, at, at + n, weights[c]);
    }

    /** Those of the rows from r on, with targets in rows of an array. */
    void loadTargets(LossCall call, int r, int count) {
        shape(call, count);
        Rows targets = call.probabilities;
        LossOptions options = call.options;
        call.kernel.transpose(targets.data(), targets.start(r), targets.rowStride(), columns, count, coefficients, stride);
        if (options.weights() == null && options.smoothing() == 0) return;
        double keep = options.kept();
        double share = options.share(columns);
        for (int c = 0, at = 0; c < columns; c++, at += stride) {
            double weight = options.weight(c);
            for (int k = at; k < at + count; k++) coefficients[k] = Coefficients.of(weight, coefficients[k], keep, share);
        }
    }

    private void shape(LossCall call, int count) {
        columns = call.logits.columns();
        n = count + GRAIN - 1 & -GRAIN;
        stride = n + RowsBeside.GAP;
    }

    /** Where that of class c for the first row is: c times {@link #stride}. */
    float[] coefficients() {
        return coefficients;
    }

    int stride() {
        return stride;
    }

    /** sums[k] = the sum of a_c (m_k - x_kc) over the classes of each row k, rounded up to 16, of those that the batch has just summed. */
    void sum(LossCall call, int r, float[] m, double[] sums) {
        float[] source = beside.source(call.logits);
        int from = beside.from(call.logits, r);
        int most = BatchShape.gapRows(columns);
        for (int first = 0, count; first < n; first += count) {
            count = Math.min(most, n - first);
            call.kernel.weightedGaps(source, from + first, beside.stride(call.logits), columns, count, coefficients, stride, m, first, products);
            fold(count, sums, first);
        }
    }

    /** The sum of a_c over the classes of each row, of count. */
    void total(int count, double[] totals) {
        int most = BatchShape.gapRows(columns);
        for (int first = 0, some; first < count; first += some) {
            some = Math.min(most, count - first);
            for (int c = 0; c < columns; c++) {
                for (int k = 0; k < some; k++) products[c * some + k] = coefficients[c * stride + first + k];
            }
            fold(some, totals, first);
        }
    }

    /** Adds up the products of count rows, as {@link GapSum} does: those of classes 16 apart, then in a tree. */
    private void fold(int count, double[] sums, int first) {
        int left = Math.min(LANES, columns);
        for (int c = LANES; c < columns; c++) add(c % LANES * count, c * count, count);
        for (int width = LANES / 2; width > 0; width /= 2) {
            for (int lane = width; lane < left; lane++) add((lane - width) * count, lane * count, count);
            left = Math.min(left, width);
        }
        System.arraycopy(products, 0, sums, first, count);
    }

    private void add(int to, int from, int count) {
        for (int k = 0; k < count; k++) products[to + k] += products[from + k];
    }

    /** Makes the coefficients what is to be subtracted from gradients. */
    void multiply(double times) {
        for (int c = 0, at = 0; c < columns; c++, at += stride) {
            for (int k = at; k < at + n; k++) coefficients[k] = (float) (times * coefficients[k]);
        }
    }
}
