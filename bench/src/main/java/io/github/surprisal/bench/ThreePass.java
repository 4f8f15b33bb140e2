package io.github.surprisal.bench;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * What the Vector API gives without a library, a row at a time: max, then {@link VectorOperators#EXP} stored and summed,
 * then normalise; the loss is read off the probability of the target. Tails are masked, as rows may be short.
 */
final class ThreePass {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    /** Elements summed in floats at a time: 2^24 in eight lanes would be 2e-5 off. */
    private static final int CHUNK = 1 << 16;

    private ThreePass() {
    }

    /** The mean cross-entropy. {@code probabilities} holds one row, so that it stays in the cache. */
    static float loss(float[] x, int rows, int columns, int[] targets, float[] probabilities) {
        double total = 0;
        for (int row = 0; row < rows; row++) {
            softmaxOfRow(x, row * columns, probabilities, 0, columns, 1);
            total -= Math.log(probabilities[targets[row]]);
        }
        return (float) (total / rows);
    }

    /** The mean cross-entropy and its gradient, which may be written over {@code x}. */
    static float lossAndGradient(float[] x, int rows, int columns, int[] targets, float[] gradient) {
        float weight = 1f / rows;
        double total = 0;
        for (int row = 0; row < rows; row++) {
            int from = row * columns;
            softmaxOfRow(x, from, gradient, from, columns, weight);
            int target = from + targets[row];
            total -= Math.log(gradient[target] / (double) weight);
            gradient[target] -= weight;
        }
        return (float) (total / rows);
    }

    static void softmax(float[] x, int rows, int columns, float[] out) {
        for (int row = 0; row < rows; row++) {
            softmaxOfRow(x, row * columns, out, row * columns, columns, 1);
        }
    }

    private static void softmaxOfRow(float[] x, int from, float[] out, int outFrom, int columns, float weight) {
        float max = max(x, from, from + columns);
        double sum = 0;
        for (int i = 0; i < columns; i += CHUNK) {
            sum += exponentials(x, from + i, Math.min(CHUNK, columns - i), max, out, outFrom + i);
        }
        scale(out, outFrom, outFrom + columns, (float) (weight / sum));
    }

    // Two accumulators, as in JdkExp.
    private static float max(float[] x, int from, int to) {
        var max0 = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        var max1 = max0;
        int i = from;
        for (; i <= to - 2 * LANES; i += 2 * LANES) {
            max0 = max0.max(FloatVector.fromArray(SPECIES, x, i));
            max1 = max1.max(FloatVector.fromArray(SPECIES, x, i + LANES));
        }
        for (; i < to; i += LANES) {
            var mask = SPECIES.indexInRange(i, to);
            max0 = max0.lanewise(VectorOperators.MAX, FloatVector.fromArray(SPECIES, x, i, mask), mask);
        }
        return max0.max(max1).reduceLanes(VectorOperators.MAX);
    }

    /** Stores them and returns their sum. */
    private static float exponentials(float[] x, int from, int columns, float max, float[] out, int outFrom) {
        var sum0 = FloatVector.zero(SPECIES);
        var sum1 = sum0;
        int i = 0;
        for (; i <= columns - 2 * LANES; i += 2 * LANES) {
            var exp0 = FloatVector.fromArray(SPECIES, x, from + i).sub(max).lanewise(VectorOperators.EXP);
            var exp1 = FloatVector.fromArray(SPECIES, x, from + i + LANES).sub(max).lanewise(VectorOperators.EXP);
            exp0.intoArray(out, outFrom + i);
            exp1.intoArray(out, outFrom + i + LANES);
            sum0 = sum0.add(exp0);
            sum1 = sum1.add(exp1);
        }
        for (; i < columns; i += LANES) {
            var mask = SPECIES.indexInRange(i, columns);
            var exp = FloatVector.fromArray(SPECIES, x, from + i, mask).sub(max).lanewise(VectorOperators.EXP);
            exp.intoArray(out, outFrom + i, mask);
            sum0 = sum0.add(exp, mask);
        }
        return sum0.add(sum1).reduceLanes(VectorOperators.ADD);
    }

    private static void scale(float[] x, int from, int to, float factor) {
        int i = from;
        for (; i <= to - LANES; i += LANES) {
            FloatVector.fromArray(SPECIES, x, i).mul(factor).intoArray(x, i);
        }
        if (i < to) {
            var mask = SPECIES.indexInRange(i, to);
            FloatVector.fromArray(SPECIES, x, i, mask).mul(factor).intoArray(x, i, mask);
        }
    }
}
