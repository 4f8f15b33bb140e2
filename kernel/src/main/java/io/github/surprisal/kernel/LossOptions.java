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
 */
public record LossOptions(float[] weights, double weightSum, double smoothing, double zLoss, float softcap, float logitScale, float preScale, float[] constants) {
    /** Terms keep their accuracy for scales from 1 / this to this. */
    private static final float DIRECT_SCALE = 1024;

    public static LossOptions of(float[] weights, float smoothing, float zLoss, float softcap, float logitScale) {
        double weightSum = 0;
        if (weights != null) for (float w : weights) weightSum += w;
        boolean direct = softcap != 0 || logitScale <= DIRECT_SCALE && logitScale >= 1 / DIRECT_SCALE;
        float preScale = direct ? 1 : Math.scalb(1f, Math.getExponent((double) logitScale)); // as a double it is normal
        float[] constants = Exp2.constants(softcap == 0 ? logitScale / preScale : 1);
        return new LossOptions(weights, weightSum, smoothing, zLoss, softcap, logitScale, preScale, constants);
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
        return softcap != 0 ? capped(x) : x * preScale;
    }

    /** Whether the loss is the gap between log-sum-exp and the target's logit, and nothing else. */
    boolean isPlain() {
        return weights == null && smoothing == 0 && zLoss == 0;
    }

    /** {@link #prepared} of every x[from + i], 0 <= i < n, in place. */
    void prepare(float[] x, int from, int n) {
        for (int i = from; i < from + n; i++) x[i] = prepared(x[i]);
    }

    double weight(int c) {
        return weights == null ? 1 : weights[c];
    }

    /** c tanh(s x / c), rounded to float. */
    float capped(float x) {
        return (float) (softcap * DoubleMath.tanh((double) logitScale * x / softcap));
    }

    /** The derivative of {@link #capped}, s sech^2(s x / c): 1 - tanh^2 would lose all digits near +-c. */
    double capSlope(float x) {
        double e = DoubleMath.exp(-2 * Math.abs((double) logitScale * x / softcap));
        return logitScale * 4 * e / ((1 + e) * (1 + e));
    }
}
