package io.github.surprisal;

import java.util.Objects;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RecursiveAction;

/**
 * Where the work runs. Serial by default: a linked-in library starts no threads unasked. Results have the same bits whatever
 * the execution and the number of threads. Immutable and thread-safe.
 */
public final class Execution {
    private static final Execution SERIAL = new Execution(null);

    private final ForkJoinPool pool;

    private Execution(ForkJoinPool pool) {
        this.pool = pool;
    }

    /**
     * On the calling thread.
     *
     * @return the serial execution
     */
    public static Execution serial() {
        return SERIAL;
    }

    /**
     * On the calling thread and {@link ForkJoinPool#commonPool()}.
     *
     * @return a parallel execution
     */
    public static Execution parallel() {
        return new Execution(ForkJoinPool.commonPool());
    }

    /**
     * In the given pool.
     *
     * @param pool not shut down while in use here
     * @return a parallel execution
     * @throws NullPointerException if pool is null
     */
    public static Execution on(ForkJoinPool pool) {
        return new Execution(Objects.requireNonNull(pool, "pool"));
    }

    /** The number of parts worth making. */
    int parallelism() {
        return pool == null ? 1 : pool.getParallelism();
    }

    /** Rows that make a part worth another thread: about 32 Ki elements. */
    static int rowsAPart(int columns) {
        return Math.max(1, (1 << 15) / Math.max(1, columns));
    }

    boolean isParallel() {
        return pool != null;
    }

    /** A task over the half-open range from .. to. */
    @FunctionalInterface
    interface Range {
        void run(int from, int to);
    }

    /** Runs the task over disjoint ranges that make up 0 .. size, each of at least (but for the last) grain. */
    void forRanges(int size, int grain, Range task) {
        if (pool == null || size <= grain) {
            if (size > 0) task.run(0, size);
        } else {
            pool.invoke(new Part(0, size, grain, task));
        }
    }

    @SuppressWarnings("serial") // is never serialized: RecursiveAction declares it, a task is not
    private static final class Part extends RecursiveAction {
        private final int from;
        private final int to;
        private final int grain;
        private final Range task;

        Part(int from, int to, int grain, Range task) {
            this.from = from;
            this.to = to;
            this.grain = grain;
            this.task = task;
        }

        @Override
        protected void compute() {
            if (to - from <= grain) {
                task.run(from, to);
            } else {
                int grains = (to - from - 1) / grain + 1;
                int middle = from + grains / 2 * grain;
                Part right = new Part(middle, to, grain, task);
                right.fork();
                try {
                    new Part(from, middle, grain, task).compute();
                } finally {
                    right.quietlyJoin(); // nobody writes any more when a call has ended, in an exception too
                }
                right.join();
            }
        }
    }
}
