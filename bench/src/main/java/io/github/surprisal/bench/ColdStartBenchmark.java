package io.github.surprisal.bench;

import io.github.surprisal.Backend;
import io.github.surprisal.LogSumExp;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.BenchmarkParams;

/**
 * The first calls in a fresh JVM, nothing compiled and no class of the library loaded: the score is the time of 200 calls.
 * The curve goes on, untimed by JMH, until the calls are fast.
 */
@Family(operation = "cold-start", title = "Cold start, log-sum-exp")
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgs = {Forks.COLLECTOR, Forks.UNSAFE}, jvmArgsAppend = Forks.VECTOR)
public class ColdStartBenchmark extends Trial {

    static final int CALLS = 200;
    private static final int BLOCK = 50;
    private static final int MAX_BLOCKS = 4000;
    private static final int BLOCKS_AFTER = 20;
    private static final long NANOS = 1_000_000_000;
    private static final long MAX_NANOS = 6 * NANOS;
    // Scalar code takes twice that for an element, vector code a third.
    static final double NANOS_OF_SLOW_ELEMENT = 1;

    @Param("1x32768")
    public String shape;

    private float[] x;
    private float logSumExp;
    private ColdCurve curve;

    @Setup
    public void setup() {
        x = Logits.gaussian(new Shape(shape).elements());
        curve = new ColdCurve(CALLS + MAX_BLOCKS + BLOCKS_AFTER);
        logSumExp = Float.NaN;
    }

    @Benchmark
    @Variant(order = 1, label = "plain loop", baseline = true)
    public float plainLoop() {
        for (int call = 0; call < CALLS; call++) {
            long start = System.nanoTime();
            logSumExp = PlainLoop.logSumExp(x, 0, x.length);
            curve.add(1, System.nanoTime() - start);
        }
        return logSumExp;
    }

    // No backend property: scalar code first, then the switch, as every user gets it.
    @Benchmark
    @Variant(order = 2, label = "Surprisal auto")
    public float surprisalAuto() {
        for (int call = 0; call < CALLS; call++) {
            long start = System.nanoTime();
            logSumExp = LogSumExp.of(x);
            curve.add(1, System.nanoTime() - start);
        }
        return logSumExp;
    }

    @TearDown
    public void check(BenchmarkParams params) {
        long start = System.nanoTime();
        for (int block = 0; block < MAX_BLOCKS && System.nanoTime() - start < (isWaitingForVectors(params) ? MAX_NANOS : NANOS); block++) {
            runBlock(params);
        }
        for (int block = 0; block < BLOCKS_AFTER; block++) runBlock(params); // the last one before may be half slow, half fast
        double expected = Oracle.logSumExp(x, 0, x.length);
        requireClose(expected, logSumExp, "log-sum-exp");
        writeNotes(params, Oracle.ulps(logSumExp, expected), curve);
    }

    private void runBlock(BenchmarkParams params) {
        long start = System.nanoTime();
        for (int call = 0; call < BLOCK; call++) {
            logSumExp = usesSurprisal(params) ? LogSumExp.of(x) : PlainLoop.logSumExp(x, 0, x.length);
        }
        curve.add(BLOCK, System.nanoTime() - start);
    }

    private boolean isWaitingForVectors(BenchmarkParams params) {
        return usesSurprisal(params) && Backend.active().lanes() > 1
                && curve.nanosPerCall(curve.size() - 1) > NANOS_OF_SLOW_ELEMENT * x.length;
    }
}
