package io.github.surprisal.bench;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** {@link JdkVectors} over data with the class axis in the middle: a vector of neighbouring samples at a time. */
final class JdkVectorsClassAxis {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();

    private JdkVectorsClassAxis() {
    }

    /** The mean cross-entropy of (outer, classes, inner) logits with outer * inner targets. */
    static float loss(float[] x, int outer, int classes, int inner, int[] targets) {
        float[] logSumExp = new float[LANES];
        double total = 0;
        for (int n = 0; n < outer; n++) {
            for (int j = 0; j < inner; j += LANES) {
                int from = n * classes * inner + j;
                logSumExp(x, from, inner, classes, inner - j, logSumExp);
                for (int lane = 0; lane < Math.min(LANES, inner - j); lane++) {
                    total += logSumExp[lane] - x[from + targets[n * inner + j + lane] * inner + lane];
                }
            }
        }
        return (float) (total / (outer * inner));
    }

    /** The mean cross-entropy and its gradient, which may be written over {@code x}. */
    static float lossAndGradient(float[] x, int outer, int classes, int inner, int[] targets, float[] gradient) {
        float weight = 1f / (outer * inner);
        double total = 0;
        for (int n = 0; n < outer; n++) {
            for (int j = 0; j < inner; j += LANES) {
                int from = n * classes * inner + j;
                softmax(x, from, inner, gradient, from, inner, classes, inner - j, weight);
                for (int lane = 0; lane < Math.min(LANES, inner - j); lane++) {
                    int target = from + targets[n * inner + j + lane] * inner + lane;
                    total -= Math.log(gradient[target] / (double) weight);
                    gradient[target] -= weight;
                }
            }
        }
        return (float) (total / (outer * inner));
    }

    /** Of the {@code samples} that start at {@code from}, or of a vector of them if that is fewer. */
    private static void logSumExp(float[] x, int from, int stride, int classes, int samples, float[] out) {
        // made here: as an argument it would be allocated
        var mask = SPECIES.indexInRange(0, samples);
        var max = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        for (int c = 0; c < classes; c++) {
            max = max.max(FloatVector.fromArray(SPECIES, x, from + c * stride, mask));
        }
        var sum = FloatVector.zero(SPECIES);
        for (int c = 0; c < classes; c++) {
            sum = sum.add(FloatVector.fromArray(SPECIES, x, from + c * stride, mask).sub(max).lanewise(VectorOperators.EXP));
        }
        sum.lanewise(VectorOperators.LOG).add(max).intoArray(out, 0);
    }

    /** The softmax times weight. Of the {@code samples} that start at {@code from}, or of a vector of them if that is fewer. */
    private static void softmax(float[] x, int from, int stride, float[] out, int outFrom, int outStride, int classes,
            int samples, float weight) {
        // made here: as an argument it would be allocated
        var mask = SPECIES.indexInRange(0, samples);
        var max = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        for (int c = 0; c < classes; c++) {
            max = max.max(FloatVector.fromArray(SPECIES, x, from + c * stride, mask));
        }
        var sum = FloatVector.zero(SPECIES);
        for (int c = 0; c < classes; c++) {
            var exp = FloatVector.fromArray(SPECIES, x, from + c * stride, mask).sub(max).lanewise(VectorOperators.EXP);
            exp.intoArray(out, outFrom + c * outStride, mask);
            sum = sum.add(exp);
        }
        var factor = FloatVector.broadcast(SPECIES, weight).div(sum);
        for (int c = 0; c < classes; c++) {
            int i = outFrom + c * outStride;
            FloatVector.fromArray(SPECIES, out, i, mask).mul(factor).intoArray(out, i, mask);
        }
    }
}
