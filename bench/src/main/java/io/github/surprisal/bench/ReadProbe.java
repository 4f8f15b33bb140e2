package io.github.surprisal.bench;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * How fast one thread reads: vector sums that do nothing else. A core prefetches several sequential streams side by
 * side, so one stream alone does not show the limit of a large array; which of the two wins depends on the machine.
 */
final class ReadProbe {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();

    /** The leaf loops stay short enough to be called, and so compiled, often: an on-stack replaced loop boxes its sums. */
    private static final int CHUNK = 1 << 14;

    private ReadProbe() {
    }

    static double oneStream(float[] x) {
        double sum = 0;
        for (int from = 0; from < x.length; from += CHUNK) {
            sum += sum(x, from, Math.min(from + CHUNK, x.length));
        }
        return sum;
    }

    /** Reads the four quarters of the array side by side. */
    static double fourStreams(float[] x) {
        int quarter = x.length / 4;
        double sum = sum(x, 4 * quarter, x.length);
        for (int from = 0; from < quarter; from += CHUNK) {
            sum += sumOfFour(x, from, quarter, Math.min(CHUNK, quarter - from));
        }
        return sum;
    }

    // Eight accumulators hide the latency of the addition (4 cycles at two loads per cycle).
    private static float sum(float[] x, int from, int to) {
        var acc0 = FloatVector.zero(SPECIES);
        var acc1 = acc0;
        var acc2 = acc0;
        var acc3 = acc0;
        var acc4 = acc0;
        var acc5 = acc0;
        var acc6 = acc0;
        var acc7 = acc0;
        int i = from;
        for (; i <= to - 8 * LANES; i += 8 * LANES) {
            acc0 = acc0.add(FloatVector.fromArray(SPECIES, x, i));
            acc1 = acc1.add(FloatVector.fromArray(SPECIES, x, i + LANES));
            acc2 = acc2.add(FloatVector.fromArray(SPECIES, x, i + 2 * LANES));
            acc3 = acc3.add(FloatVector.fromArray(SPECIES, x, i + 3 * LANES));
            acc4 = acc4.add(FloatVector.fromArray(SPECIES, x, i + 4 * LANES));
            acc5 = acc5.add(FloatVector.fromArray(SPECIES, x, i + 5 * LANES));
            acc6 = acc6.add(FloatVector.fromArray(SPECIES, x, i + 6 * LANES));
            acc7 = acc7.add(FloatVector.fromArray(SPECIES, x, i + 7 * LANES));
        }
        float sum = acc0.add(acc1).add(acc2.add(acc3)).add(acc4.add(acc5).add(acc6.add(acc7)))
                .reduceLanes(VectorOperators.ADD);
        for (; i < to; i++) {
            sum += x[i];
        }
        return sum;
    }

    private static float sumOfFour(float[] x, int from, int distance, int length) {
        var acc0 = FloatVector.zero(SPECIES);
        var acc1 = acc0;
        var acc2 = acc0;
        var acc3 = acc0;
        var acc4 = acc0;
        var acc5 = acc0;
        var acc6 = acc0;
        var acc7 = acc0;
        int i = from;
        int to = from + length;
        for (; i <= to - 2 * LANES; i += 2 * LANES) {
            acc0 = acc0.add(FloatVector.fromArray(SPECIES, x, i));
            acc1 = acc1.add(FloatVector.fromArray(SPECIES, x, i + LANES));
            acc2 = acc2.add(FloatVector.fromArray(SPECIES, x, i + distance));
            acc3 = acc3.add(FloatVector.fromArray(SPECIES, x, i + distance + LANES));
            acc4 = acc4.add(FloatVector.fromArray(SPECIES, x, i + 2 * distance));
            acc5 = acc5.add(FloatVector.fromArray(SPECIES, x, i + 2 * distance + LANES));
            acc6 = acc6.add(FloatVector.fromArray(SPECIES, x, i + 3 * distance));
            acc7 = acc7.add(FloatVector.fromArray(SPECIES, x, i + 3 * distance + LANES));
        }
        float sum = acc0.add(acc1).add(acc2.add(acc3)).add(acc4.add(acc5).add(acc6.add(acc7)))
                .reduceLanes(VectorOperators.ADD);
        for (; i < to; i++) {
            sum += x[i] + x[i + distance] + x[i + 2 * distance] + x[i + 3 * distance];
        }
        return sum;
    }
}
