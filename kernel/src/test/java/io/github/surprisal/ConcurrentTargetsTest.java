package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;

/**
 * Targets that another thread changes while a loss is computed from them. The result is unspecified, but nothing is written
 * outside the gradient: all targets are checked first, and what is used afterwards must still be inside.
 */
class ConcurrentTargetsTest {
    private static final int ROWS = 64;
    private static final int COLUMNS = 100;
    /** On both sides of the gradient; the bad targets of every row point into them. */
    private static final int GUARD = 4096;
    private static final float SENTINEL = -12345.5f;
    private static final long NANOS = 250_000_000;

    private final float[] array = new float[GUARD + ROWS * COLUMNS + GUARD];
    private final Matrix gradient = Matrix.of(array, GUARD, ROWS, COLUMNS, COLUMNS);
    private final Matrix logits = Matrix.of(new float[ROWS * COLUMNS], ROWS, COLUMNS);
    private final float[] losses = new float[ROWS];

    @Test
    void intTargetsOfCrossEntropy() throws InterruptedException {
        int[] targets = new int[ROWS];
        CrossEntropy weighted = CrossEntropy.builder().classWeights(new float[COLUMNS]).labelSmoothing(.1f).build();
        stress(bad -> change(targets, bad), () -> {
            CrossEntropy.withDefaults().lossAndGradient(logits, targets, gradient);
            weighted.totalsAndGradient(logits, targets, 1, gradient);
            weighted.losses(logits, targets, losses);
        });
    }

    @Test
    void longTargetsOfCrossEntropy() throws InterruptedException {
        long[] targets = new long[ROWS];
        CrossEntropy weighted = CrossEntropy.builder().classWeights(new float[COLUMNS]).labelSmoothing(.1f).build();
        stress(bad -> change(targets, bad), () -> {
            CrossEntropy.withDefaults().lossAndGradient(logits, targets, gradient);
            weighted.totalsAndGradient(logits, targets, 1, gradient);
            weighted.losses(logits, targets, losses);
        });
    }

    @Test
    void classAxis() throws InterruptedException {
        int[] targets = new int[ROWS];
        Matrix x = Matrix.ofClassAxis(new float[ROWS * COLUMNS], 4, COLUMNS, ROWS / 4);
        float[] inner = new float[ROWS * COLUMNS];
        stress(bad -> change(targets, bad), () -> CrossEntropy.withDefaults().lossAndGradient(x, targets, Matrix.ofClassAxis(inner, 4, COLUMNS, ROWS / 4)));
    }

    @Test
    void negativeLogLikelihood() throws InterruptedException {
        int[] ints = new int[ROWS];
        long[] longs = new long[ROWS];
        NegativeLogLikelihood nll = NegativeLogLikelihood.builder().build();
        stress(bad -> {
            change(ints, bad);
            change(longs, bad);
        }, () -> {
            nll.lossAndGradient(logits, ints, gradient);
            nll.lossAndGradient(logits, longs, gradient);
        });
    }

    /** All at once: a call between two changes passes the check, and may meet the next change in any row. */
    private static void change(int[] targets, int value) {
        Arrays.fill(targets, value);
    }

    /** A bad value every second row, and between them numbers that are classes if they are narrowed to int unseen. */
    private static void change(long[] targets, int value) {
        for (int r = 0; r < ROWS; r++) targets[r] = value < 0 && r % 2 == 0 ? (1L << 32) + r % COLUMNS : value;
    }

    private void stress(IntConsumer change, Runnable call) throws InterruptedException {
        Arrays.fill(array, SENTINEL);
        AtomicBoolean stop = new AtomicBoolean();
        Thread changer = new Thread(() -> {
            SplittableRandom random = new SplittableRandom(1);
            while (!stop.get()) {
                change.accept(random.nextBoolean() ? random.nextInt(COLUMNS, GUARD) : random.nextInt(-GUARD, 0));
                pause(random.nextInt(200));
                change.accept(random.nextInt(COLUMNS));
                pause(random.nextInt(400));
            }
        });
        changer.start();
        int finished = 0;
        try {
            long end = System.nanoTime() + NANOS;
            while (System.nanoTime() < end) {
                try {
                    call.run();
                    finished++;
                } catch (IndexOutOfBoundsException seen) {
                    // by the library's check, or behind it by the JVM's
                }
            }
        } finally {
            stop.set(true);
            changer.join();
        }
        for (int i = 0; i < GUARD; i++) {
            assertEquals(SENTINEL, array[i], "written before the gradient, at " + (i - GUARD));
            assertEquals(SENTINEL, array[array.length - 1 - i], "written behind the gradient");
        }
        assertTrue(finished > 0, "no call got past the check: make the good moments longer");
    }

    private static void pause(int spins) {
        for (int i = 0; i < spins; i++) Thread.onSpinWait();
    }
}
