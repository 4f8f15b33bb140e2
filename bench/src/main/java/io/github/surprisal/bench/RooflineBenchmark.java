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
 * The memory limit of each shape, measured in the same run as the families it bounds. A family with other shapes adds
 * them here; one that writes adds a probe that writes and names it in {@link Family#roofline}.
 */
@Family(title = "Memory")
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgs = {Forks.MIN_HEAP, Forks.MAX_HEAP, Forks.COLLECTOR, Forks.UNSAFE}, jvmArgsAppend = Forks.VECTOR)
public class RooflineBenchmark extends Trial {

    @Param({"1x1024", "64x1024", "1024x1000", "256x32000", "64x128256", "64x50257"})
    public String shape;

    private float[] x;
    private double sum;

    @Setup
    public void setup(BenchmarkParams params) {
        int elements = new Shape(shape).elements();
        x = Logits.gaussian(Math.min(elements, 1 << 17));
        warmUp(params);
        x = Logits.gaussian(elements);
        sum = Double.NaN;
    }

    @Benchmark
    @Variant(order = 101, label = "read, one stream")
    public double readOneStream() {
        return sum = ReadProbe.oneStream(x);
    }

    @Benchmark
    @Variant(order = 102, label = "read, four streams")
    public double readFourStreams() {
        return sum = ReadProbe.fourStreams(x);
    }

    @TearDown
    public void check(BenchmarkParams params) {
        double expected = 0;
        double scale = 0;
        for (float value : x) {
            expected += value;
            scale += Math.abs(value);
        }
        // relative to the sum of magnitudes: the sum itself may cancel to nearly nothing
        requireClose(expected / scale, sum / scale, "sum");
        writeNotes(params, Double.NaN);
    }
}
