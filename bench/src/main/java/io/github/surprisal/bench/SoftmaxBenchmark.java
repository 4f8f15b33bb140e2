package io.github.surprisal.bench;

import io.github.surprisal.Matrix;
import io.github.surprisal.Softmax;
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

/** Softmax of the rows of a matrix into another, single thread. */
@Family(operation = "softmax", title = "Softmax, into another matrix", bytesPerElement = 2 * Float.BYTES, vectorOperations = 12,
        roofline = "copyNegated", quick = {"1x128", "1x1024", "1x8192", "1x65536", "1x1048576", "1x16777216", "64x128256"}, gate = "1x8192")
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgs = {Forks.COLLECTOR, Forks.UNSAFE}, jvmArgsAppend = Forks.VECTOR)
public class SoftmaxBenchmark extends Trial {

    @Param({"1x10", "1x64", "1x128", "1x1024", "1x8192", "1x65536", "1x262144", "1x1048576", "1x4194304", "1x16777216", "1x67108864",
            "64x1024", "256x32000", "64x128256"})
    public String shape;

    private int rows;
    private int columns;
    private float[] logits;
    private float[] out;
    private Matrix logitMatrix;
    private Matrix outMatrix;

    @Setup
    public void setup(BenchmarkParams params) {
        var size = new Shape(shape);
        prepare(params, () -> use(size.warmUpRows(), size.warmUpColumns()), () -> use(size.rows(), size.columns()));
    }

    private void use(int rows, int columns) {
        this.rows = rows;
        this.columns = columns;
        logits = Logits.gaussian(rows * columns);
        out = new float[logits.length];
        logitMatrix = Matrix.of(logits, rows, columns);
        outMatrix = Matrix.of(out, rows, columns);
    }

    @Benchmark
    @Variant(order = 1, label = "plain loop", baseline = true, quick = {"1x128", "1x8192", "1x16777216", "64x128256"})
    public float[] plainLoop() {
        PlainLoop.softmax(logits, rows, columns, out);
        return out;
    }

    @Benchmark
    @Variant(order = 2, label = "JDK vectors", baseline = true, quick = {"1x128", "1x8192", "1x16777216", "64x128256"})
    public float[] jdkVectors() {
        JdkVectors.softmax(logits, rows, columns, out);
        return out;
    }

    @Benchmark
    @Variant(order = 3, label = "Surprisal SIMD")
    @Fork(jvmArgsAppend = {Forks.VECTOR, Forks.SIMD})
    public float[] surprisalSimd() {
        Softmax.softmax(logitMatrix, outMatrix);
        return out;
    }

    @TearDown
    public void check(BenchmarkParams params) {
        writeNotes(params, Answers.ulpsOfSoftmax(out, logits, rows, columns));
    }
}
