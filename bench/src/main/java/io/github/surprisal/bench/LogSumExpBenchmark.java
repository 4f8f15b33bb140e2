package io.github.surprisal.bench;

import io.github.surprisal.LogSumExp;
import io.github.surprisal.Matrix;
import java.util.Arrays;
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

/** Log-sum-exp of the rows of a matrix, single thread: ours against a plain loop and against the JDK's vector EXP. */
@Family(operation = "log-sum-exp", title = "Log-sum-exp", vectorOperations = 10,
        quick = {"1x128", "1x1024", "1x8192", "1x65536", "1x1048576", "1x16777216", "64x128256"}, gate = {"1x8192", "1x16777216"})
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgs = {Forks.COLLECTOR, Forks.UNSAFE}, jvmArgsAppend = Forks.VECTOR)
public class LogSumExpBenchmark extends Trial {

    // One row from few elements to beyond the last-level cache, then batches; 50257 leaves a tail at every vector width.
    @Param({"1x10", "1x64", "1x128", "1x1024", "1x8192", "1x65536", "1x262144", "1x1048576", "1x4194304", "1x16777216", "1x67108864",
            "64x1024", "1024x1000", "64x50257", "256x32000", "64x128256"})
    public String shape;

    private int rows;
    private int columns;
    private float[] logits;
    private float[] out;
    private Matrix matrix;

    @Setup
    public void setup(BenchmarkParams params) {
        var size = new Shape(shape);
        prepare(params, () -> use(size.warmUpRows(), size.warmUpColumns()), () -> use(size.rows(), size.columns()));
    }

    private void use(int rows, int columns) {
        this.rows = rows;
        this.columns = columns;
        logits = Logits.gaussian(rows * columns);
        out = new float[rows];
        // NaN, so that the check fails for a row that no one computed
        Arrays.fill(out, Float.NaN);
        matrix = Matrix.of(logits, rows, columns);
    }

    @Benchmark
    @Variant(order = 1, label = "plain loop", baseline = true, quick = {"1x128", "1x8192", "1x16777216", "64x128256"})
    public float[] plainLoop() {
        PlainLoop.logSumExpOfRows(logits, rows, columns, out);
        return out;
    }

    @Benchmark
    @Variant(order = 2, label = "JDK vectors", baseline = true, quick = {"1x128", "1x8192", "1x16777216", "64x128256"})
    public float[] jdkVectors() {
        JdkVectors.logSumExpOfRows(logits, rows, columns, out);
        return out;
    }

    // Without the module, as it is for a user who forgot the flag.
    @Benchmark
    @Variant(order = 3, label = "Surprisal scalar", quick = {"1x8192", "64x128256"})
    @Fork(jvmArgsAppend = Forks.SCALAR)
    public float[] surprisalScalar() {
        LogSumExp.ofRows(matrix, out);
        return out;
    }

    @Benchmark
    @Variant(order = 4, label = "Surprisal SIMD")
    @Fork(jvmArgsAppend = {Forks.VECTOR, Forks.SIMD})
    public float[] surprisalSimd() {
        LogSumExp.ofRows(matrix, out);
        return out;
    }

    /** Checks what the measured, fully compiled code computed last: the speed of wrong answers is worthless. */
    @TearDown
    public void check(BenchmarkParams params) {
        writeNotes(params, Answers.ulpsOfLogSumExp(out, logits, rows, columns));
    }
}
