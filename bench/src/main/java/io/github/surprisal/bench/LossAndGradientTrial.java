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

/** The mean cross-entropy of the rows of a matrix together with its gradient, single thread. Where that goes is up to the subclass. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgs = {Forks.COLLECTOR, Forks.UNSAFE}, jvmArgsAppend = Forks.VECTOR)
public abstract class LossAndGradientTrial extends Trial {

    private int rows;
    private int columns;
    private int[] targets;
    private float[] fresh;
    private float[] logits;
    private float[] gradient;
    private Matrix logitMatrix;
    private Matrix gradientMatrix;
    private float loss;

    /** The parameter. Subclasses have different ones. */
    abstract String shape();

    /** Whether the gradient overwrites the logits. */
    abstract boolean inPlace();

    @Setup
    public void setup(BenchmarkParams params) {
        var size = new Shape(shape());
        prepare(params, () -> use(size.warmUpRows(), size.warmUpColumns()), () -> use(size.rows(), size.columns()));
    }

    private void use(int rows, int columns) {
        this.rows = rows;
        this.columns = columns;
        targets = Logits.targets(rows, columns);
        fresh = Logits.gaussian(rows * columns);
        logits = inPlace() ? fresh.clone() : fresh;
        gradient = inPlace() ? logits : new float[fresh.length];
        logitMatrix = Matrix.of(logits, rows, columns);
        gradientMatrix = inPlace() ? logitMatrix : Matrix.of(gradient, rows, columns);
        loss = Float.NaN;
    }

    /** Undoes what a call in place did to the logits. */
    @Override
    final void beforeCall() {
        if (inPlace()) {
            System.arraycopy(fresh, 0, logits, 0, fresh.length);
        }
    }

    @Benchmark
    @Variant(order = 1, label = "plain loop", baseline = true,
            quick = {"1x128", "1x1024", "20000x10", "1x8192", "1x16777216", "64x128256"})
    public float plainLoop() {
        return loss = PlainLoop.lossAndGradient(logits, rows, columns, targets, gradient);
    }

    @Benchmark
    @Variant(order = 2, label = "JDK vectors", baseline = true, quick = {"1x1024", "1x8192", "1x16777216", "64x128256"})
    public float jdkVectors() {
        return loss = JdkVectors.lossAndGradient(logits, rows, columns, targets, gradient);
    }

    @Benchmark
    @Variant(order = 3, label = "Surprisal SIMD")
    @Fork(jvmArgsAppend = {Forks.VECTOR, Forks.SIMD})
    public float surprisalSimd() {
        return loss = CrossEntropy.withDefaults().lossAndGradient(logitMatrix, targets, gradientMatrix);
    }

    @TearDown
    public void check(BenchmarkParams params) {
        writeNotes(params, Math.max(Answers.ulpsOfLoss(loss, fresh, rows, columns, targets),
                Answers.ulpsOfGradient(gradient, fresh, rows, columns, targets)));
    }
}
