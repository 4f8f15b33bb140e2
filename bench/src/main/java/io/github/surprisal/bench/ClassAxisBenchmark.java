package io.github.surprisal.bench;

import io.github.surprisal.CrossEntropy;
import io.github.surprisal.Matrix;
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
 * The mean cross-entropy of (N, C, d) logits, as image segmentation has them, against the same samples row by row, single
 * thread. The row-major variants start from data laid out for them: no transposition is timed.
 */
@Family(operation = "class-axis", title = "Class axis in the middle, loss", vectorOperations = 10)
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgs = {Forks.COLLECTOR, Forks.UNSAFE}, jvmArgsAppend = Forks.VECTOR)
public class ClassAxisBenchmark extends Trial {

    @Param("64x21x4096")
    public String shape;

    private int outer;
    private int classes;
    private int inner;
    private float[] rowMajor;
    private float[] logits;
    private int[] targets;
    private Matrix rowMajorMatrix;
    private Matrix matrix;
    private float loss;

    @Setup
    public void setup(BenchmarkParams params) {
        var size = new Shape(shape);
        prepare(params, () -> use(1, size.dimension(1), Math.min(256, size.dimension(2))),
                () -> use(size.dimension(0), size.dimension(1), size.dimension(2)));
    }

    private void use(int outer, int classes, int inner) {
        this.outer = outer;
        this.classes = classes;
        this.inner = inner;
        rowMajor = Logits.gaussian(outer * inner * classes);
        logits = ClassAxis.toMiddle(rowMajor, outer, classes, inner);
        targets = Logits.targets(outer * inner, classes);
        rowMajorMatrix = Matrix.of(rowMajor, outer * inner, classes);
        matrix = Matrix.ofClassAxis(logits, outer, classes, inner);
        loss = Float.NaN;
    }

    @Benchmark
    @Variant(order = 1, label = "plain loop", baseline = true)
    public float plainLoop() {
        return loss = PlainClassAxis.loss(logits, outer, classes, inner, targets);
    }

    @Benchmark
    @Variant(order = 2, label = "JDK vectors", baseline = true)
    public float jdkVectors() {
        return loss = JdkVectorsClassAxis.loss(logits, outer, classes, inner, targets);
    }

    @Benchmark
    @Variant(order = 3, label = "row-major", baseline = true)
    @Fork(jvmArgsAppend = {Forks.VECTOR, Forks.SIMD})
    public float surprisalRowMajor() {
        return loss = CrossEntropy.withDefaults().loss(rowMajorMatrix, targets);
    }

    @Benchmark
    @Variant(order = 4, label = "Surprisal SIMD")
    @Fork(jvmArgsAppend = {Forks.VECTOR, Forks.SIMD})
    public float surprisalSimd() {
        return loss = CrossEntropy.withDefaults().loss(matrix, targets);
    }

    @TearDown
    public void check(BenchmarkParams params) {
        writeNotes(params, Answers.ulpsOfLoss(loss, rowMajor, outer * inner, classes, targets));
    }
}
