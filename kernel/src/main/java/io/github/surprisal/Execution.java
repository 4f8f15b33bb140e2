package io.github.surprisal;

import io.github.surprisal.kernel.ChunkSum;
import io.github.surprisal.kernel.Parts;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.concurrent.ForkJoinPool;

/**
 * Where the work runs. Serial by default: a linked-in library starts no threads unasked. Results have the same bits whatever
 * the execution and the number of threads.
 *
 * <p>A parallel call shares its rows, and the chunks of 131072 elements of very long rows, between the calling thread and tasks in a pool; it
 * returns when all is done, and does not wait for threads that are busy elsewhere. So calls may be nested, and made from tasks of the same
 * pool. An exception ends the call early and is thrown as it is; an interrupt does not, and the thread stays interrupted. A call that needs a pool which has
 * been shut down throws RejectedExecutionException, one that is too small to share does not. Where a segment is confined to the calling thread, everything
 * runs there.
 *
 * <p>Immutable and thread-safe.
 */
public final class Execution {
    private static final Execution SERIAL = new Execution(null, 1);

    /** Tells confined segments from shared ones: a thread that owns nothing. Made when the first segment comes. */
    private static final class Stranger {
        static final Thread THREAD = Thread.ofPlatform().inheritInheritableThreadLocals(false).unstarted(() -> {});

        static {
            THREAD.setContextClassLoader(null); // the first caller's would stay reachable
        }
    }

    private final ForkJoinPool pool;
    private final int threads;

    private Execution(ForkJoinPool pool, int threads) {
        this.pool = pool;
        this.threads = threads;
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
     * On the calling thread and {@link ForkJoinPool#commonPool()}, whose size takes the caller into account.
     *
     * @return a parallel execution
     */
    public static Execution parallel() {
        return new Execution(ForkJoinPool.commonPool(), ForkJoinPool.getCommonPoolParallelism() + 1);
    }

    /**
     * On the calling thread and the given pool, on as many threads together as the pool's parallelism.
     *
     * @param pool not shut down while in use here
     * @return a parallel execution
     * @throws NullPointerException if pool is null
     */
    public static Execution on(ForkJoinPool pool) {
        Objects.requireNonNull(pool, "pool");
        return pool == ForkJoinPool.commonPool() ? parallel() : new Execution(pool, pool.getParallelism());
    }

    /** Rows that make a part worth another thread: about 32 Ki elements. */
    static int rowsAPart(int columns) {
        return Math.max(1, (1 << 15) / Math.max(1, columns));
    }

    boolean isParallel() {
        return threads > 1;
    }

    /** This, or serial if one of the matrices, which may be null, is confined to the calling thread. */
    Execution over(Matrix a, Matrix b, Matrix c) {
        return isParallel() && (isConfined(a) || isConfined(b) || isConfined(c)) ? SERIAL : this;
    }

    private static boolean isConfined(Matrix m) {
        return m != null && m.segment != null && isConfined(m.segment);
    }

    static boolean isConfined(MemorySegment segment) {
        return !segment.isAccessibleBy(Stranger.THREAD);
    }

    /** Whether rows are so few and long that each is better shared out than left to one thread. */
    boolean splitsRows(Matrix x) {
        return x.rows() < threads && x.columns() > ChunkSum.CHUNK;
    }

    /** Runs the task over disjoint ranges that make up 0 .. size, each of a multiple (but for the last) of grain. */
    void forRanges(int size, int grain, Parts.Part task) {
        if (threads == 1 || size <= grain) {
            if (size > 0) task.run(0, size);
        } else {
            new SharedWork(pool, threads, size, grain, task).run();
        }
    }

    /** The chunks of one row at a time. */
    void forChunks(int size, Parts.Part part) {
        forRanges(size, 1, part);
    }
}
