package io.github.surprisal.kernel;

/**
 * The options of a cross-entropy, checked.
 *
 * @param weights of the classes, or null
 * @param weightSum their sum
 * @param smoothing label smoothing, 0 .. 1
 * @param zLoss factor of the squared log-sum-exp
 * @param softcap 0 for none
 * @param logitScale factor of the logits
 * @param preScale a power of two by which logits are multiplied first, exactly, where logitScale is too large or small for the constants of a term; else 1
 * @param constants of {@link Exp2} for the terms: those of logitScale / preScale, or of 1 behind a softcap
 * @param ofCapped the same options for logits that the softcap has been applied to; null if there is none
 */
public record LossOptions(float[] weights, double weightSum, double smoothing, double zLoss, float softcap, float logitScale, float preScale, float[] constants,
        LossOptions ofCapped) {
    /** Terms keep their accuracy for scales from 1 / this to this. */
    private static final float DIRECT_SCALE = 1024;

    public static LossOptions of(float[] weights, float smoothing, float zLoss, float softcap, float logitScale) {
        double weightSum = 0;
        if (weights != null) for (float w : weights) weightSum += w;
        boolean direct = softcap != 0 || logitScale <= DIRECT_SCALE && logitScale >= 1 / DIRECT_SCALE;
        float preScale = direct ? 1 : Math.scalb(1f, Math.getExponent((double) logitScale)); // as a double it is normal
        float[] constants = Exp2.constants(softcap == 0 ? logitScale / preScale : 1);
        LossOptions ofCapped = softcap == 0 ? null : of(weights, smoothing, zLoss, 0, 1);
        return new LossOptions(weights, weightSum, smoothing, zLoss, softcap, logitScale, preScale, constants, ofCapped);
    }

    /** The scale that the terms still have to apply. */
    double scale() {
        return softcap == 0 ? logitScale / preScale : 1;
    }

    /** Whether terms are computed from a changed copy of the logits. */
    boolean copies() {
        return softcap != 0 || preScale != 1;
    }

    /** The logit that terms are computed from. */
    float prepared(float x) {
        return softcap != 0 ? DoubleMath.softcap(x, capFactor(), softcap) : x * preScale;
    }

    /** Whether the loss is the gap between log-sum-exp and the target's logit, and nothing else. */
    boolean isPlain() {
        return weights == null && smoothing == 0 && zLoss == 0;
    }

    /** {@link #prepared} of every x[from + i], 0 <= i < n, in place. */
    void prepare(RowKernel kernel, float[] x, int from, int n) {
        if (softcap != 0) kernel.softcap(x, from, n, capFactor(), softcap);
        else for (int i = from; i < from + n; i++) x[i] *= preScale;
    }

    double weight(int c) {
        return weights == null ? 1 : weights[c];
    }

    /** What smoothing leaves of the target's own weight. */
    double kept() {
        return 1 - smoothing;
    }

    /** What smoothing gives to each of n classes. */
    double share(int n) {
        return smoothing / n;
    }

    /** The sum of the weights of n classes. */
    double weightTotal(int n) {
        return weights == null ? n : weightSum;
    }

    /** Of the logits in the tanh of the softcap. */
    private double capFactor() {
        return (double) logitScale / softcap;
    }

    /** out[to + i] *= the derivative of {@link #prepared} at x[from + i], 0 <= i < n: that of the softcap. */
    void multiplyBySlope(RowKernel kernel, float[] x, int from, int n, float[] out, int to) {
        kernel.multiplyBySlope(x, from, n, capFactor(), logitScale, out, to);
    }
}
