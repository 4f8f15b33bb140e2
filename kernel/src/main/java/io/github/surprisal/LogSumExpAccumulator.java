package io.github.surprisal;

import io.github.surprisal.kernel.ChunkSum;
import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.Kernels;
import io.github.surprisal.kernel.LogSum;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.Objects;

/**
 * A mergeable, serializable running log-sum-exp: the state to ship between chunks, shards, tasks and machines.
 *
 * <p>One {@code add(x, from, to)} on an empty accumulator gives {@link LogSumExp#of(float[], int, int)}'s bits; a fixed sequence of
 * adds and merges gives fixed bits on every backend. Elements added one by one are within LogSumExp's error bound; ranges, and merges of them, within 1 ulp,
 * or 2e-7 absolute where that is larger (3e-7 where more than 255 elements lie on few levels), near 0 too. NaN and +infinity absorb as they do there. An
 * instance is not thread-safe: use one a thread and merge them.
 *
 * {@snippet class="io.github.surprisal.ReadmeSnippets" region="accumulator"}
 */
public final class LogSumExpAccumulator implements Serializable {
    private static final long serialVersionUID = 1;

    /** Written and read by hand: three doubles, anchor, unit, rest. */
    private transient LogSum sum = new LogSum();

    /**
     * Elements added so far.
     *
     * @serial >= 0
     */
    private long count;

    /** An empty accumulator: the log of an empty sum, -infinity. */
    public LogSumExpAccumulator() {}

    /**
     * Adds one element.
     *
     * @param x the element
     * @return this
     * @throws ArithmeticException if the count would overflow, as from the other methods that add
     */
    public LogSumExpAccumulator add(float x) {
        count = Math.addExact(count, 1);
        sum.merge(x, x == Float.NEGATIVE_INFINITY ? 0 : 1, 0);
        return this;
    }

    /**
     * Adds a range of elements.
     *
     * @param x the array
     * @param fromIndex first element
     * @param toIndex behind the last element
     * @return this
     * @throws NullPointerException if x is null
     * @throws IndexOutOfBoundsException if the range is not inside the array
     */
    public LogSumExpAccumulator add(float[] x, int fromIndex, int toIndex) {
        Objects.requireNonNull(x, "x");
        Objects.checkFromToIndex(fromIndex, toIndex, x.length);
        int length = toIndex - fromIndex;
        long after = Math.addExact(count, length);
        ChunkSum.ofThread().withConstants(Exp2.constants(1)).add(Kernels.current(length), x, fromIndex, length, sum);
        count = after;
        return this;
    }

    /**
     * Adds all that was added to another accumulator, which may be this one.
     *
     * @param other is not changed, unless it is this
     * @return this
     * @throws NullPointerException if other is null
     */
    public LogSumExpAccumulator merge(LogSumExpAccumulator other) {
        Objects.requireNonNull(other, "other");
        count = Math.addExact(count, other.count);
        sum.merge(other.sum);
        return this;
    }

    /**
     * log(sum(exp(x))) over all elements so far, in nats.
     *
     * @return -infinity while empty; NaN, or +infinity, once one was added: see {@link LogSumExp}
     */
    public float result() {
        return (float) sum.value();
    }

    /**
     * The number of elements added, those at -infinity included.
     *
     * @return >= 0
     */
    public long count() {
        return count;
    }

    /** {@return result and count, for people} */
    @Override
    public String toString() {
        return "log-sum-exp of " + count + " elements = " + result();
    }

    /**
     * Writes the count, then the sum.
     *
     * @param out the stream
     * @serialData three doubles: anchor, unit, rest; the sum is e^anchor * (unit + rest)
     * @throws IOException from the stream
     */
    private void writeObject(ObjectOutputStream out) throws IOException {
        out.defaultWriteObject();
        out.writeDouble(sum.anchor());
        out.writeDouble(sum.unit());
        out.writeDouble(sum.rest());
    }

    /**
     * Reads what writeObject writes, and checks it.
     *
     * @param in the stream
     * @throws IOException from the stream; InvalidObjectException if it holds no state of an accumulator
     * @throws ClassNotFoundException never
     */
    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
        in.defaultReadObject();
        double anchor = in.readDouble();
        double unit = in.readDouble();
        double rest = in.readDouble();
        boolean finite = Math.abs(anchor) < Double.POSITIVE_INFINITY;
        boolean valid = count >= 0
                && (unit == 0 || unit == 1)
                && rest >= 0
                && rest < Double.POSITIVE_INFINITY
                && (count > 0 || anchor == Double.NEGATIVE_INFINITY)
                && (!finite || unit + rest > 0)
                && (finite || rest == 0);
        if (!valid) {
            throw new InvalidObjectException(
                    "no state of a LogSumExpAccumulator: anchor " + anchor + ", unit " + unit + ", rest " + rest + ", count " + count);
        }
        sum = new LogSum();
        sum.set(anchor, unit, rest);
    }
}
