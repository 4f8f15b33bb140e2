package io.github.surprisal.bench;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * What the Vector API gives without a library, a row at a time: max, then the sum of {@link VectorOperators#EXP}; for a softmax or a gradient the
 * exponentials are stored meanwhile, and normalised in a third pass. Tails are masked, as rows may be short.
 */
final class JdkVectors {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    /** Elements summed in floats at a time: 2^24 in eight lanes would be 2e-5 off. */
    private static final int CHUNK = 1 << 16;

    private JdkVectors() {
    }

    static void logSumExpOfRows(float[] x, int rows, int columns, float[] out) {
        for (int row = 0; row < rows; row++) {
            out[row] = logSumExp(x, row * columns, (row + 1) * columns);
        }
    }

    static float logSumExp(float[] x, int from, int to) {
        float max = max(x, from, to);
        return (float) (max + Math.log(sumOfExponentials(x, from, to, max)));
    }

    /** The mean cross-entropy. */
    static float loss(float[] x, int rows, int columns, int[] targets) {
        double total = 0;
        for (int row = 0; row < rows; row++) {
            int from = row * columns;
            float max = max(x, from, from + columns);
            total += Math.log(sumOfExponentials(x, from, from + columns, max)) + max - x[from + targets[row]];
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

    // Two accumulators, here and below: a careful user's code, not slowed down by the latency of one chain.
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

    private static double sumOfExponentials(float[] x, int from, int to, float max) {
        double sum = 0;
        for (int i = from; i < to; i += CHUNK) {
            sum += sumOfChunk(x, i, Math.min(to, i + CHUNK), max);
        }
        return sum;
    }

    private static float sumOfChunk(float[] x, int from, int to, float max) {
        var sum0 = FloatVector.zero(SPECIES);
        var sum1 = sum0;
        int i = from;
        for (; i <= to - 2 * LANES; i += 2 * LANES) {
            sum0 = sum0.add(FloatVector.fromArray(SPECIES, x, i).sub(max).lanewise(VectorOperators.EXP));
            sum1 = sum1.add(FloatVector.fromArray(SPECIES, x, i + LANES).sub(max).lanewise(VectorOperators.EXP));
        }
        for (; i < to; i += LANES) {
            var mask = SPECIES.indexInRange(i, to);
            sum0 = sum0.add(FloatVector.fromArray(SPECIES, x, i, mask).sub(max).lanewise(VectorOperators.EXP), mask);
        }
        return sum0.add(sum1).reduceLanes(VectorOperators.ADD);
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
