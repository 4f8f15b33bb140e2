package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * Sums over the classes of a row: of a_c (m - x_c) and of a_c, with the {@link Coefficients} a. In double, in a fixed order: 16 lanes for
 * each chunk of {@link ChunkSum#CHUNK}, and the chunks one after the other. Scratch for one thread.
 */
final class GapSum {
    private static final int PIECE = Store.PIECE;
    private static final int CHUNK = ChunkSum.CHUNK;
    private static final float[] ZEROS = new float[PIECE];

    private final RowPieces logits;
    private final Coefficients coefficients;
    private final double[] gapLanes = new double[16];
    private final double[] totalLanes = new double[16];

    private double gaps;
    private double total;

    /** With scratch that nobody else uses meanwhile. */
    GapSum(RowPieces logits, Coefficients coefficients) {
        this.logits = logits;
        this.coefficients = coefficients;
    }

    /** Sums of row r; the total only with probability targets: else it is known. */
    void run(LossCall call, int r, float m) {
        if (runShort(call, r, m)) return;
        int chunks = RowSum.chunks(call.logits.columns());
        if (call.parts == null) {
            gaps = 0;
            total = 0;
            for (int c = 0; c < chunks; c++) {
                add(call, r, c, m);
                gaps += gapLanes[0];
                total += totalLanes[0];
            }
            return;
        }
        double[] chunkGaps = new double[chunks];
        double[] totals = new double[chunks];
        call.parts.run(chunks, (first, end) -> {
            GapSum mine = RowLoss.ofThread().gapSum();
            for (int c = first; c < end; c++) {
                mine.add(call, r, c, m);
                chunkGaps[c] = mine.gapLanes[0];
                totals[c] = mine.totalLanes[0];
            }
        });
        gaps = 0;
        total = 0;
        for (int c = 0; c < chunks; c++) {
            gaps += chunkGaps[c];
            total += totals[c];
        }
    }

    /** The same of few elements where all lie in arrays, without what prepares for others; false if they are not such. */
    private boolean runShort(LossCall call, int r, float m) {
        Rows x = call.logits;
        Rows a = call.probabilities;
        int n = x.columns();
        boolean direct = n <= BatchShape.MEDIUM && x.inPlace() && !call.options.copies();
        if (!direct || a != null && !(a.inPlace() && call.options.weights() == null && call.options.smoothing() == 0)) return false;
        float[] weights = a != null ? a.data() : Coefficients.ofClasses(call.options);
        int from = a != null ? a.start(r) : 0;
        int lanes = lanes(n);
        Arrays.fill(gapLanes, 0, lanes, 0);
        addPiece(call.kernel, x.data(), x.start(r), weights, from, n, m);
        fold(gapLanes, lanes);
        gaps = gapLanes[0];
        total = 0;
        if (a == null) return true;
        Arrays.fill(totalLanes, 0, lanes, 0);
        addTotal(call.kernel, weights, from, n);
        fold(totalLanes, lanes);
        total = totalLanes[0];
        return true;
    }

    double gaps() {
        return gaps;
    }

    double total() {
        return total;
    }

    /** Leaves the sums of a chunk in the first lanes. */
    private void add(LossCall call, int r, int chunk, float m) {
        Arrays.fill(gapLanes, 0);
        Arrays.fill(totalLanes, 0);
        logits.start(call.kernel, call.logits, r, call.options);
        coefficients.start(call, r);
        int end = RowSum.chunkEnd(chunk, call.logits.columns());
        int n;
        for (int c = chunk * CHUNK; c < end; c += n) {
            n = Math.min(PIECE, end - c);
            logits.load(c, n);
            coefficients.load(c, n);
            addPiece(call.kernel, logits.array(), logits.at(), coefficients.array(), coefficients.at(), n, m);
            if (call.probabilities != null) addTotal(call.kernel, coefficients.array(), coefficients.at(), n);
            if (end - c <= PIECE) break; // c would wrap behind the longest rows
        }
        logits.end();
        coefficients.end();
        fold(gapLanes, 16);
        fold(totalLanes, 16);
    }

    private void addPiece(RowKernel kernel, float[] x, int at, float[] a, int aAt, int n, float m) {
        int whole = n & -RowKernel.GRAIN;
        if (whole > 0) kernel.gaps(x, at, a, aAt, whole, m, gapLanes);
        for (int i = whole; i < n; i++) {
            double weight = a[aAt + i];
            if (weight != 0) gapLanes[i & 15] += weight * ((double) m - x[at + i]);
        }
    }

    private void addTotal(RowKernel kernel, float[] a, int aAt, int n) {
        int whole = n & -RowKernel.GRAIN;
        if (whole > 0) kernel.gaps(ZEROS, 0, a, aAt, whole, 1, totalLanes); // the gaps between 1 and 0
        for (int i = whole; i < n; i++) totalLanes[i & 15] += a[aAt + i];
    }

    /** How many of the lanes, a power of two, n elements reach: the others are 0. */
    private static int lanes(int n) {
        return n > 8 ? 16 : n > 4 ? 8 : n > 2 ? 4 : 2;
    }

    private static void fold(double[] lanes, int count) {
        for (int width = count / 2; width > 0; width /= 2) {
            for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
        }
    }
}
