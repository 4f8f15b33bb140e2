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

/** {@link ClassAxisBenchmark} with the gradient into another matrix of the same layout. */
@Family(operation = "class-axis-gradient", title = "Class axis in the middle, loss and gradient", bytesPerElement = 2 * Float.BYTES,
        vectorOperations = 12, roofline = "copyNegated")
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgs = {Forks.COLLECTOR, Forks.UNSAFE}, jvmArgsAppend = Forks.VECTOR)
public class ClassAxisGradientBenchmark extends Trial {

    @Param("64x21x4096")
    public String shape;

    private int outer;
    private int classes;
    private int inner;
    private float[] rowMajor;
    private float[] logits;
    private int[] targets;
    private float[] gradient;
    private boolean gradientIsRowMajor;
    private Matrix rowMajorMatrix;
    private Matrix matrix;
    private Matrix rowMajorGradient;
    private Matrix gradientMatrix;
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
        gradient = new float[logits.length];
        rowMajorGradient = Matrix.of(gradient, outer * inner, classes);
        gradientMatrix = Matrix.ofClassAxis(gradient, outer, classes, inner);
        loss = Float.NaN;
    }

    @Benchmark
    @Variant(order = 1, label = "plain loop", baseline = true)
    public float plainLoop() {
        return loss = PlainClassAxis.lossAndGradient(logits, outer, classes, inner, targets, gradient);
    }

    @Benchmark
    @Variant(order = 2, label = "JDK vectors", baseline = true)
    public float jdkVectors() {
        return loss = JdkVectorsClassAxis.lossAndGradient(logits, outer, classes, inner, targets, gradient);
    }

    @Benchmark
    @Variant(order = 3, label = "row-major", baseline = true)
    @Fork(jvmArgsAppend = {Forks.VECTOR, Forks.SIMD})
    public float surprisalRowMajor() {
        gradientIsRowMajor = true;
        return loss = CrossEntropy.withDefaults().lossAndGradient(rowMajorMatrix, targets, rowMajorGradient);
    }

    @Benchmark
    @Variant(order = 4, label = "Surprisal SIMD")
    @Fork(jvmArgsAppend = {Forks.VECTOR, Forks.SIMD})
    public float surprisalSimd() {
        return loss = CrossEntropy.withDefaults().lossAndGradient(matrix, targets, gradientMatrix);
    }

    @TearDown
    public void check(BenchmarkParams params) {
        float[] rowMajorResult = gradientIsRowMajor ? gradient : ClassAxis.toRowMajor(gradient, outer, classes, inner);
        writeNotes(params, Math.max(Answers.ulpsOfLoss(loss, rowMajor, outer * inner, classes, targets),
                Answers.ulpsOfGradient(rowMajorResult, rowMajor, outer * inner, classes, targets)));
    }
}
