package io.github.surprisal.kernel;

/** softmax and log-softmax of rows. Scratch for one thread, 18 KB. */
public final class SoftmaxRows {
    private static final ThreadLocal<SoftmaxRows> OF_THREAD = new ThreadLocal<>();

    private final RowWriter writer = new RowWriter();
    private final RowPieces pieces = new RowPieces();
    private final RowSum rowSum = new RowSum();
    private final LogSum sum = new LogSum();
    private final RowBatch batch = RowBatch.ofThread();
    private final BatchLogs logs = BatchLogs.ofThread();
    private final BatchWriter batchWriter = batch.writer;
    private final double[] lse = batch.logs;
    private final float[] scratch = new float[Store.PIECE];
    private final float[] high = new float[1];
    private final float[] low = new float[1];

    // What is written of the row at hand: its log-sum-exp, or the exponent and the factor of its terms; relative to its largest element max if it is huge.
    private double rowLse;
    private int exponent;
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
        boolean oneBlock = ChunkElements.positions(columns) <= RowKernel.BLOCK; // longer rows gain nothing from neighbours
        if (x.straight() && out.straight() && oneBlock || sideBySide(x, out)) {
            for (int r = from, count; r < to; r += count) {
                if (BatchShape.isFew(x, to - r)) count = 1;
                else count = x.inPlace() && (logarithm || x.data() == out.data()) ? BatchShape.countKeptFrom(x, r, to) : BatchShape.countCachedFrom(x, r, to);
                if (count == 1) row(kernel, x, out, logarithm, r, false, null);
                else batch(kernel, x, out, logarithm, r, count);
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
        SoftmaxRows rows = new SoftmaxRows(); // parts of rows on this thread use its own
        rows.rowSum.forgetNextRow();
        for (int r = 0; r < x.rows(); r++) rows.row(kernel, x, out, logarithm, r, r < x.rows() - 1, parts);
    }

    private void batch(RowKernel kernel, Rows x, Rows out, boolean logarithm, int r, int count) {
        batch.withConstants(Exp2.constants(1)).withTopApart(apart(logarithm));
        boolean rows = x.columns() >= RowKernel.GRAIN && x.inPlace() && out.inPlace();
        boolean together = rows || x.columns() > 1 && sideBySide(x, out);
        if (!logarithm && rows) batch.sumToWrite(kernel, x, r, count, out);
        else if (!logarithm) batch.sum(kernel, x, r, count, null, together ? out : null);
        else if (x.inPlace()) logs.lseKept(kernel, x, r, count, lse);
        else logs.lse(kernel, x, r, count, lse);
        boolean[] wanted = batch.usual;
        int unit = batch.exponent(); // a row done alone may change it
        int left = 0;
        for (int k = 0; k < count; k++) {
            if (logarithm) wanted[k] = Math.abs(lse[k]) <= RowWriter.MAX_DIRECT;
            if (wanted[k] && together) continue;
            left++;
            if (!logarithm && !wanted[k]) {
                row(kernel, x, out, false, r + k, false, null);
                continue;
            }
            if (logarithm && !prepareLogarithms(kernel, x, out, r + k, lse[k], null)) continue;
            if (!logarithm) prepareTerms(unit, batch.sums[k]);
            write(this, kernel, x, out, logarithm, r + k, 0, x.columns());
        }
        if (left == count) return;
        if (logarithm) batchWriter.setFactors(lse, count);
        else batchWriter.setProbabilities(count, wanted, unit);
        if (rows && logarithm) batchWriter.writeLogarithms(kernel, x, out, r, count, wanted);
        else if (rows && !batch.beside.kept()) batchWriter.writeTerms(kernel, x, out, r, count, wanted);
        else batchWriter.put(kernel, out, r, count, wanted, logarithm ? batchWriter.logarithms(kernel, x, r, count) : batchWriter.terms(kernel, x, r, count));
    }

    /** {@link ChunkSum#withTopApart}: where one element outweighs the others, the logarithm of its probability is nearly 0. */
    private static double apart(boolean logarithm) {
        return logarithm ? ChunkSum.TOP_APART : ChunkSum.SUM_ONLY;
    }

    private static boolean sideBySide(Rows x, Rows out) {
        return x.sideBySide() && out.sideBySide();
    }

    /** more: the next one is to follow. */
    private void row(RowKernel kernel, Rows x, Rows out, boolean logarithm, int r, boolean more, Parts parts) {
        int n = x.columns();
        boolean kept = !logarithm && sumKept(kernel, x, out, r, more);
        if (!kept) rowSum.of(kernel, x, r, null, apart(logarithm), -1, parts, sum);
        boolean prepared = logarithm ? prepareLogarithms(kernel, x, out, r, sum.value(), parts) : prepareTerms(kernel, x, out, r);
        if (!prepared) return;
        if (kept) {
            boolean elsewhere = BatchShape.keepsElsewhere(x, out);
            writer.scale(kernel, elsewhere ? batch.room() : out.data(), elsewhere ? 0 : out.start(r), n, rowSum.keptExponent(), exponent, power, 1,
                    out.data(), out.start(r));
        } else if (!logarithm && rowSum.keepsFew(n)) {
            boolean inPlace = out.inPlace();
            float[] terms = rowSum.fewTerms();
            writer.scale(kernel, terms, 0, n, rowSum.fewExponent(), exponent, power, 1, inPlace ? out.data() : terms, inPlace ? out.start(r) : 0);
            if (!inPlace) out.put(kernel, r, 0, n, terms, 0);
        } else if (parts == null) {
            write(this, kernel, x, out, logarithm, r, 0, n);
        } else {
            parts.run(RowSum.chunks(n), (first, end) ->
                    ofThread().write(this, kernel, x, out, logarithm, r, first * ChunkSum.CHUNK, RowSum.chunkEnd(end - 1, n)));
        }
    }

    /** Sums row r with its terms kept in out or elsewhere; false if that is not possible. */
    private boolean sumKept(RowKernel kernel, Rows x, Rows out, int r, boolean more) {
        if (!out.inPlace()) return false;
        boolean elsewhere = BatchShape.keepsElsewhere(x, out);
        float[] terms = elsewhere ? batch.room() : out.data();
        return rowSum.ofKept(kernel, x, r, null, apart(false), -1, terms, elsewhere ? 0 : out.start(r), more, sum);
    }

    /** Whether there is anything left to write, with the sum of the row. */
    private boolean prepareTerms(RowKernel kernel, Rows x, Rows out, int r) {
        if (sum.isSpecial()) {
            out.fill(r, Float.NaN);
            return false;
        }
        if (sum.unit() == 0) {
            prepareTerms((int) Math.rint(sum.anchor() / DoubleMath.LN2), sum.rest());
            return true;
        }
        huge = true;
        max = max(kernel, x, r);
        double above = sum.above(max);
        exponent = RowWriter.exponentOf(above);
        power = DoubleMath.exp(RowWriter.powerOf(above));
        return true;
    }

    /** The same with a sum in units of 2^unit. */
    private void prepareTerms(int unit, double rest) {
        huge = false;
        exponent = RowWriter.exponentOf(rest, unit);
        power = RowWriter.factorOf(rest, unit);
    }

    /** Whether there is anything left to write, with the log-sum-exp of the row. */
    private boolean prepareLogarithms(RowKernel kernel, Rows x, Rows out, int r, double value, Parts parts) {
        if (!(Math.abs(value) <= Float.MAX_VALUE)) {
            out.fill(r, Float.NaN);
            return false;
        }
        rowLse = value;
        huge = RowWriter.isHuge(value);
        if (!huge) return true;
        max = max(kernel, x, r);
        rowSum.of(kernel, x, r, null, apart(true), -1, parts, sum);
        rowLse = sum.above(max);
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
        if (!row.huge && !logarithm && x.inPlace() && out.inPlace() && to - from <= BatchShape.MEDIUM) { // nothing to cut into pieces
            writer.write(kernel, Exp2.constants(1), x.data(), x.start(r) + from, to - from, row.exponent, row.power, false, 0, 1, null, 0,
                    out.data(), out.start(r) + from);
            return;
        }
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
                writer.write(kernel, Exp2.constants(1), x.store(), x.position(r) + c, n, row.exponent, row.power, 1, null, target, at);
            } else {
                pieces.load((int) c, n);
                if (logarithm) logarithms(row, kernel, pieces.array(), pieces.at(), n, target, at);
                else writer.write(kernel, Exp2.constants(1), pieces.array(), pieces.at(), n, row.exponent, row.power, row.huge, row.max, 1, null, 0, target,
                        at);
            }
            if (!inPlace) out.put(kernel, r, (int) c, n, scratch, 0);
        }
        pieces.end();
    }

    private void writeOffHeap(SoftmaxRows row, RowKernel kernel, Rows x, Rows out, int r, int from, int to) {
        int n;
        for (long c = from; c < to; c += n) {
            n = (int) Math.min(Rows.LEAF, to - c);
            writer.write(kernel, Exp2.constants(1), x.store(), x.position(r) + c, n, row.exponent, row.power, 1, null, out.store(), out.position(r) + c);
        }
    }

    private void logarithms(SoftmaxRows row, RowKernel kernel, float[] x, int from, int n, float[] out, int to) {
        high[0] = row.huge ? row.max : (float) row.rowLse;
        low[0] = (float) (row.huge ? row.rowLse : row.rowLse - high[0]);
        if (n >= RowKernel.GRAIN) kernel.subtract(x, from, 0, n, 1, high, low, 0, out, to, 0);
        for (int i = 0; n < RowKernel.GRAIN && i < n; i++) out[to + i] = (x[from + i] - high[0]) - low[0];
    }
}
