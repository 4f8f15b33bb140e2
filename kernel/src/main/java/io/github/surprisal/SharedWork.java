package io.github.surprisal;

import io.github.surprisal.kernel.Parts;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RecursiveAction;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * One call's work, shared between the calling thread and helpers in a pool: each takes the next range until none is left.
 *
 * <p>The caller never waits for a helper that has not begun, runs nothing but ranges of its own while it waits, and parts do not wait for anything; so a
 * full or nested pool delays nothing and cannot deadlock, and a call costs little more than the submission of a task. The first exception ends
 * the taking of ranges, and the caller throws that very one once nobody writes any more; a pool that is shut down is one.
 */
final class SharedWork {
    /** Ranges a thread takes, if all are equally fast: few enough to cost nothing, enough to even out what is not. */
    private static final int TURNS = 4;

    /** About 20 microseconds: parts end at about the same time, and to park and be woken takes longer. */
    private static final int SPINS = 1000;

    private final ForkJoinPool pool;
    private final int helpers;
    private final int size;
    private final int step;
    private Parts.Part task; // null when done: helpers that a busy pool has not begun keep no caller's data alive
    private final Thread caller = Thread.currentThread();

    private final AtomicLong next = new AtomicLong();
    private final AtomicInteger submitted = new AtomicInteger();
    private final AtomicInteger active = new AtomicInteger();
    private final AtomicBoolean failed = new AtomicBoolean();
    private Throwable failure; // of whoever set failed

    /** Over 0 .. size, in ranges of a multiple of grain, on up to that many threads. */
    SharedWork(ForkJoinPool pool, int threads, int size, int grain, Parts.Part task) {
        this.pool = pool;
        this.size = size;
        this.task = task;
        long grains = ((long) size + grain - 1) / grain;
        helpers = (int) Math.min(threads, grains) - 1;
        long turns = Math.max(1, grains / ((long) TURNS * threads));
        step = (int) Math.min(size, turns * grain);
    }

    /** Returns, or throws what a part has thrown, when no part is running any more. */
    void run() {
        try {
            submitHelpers(2);
        } catch (RuntimeException | Error e) {
            fail(e);
        }
        try {
            takeRanges();
        } finally { // nobody uses the data of a call that is over, whatever has ended it
            awaitHelpers();
            task = null;
        }
        if (failure instanceof RuntimeException e) throw e;
        if (failure instanceof Error e) throw e;
    }

    /** Each thread wakes two more: a pool of many is awake in a few steps. */
    private void submitHelpers(int count) {
        for (int i = 0; i < count && next.get() < size; i++) {
            int helper = submitted.getAndIncrement();
            if (helper >= helpers) return;
            if (pool.isShutdown()) throw new RejectedExecutionException("the pool of this Execution has been shut down: " + pool);
            pool.execute(new Helper(this));
        }
    }

    private void takeRanges() {
        try {
            long from;
            while ((from = next.getAndAdd(step)) < size) task.run((int) from, (int) Math.min(size, from + step));
        } catch (RuntimeException | Error e) {
            fail(e);
        }
    }

    private void fail(Throwable e) {
        if (failed.compareAndSet(false, true)) failure = e;
        next.set(size); // a getAndAdd that overtakes this has taken a range of the last ones; none is given out twice
    }

    private void help() {
        active.incrementAndGet();
        try {
            if (next.get() >= size) return;
            try {
                submitHelpers(2);
            } catch (RuntimeException | Error e) {
                fail(e);
            }
            takeRanges();
        } finally {
            if (active.decrementAndGet() == 0) LockSupport.unpark(caller);
        }
    }

    /** A helper that begins from here on finds nothing to take. */
    private void awaitHelpers() {
        for (int i = 0; i < SPINS && active.get() > 0; i++) Thread.onSpinWait();
        boolean interrupted = false;
        while (active.get() > 0) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted(); // an interrupted thread would not park
        }
        if (interrupted) caller.interrupt();
    }

    @SuppressWarnings("serial") // is never serialized: RecursiveAction declares it, a task is not
    private static final class Helper extends RecursiveAction {
        private final SharedWork work;

        Helper(SharedWork work) {
            this.work = work;
        }

        @Override
        protected void compute() {
            work.help();
        }
    }
}
