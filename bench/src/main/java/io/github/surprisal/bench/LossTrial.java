package io.github.surprisal.bench;

import io.github.surprisal.CrossEntropy;
import io.github.surprisal.Matrix;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.BenchmarkParams;

/** The mean cross-entropy of the rows of a matrix, single thread. The shapes are up to the subclass. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgs = {Forks.COLLECTOR, Forks.UNSAFE}, jvmArgsAppend = Forks.VECTOR)
public abstract class LossTrial extends Trial {

    private int rows;
    private int columns;
    private float[] logits;
    private int[] targets;
    private Matrix matrix;
    private float loss;

    /** The parameter. Subclasses have different ones. */
    abstract String shape();

    @Setup
    public void setup(BenchmarkParams params) {
        var size = new Shape(shape());
        prepare(params, () -> use(size.warmUpRows(), size.warmUpColumns()), () -> use(size.rows(), size.columns()));
    }

    private void use(int rows, int columns) {
        this.rows = rows;
        this.columns = columns;
        logits = Logits.gaussian(rows * columns);
        targets = Logits.targets(rows, columns);
        matrix = Matrix.of(logits, rows, columns);
        // so that the check fails if no one computed it
        loss = Float.NaN;
    }

    @Benchmark
    @Variant(order = 1, label = "plain loop", baseline = true,
            quick = {"1x128", "1x8192", "1x16777216", "64000x2", "20000x10", "6300x32", "3200x64", "2100x100", "64x128256"})
    public float plainLoop() {
        return loss = PlainLoop.loss(logits, rows, columns, targets);
    }

    @Benchmark
    @Variant(order = 2, label = "JDK vectors", baseline = true,
            quick = {"1x128", "1x8192", "1x16777216", "64x128256"})
    public float jdkVectors() {
        return loss = JdkVectors.loss(logits, rows, columns, targets);
    }

    @Benchmark
    @Variant(order = 3, label = "Surprisal scalar", quick = "64x128256")
    @Fork(jvmArgsAppend = Forks.SCALAR)
    public float surprisalScalar() {
        return loss = CrossEntropy.withDefaults().loss(matrix, targets);
    }

    @Benchmark
    @Variant(order = 4, label = "Surprisal SIMD")
    @Fork(jvmArgsAppend = {Forks.VECTOR, Forks.SIMD})
    public float surprisalSimd() {
        return loss = CrossEntropy.withDefaults().loss(matrix, targets);
    }

    @TearDown
    public void check(BenchmarkParams params) {
        writeNotes(params, Answers.ulpsOfLoss(loss, logits, rows, columns, targets));
    }
}
