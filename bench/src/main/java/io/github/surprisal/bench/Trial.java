package io.github.surprisal.bench;

import com.sun.management.ThreadMXBean;
import io.github.surprisal.Backend;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Method;
import java.util.Properties;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.runner.IterationType;

/** What every benchmark class does around its measurement, in the fork: checks answers, counts bytes, writes notes. */
@State(Scope.Thread)
public abstract class Trial {

    /** The accuracy of log-sum-exps is that of the first rows only: the reference is slow. */
    static final int ACCURACY_ROWS = 8;

    // A plain loop in double rounds to float once (6e-8); vector code that sums 128 Ki terms in float lanes stays
    // within about 1e-6. 1e-5 tells rounding from a wrong answer.
    private static final double TOLERANCE = 1e-5;

    private static final int CALLS = 200;
    // an invocation by reflection may box its result
    private static final int BYTES_OF_A_CALL = 32;
    private static final long MIN_WARM_UP = 300_000_000;
    private static final long MAX_WARM_UP = 3_000_000_000L;
    // Calls have settled when so many windows in a row are not faster than one before by more than noise.
    private static final long WINDOW = 100_000_000;
    private static final int SETTLED = 4;
    private static final double FASTER = 0.95;
    /** Set by a test that runs every benchmark once and measures nothing. */
    private static final boolean WARM_UP = !Boolean.getBoolean("surprisal.bench.cold");

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private long allocatedBefore;
    private long allocated;

    // JMH's own gc.alloc.rate.norm adds the harness's allocation, up to 70 KB per iteration, which an operation of
    // milliseconds turns into hundreds of B/op. These two count the measuring thread alone.
    @Setup(Level.Iteration)
    public void startCountingBytes() {
        allocatedBefore = THREADS.getCurrentThreadAllocatedBytes();
    }

    @TearDown(Level.Iteration)
    public void stopCountingBytes(IterationParams iteration) {
        long bytes = THREADS.getCurrentThreadAllocatedBytes() - allocatedBefore;
        if (iteration.getType() == IterationType.MEASUREMENT) {
            allocated += bytes;
        }
    }

    /**
     * Gets the code of this trial's benchmark method compiled, with {@code little} data first and then with the {@code real} data, which it leaves in use.
     * JMH's warm-up goes by time, and a busy machine compiles late.
     */
    final void prepare(BenchmarkParams params, Runnable little, Runnable real) {
        if (usesSurprisal(params)) {
            Backend.warmUp();
        }
        var method = method(params);
        little.run();
        if (WARM_UP) {
            compile(method);
        }
        real.run();
        if (WARM_UP) {
            settle(method);
        }
    }

    /**
     * Until no call boxes a vector: before, vector code runs a thousand times slower, and an operation on large data takes seconds.
     */
    private void compile(Method method) {
        long start = System.nanoTime();
        long elapsed;
        long bytes;
        do {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int call = 0; call < CALLS; call++) {
                call(method);
            }
            bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
            elapsed = System.nanoTime() - start;
        } while (elapsed < MIN_WARM_UP || elapsed < MAX_WARM_UP && bytes > CALLS * BYTES_OF_A_CALL);
    }

    /** Until calls get no faster: what was compiled for little data, C2 compiles once more for loops and branches that only the real data take. */
    private void settle(Method method) {
        long start = System.nanoTime();
        double fastest = Double.POSITIVE_INFINITY;
        int windows = 0; // since the last that was faster
        while (windows < SETTLED && System.nanoTime() - start < MAX_WARM_UP) {
            double time = timeOfCall(method);
            windows = time < FASTER * fastest ? 0 : windows + 1;
            fastest = Math.min(fastest, time);
        }
    }

    private double timeOfCall(Method method) {
        long time = 0;
        int calls = 0;
        while (time < WINDOW) {
            beforeCall();
            long start = System.nanoTime();
            invoke(method);
            time += System.nanoTime() - start;
            calls++;
        }
        return (double) time / calls;
    }

    private void call(Method method) {
        beforeCall();
        invoke(method);
    }

    private void invoke(Method method) {
        try {
            method.invoke(this);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What each call needs first: fresh data, where calls overwrite theirs. */
    void beforeCall() {
    }

    private Method method(BenchmarkParams params) {
        try {
            return getClass().getMethod(methodName(params));
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String methodName(BenchmarkParams params) {
        String name = params.getBenchmark();
        return name.substring(name.lastIndexOf('.') + 1);
    }

    /** Whether the benchmark method measures the library, which is what names that start with "surprisal" say. */
    static boolean usesSurprisal(BenchmarkParams params) {
        return methodName(params).startsWith("surprisal");
    }

    static void requireClose(double expected, double actual, String what) {
        // negated so that NaN fails
        if (!(Math.abs(actual - expected) <= TOLERANCE * Math.max(1, Math.abs(expected)))) {
            throw new IllegalStateException("wrong answer, " + what + ": expected " + expected + " but got " + actual);
        }
    }

    /** Writes the notes at the end of a trial; {@code maxUlps} is NaN where accuracy has no meaning. */
    final void writeNotes(BenchmarkParams params, double maxUlps) {
        Notes.write(params, notes(params, maxUlps));
    }

    /** As {@link #writeNotes(BenchmarkParams, double)}, for a probe of {@code lanes} floats a vector. */
    final void writeNotes(BenchmarkParams params, double maxUlps, int lanes) {
        var notes = notes(params, maxUlps);
        notes.setProperty(Notes.LANES, Integer.toString(lanes));
        Notes.write(params, notes);
    }

    /** As {@link #writeNotes(BenchmarkParams, double)}, with the time of every call. */
    final void writeNotes(BenchmarkParams params, double maxUlps, ColdCurve curve) {
        var notes = notes(params, maxUlps);
        notes.setProperty(Notes.CURVE, curve.text());
        Notes.write(params, notes);
    }

    private Properties notes(BenchmarkParams params, double maxUlps) {
        var notes = new Properties();
        // of all threads: each runs the same code
        notes.setProperty(Notes.ALLOCATED_BYTES, Long.toString(allocated * params.getThreads()));
        notes.setProperty(Notes.MAX_ULPS, Double.toString(maxUlps));
        if (usesSurprisal(params)) {
            var backend = Backend.active();
            notes.setProperty(Notes.BACKEND, backend.name());
            notes.setProperty(Notes.LANES, Integer.toString(backend.lanes()));
            notes.setProperty(Notes.REASON, backend.reason());
        }
        return notes;
    }
}
