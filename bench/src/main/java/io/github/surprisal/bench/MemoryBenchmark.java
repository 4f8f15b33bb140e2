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
@Family(operation = "memory", title = "Memory")
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgs = {Forks.COLLECTOR, Forks.UNSAFE}, jvmArgsAppend = Forks.VECTOR)
public class MemoryBenchmark extends Trial {

    @Param({"1x10", "1x64", "1x128", "1x1024", "1x8192", "1x65536", "1x262144", "1x1048576", "1x4194304", "1x16777216", "1x67108864",
            "64x1024", "64000x2", "20000x10", "6300x32", "3200x64", "2100x100", "1024x1000", "64x50257", "64x21x4096", "256x32000", "64x128256"})
    public String shape;

    private float[] x;
    private float[] copy;
    private double sum;
    /** What a writing probe wrote, null for the others. */
    private float[] written;

    @Setup
    public void setup(BenchmarkParams params) {
        int elements = new Shape(shape).elements();
        prepare(params, () -> use(Math.min(elements, 1 << 17)), () -> use(elements));
    }

    private void use(int elements) {
        x = Logits.gaussian(elements);
        copy = new float[elements];
        sum = Double.NaN;
    }

    @Benchmark
    @Variant(order = 101, label = "read, one stream",
            quick = {"1x1024", "1x65536", "1x1048576", "1x16777216", "64x128256"})
    public double readOneStream() {
        return sum = ReadProbe.oneStream(x);
    }

    @Benchmark
    @Variant(order = 102, label = "read, four streams",
            quick = {"1x1048576", "1x16777216", "64x128256"})
    public double readFourStreams() {
        return sum = ReadProbe.fourStreams(x);
    }

    @Benchmark
    @Variant(order = 103, label = "negate in place", bytesPerElement = 2 * Float.BYTES,
            quick = {"1x1024", "1x65536", "1x1048576", "1x16777216", "64x128256"})
    public float[] negateInPlace() {
        WriteProbe.negateInPlace(x);
        return written = x;
    }

    @Benchmark
    @Variant(order = 104, label = "negate into another", bytesPerElement = 2 * Float.BYTES,
            quick = {"1x1024", "1x65536", "1x1048576", "1x16777216", "64x128256"})
    public float[] copyNegated() {
        WriteProbe.copyNegated(x, copy);
        return written = copy;
    }

    @TearDown
    public void check(BenchmarkParams params) {
        if (written == null) {
            checkSum();
        } else {
            checkWritten();
        }
        writeNotes(params, Double.NaN);
    }

    // Up to the sign, which depends on how often a probe in place ran.
    private void checkWritten() {
        float[] expected = Logits.gaussian(x.length);
        for (int i = 0; i < x.length; i++) {
            if (Math.abs(written[i]) != Math.abs(expected[i])) {
                throw new IllegalStateException("wrong answer, element " + i + ": " + written[i]);
            }
        }
    }

    private void checkSum() {
        double expected = 0;
        double scale = 0;
        for (float value : x) {
            expected += value;
            scale += Math.abs(value);
        }
        // relative to the sum of magnitudes: the sum itself may cancel to nearly nothing
        requireClose(expected / scale, sum / scale, "sum");
    }
}
