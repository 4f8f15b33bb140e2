package io.github.surprisal;

import io.github.surprisal.kernel.Kernels;
import io.github.surprisal.kernel.RowKernel;
import io.github.surprisal.kernel.Rows;
import io.github.surprisal.kernel.SoftmaxRows;
import java.util.Objects;

/**
 * softmax and log-softmax: {@code p_c = exp(x_c - lse(x))} and {@code log p_c = x_c - lse(x)} in nats, lse the log-sum-exp of all x.
 *
 * <p><b>Error bound</b>: softmax 4 ulp for results of at least 2^-126, below which they may flush to 0; a row sums to 1 +- 2^-20.
 * log-softmax 2 ulp of max(|result|, 1/4). In rows of more than 255 elements on few levels (equal ones, or nearly), softmax 5 ulp and log-softmax 3:
 * float additions of such terms are all rounded alike. The same input gives the same bits on every backend and for every {@link Execution}.
 *
 * <p><b>Special values</b>: -infinity beside a finite element gives exactly 0, or -infinity as a logarithm. A row that is all -infinity, or holds
 * +infinity or NaN, gives NaN everywhere. One element gives exactly 1, or 0.
 *
 * <p>out may be exactly x (in place). In and out may be in any storage, type and layout of a {@link Matrix}; 16-bit results are
 * computed as float and rounded to nearest once. Thread-safe; serial runs allocate nothing.
 */
public final class Softmax {
    private Softmax() {}

    /**
     * softmax of an array.
     *
     * @param x the logits
     * @param out as long as x, or x itself
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the lengths differ
     */
    public static void softmax(float[] x, float[] out) {
        run(x, out, false);
    }

    /**
     * log-softmax of an array.
     *
     * @param x the logits
     * @param out as long as x, or x itself
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the lengths differ
     */
    public static void logSoftmax(float[] x, float[] out) {
        run(x, out, true);
    }

    /**
     * softmax of each row.
     *
     * @param x the logits
     * @param out of the same shape; x itself, or without a common element
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the shapes differ, or out is read-only or overlaps x without being the same view
     */
    public static void softmax(Matrix x, Matrix out) {
        softmax(x, out, Execution.serial());
    }

    /**
     * softmax of each row, the rows shared out as the execution says.
     *
     * @param x the logits
     * @param out of the same shape; x itself, or without a common element
     * @param execution where the work runs
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the shapes differ, or out is read-only or overlaps x without being the same view
     */
    public static void softmax(Matrix x, Matrix out, Execution execution) {
        run(x, out, false, execution);
    }

    /**
     * log-softmax of each row.
     *
     * @param x the logits
     * @param out of the same shape; x itself, or without a common element
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the shapes differ, or out is read-only or overlaps x without being the same view
     */
    public static void logSoftmax(Matrix x, Matrix out) {
        logSoftmax(x, out, Execution.serial());
    }

    /**
     * log-softmax of each row, the rows shared out as the execution says.
     *
     * @param x the logits
     * @param out of the same shape; x itself, or without a common element
     * @param execution where the work runs
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the shapes differ, or out is read-only or overlaps x without being the same view
     */
    public static void logSoftmax(Matrix x, Matrix out, Execution execution) {
        run(x, out, true, execution);
    }

    private static void run(float[] x, float[] out, boolean logarithm) {
        Objects.requireNonNull(x, "x");
        Objects.requireNonNull(out, "out");
        if (x.length != out.length) throw new IllegalArgumentException("out has " + out.length + " elements, x has " + x.length);
        Rows rows = new Rows(x, 0, 1, x.length, x.length, 1);
        SoftmaxRows.ofThread().run(Kernels.current(x.length), rows, new Rows(out, 0, 1, x.length, x.length, 1), logarithm, 0, 1);
    }

    private static void run(Matrix x, Matrix out, boolean logarithm, Execution execution) {
        Objects.requireNonNull(x, "x");
        Checks.requireSameShape("out", out, "x", x);
        Objects.requireNonNull(execution, "execution");
        Checks.requireSameOrDisjoint("out", out, "x", x);
        Checks.requireAccess("x", x);
        Checks.requireWritable("out", out);
        RowKernel kernel = Kernels.current((long) x.rows() * x.columns());
        Execution where = execution.over(x, out, null);
        if (where.isParallel() && where.splitsRows(x)) {
            SoftmaxRows.run(kernel, x.view, out.view, logarithm, where::forChunks);
        } else if (where.isParallel()) {
            where.forRanges(x.rows(), Execution.rowsAPart(x.columns()),
                    (from, to) -> SoftmaxRows.ofThread().run(kernel, x.view, out.view, logarithm, from, to));
        } else {
            SoftmaxRows.ofThread().run(kernel, x.view, out.view, logarithm, 0, x.rows());
        }
    }
}
