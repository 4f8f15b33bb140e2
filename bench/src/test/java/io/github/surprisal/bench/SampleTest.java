package io.github.surprisal.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The confidence interval of a median under a factor of noise. */
class SampleTest {

    @Test
    void agreementByChanceDoesNotProveMoreThanTheNoiseOfAQuietMachine() {
        // t of 99 % and 2 degrees of freedom is 9.925
        assertEquals(9.925 * 1.2533 * 0.015 / Math.sqrt(3), new Sample(new double[] {4, 4, 4}).halfWidth(), 1e-4);
    }

    @Test
    void oneValueProvesNothing() {
        assertEquals(Double.POSITIVE_INFINITY, new Sample(new double[] {4}).halfWidth());
        assertFalse(new Sample(new double[] {1}).interval().isBelow(new Sample(new double[] {1000, 1000, 1000}).interval()));
    }

    @Test
    void aSlowNeighbourMovesTheMedianLittle() {
        var quiet = new Sample(new double[] {4.00, 4.04, 3.96, 4.02, 3.98}).interval();
        var noisy = new Sample(new double[] {4.00, 4.04, 3.96, 4.02, 1.00}).interval();
        assertEquals(4, quiet.middle(), 1e-12);
        assertEquals(4, noisy.middle(), 1e-12);
        assertTrue(noisy.low() > 3.5, noisy::toString);
    }

    @Test
    void aRatioHasTheUncertaintyOfBoth() {
        var a = new Sample(new double[] {4, 4, 4});
        var b = new Sample(new double[] {2, 2, 2});
        var ratio = a.over(b);
        assertEquals(2, ratio.middle());
        assertEquals(Math.sqrt(2) * a.halfWidth(), Math.log(ratio.high() / ratio.middle()), 1e-12);
        assertTrue(ratio.isAbove(1));
        assertTrue(b.over(a).isBelow(1));
    }

    // 99 % would be 20 of 2000; the least scale and the small sample's t leave a margin on either side
    @Test
    void intervalsOfNormalNoiseHoldTheTruth() {
        var random = new SplittableRandom(7);
        int missed = 0;
        for (int trial = 0; trial < 2000; trial++) {
            var values = random.doubles(5).map(_ -> Math.exp(0.03 * random.nextGaussian())).toArray();
            var interval = new Sample(values).interval();
            if (interval.isBelow(1) || interval.isAbove(1)) {
                missed++;
            }
        }
        assertTrue(missed <= 60, missed + " of 2000, seed 7");
    }
}
