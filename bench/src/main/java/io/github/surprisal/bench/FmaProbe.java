package io.github.surprisal.bench;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * How many fused multiply-adds one thread finishes: nothing but them, on registers. Twelve independent sums hide the latency
 * (4 cycles at two a cycle are 8), and with the two factors they fit the sixteen registers of AVX2.
 */
final class FmaProbe {

    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

    static final int SUMS = 12;

    private FmaProbe() {
    }

    static int lanes() {
        return SPECIES.length();
    }

    /** The sum over the lanes of {@code SUMS * steps} products a * b; exact for small integers. */
    static float sumOfProducts(float a, float b, int steps) {
        var x = FloatVector.broadcast(SPECIES, a);
        var y = FloatVector.broadcast(SPECIES, b);
        var acc0 = FloatVector.zero(SPECIES);
        var acc1 = acc0;
        var acc2 = acc0;
        var acc3 = acc0;
        var acc4 = acc0;
        var acc5 = acc0;
        var acc6 = acc0;
        var acc7 = acc0;
        var acc8 = acc0;
        var acc9 = acc0;
        var acc10 = acc0;
        var acc11 = acc0;
        for (int i = 0; i < steps; i++) {
            acc0 = x.fma(y, acc0);
            acc1 = x.fma(y, acc1);
            acc2 = x.fma(y, acc2);
            acc3 = x.fma(y, acc3);
            acc4 = x.fma(y, acc4);
            acc5 = x.fma(y, acc5);
            acc6 = x.fma(y, acc6);
            acc7 = x.fma(y, acc7);
            acc8 = x.fma(y, acc8);
            acc9 = x.fma(y, acc9);
            acc10 = x.fma(y, acc10);
            acc11 = x.fma(y, acc11);
        }
        return acc0.add(acc1).add(acc2.add(acc3)).add(acc4.add(acc5).add(acc6.add(acc7)))
                .add(acc8.add(acc9).add(acc10.add(acc11))).reduceLanes(VectorOperators.ADD);
    }
}
