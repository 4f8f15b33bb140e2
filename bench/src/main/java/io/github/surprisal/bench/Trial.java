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

    /** The accuracy is that of the first rows only: the reference is slow. */
    static final int ACCURACY_ROWS = 8;

    // A plain loop in double rounds to float once (6e-8); vector code that sums 128 Ki terms in float lanes stays
    // within about 1e-6. 1e-5 tells rounding from a wrong answer.
    private static final double TOLERANCE = 1e-5;

    private static final int CALLS = 200;
    // an invocation by reflection may box its result
    private static final int BYTES_OF_A_CALL = 32;
    private static final long MIN_WARM_UP = 300_000_000;
    private static final long MAX_WARM_UP = 3_000_000_000L;
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
     * Calls this trial's benchmark method, on the little data that the caller has set up, until it is compiled. JMH's
     * warm-up goes by time and a busy machine compiles late; until then vector code runs boxed, a thousand times
     * slower, and an operation on large data takes seconds. Boxes are also how to see that it is not compiled yet.
     */
    final void warmUp(BenchmarkParams params) {
        if (!WARM_UP) {
            return;
        }
        try {
            Method method = getClass().getMethod(methodName(params));
            long start = System.nanoTime();
            long elapsed;
            long bytes;
            do {
                long before = THREADS.getCurrentThreadAllocatedBytes();
                for (int call = 0; call < CALLS; call++) {
                    method.invoke(this);
                }
                bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
                elapsed = System.nanoTime() - start;
            } while (elapsed < MIN_WARM_UP || elapsed < MAX_WARM_UP && bytes > CALLS * BYTES_OF_A_CALL);
        } catch (ReflectiveOperationException e) {
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
