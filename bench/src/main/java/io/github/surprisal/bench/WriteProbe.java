package io.github.surprisal.bench;

/**
 * How fast one thread reads and writes: loops that C2 vectorises and that compute next to nothing. Negating keeps the
 * magnitudes however often it is repeated.
 */
final class WriteProbe {

    private WriteProbe() {
    }

    static void negateInPlace(float[] x) {
        for (int i = 0; i < x.length; i++) {
            x[i] = -x[i];
        }
    }

    static void copyNegated(float[] x, float[] out) {
        for (int i = 0; i < x.length; i++) {
            out[i] = -x[i];
        }
    }
}
