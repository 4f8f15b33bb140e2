package io.github.surprisal.bench;

import java.util.SplittableRandom;

/** The benchmark data: standard normal logits and uniform targets, the same in every fork. */
final class Logits {

    static final long SEED = 20_250_916L;

    // Beyond a Mi the sequence repeats: drawing it would take longer than to measure.
    private static final int PERIOD = 1 << 20;

    private Logits() {
    }

    static float[] gaussian(int count) {
        var random = new SplittableRandom(SEED);
        var logits = new float[count];
        for (int i = 0; i < Math.min(count, PERIOD); i++) {
            logits[i] = (float) random.nextGaussian();
        }
        for (int from = PERIOD; from < count; from += PERIOD) {
            System.arraycopy(logits, 0, logits, from, Math.min(PERIOD, count - from));
        }
        return logits;
    }

    /** A class for each row. */
    static int[] targets(int rows, int classes) {
        return new SplittableRandom(SEED + 1).ints(rows, 0, classes).toArray();
    }
}
