package io.github.surprisal.bench;

import io.github.surprisal.ElementType;
import io.github.surprisal.LogSumExp;
import io.github.surprisal.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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

/** The same logits in a float array, in native memory and in 16 bits: log-sum-exp of the rows, single thread. */
@Family(operation = "storage", title = "Log-sum-exp, where the logits are", vectorOperations = 10, quick = "64x128256")
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgs = {Forks.COLLECTOR, Forks.UNSAFE}, jvmArgsAppend = {Forks.VECTOR, Forks.SIMD})
public class StorageBenchmark extends Trial {

    // In a core's own cache, and beyond it
    @Param({"64x1024", "64x128256"})
    public String shape;

    private int rows;
    private int columns;
    private float[] logits;
    private float[] out;
    private Matrix floatArray;
    private Matrix nativeFloats;
    private Matrix nativeFloat16s;
    private Matrix bfloat16Array;
    private Matrix nativeBfloat16s;

    @Setup
    public void setup(BenchmarkParams params) {
        var size = new Shape(shape);
        prepare(params, () -> use(size.warmUpRows(), size.warmUpColumns()), () -> use(size.rows(), size.columns()));
    }

    private void use(int rows, int columns) {
        this.rows = rows;
        this.columns = columns;
        logits = Logits.gaussian(rows * columns);
        var float16 = new short[logits.length];
        var bfloat16 = new short[logits.length];
        for (int i = 0; i < logits.length; i++) {
            // Multiples of 1/32 below 8 have eight significant bits, so that all three types hold the same numbers.
            logits[i] = (float) Math.rint(logits[i] * 32) / 32;
            float16[i] = Float.floatToFloat16(logits[i]);
            bfloat16[i] = (short) (Float.floatToRawIntBits(logits[i]) >>> 16);
        }
        out = new float[rows];
        // NaN, so that the check fails for a row that no one computed
        Arrays.fill(out, Float.NaN);
        floatArray = Matrix.of(logits, rows, columns);
        nativeFloats = nativeMatrix(MemorySegment.ofArray(logits), ElementType.FLOAT32);
        nativeFloat16s = nativeMatrix(MemorySegment.ofArray(float16), ElementType.FLOAT16);
        bfloat16Array = Matrix.of(bfloat16, ElementType.BFLOAT16, rows, columns);
        nativeBfloat16s = nativeMatrix(MemorySegment.ofArray(bfloat16), ElementType.BFLOAT16);
    }

    private Matrix nativeMatrix(MemorySegment numbers, ElementType type) {
        // freed with the fork, which makes two of each
        var segment = Arena.global().allocate(numbers.byteSize(), ValueLayout.JAVA_FLOAT.byteAlignment());
        return Matrix.of(segment.copyFrom(numbers), type, rows, columns);
    }

    @Benchmark
    @Variant(order = 1, label = "float array", baseline = true)
    public float[] surprisalFloatArray() {
        return logSumExp(floatArray);
    }

    @Benchmark
    @Variant(order = 2, label = "native float")
    public float[] surprisalNativeFloat() {
        return logSumExp(nativeFloats);
    }

    @Benchmark
    @Variant(order = 3, label = "native float16", bytesPerElement = Short.BYTES)
    public float[] surprisalNativeFloat16() {
        return logSumExp(nativeFloat16s);
    }

    @Benchmark
    @Variant(order = 4, label = "bfloat16 array", bytesPerElement = Short.BYTES, quick = Variant.NEVER)
    public float[] surprisalBfloat16Array() {
        return logSumExp(bfloat16Array);
    }

    @Benchmark
    @Variant(order = 5, label = "native bfloat16", bytesPerElement = Short.BYTES)
    public float[] surprisalNativeBfloat16() {
        return logSumExp(nativeBfloat16s);
    }

    private float[] logSumExp(Matrix matrix) {
        LogSumExp.ofRows(matrix, out);
        return out;
    }

    /** The library promises the bits of the float array, wherever the numbers are. */
    @TearDown
    public void check(BenchmarkParams params) {
        var expected = new float[rows];
        LogSumExp.ofRows(floatArray, expected);
        if (!Arrays.equals(expected, out)) {
            throw new IllegalStateException("wrong answer: not the bits of the float array");
        }
        writeNotes(params, Answers.ulpsOfLogSumExp(out, logits, rows, columns));
    }
}
