package io.github.surprisal;

import io.github.surprisal.kernel.ChunkSum;
import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.Kernels;
import io.github.surprisal.kernel.LogSum;
import io.github.surprisal.kernel.LogSumExpRows;
import io.github.surprisal.kernel.RowKernel;
import io.github.surprisal.kernel.Rows;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * log(sum(exp(x))), computed stably: {@code lse(x) = log(e^x[0] + .. + e^x[n-1])}, in nats, the normaliser of softmax and the
 * first half of every cross-entropy.
 *
 * <p><b>Error bound</b>: 1 ulp of the exact result, or 6e-8 absolute where that is larger; 2e-7 where many elements tie or nearly do, 3e-7 where more than
 * 255 lie on few levels: their additions are all rounded alike. For any length and for logits of any size; of up to 64 elements with a result in (-2, 2)
 * 0.51 ulp, or 1.5e-15 absolute. The same input gives the same bits on every backend, at every offset, for every {@link Execution}.
 *
 * <p><b>Special values</b>: no elements, or all -infinity: -infinity. Any NaN, even beside +infinity: NaN. Else any +infinity:
 * +infinity. One element (or one beside only -infinity) x: x itself. n equal elements x: x + log n. A sum that hardly exceeds
 * its largest term keeps its relative accuracy: lse(0, -40) = 4.25e-18.
 *
 * <p>Allocates nothing in serial runs once they are compiled, but for the 16 bytes in which a heap segment may return its array; thread-safe. Elements
 * must not be changed by another thread during a call; if they are, the result is unspecified.
 *
 * {@snippet class="io.github.surprisal.ReadmeSnippets" region="log-sum-exp"}
 *
 * @see <a href="https://doi.org/10.1093/imanum/draa038">Blanchard, Higham, Higham: Accurately computing the log-sum-exp and softmax functions</a>
 */
public final class LogSumExp {
    private LogSumExp() {}

    /**
     * log-sum-exp of all elements.
     *
     * @param x any number of elements
     * @return see the class
     * @throws NullPointerException if x is null
     */
    public static float of(float... x) {
        return of(x, 0, Objects.requireNonNull(x, "x").length);
    }

    /**
     * log-sum-exp of a range.
     *
     * @param x the array
     * @param fromIndex first element
     * @param toIndex behind the last element
     * @return see the class
     * @throws NullPointerException if x is null
     * @throws IndexOutOfBoundsException if the range is not inside the array
     */
    public static float of(float[] x, int fromIndex, int toIndex) {
        return of(x, fromIndex, toIndex, Execution.serial());
    }

    /**
     * log-sum-exp of a range, its parts summed where the execution says.
     *
     * @param x the array
     * @param fromIndex first element
     * @param toIndex behind the last element
     * @param execution where the work runs
     * @return see the class
     * @throws NullPointerException if x or execution is null
     * @throws IndexOutOfBoundsException if the range is not inside the array
     */
    public static float of(float[] x, int fromIndex, int toIndex, Execution execution) {
        Objects.requireNonNull(x, "x");
        Objects.requireNonNull(execution, "execution");
        Objects.checkFromToIndex(fromIndex, toIndex, x.length);
        int length = toIndex - fromIndex;
        RowKernel kernel = Kernels.current(length);
        if (!execution.isParallel() || length <= ChunkSum.CHUNK) {
            return unscaled().lse(kernel, x, fromIndex, length);
        }
        return ofChunks(length, execution, (from, n, sum) -> unscaled().add(kernel, x, fromIndex + (int) from, n, sum));
    }

    /**
     * log-sum-exp of all floats, in native byte order, of a segment; any alignment, on or off the heap.
     *
     * @param x any number of elements
     * @return see the class
     * @throws NullPointerException if x is null
     * @throws IllegalArgumentException if the byte size is not a multiple of 4
     * @throws IllegalStateException if the segment's scope is closed
     * @throws WrongThreadException if the segment is confined to another thread
     */
    public static float of(MemorySegment x) {
        return of(x, Execution.serial());
    }

    /**
     * log-sum-exp of all floats, in native byte order, of a segment, its parts summed where the execution says ({@link #ofRows} takes a
     * {@link Matrix} of 16-bit numbers too); a confined segment is summed on the calling thread, with the same bits.
     *
     * @param x any number of elements
     * @param execution where the work runs
     * @return see the class
     * @throws NullPointerException if x or execution is null
     * @throws IllegalArgumentException if the byte size is not a multiple of 4
     * @throws IllegalStateException if the segment's scope is closed
     * @throws WrongThreadException if the segment is confined to another thread
     */
    public static float of(MemorySegment x, Execution execution) {
        Objects.requireNonNull(x, "x");
        Objects.requireNonNull(execution, "execution");
        if (x.byteSize() % Float.BYTES != 0) {
            throw new IllegalArgumentException("x has " + x.byteSize() + " bytes, not a multiple of " + Float.BYTES);
        }
        Checks.requireAccess("x", x);
        long length = x.byteSize() / Float.BYTES;
        RowKernel kernel = Kernels.current(length);
        // A segment of floats that are floats of a Java array is summed as that.
        if (!x.isNative() && x.address() % Float.BYTES == 0 && x.heapBase().orElse(null) instanceof float[] array) {
            int from = (int) (x.address() / Float.BYTES);
            return of(array, from, from + (int) length, execution);
        }
        boolean serial = !execution.isParallel() || length <= ChunkSum.CHUNK || Execution.isConfined(x);
        if (serial) return unscaled().lse(kernel, x, 0, length);
        return ofChunks(length, execution, (from, n, sum) -> unscaled().add(kernel, x, from, n, sum));
    }

    /** The thread's scratch may have been left with the scale of a loss. */
    private static ChunkSum unscaled() {
        return ChunkSum.ofThread().withConstants(Exp2.constants(1));
    }

    /** Adds the n elements from the given one on. */
    @FunctionalInterface
    private interface ChunkTask {
        void add(long from, int n, LogSum sum);
    }

    private static float ofChunks(long length, Execution execution, ChunkTask task) {
        int chunks = Math.toIntExact((length - 1) / ChunkSum.CHUNK + 1);
        LogSum[] parts = new LogSum[chunks];
        execution.forRanges(chunks, 1, (first, end) -> {
            for (int c = first; c < end; c++) {
                long from = (long) c * ChunkSum.CHUNK;
                parts[c] = new LogSum();
                task.add(from, (int) Math.min(ChunkSum.CHUNK, length - from), parts[c]);
            }
        });
        LogSum sum = new LogSum();
        for (LogSum part : parts) sum.merge(part);
        return (float) sum.value();
    }

    /**
     * out[r] = log-sum-exp of row r.
     *
     * @param x the logits
     * @param out exactly one element a row
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if out.length is not x.rows(), or out overlaps the elements of x
     */
    public static void ofRows(Matrix x, float[] out) {
        ofRows(x, out, Execution.serial());
    }

    /**
     * out[r] = log-sum-exp of row r, the rows shared out as the execution says.
     *
     * @param x the logits
     * @param out exactly one element a row
     * @param execution where the work runs
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if out.length is not x.rows(), or out overlaps the elements of x
     */
    public static void ofRows(Matrix x, float[] out, Execution execution) {
        Objects.requireNonNull(x, "x");
        Objects.requireNonNull(out, "out");
        Objects.requireNonNull(execution, "execution");
        Rows view = x.view;
        if (out.length != view.rows()) {
            throw new IllegalArgumentException("out has " + out.length + " elements, x has " + view.rows() + " rows");
        }
        Checks.requireDisjoint("out", out, "x", x);
        Checks.requireAccess("x", x);
        RowKernel kernel = Kernels.current((long) view.rows() * view.columns());
        Execution where = execution.over(x, null, null);
        if (!where.isParallel()) {
            LogSumExpRows.run(kernel, view, out, 0, view.rows());
        } else if (where.splitsRows(x)) {
            LogSumExpRows.run(kernel, view, out, where::forChunks);
        } else {
            where.forRanges(view.rows(), Execution.rowsAPart(view.columns()), (from, to) -> LogSumExpRows.run(kernel, view, out, from, to));
        }
    }
}
