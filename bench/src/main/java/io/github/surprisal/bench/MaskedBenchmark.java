package io.github.surprisal.bench;

import io.github.surprisal.CrossEntropy;
import io.github.surprisal.Matrix;
import java.util.SplittableRandom;
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
 * What the data cost: the mean cross-entropy with 30 % of the logits at -infinity or at -1e9, as attention and decoders have them, and with one in 4096; and
 * of logits four times as wide, a few of which outweigh the others, as those of trained models do.
 */
@Family(operation = "masked", title = "Masked or peaked logits, loss", vectorOperations = 10, quick = "64x1024")
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgs = {Forks.COLLECTOR, Forks.UNSAFE}, jvmArgsAppend = Forks.VECTOR)
public class MaskedBenchmark extends Trial {

    private static final double MASKED = 0.3;
    private static final double FEW = 1.0 / 4096;
    private static final float PEAKED = 4;

    private static final String PLAIN_INFINITE = "plain loop, -inf";
    private static final String PLAIN_LARGE = "plain loop, -1e9";
    private static final String UNMASKED = "Surprisal SIMD, unmasked";

    @Param({"64x1024", "1x8192"})
    public String shape;

    private int rows;
    private int columns;
    private int[] targets;
    private float[] unmasked;
    private float[] infinite;
    private float[] large;
    private float[] few;
    private float[] peaked;
    private Matrix unmaskedMatrix;
    private Matrix infiniteMatrix;
    private Matrix largeMatrix;
    private Matrix fewMatrix;
    private Matrix peakedMatrix;
    /** What the measured method read. */
    private float[] used;
    private float loss;

    @Setup
    public void setup(BenchmarkParams params) {
        var size = new Shape(shape);
        prepare(params, () -> use(size.warmUpRows(), size.warmUpColumns()), () -> use(size.rows(), size.columns()));
    }

    private void use(int rows, int columns) {
        this.rows = rows;
        this.columns = columns;
        targets = Logits.targets(rows, columns);
        unmasked = Logits.gaussian(rows * columns);
        infinite = masked(Float.NEGATIVE_INFINITY, MASKED);
        large = masked(-1e9f, MASKED);
        few = masked(Float.NEGATIVE_INFINITY, FEW);
        peaked = unmasked.clone();
        for (int i = 0; i < peaked.length; i++) {
            peaked[i] *= PEAKED;
        }
        unmaskedMatrix = Matrix.of(unmasked, rows, columns);
        infiniteMatrix = Matrix.of(infinite, rows, columns);
        largeMatrix = Matrix.of(large, rows, columns);
        fewMatrix = Matrix.of(few, rows, columns);
        peakedMatrix = Matrix.of(peaked, rows, columns);
        loss = Float.NaN;
    }

    private float[] masked(float value, double part) {
        float[] x = unmasked.clone();
        var random = new SplittableRandom(Logits.SEED + 2);
        for (int i = 0; i < x.length; i++) {
            // a masked target would make every loss infinite
            if (random.nextDouble() < part && i % columns != targets[i / columns]) {
                x[i] = value;
            }
        }
        return x;
    }

    @Benchmark
    @Variant(order = 1, label = PLAIN_INFINITE, baseline = true)
    public float plainLoopInfinite() {
        return plain(infinite);
    }

    @Benchmark
    @Variant(order = 2, label = PLAIN_LARGE, baseline = true)
    public float plainLoopLarge() {
        return plain(large);
    }

    @Benchmark
    @Variant(order = 3, label = UNMASKED, baseline = true)
    @Fork(jvmArgsAppend = {Forks.VECTOR, Forks.SIMD})
    public float surprisalUnmasked() {
        return surprisal(unmasked, unmaskedMatrix);
    }

    @Benchmark
    @Variant(order = 4, label = "Surprisal SIMD, -1e9", against = {PLAIN_LARGE, UNMASKED})
    @Fork(jvmArgsAppend = {Forks.VECTOR, Forks.SIMD})
    public float surprisalLarge() {
        return surprisal(large, largeMatrix);
    }

    @Benchmark
    @Variant(order = 5, label = "Surprisal SIMD, -inf", against = {PLAIN_INFINITE, UNMASKED})
    @Fork(jvmArgsAppend = {Forks.VECTOR, Forks.SIMD})
    public float surprisalInfinite() {
        return surprisal(infinite, infiniteMatrix);
    }

    @Benchmark
    @Variant(order = 6, label = "Surprisal SIMD, a few -inf", against = UNMASKED, quick = Variant.NEVER)
    @Fork(jvmArgsAppend = {Forks.VECTOR, Forks.SIMD})
    public float surprisalFew() {
        return surprisal(few, fewMatrix);
    }

    @Benchmark
    @Variant(order = 7, label = "Surprisal SIMD, peaked", against = UNMASKED)
    @Fork(jvmArgsAppend = {Forks.VECTOR, Forks.SIMD})
    public float surprisalPeaked() {
        return surprisal(peaked, peakedMatrix);
    }

    private float plain(float[] x) {
        used = x;
        return loss = PlainLoop.loss(x, rows, columns, targets);
    }

    private float surprisal(float[] x, Matrix matrix) {
        used = x;
        return loss = CrossEntropy.withDefaults().loss(matrix, targets);
    }

    @TearDown
    public void check(BenchmarkParams params) {
        writeNotes(params, Answers.ulpsOfLoss(loss, used, rows, columns, targets));
    }
}
