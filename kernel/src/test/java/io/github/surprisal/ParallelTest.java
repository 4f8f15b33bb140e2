package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.oracle.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
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
