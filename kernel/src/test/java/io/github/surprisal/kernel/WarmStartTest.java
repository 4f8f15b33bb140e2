package io.github.surprisal.kernel;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** The switch from scalar to SIMD code ends, once. Times are not tested: they differ. */
class WarmStartTest {
    /** A kernel that takes no time to speak of, or a pause. */
    private static RowKernel kernel(Runnable pause) {
        return new FakeKernel(FakeKernel.Fault.NONE, 8) {
            @Override
            public void sum(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
                    float[] partials, int to, int[] tops, int topsFrom) {
                pause.run();
            }

            @Override
            public void fold(float[] partials, int n, int count, double[] sums) {}

            @Override
            public void log(double[] x, int n) {}

            @Override
            public int mask(float[] x, int n, float padding) {
                return 0;
            }
        };
    }

    private static void pause() {
        pause(1_000_000);
    }

    private static void pause(long nanos) {
        long start = System.nanoTime();
        while (System.nanoTime() - start < nanos) Thread.onSpinWait();
    }

    @Test
    void finishEndsWhenTheKernelIsTheFaster() {
        assertTrue(new WarmStart(kernel(WarmStartTest::pause), kernel(() -> {})).finish());
    }

    @Test
    void whatNobodyUsesIsNotRun() {
        WarmStart warming = new WarmStart(kernel(WarmStartTest::fail), kernel(WarmStartTest::fail));
        assertFalse(warming.step());
        warming.of(WarmStart.Group.LOSSES);
        assertFalse(warming.step());
    }

    @Test
    void theKernelRunsScalarCodeUntilItsGroupIsReady() {
        RowKernel scalar = kernel(WarmStartTest::pause);
        RowKernel simd = kernel(() -> {});
        WarmStart warming = new WarmStart(scalar, simd);
        assertSame(scalar, warming.of(WarmStart.Group.SUMS));
        assertSame(scalar, warming.of(WarmStart.Group.MASKS));
        assertFalse(warming.step());
        assertSame(scalar, warming.of(WarmStart.Group.SUMS), "one step is not enough");
        assertTrue(warming.finish());
        for (WarmStart.Group group : WarmStart.Group.values()) assertSame(simd, warming.of(group));
        assertTrue(warming.step());
    }

    @Test
    void aStepInsideAStepIsNotTaken() {
        AtomicReference<WarmStart> self = new AtomicReference<>();
        AtomicReference<Boolean> inner = new AtomicReference<>();
        WarmStart warming = new WarmStart(kernel(() -> {}), kernel(() -> inner.set(self.get().step())));
        self.set(warming);
        warming.of(WarmStart.Group.SUMS);
        warming.step();
        assertFalse(inner.get());
    }

    @Test
    void aGroupThatIsNeverFasterKeepsNoneWaiting() {
        RowKernel simd = kernel(() -> pause(1_000_000));
        WarmStart warming = new WarmStart(kernel(() -> {}), simd);
        warming.of(WarmStart.Group.SUMS);
        long start = System.nanoTime();
        while (warming.of(WarmStart.Group.GAPS) != simd && System.nanoTime() - start < 60_000_000_000L) warming.step(); // it takes about three
        assertSame(simd, warming.of(WarmStart.Group.GAPS));
    }

    @Test
    void severalThreadsFinishTogether() throws InterruptedException {
        for (int turn = 0; turn < 5; turn++) {
            WarmStart warming = new WarmStart(kernel(WarmStartTest::pause), kernel(() -> {}));
            Thread[] threads = new Thread[4];
            for (int i = 0; i < threads.length; i++) {
                boolean finishes = i % 2 == 0;
                threads[i] = Thread.ofPlatform().daemon().start(() -> {
                    warming.of(WarmStart.Group.SUMS);
                    if (finishes) warming.finish();
                    else while (!warming.step()) Thread.onSpinWait();
                });
            }
            for (Thread thread : threads) {
                thread.join(60_000); // it takes well under a second: only a thread that hangs is met by this limit
                assertFalse(thread.isAlive());
            }
        }
    }

    private static void fail() {
        throw new AssertionError("nobody asked for sums");
    }

    @Test
    void afterWarmUpTheCurrentKernelIsTheSelectedOne() {
        Kernels.warmUp();
        assertSame(Kernels.selected(), Kernels.current(1));
    }
}
