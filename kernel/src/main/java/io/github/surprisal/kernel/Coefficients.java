package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * The coefficients a_c of a row's sum of a_c (lse - x_c), piece by piece: the class weights, 1 without, or with probability targets t
 * their multiples w_c t'_c, t' = t (1 - smoothing) + smoothing / C. Scratch for one thread.
 */
final class Coefficients {
    private static final float[] ONES = new float[Store.PIECE];

    static {
        Arrays.fill(ONES, 1);
    }

    private final RowPieces probabilities = new RowPieces();
    private final float[] scratch = new float[Store.PIECE];
    private float[] weights;
    private boolean ofTargets;
    private boolean plain;
    private double keep;
    private double share;

    private float[] array;
    private int at;

    Coefficients start(LossCall call, int r) {
        LossOptions options = call.options;
        weights = options.weights();
        ofTargets = call.probabilities != null;
        if (ofTargets) {
            plain = weights == null && options.smoothing() == 0;
            keep = options.kept();
            share = options.share(call.logits.columns());
            probabilities.start(call.kernel, call.probabilities, r, null);
        }
        return this;
    }

    /** Of index targets, from class 0 on; without weights up to {@link Store#PIECE} of them. */
    static float[] ofClasses(LossOptions options) {
        return options.weights() == null ? ONES : options.weights();
    }

    /** Makes those of classes c .. c + n, at most {@link Store#PIECE}, the ones at {@link #at} in {@link #array}. */
    void load(int c, int n) {
        if (!ofTargets) {
            array = weights == null ? ONES : weights;
            at = weights == null ? 0 : c;
            return;
        }
        probabilities.load(c, n);
        array = probabilities.array();
        at = probabilities.at();
        if (plain) return;
        for (int i = 0; i < n; i++) {
            double weight = weights == null ? 1 : weights[c + i];
            scratch[i] = of(weight, array[at + i], keep, share);
        }
        array = scratch;
        at = 0;
    }

    /** Of a class of this weight and this target. */
    static float of(double weight, float target, double keep, double share) {
        return (float) (weight * (target * keep + share));
    }

    /** out[i] = the coefficient of class c + i times a factor. */
    void multiply(int c, int n, double times, float[] out) {
        load(c, n);
        for (int i = 0; i < n; i++) out[i] = (float) (times * array[at + i]);
    }

    float[] array() {
        return array;
    }

    int at() {
        return at;
    }

    /** Keeps no caller's data alive. */
    void end() {
        probabilities.end();
        weights = null;
        array = null;
    }
}
