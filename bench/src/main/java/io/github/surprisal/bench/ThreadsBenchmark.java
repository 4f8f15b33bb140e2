package io.github.surprisal.bench;

import io.github.surprisal.CrossEntropy;
import io.github.surprisal.Execution;
import io.github.surprisal.LogSumExp;
import io.github.surprisal.Matrix;
import java.util.Arrays;
import java.util.concurrent.ForkJoinPool;
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

/** The rows of a matrix shared between two threads, against one. It has no FMA bound, as that probe has one thread. */
@Family(operation = "threads", title = "Two threads", quick = {"64x1024", "64x128256"})
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgs = {Forks.COLLECTOR, Forks.UNSAFE}, jvmArgsAppend = {Forks.VECTOR, Forks.SIMD})
public class ThreadsBenchmark extends Trial {

    private static final int THREADS = 2;

    private static final String ONE_LOSS = "loss, 1 thread";
    private static final String ONE_LOG_SUM_EXP = "log-sum-exp, 1 thread";

    // The least that is shared, and a batch of a language model
    @Param({"64x1024", "64x128256"})
    public String shape;

    private ForkJoinPool pool;
    private Execution shared;
    private CrossEntropy sharedLoss;
    private int rows;
    private int columns;
    private float[] logits;
    private int[] targets;
    private Matrix matrix;
    private float[] out;
    /** What the measured method computed, NaN if it computes the other. */
    private float loss;

    @Setup
    public void setup(BenchmarkParams params) {
        pool = new ForkJoinPool(THREADS);
        shared = Execution.on(pool);
        sharedLoss = CrossEntropy.builder().execution(shared).build();
        var size = new Shape(shape);
        prepare(params, () -> use(size.warmUpRows(), size.warmUpColumns()), () -> use(size.rows(), size.columns()));
    }

    private void use(int rows, int columns) {
        this.rows = rows;
        this.columns = columns;
        logits = Logits.gaussian(rows * columns);
        targets = Logits.targets(rows, columns);
        matrix = Matrix.of(logits, rows, columns);
        out = new float[rows];
        // so that the check fails for what no one computed
        Arrays.fill(out, Float.NaN);
        loss = Float.NaN;
    }

    @Benchmark
    @Variant(order = 1, label = ONE_LOSS, baseline = true, quick = Variant.NEVER)
    public float surprisalLossSerial() {
        return loss = CrossEntropy.withDefaults().loss(matrix, targets);
    }

    @Benchmark
    @Variant(order = 2, label = "loss, 2 threads", against = ONE_LOSS, threads = THREADS, quick = Variant.NEVER)
    public float surprisalLossShared() {
        return loss = sharedLoss.loss(matrix, targets);
    }

    @Benchmark
    @Variant(order = 3, label = ONE_LOG_SUM_EXP, baseline = true)
    public float[] surprisalSerial() {
        LogSumExp.ofRows(matrix, out);
        return out;
    }

    @Benchmark
    @Variant(order = 4, label = "log-sum-exp, 2 threads", against = ONE_LOG_SUM_EXP, threads = THREADS)
    public float[] surprisalShared() {
        LogSumExp.ofRows(matrix, out, shared);
        return out;
    }

    @TearDown
    public void check(BenchmarkParams params) {
        pool.shutdown();
        writeNotes(params, Float.isNaN(loss) ? Answers.ulpsOfLogSumExp(out, logits, rows, columns)
                : Answers.ulpsOfLoss(loss, logits, rows, columns, targets));
    }
}
