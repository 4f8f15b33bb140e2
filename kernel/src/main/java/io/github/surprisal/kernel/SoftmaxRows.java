package io.github.surprisal.kernel;

import java.util.Arrays;

/** softmax and log-softmax of rows. Scratch for one thread, 18 KB. */
public final class SoftmaxRows {
    private static final ThreadLocal<SoftmaxRows> OF_THREAD = new ThreadLocal<>();

    private final RowWriter writer = new RowWriter();
    private final RowPieces pieces = new RowPieces();
    private final RowSum rowSum = new RowSum();
    private final LogSum sum = new LogSum();
    private final RowBatch batch = RowBatch.ofThread();
    private final BatchLogs logs = BatchLogs.ofThread();
    private final double[] lse = batch.logs;
    private final float[] scratch = new float[Store.PIECE];
    private final float[] high = new float[1];
    private final float[] low = new float[1];

    // What is written of the row at hand: its log-sum-exp, relative to its largest element max if it is huge.
    private double rowLse;
    private double power;
    private boolean huge;
    private float max;

    public static SoftmaxRows ofThread() {
        SoftmaxRows own = OF_THREAD.get();
        if (own == null) OF_THREAD.set(own = new SoftmaxRows());
        return own;
    }

    /** Rows from .. to of out = softmax, or log-softmax if logarithm, of the same rows of x; out may be x. */
    public void run(RowKernel kernel, Rows x, Rows out, boolean logarithm, int from, int to) {
        int columns = x.columns();
        if (columns == 0) return;
        rowSum.forgetNextRow();
        boolean alone = !logarithm && x.columnStride() > 1 && x.columnStride() < 4; // so few rows next to each other that tiles are faster
        boolean oneBlock = ChunkElements.positions(columns) <= RowKernel.BLOCK; // longer rows gain nothing from neighbours
        if (x.straight() && out.straight() && oneBlock || sideBySide(x, out) && !alone) {
            for (int r = from, count; r >= from && r < to; r += count) { // r wraps behind the largest row counts
                count = x.inPlace() && (logarithm || x.data() == out.data()) ? RowBatch.countKeptFrom(x, r, to) : RowBatch.countCachedFrom(x, r, to);
                boolean few = RowBatch.isFew(count, columns);
                if (!few) batch(kernel, x, out, logarithm, r, count);
                for (int k = 0; few && k < count; k++) row(kernel, x, out, logarithm, r + k, false, null);
            }
        } else if (columns <= RowTile.MAX_COLUMNS) {
            RowTile tile = RowTile.ofThread();
            Rows rows = tile.shape(x, false);
            for (int r = from, count; r < to; r += count) {
                count = tile.countFrom(x, r, to);
                tile.load(kernel, x, r, count);
                run(kernel, rows, rows, logarithm, 0, count);
                tile.store(kernel, out, r, count);
            }
        } else {
            for (int r = from; r < to; r++) row(kernel, x, out, logarithm, r, r < to - 1, null);
        }
    }

    /** All rows, each shared out among threads. */
    public static void run(RowKernel kernel, Rows x, Rows out, boolean logarithm, Parts parts) {
        SoftmaxRows rows = new SoftmaxRows(); // a thread that waits for others may be given another call meanwhile
        rows.rowSum.forgetNextRow();
        for (int r = 0; r < x.rows(); r++) rows.row(kernel, x, out, logarithm, r, r < x.rows() - 1, parts);
    }

    private void batch(RowKernel kernel, Rows x, Rows out, boolean logarithm, int r, int count) {
        batch.withConstants(Exp2.constants(1)).withTopApart(apart(logarithm));
        boolean rows = x.columns() >= RowKernel.GRAIN && x.inPlace() && out.inPlace();
        if (rows || logarithm && x.inPlace()) logs.lseKept(kernel, x, r, count, logarithm ? x : out, lse); // the logarithms are no terms
        else logs.lse(kernel, x, r, count, lse);
        boolean together = rows || x.columns() > 1 && sideBySide(x, out);
        boolean[] wanted = batch.usual;
        int left = 0;
        for (int k = 0; k < count; k++) {
            wanted[k] = together && Math.abs(lse[k]) <= RowWriter.MAX_DIRECT;
            if (wanted[k]) continue;
            left++;
            if (prepare(kernel, x, out, logarithm, r + k, lse[k], null)) write(this, kernel, x, out, logarithm, r + k, 0, x.columns());
            lse[k] = 0; // of this row nothing is used any more
        }
        if (left == count) return;
        if (logarithm) batch.setLogarithms(lse, count);
        else findFactors(kernel, count);
        if (rows && logarithm) batch.writeLogarithms(kernel, x, out, r, count, wanted);
        else if (rows) batch.writeTerms(kernel, x, out, r, count, wanted);
        else batch.put(kernel, out, r, count, wanted, logarithm ? logarithms(kernel, x, r, count) : batch.terms(kernel, x, r, count));
    }

    /** {@link ChunkSum#withTopApart}: where one element outweighs the others, the logarithm of its probability is nearly 0. */
    private static double apart(boolean logarithm) {
        return logarithm ? 4 : ChunkSum.SUM_ONLY;
    }

    private static boolean sideBySide(Rows x, Rows out) {
        return x.columns() <= RowBatch.SHORT && x.data() != null && out.data() != null;
    }

    /** With the bits of {@link RowWriter}. */
    private void findFactors(RowKernel kernel, int count) {
        int rounded = count + 7 & -8;
        for (int k = 0; k < count; k++) {
            batch.setExponent(k, lse[k]);
            lse[k] = RowWriter.powerOf(lse[k]);
        }
        Arrays.fill(lse, count, rounded, 0);
        kernel.exp(lse, rounded);
        for (int k = 0; k < count; k++) batch.setFactor(k, lse[k]);
    }

    /** Short rows side by side, less their logarithms. */
    private int logarithms(RowKernel kernel, Rows x, int r, int count) {
        int stride = batch.lieSideBySide(kernel, x, r, count) + RowBatch.GAP;
        for (int c = 0; c < x.columns(); c++) {
            subtract(batch.source(x), batch.from(x, r) + c * batch.stride(x), count, batch.factors, batch.lows, batch.sideBySide(), c * stride);
        }
        return stride;
    }

    private static void subtract(float[] x, int from, int n, float[] high, float[] low, float[] out, int to) {
        for (int i = 0; i < n; i++) out[to + i] = (x[from + i] - high[i]) - low[i];
    }

    /** more: the next one is to follow. */
    private void row(RowKernel kernel, Rows x, Rows out, boolean logarithm, int r, boolean more, Parts parts) {
        int n = x.columns();
        boolean kept = !logarithm && sumKept(kernel, x, out, r, more);
        if (!kept) rowSum.of(kernel, x, r, null, apart(logarithm), -1, parts, sum);
        if (!prepare(kernel, x, out, logarithm, r, sum.value(), parts)) return;
        if (kept) {
            boolean elsewhere = keepsElsewhere(x, out);
            writer.scale(kernel, elsewhere ? batch.room() : out.data(), elsewhere ? 0 : out.start(r), n, rowSum.keptExponent(), rowLse, power, 1,
                    out.data(), out.start(r));
        } else if (parts == null || n <= ChunkSum.CHUNK) {
            write(this, kernel, x, out, logarithm, r, 0, n);
        } else {
            parts.run(RowSum.chunks(n), (first, end) ->
                    ofThread().write(this, kernel, x, out, logarithm, r, first * ChunkSum.CHUNK, RowSum.chunkEnd(end - 1, n)));
        }
    }

    /** Sums row r with its terms kept in out or elsewhere; false if that is not possible. */
    private boolean sumKept(RowKernel kernel, Rows x, Rows out, int r, boolean more) {
        if (!x.inPlace() || !out.inPlace() || x.columns() < ChunkSum.TAIL) return false;
        boolean elsewhere = keepsElsewhere(x, out);
        float[] terms = elsewhere ? batch.room() : out.data();
        return rowSum.ofKept(kernel, x, r, null, apart(false), -1, terms, elsewhere ? 0 : out.start(r), more, sum);
    }

    /** Terms that may overwrite elements are kept in scratch, of rows that it has room for: so nothing has to be known of the elements before. */
    private static boolean keepsElsewhere(Rows x, Rows out) {
        return x.data() == out.data() && RowBatch.hasRoom(x.columns());
    }

    /** Whether there is anything left to write. */
    private boolean prepare(RowKernel kernel, Rows x, Rows out, boolean logarithm, int r, double value, Parts parts) {
        if (!(Math.abs(value) <= Float.MAX_VALUE)) {
            out.fill(r, Float.NaN);
            return false;
        }
        if (x.columns() == 1) {
            out.set(r, 0, logarithm ? 0 : 1);
            return false;
        }
        rowLse = value;
        huge = RowWriter.isHuge(value);
        if (huge) {
            max = max(kernel, x, r);
            rowSum.of(kernel, x, r, null, apart(logarithm), -1, parts, sum);
            rowLse = sum.above(max);
        }
        if (!logarithm) power = DoubleMath.exp(RowWriter.powerOf(rowLse));
        return true;
    }

    private float max(RowKernel kernel, Rows x, int r) {
        pieces.start(kernel, x, r, null);
        float largest = Float.NEGATIVE_INFINITY;
        int n;
        for (long c = 0; c < x.columns(); c += n) {
            n = pieces.lengthFrom(c);
            pieces.load((int) c, n);
            float v = kernel.max(pieces.array(), pieces.at(), n);
            largest = v > largest ? v : largest;
        }
        pieces.end();
        return largest;
    }

    /** Writes elements from .. to of row r, with what row has of it. */
    private void write(SoftmaxRows row, RowKernel kernel, Rows x, Rows out, boolean logarithm, int r, int from, int to) {
        boolean direct = x.direct() && !row.huge && !logarithm;
        if (direct && out.direct()) {
            writeOffHeap(row, kernel, x, out, r, from, to);
            return;
        }
        boolean inPlace = out.inPlace();
        pieces.start(kernel, x, r, null);
        int most = direct || !inPlace ? Store.PIECE : pieces.length();
        if (!logarithm) most = Math.min(most, RowWriter.pieceLength(row.huge, null));
        int n;
        for (long c = from; c < to; c += n) {
            n = (int) Math.min(most, to - c);
            float[] target = inPlace ? out.data() : scratch;
            int at = inPlace ? out.start(r) + (int) c : 0;
            if (direct) {
                writer.write(kernel, Exp2.constants(1), x.store(), x.position(r) + c, n, row.rowLse, row.power, 1, null, target, at);
            } else {
                pieces.load((int) c, n);
                if (logarithm) logarithms(row, kernel, pieces.array(), pieces.at(), n, target, at);
                else writer.write(kernel, Exp2.constants(1), pieces.array(), pieces.at(), n, row.rowLse, row.power, row.huge, row.max, 1, null, 0, target, at);
            }
            if (!inPlace) out.put(kernel, r, (int) c, n, scratch, 0);
        }
        pieces.end();
    }

    private void writeOffHeap(SoftmaxRows row, RowKernel kernel, Rows x, Rows out, int r, int from, int to) {
        int n;
        for (long c = from; c < to; c += n) {
            n = (int) Math.min(Rows.LEAF, to - c);
            writer.write(kernel, Exp2.constants(1), x.store(), x.position(r) + c, n, row.rowLse, row.power, 1, null, out.store(), out.position(r) + c);
        }
    }

    private void logarithms(SoftmaxRows row, RowKernel kernel, float[] x, int from, int n, float[] out, int to) {
        high[0] = row.huge ? row.max : (float) row.rowLse;
        low[0] = (float) (row.huge ? row.rowLse : row.rowLse - high[0]);
        if (n >= RowKernel.GRAIN) kernel.subtract(x, from, 0, n, 1, high, low, 0, out, to, 0);
        for (int i = 0; n < RowKernel.GRAIN && i < n; i++) out[to + i] = (x[from + i] - high[0]) - low[0];
    }
}
