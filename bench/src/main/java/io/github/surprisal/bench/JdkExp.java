package io.github.surprisal.bench;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** What the Vector API gives without a library: two passes, max and then the sum of {@link VectorOperators#EXP}. */
final class JdkExp {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();

    private JdkExp() {
    }

    static void logSumExpOfRows(float[] x, int rows, int columns, float[] out) {
        for (int row = 0; row < rows; row++) {
            out[row] = logSumExp(x, row * columns, (row + 1) * columns);
        }
    }

    static float logSumExp(float[] x, int from, int to) {
        float max = max(x, from, to);
        return (float) (max + Math.log(sumExp(x, from, to, max)));
    }

    // Two accumulators: a careful user's code, not slowed down by the latency of one chain.
    private static float max(float[] x, int from, int to) {
        var max0 = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        var max1 = max0;
        int i = from;
        for (; i <= to - 2 * LANES; i += 2 * LANES) {
            max0 = max0.max(FloatVector.fromArray(SPECIES, x, i));
            max1 = max1.max(FloatVector.fromArray(SPECIES, x, i + LANES));
        }
        float max = max0.max(max1).reduceLanes(VectorOperators.MAX);
        for (; i < to; i++) {
            max = Math.max(max, x[i]);
        }
        return max;
    }

    private static double sumExp(float[] x, int from, int to, float max) {
        var sum0 = FloatVector.zero(SPECIES);
        var sum1 = sum0;
        int i = from;
        for (; i <= to - 2 * LANES; i += 2 * LANES) {
            sum0 = sum0.add(FloatVector.fromArray(SPECIES, x, i).sub(max).lanewise(VectorOperators.EXP));
            sum1 = sum1.add(FloatVector.fromArray(SPECIES, x, i + LANES).sub(max).lanewise(VectorOperators.EXP));
        }
        double sum = sum0.add(sum1).reduceLanes(VectorOperators.ADD);
        for (; i < to; i++) {
            sum += Math.exp(x[i] - max);
        }
        return sum;
    }
}
