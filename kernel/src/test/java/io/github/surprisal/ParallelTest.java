package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.oracle.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every execution gives the bits of the serial one. */
class ParallelTest {
    private static final int CHUNK = 1 << 17;
    private static final int[] LENGTHS = {1, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 17, 700_001, (1 << 20) + 3};

    private final List<ForkJoinPool> pools = new ArrayList<>();
    private final List<Execution> executions = new ArrayList<>();

    @BeforeEach
    void start() {
        executions.add(Execution.parallel());
        for (int threads : new int[] {1, 2, 3, 7}) {
            pools.add(new ForkJoinPool(threads));
            executions.add(Execution.on(pools.getLast()));
        }
    }

    @AfterEach
    void stop() {
        pools.forEach(ForkJoinPool::close);
    }

    @Test
    void vectors() {
        for (Shape shape : new Shape[] {Shape.NORMAL, Shape.WIDE, Shape.MASKED, Shape.HUGE, Shape.DOMINANT_ZERO, Shape.DESCENDING}) {
            float[] x = shape.fill(LENGTHS[LENGTHS.length - 1] + 5, 3);
            MemorySegment segment = MemorySegment.ofArray(x);
            for (int n : LENGTHS) {
                int serial = bits(LogSumExp.of(x, 5, 5 + n));
                for (Execution execution : executions) {
                    assertEquals(serial, bits(LogSumExp.of(x, 5, 5 + n, execution)), () -> shape + ", seed 3, n " + n);
                    assertEquals(serial, bits(LogSumExp.of(segment.asSlice(20, 4L * n), execution)), () -> shape + ", seed 3, segment, n " + n);
                }
            }
        }
    }

    @Test
    void matrices() {
        int[][] sizes = {{1, 300_000}, {3, 140_000}, {2, CHUNK}, {7, 50_257}, {100, 1000}, {1000, 37}, {5000, 1}, {5, 0}, {0, 5}};
        for (int[] size : sizes) {
            int rows = size[0];
            int columns = size[1];
            String what = rows + " x " + columns + ", seed " + rows;
            float[] data = Shape.MASKED.fill(rows * columns, rows);
            check(Matrix.of(data, rows, columns), what);
            check(Matrix.ofClassAxis(data, 1, columns, rows), what + ", class axis");
            check(Matrix.of(Shape.WIDE.fill(rows * (columns + 3) + 2, 4), 2, rows, columns, columns + 3), what + ", strided");
        }
    }

    private void check(Matrix x, String what) {
        float[] serial = new float[x.rows()];
        LogSumExp.ofRows(x, serial, Execution.serial());
        for (Execution execution : executions) {
            float[] out = new float[x.rows()];
            LogSumExp.ofRows(x, out, execution);
            assertArrayEquals(serial, out, what); // compares as Float.equals does: -0 and 0 differ, NaN equals itself
        }
    }

    /** Short rows are added up in groups, rows of more than 128 columns one by one. */
    @Test
    void lossesOfManyRows() {
        int[][] sizes = {{0, 10}, {1, 10}, {255, 100}, {256, 128}, {257, 129}, {70_001, 2}, {20_479, 10}, {3000, 128}, {3000, 129}};
        for (int[] size : sizes) {
            int rows = size[0];
            int columns = size[1];
            Matrix x = Matrix.of(Shape.NORMAL_3.fill(rows * columns, 15), rows, columns);
            int[] targets = new int[rows];
            for (int r = 0; r < rows; r++) targets[r] = r % 7 == 3 ? -100 : r * 5 % columns;
            List<CrossEntropy.Builder> builders = List.of(
                    CrossEntropy.builder(), CrossEntropy.builder().labelSmoothing(0.1f), CrossEntropy.builder().softcap(20));
            for (CrossEntropy.Builder builder : builders) {
                CrossEntropy serial = builder.execution(Execution.serial()).build();
                float[] losses = new float[rows];
                serial.losses(x, targets, losses);
                float[] expected = new float[rows * columns];
                CrossEntropy.Totals totals = serial.totalsAndGradient(x, targets, 1, Matrix.of(expected, rows, columns));
                for (Execution execution : executions) {
                    CrossEntropy loss = builder.execution(execution).build();
                    float[] gradient = new float[rows * columns];
                    float[] each = new float[rows];
                    loss.losses(x, targets, each);
                    assertArrayEquals(losses, each, () -> rows + " x " + columns + ", seed 15");
                    assertEquals(totals, loss.totalsAndGradient(x, targets, 1, Matrix.of(gradient, rows, columns)), () -> rows + " x " + columns + ", seed 15");
                    assertArrayEquals(expected, gradient, () -> rows + " x " + columns + ", seed 15");
                }
            }
        }
    }

    /** Helpers that a busy pool has not begun wait there for long; the data of their calls must not. */
    @Test
    void aBusyPoolKeepsNoData() {
        CountDownLatch busy = new CountDownLatch(2);
        CountDownLatch free = new CountDownLatch(1);
        ForkJoinPool pool = pools.get(1); // of 2 threads
        for (int i = 0; i < 2; i++) {
            pool.execute(() -> {
                busy.countDown();
                await(free);
            });
        }
        try {
            await(busy);
            WeakReference<float[]> data = callOnNewData(Execution.on(pool));
            assertTrue(pool.getQueuedSubmissionCount() > 0, "no helper waits in the pool");
            for (int i = 0; i < 20 && data.get() != null; i++) System.gc();
            assertTrue(data.get() == null, "the logits are still reachable"); // not assertNull, whose message would have all of them
        } finally {
            free.countDown();
        }
    }

    private static WeakReference<float[]> callOnNewData(Execution execution) {
        float[] data = Shape.NORMAL.fill(128 * 1000, 16);
        Matrix x = Matrix.of(data, 128, 1000);
        CrossEntropy.builder().execution(execution).build().loss(x, new int[128]);
        LogSumExp.ofRows(x, new float[128], execution);
        Softmax.softmax(x, x, execution);
        return new WeakReference<>(data);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void nativeSegmentLongerThanAChunk() {
        float[] x = Shape.NORMAL_3.fill(3 * CHUNK + 100, 8);
        float expected = LogSumExp.of(x);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment segment = arena.allocate(4L * x.length + 1).asSlice(1).copyFrom(MemorySegment.ofArray(x));
            assertEquals(bits(expected), bits(LogSumExp.of(segment)));
            for (Execution execution : executions) assertEquals(bits(expected), bits(LogSumExp.of(segment, execution)));
        }
    }

    /** Other threads may not read it, so the pool must not be asked at all. */
    @Test
    void confinedSegmentStaysOnTheCallingThread() {
        AtomicInteger started = new AtomicInteger();
        ForkJoinPool.ForkJoinWorkerThreadFactory counting = pool -> {
            started.incrementAndGet();
            return ForkJoinPool.defaultForkJoinWorkerThreadFactory.newThread(pool);
        };
        float[] x = Shape.NORMAL.fill(5 * CHUNK, 9);
        try (ForkJoinPool pool = new ForkJoinPool(3, counting, null, false); Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocate(4L * x.length).copyFrom(MemorySegment.ofArray(x));
            assertEquals(bits(LogSumExp.of(x)), bits(LogSumExp.of(segment, Execution.on(pool))));
            assertEquals(0, started.get());
            LogSumExp.of(x, 0, x.length, Execution.on(pool));
            assertTrue(started.get() > 0, "the counter counts nothing");
        }
    }

    /** A task of the same pool that waits for its own parts. */
    @Test
    void insideATaskOfTheSamePool() {
        float[] x = Shape.NORMAL.fill(4 * CHUNK, 10);
        int expected = bits(LogSumExp.of(x));
        for (ForkJoinPool pool : pools) {
            int actual = pool.submit(() -> bits(LogSumExp.of(x, 0, x.length, Execution.on(pool)))).join();
            assertEquals(expected, actual);
        }
    }

    /** More calls at once than there are threads, each inside a task of the pool that it asks for help. */
    @Test
    void nestedManyTimes() {
        float[] x = Shape.NORMAL.fill(3 * CHUNK, 10);
        int expected = bits(LogSumExp.of(x));
        for (ForkJoinPool pool : pools) {
            long same = pool.submit(() -> IntStream.range(0, 40).parallel()
                    .filter(i -> bits(LogSumExp.of(x, 0, x.length, Execution.on(pool))) == expected).count()).join();
            assertEquals(40, same);
        }
    }

    @Test
    void insideATaskOfAnotherPool() {
        float[] x = Shape.NORMAL.fill(3 * CHUNK, 10);
        int expected = bits(LogSumExp.of(x));
        Execution first = Execution.on(pools.get(1));
        Execution second = Execution.on(pools.get(2));
        AtomicInteger same = new AtomicInteger();
        first.forRanges(20, 1, (from, to) -> second.forRanges(20, 1, (start, end) -> {
            if (bits(LogSumExp.of(x, 0, x.length, first)) == expected) same.addAndGet(end - start);
        }));
        assertTrue(same.get() >= 20, "too few parts have run");
    }

    @Test
    void rangesAreDisjointAndMakeUpTheWhole() {
        for (Execution execution : executions) {
            for (int size : new int[] {0, 1, 2, 7, 8, 9, 1000, 12_345, Integer.MAX_VALUE}) {
                for (int grain : new int[] {1, 3, 1 << 15, Integer.MAX_VALUE}) {
                    if (size > 1 << 20 && grain < 1 << 15) continue;
                    AtomicLong sum = new AtomicLong();
                    AtomicInteger grains = new AtomicInteger();
                    execution.forRanges(size, grain, (from, to) -> {
                        assertTrue(from < to && from >= 0 && to <= size && (from % grain == 0), () -> from + " .. " + to + " of " + size + ", grain " + grain);
                        sum.addAndGet((long) to * to - (long) from * from); // telescopes to size^2 only if nothing is missing or double
                        grains.addAndGet((int) ((to - from - 1L) / grain + 1));
                    });
                    assertEquals((long) size * size, sum.get());
                    assertEquals(((long) size + grain - 1) / grain, grains.get());
                }
            }
        }
    }

    /** The very exception, whoever meets it; no range is begun once it is known, and none is running any more when it is thrown. */
    @Test
    void anExceptionEndsTheCallAndIsThrownAsItIs() {
        for (Execution execution : executions) {
            for (Throwable thrown : new Throwable[] {new IllegalStateException("one"), new IndexOutOfBoundsException("two"), new OutOfMemoryError("three")}) {
                AtomicInteger running = new AtomicInteger();
                AtomicInteger afterwards = new AtomicInteger();
                AtomicBoolean failed = new AtomicBoolean();
                Throwable caught = assertThrows(thrown.getClass(), () -> execution.forRanges(1 << 20, 1 << 8, (from, to) -> {
                    running.incrementAndGet();
                    try {
                        if (failed.get()) afterwards.incrementAndGet();
                        if (from <= 5000 && to > 5000) {
                            failed.set(true);
                            if (thrown instanceof Error e) throw e;
                            throw (RuntimeException) thrown;
                        }
                    } finally {
                        running.decrementAndGet();
                    }
                }));
                assertSame(thrown, caught);
                assertEquals(null, caught.getCause());
                assertEquals(0, caught.getSuppressed().length);
                assertEquals(0, running.get());
                assertTrue(afterwards.get() < 100, () -> "ranges begun after the exception: " + afterwards); // 1 << 12 without a cancellation
            }
        }
    }

    @Test
    void aStoppedPoolIsAnException() {
        ForkJoinPool pool = new ForkJoinPool(2);
        pool.shutdown();
        float[] x = Shape.NORMAL.fill(3 * CHUNK, 10);
        var e = assertThrows(RejectedExecutionException.class, () -> LogSumExp.of(x, 0, x.length, Execution.on(pool)));
        assertTrue(e.getMessage().startsWith("the pool of this Execution has been shut down: "), e.getMessage());
        assertEquals(bits(LogSumExp.of(1, 2)), bits(LogSumExp.of(new float[] {1, 2}, 0, 2, Execution.on(pool))), "too small to need it");
    }

    @Test
    void anInterruptedCallerStaysInterrupted() {
        float[] x = Shape.NORMAL.fill(9 * CHUNK, 10);
        int expected = bits(LogSumExp.of(x));
        for (Execution execution : executions) {
            Thread.currentThread().interrupt();
            int actual = bits(LogSumExp.of(x, 0, x.length, execution));
            assertTrue(Thread.interrupted());
            assertEquals(expected, actual);
        }
    }

    /** Fewer rows than threads, each of several chunks: chunks are shared out, with the bits of one thread. */
    @Test
    void fewLongRows() {
        for (Shape shape : new Shape[] {Shape.NORMAL_3, Shape.MASKED, Shape.HUGE}) {
            int columns = 2 * CHUNK + (shape == Shape.MASKED ? 1003 : 103); // of few elements a chunk is written at once
            float[] data = shape.fill(2 * columns, 13);
            float[] t = new float[2 * columns];
            for (int i = 0; i < t.length; i++) t[i] = i % 3 / (float) columns;
            float[] weights = new float[columns];
            for (int i = 0; i < weights.length; i++) weights[i] = i % 4 * 0.5f;
            List<CrossEntropy.Builder> builders = List.of(CrossEntropy.builder(), CrossEntropy.builder().labelSmoothing(0.1f),
                    CrossEntropy.builder().labelSmoothing(0.2f).classWeights(weights).zLoss(1e-3f), CrossEntropy.builder().softcap(20), CrossEntropy.builder().logitScale(0.5f));
            for (CrossEntropy.Builder builder : builders) {
                fewLongRows(builder, Matrix.of(data, 2, columns), Matrix.of(t, 2, columns), columns, shape);
            }
            try (Arena arena = Arena.ofShared()) {
                MemorySegment segment = arena.allocate(8L * columns + 1).asSlice(1).copyFrom(MemorySegment.ofArray(data));
                fewLongRows(CrossEntropy.builder(), Matrix.of(segment, ElementType.FLOAT32, 2, columns), Matrix.of(t, 2, columns), columns, shape);
                fewLongRows(CrossEntropy.builder(), Matrix.ofClassAxis(segment, ElementType.FLOAT32, 1, columns, 2), Matrix.of(t, 2, columns), columns, shape);
                fewLongRows(CrossEntropy.builder(), Matrix.of(segment, ElementType.BFLOAT16, 2, columns), Matrix.of(t, 2, columns), columns, shape);
            }
        }
    }

    private void fewLongRows(CrossEntropy.Builder builder, Matrix x, Matrix t, int columns, Shape shape) {
        int[] targets = {columns - 1, 7};
        float[] expected = longRows(builder.execution(Execution.serial()).build(), x, t, targets, Execution.serial());
        for (Execution execution : List.of(executions.get(0), executions.get(3), executions.get(4))) {
            float[] actual = longRows(builder.execution(execution).build(), x, t, targets, execution);
            assertArrayEquals(expected, actual, () -> shape + ", seed 13");
        }
    }

    private static float[] longRows(CrossEntropy crossEntropy, Matrix x, Matrix t, int[] targets, Execution execution) {
        int n = x.rows() * x.columns();
        float[] gradient = new float[n];
        float[] gradient2 = new float[n];
        float[] p = new float[n];
        float[] logP = new float[n];
        float[] lse = new float[2];
        float loss = crossEntropy.lossAndGradient(x, targets, Matrix.of(gradient, x.rows(), x.columns()));
        float loss2 = crossEntropy.lossAndGradient(x, t, Matrix.of(gradient2, x.rows(), x.columns()));
        Softmax.softmax(x, Matrix.of(p, x.rows(), x.columns()), execution);
        Softmax.logSoftmax(x, Matrix.of(logP, x.rows(), x.columns()), execution);
        LogSumExp.ofRows(x, lse, execution);
        return new float[] {loss, loss2, lse[0], lse[1], Arrays.hashCode(gradient), Arrays.hashCode(gradient2), Arrays.hashCode(p), Arrays.hashCode(logP)};
    }

    /** A matrix in a confined segment, wherever it stands, keeps the call on the thread: a worker that touched it would throw. */
    @Test
    void confinedMatricesStayOnTheCallingThread() {
        float[] data = Shape.NORMAL.fill(400 * 1000, 14);
        int[] targets = new int[400];
        float[] plain = new float[data.length];
        for (Execution execution : executions) {
            CrossEntropy loss = CrossEntropy.builder().execution(execution).build();
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment segment = arena.allocate(4L * data.length).copyFrom(MemorySegment.ofArray(data));
                Matrix confined = Matrix.of(segment, ElementType.FLOAT32, 400, 1000);
                Matrix array = Matrix.of(data, 400, 1000);
                float expected = CrossEntropy.withDefaults().lossAndGradient(array, targets, Matrix.of(plain, 400, 1000));
                assertEquals(expected, loss.loss(confined, targets));
                LogSumExp.ofRows(confined, new float[400], execution);
                Softmax.softmax(array, confined, execution);
                assertEquals(expected, loss.lossAndGradient(array, targets, confined));
                assertArrayEquals(plain, segment.toArray(ValueLayout.JAVA_FLOAT));
                loss.loss(array, confined);
            }
        }
    }

    @Test
    void manyThreadsAtOnce() {
        float[] x = Shape.MASKED.fill(3000, 12);
        int expected = bits(LogSumExp.of(x));
        long same = pools.getLast().submit(() -> IntStream.range(0, 500).parallel()
                .filter(i -> bits(LogSumExp.of(x)) == expected).count()).join();
        assertEquals(500, same);
    }

    private static int bits(float x) {
        return Float.floatToRawIntBits(x);
    }
}
