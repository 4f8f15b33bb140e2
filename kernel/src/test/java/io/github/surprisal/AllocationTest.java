package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.surprisal.oracle.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Serial runs allocate nothing once the kernels are compiled. Before that SIMD code boxes its vectors, and the JIT may throw
 * away code and box for a while again; so a round without any allocation is waited for, up to a limit.
 */
class AllocationTest {
    private static final int CALLS = 200;
    private static final long LIMIT_NANOS = 10_000_000_000L;
    private static final MethodHandle ALLOCATED_BYTES = allocatedBytes();

    private float sink;
    private double measures;

    @Test
    void vectors() {
        float[] x = Shape.NORMAL.fill(50_257, 1);
        allocatesNothing("of, 50257", () -> sink += LogSumExp.of(x));
        allocatesNothing("of, 1000", () -> sink += LogSumExp.of(x, 3, 1003));
        allocatesNothing("of, 7", () -> sink += LogSumExp.of(x, 3, 10));
        float[] masked = Shape.MASKED.fill(5000, 1);
        allocatesNothing("of, masked", () -> sink += LogSumExp.of(masked));
        float[] nearZero = Shape.NEAR_ZERO.fill(5000, 1);
        allocatesNothing("of, near zero", () -> sink += LogSumExp.of(nearZero));
        float[] huge = Shape.HUGE.fill(5000, 1);
        allocatesNothing("of, huge", () -> sink += LogSumExp.of(huge));
    }

    @Test
    @Tag("type-profile") // without profiles the JDK makes an Optional of a heap segment's array
    void segments() {
        float[] x = Shape.NORMAL.fill(50_257, 1);
        MemorySegment segment = MemorySegment.ofArray(x);
        allocatesNothing("of segment", () -> sink += LogSumExp.of(segment));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment offHeap = arena.allocate(segment.byteSize()).copyFrom(segment);
            allocatesNothing("of native segment", () -> sink += LogSumExp.of(offHeap));
        }
    }

    @Test
    void matrices() {
        float[] data = Shape.NORMAL.fill(64 * 1000, 2);
        float[] out = new float[64];
        Matrix rows = Matrix.of(data, 64, 1000);
        allocatesNothing("ofRows", () -> LogSumExp.ofRows(rows, out));
        Matrix classAxis = Matrix.ofClassAxis(data, 2, 1000, 32);
        allocatesNothing("ofRows, class axis", () -> LogSumExp.ofRows(classAxis, out));
    }

    @Test
    void maskedRows() {
        for (int[] size : new int[][] {{20, 300}, {20, 1000}, {4, 4113}, {2, 20_000}}) {
            int rows = size[0];
            int columns = size[1];
            float[] data = Shape.NORMAL.fill(rows * columns, 5);
            for (int i = 7; i < data.length; i += 19) if (i % columns != 0) data[i] = Float.NEGATIVE_INFINITY;
            int[] targets = new int[rows];
            float[] changed = new float[data.length];
            Matrix x = Matrix.of(data, rows, columns);
            Matrix out = Matrix.of(changed, rows, columns);
            CrossEntropy loss = CrossEntropy.withDefaults();
            String what = ", masked, " + rows + " x " + columns;
            allocatesNothing("loss" + what, () -> sink += loss.loss(x, targets));
            allocatesNothing("softmax" + what, () -> Softmax.softmax(x, out));
            allocatesNothing("gradient" + what, () -> sink += loss.lossAndGradient(x, targets, out));
            allocatesNothing("softmax in place" + what, () -> {
                System.arraycopy(data, 0, changed, 0, data.length);
                Softmax.softmax(out, out);
            });
            allocatesNothing("gradient in place" + what, () -> {
                System.arraycopy(data, 0, changed, 0, data.length);
                sink += loss.lossAndGradient(out, targets, out);
            });
        }
    }

    /** Long enough that scratch as long as a row would show, and rows of each way through the engine. */
    @Test
    void everyStorageAndLayout() {
        try (Arena arena = Arena.ofConfined()) {
            for (int[] size : new int[][] {{1, 5}, {3, 10}, {2, 24}, {1, 100}, {40, 10}, {40, 24}, {40, 100}, {9, 300}, {2, 20_000}}) {
                int rows = size[0];
                int columns = size[1];
                float[] data = Shape.NORMAL.fill(rows * columns, 4);
                MemorySegment floats = arena.allocate(4L * data.length).copyFrom(MemorySegment.ofArray(data));
                MemorySegment halves = arena.allocate(2L * data.length);
                List<Matrix> all = List.of(Matrix.of(data, rows, columns), Matrix.ofClassAxis(data, 1, columns, rows),
                        Matrix.of(floats, ElementType.FLOAT32, rows, columns), Matrix.ofClassAxis(floats, ElementType.FLOAT32, 1, columns, rows),
                        Matrix.of(halves, ElementType.BFLOAT16, rows, columns), Matrix.of(new short[data.length], ElementType.FLOAT16, rows, columns),
                        Matrix.of(MemorySegment.ofArray(new byte[4 * data.length]), ElementType.FLOAT32, rows, columns));
                int[] targets = new int[rows];
                float[] out = new float[rows];
                Matrix probabilities = Matrix.of(new float[data.length], rows, columns);
                Matrix toArray = Matrix.of(new float[data.length], rows, columns);
                CrossEntropy plain = CrossEntropy.withDefaults();
                BinaryCrossEntropy binary = BinaryCrossEntropy.withDefaults();
                CrossEntropy smoothed = CrossEntropy.builder().labelSmoothing(0.1f).softcap(30).build();
                for (int i = 0; i < all.size(); i++) {
                    Matrix x = all.get(i);
                    String what = rows + " x " + columns + ", storage " + i;
                    allocatesNothing("ofRows, " + what, () -> LogSumExp.ofRows(x, out));
                    allocatesNothing("softmax, " + what, () -> Softmax.softmax(x, x));
                    allocatesNothing("softmax to an array, " + what, () -> Softmax.softmax(x, toArray));
                    allocatesNothing("log-softmax, " + what, () -> Softmax.logSoftmax(x, x));
                    allocatesNothing("loss, " + what, () -> sink += plain.loss(x, targets));
                    allocatesNothing("gradient, " + what, () -> sink += plain.lossAndGradient(x, targets, x));
                    allocatesNothing("gradient to an array, " + what, () -> sink += plain.lossAndGradient(x, targets, toArray));
                    allocatesNothing("probabilities, " + what, () -> sink += plain.lossAndGradient(x, probabilities, x));
                    allocatesNothing("binary, " + what, () -> sink += binary.lossAndGradient(x, probabilities, x));
                    if (columns < 10_000) allocatesNothing("softcap, " + what, () -> sink += smoothed.lossAndGradient(x, targets, x));
                }
            }
        }
    }

    /** Shapes in turn, as batches of different models have them. */
    @Test
    void oneShapeAfterTheOther() {
        float[] data = Shape.NORMAL.fill(60 * 12, 6);
        int[] targets = new int[60];
        float[] out = new float[60];
        Matrix toArray = Matrix.of(new float[data.length], 60, 12);
        Matrix wide = Matrix.of(data, 60, 12);
        Matrix narrow = Matrix.of(data, 60, 10);
        Matrix classAxis = Matrix.ofClassAxis(data, 1, 10, 60);
        Matrix fewTogether = Matrix.ofClassAxis(data, 3, 12, 20);
        CrossEntropy capped = CrossEntropy.builder().softcap(30).build();
        allocatesNothing("shapes in turn", () -> {
            sink += capped.loss(wide, targets) + capped.loss(narrow, targets) + capped.loss(classAxis, targets);
            sink += capped.lossAndGradient(fewTogether, targets, toArray);
            Softmax.softmax(fewTogether, toArray);
            LogSumExp.ofRows(classAxis, out);
        });
    }

    @Test
    void accumulator() {
        float[] x = Shape.NORMAL.fill(3000, 3);
        LogSumExpAccumulator sum = new LogSumExpAccumulator();
        LogSumExpAccumulator other = new LogSumExpAccumulator().add(2);
        allocatesNothing("accumulator", () -> sink += sum.add(x, 0, 3000).add(1).merge(other).result());
    }

    @Test
    void information() {
        float[] p = new float[20_000];
        float[] q = new float[20_000];
        for (int i = 0; i < p.length; i++) {
            p[i] = (1 + i % 2) / 30_000f;
            q[i] = (2 - i % 2) / 30_000f;
        }
        for (int n : new int[] {20_000, 19_990}) {
            allocatesNothing("entropy", () -> measures += Information.entropy(p, 0, n, InformationUnit.BIT));
            allocatesNothing("crossEntropy", () -> measures += Information.crossEntropy(p, 0, n, q, 0, n, InformationUnit.NAT));
            allocatesNothing("klDivergence", () -> measures += Information.klDivergence(p, 0, n, q, 0, n, InformationUnit.NAT));
            allocatesNothing("jensenShannonDivergence", () -> measures += Information.jensenShannonDivergence(p, 0, n, q, 0, n, InformationUnit.BIT));
        }
    }

    private static void allocatesNothing(String what, Runnable call) {
        assumeTrue(ALLOCATED_BYTES != null, "this JVM does not count allocated bytes");
        Backend.warmUp();
        long least = Long.MAX_VALUE;
        try {
            long start = System.nanoTime();
            while (least > 0 && System.nanoTime() - start < LIMIT_NANOS) {
                long before = (long) ALLOCATED_BYTES.invokeExact();
                for (int i = 0; i < CALLS; i++) call.run();
                least = Math.min(least, (long) ALLOCATED_BYTES.invokeExact() - before);
            }
        } catch (Throwable e) {
            throw new AssertionError(what, e);
        }
        assertEquals(0, least, what + ": bytes in the best round of " + CALLS + " calls");
    }

    /** com.sun.management.ThreadMXBean's, or null. Looked up, because the module under test does not read java.management. */
    private static MethodHandle allocatedBytes() {
        try {
            Class<?> type = Class.forName("com.sun.management.ThreadMXBean");
            Object bean = Class.forName("java.lang.management.ManagementFactory")
                    .getMethod("getPlatformMXBean", Class.class).invoke(null, type);
            MethodHandle method = MethodHandles.publicLookup()
                    .findVirtual(type, "getCurrentThreadAllocatedBytes", MethodType.methodType(long.class));
            return bean == null ? null : method.bindTo(bean);
        } catch (ReflectiveOperationException absent) {
            return null;
        }
    }
}
