package io.github.surprisal.bench;

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
 * The arithmetic limit: vector fused multiply-adds a second, whatever width the JVM prefers. It turns a recipe's count of
 * vector operations into a bound of elements per second. The shape is steps x sums, so that an element is one operation.
 */
@Family(operation = "fma", title = "Fused multiply-add ports")
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgs = {Forks.COLLECTOR, Forks.UNSAFE}, jvmArgsAppend = Forks.VECTOR)
public class FmaBenchmark extends Trial {

    @Param("2048x12")
    public String shape;

    // fields, so that C2 cannot know the products
    private float a;
    private float b;
    private int steps;
    private float sum;

    @Setup
    public void setup(BenchmarkParams params) {
        var size = new Shape(shape);
        if (size.columns() != FmaProbe.SUMS) {
            throw new IllegalStateException("the probe has " + FmaProbe.SUMS + " sums, not " + size.columns());
        }
        a = 1;
        b = 2;
        steps = size.rows();
        prepare(params, () -> sum = Float.NaN, () -> sum = Float.NaN);
    }

    @Benchmark
    @Variant(order = 201, label = "fused multiply-adds")
    public float fma() {
        return sum = FmaProbe.sumOfProducts(a, b, steps);
    }

    @TearDown
    public void check(BenchmarkParams params) {
        // exact: every partial sum is an integer below 2^24
        requireClose((double) a * b * steps * FmaProbe.SUMS * FmaProbe.lanes(), sum, "sum");
        writeNotes(params, Double.NaN, FmaProbe.lanes());
    }
}
