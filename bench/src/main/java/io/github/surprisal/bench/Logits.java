package io.github.surprisal.bench;

import java.util.SplittableRandom;

/** The benchmark data: standard normal logits and uniform targets, the same in every fork. */
final class Logits {

    static final long SEED = 20_250_916L;

    private Logits() {
    }

    static float[] gaussian(int count) {
        var random = new SplittableRandom(SEED);
        var logits = new float[count];
        for (int i = 0; i < count; i++) {
            logits[i] = (float) random.nextGaussian();
        }
        return logits;
    }

    /** A class for each row. */
    static int[] targets(int rows, int classes) {
        return new SplittableRandom(SEED + 1).ints(rows, 0, classes).toArray();
    }
}
