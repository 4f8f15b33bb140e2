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
 * @param constants of {@link Exp2} for the terms: those of logitScale, or of 1 behind a softcap
 */
public record LossOptions(float[] weights, double weightSum, double smoothing, double zLoss, float softcap, float logitScale, float[] constants) {
    public static LossOptions of(float[] weights, float smoothing, float zLoss, float softcap, float logitScale) {
        double weightSum = 0;
        if (weights != null) for (float w : weights) weightSum += w;
        return new LossOptions(weights, weightSum, smoothing, zLoss, softcap, logitScale, Exp2.constants(softcap == 0 ? logitScale : 1));
    }

    /** The scale that the terms still have to apply. */
    double scale() {
        return softcap == 0 ? logitScale : 1;
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
