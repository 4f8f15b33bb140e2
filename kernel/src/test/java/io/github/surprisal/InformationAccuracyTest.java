package io.github.surprisal;

import static io.github.surprisal.InformationUnit.NAT;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.oracle.DoubleDouble;
import io.github.surprisal.oracle.InformationOracle;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The measures against the double-double oracle. The contract is 2e-7 relative, and 1e-7 of the sum of the absolute terms for
 * divergences near 0. What is held is 1.6e-14 of that sum everywhere: InformationSum's lanes, a logarithm, a change of unit.
 */
class InformationAccuracyTest {
    private static final double BOUND = 1.6e-14;
    private static final double CONTRACT = 2e-7;
    private static final long SEED = 20250713;

    /** Logits of a standard deviation, as a softmax would leave them. */
    private static float[] softmax(int n, double deviation, SplittableRandom random) {
        double[] x = new double[n];
        double sum = 0;
        for (int i = 0; i < n; i++) {
            x[i] = StrictMath.exp(deviation * random.nextGaussian());
            sum += x[i];
        }
        float[] p = new float[n];
        for (int i = 0; i < n; i++) p[i] = (float) (x[i] / sum);
        return p;
    }

    private static void judge(double actual, DoubleDouble exact, double scale, double bound, String what) {
        double error = InformationOracle.error(actual, exact, scale);
        assertTrue(error <= bound, () -> what + ": " + actual + " instead of " + exact.hi() + ", off by " + error + ", seed " + SEED);
    }

    @Test
    void everyMeasure() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (double deviation : new double[] {0, 0.01, 1, 4, 15}) {
            for (int n : new int[] {1, 2, 10, 1000, 3001}) measures(softmax(n, deviation, random), softmax(n, deviation, random), n + ", " + deviation);
        }
    }

    @Test
    void aHundredThousandOutcomes() {
        SplittableRandom random = new SplittableRandom(SEED);
        measures(softmax(100_000, 2, random), softmax(100_000, 1, random), "100000");
    }

    private static void measures(float[] p, float[] q, String what) {
        DoubleDouble entropy = InformationOracle.crossEntropy(p, p);
        judge(Information.entropy(p, NAT), entropy, entropy.hi(), BOUND, "entropy, " + what);
        DoubleDouble cross = InformationOracle.crossEntropy(p, q);
        judge(Information.crossEntropy(p, q, NAT), cross, cross.hi(), BOUND, "cross-entropy, " + what);
        double magnitude = InformationOracle.magnitude(p, q);
        judge(Information.klDivergence(p, q, NAT), InformationOracle.divergence(p, q), magnitude, BOUND, "divergence, " + what);
        judge(Information.jensenShannonDivergence(p, q, NAT), InformationOracle.jensenShannon(p, q),
                InformationOracle.jensenShannonMagnitude(p, q), BOUND, "Jensen-Shannon, " + what);
    }

    @Test
    @Tag("once")
    void tenMillionOutcomes() {
        // 4000 values 2500 times each: the oracle adds up one round of them and multiplies.
        int rounds = 2500;
        SplittableRandom random = new SplittableRandom(SEED);
        float[] p = softmax(4000, 2, random);
        float[] q = softmax(4000, 1, random);
        for (int i = 0; i < p.length; i++) {
            p[i] /= rounds;
            q[i] /= rounds;
        }
        float[] manyP = repeat(p, rounds);
        float[] manyQ = repeat(q, rounds);
        DoubleDouble count = DoubleDouble.of(rounds);
        DoubleDouble entropy = InformationOracle.crossEntropy(p, p).mul(count);
        judge(Information.entropy(manyP, NAT), entropy, entropy.hi(), BOUND, "entropy, 10000000");
        DoubleDouble cross = InformationOracle.crossEntropy(p, q).mul(count);
        judge(Information.crossEntropy(manyP, manyQ, NAT), cross, cross.hi(), BOUND, "cross-entropy, 10000000");
        DoubleDouble divergence = InformationOracle.divergence(p, q).mul(count);
        judge(Information.klDivergence(manyP, manyQ, NAT), divergence, divergence.hi(), BOUND * 10, "divergence, 10000000");
        DoubleDouble shannon = InformationOracle.jensenShannon(p, q).mul(count);
        judge(Information.jensenShannonDivergence(manyP, manyQ, NAT), shannon, shannon.hi(), BOUND * 10, "Jensen-Shannon, 10000000");
    }

    private static float[] repeat(float[] x, int rounds) {
        float[] all = new float[x.length * rounds];
        for (int i = 0; i < rounds; i++) System.arraycopy(x, 0, all, i * x.length, x.length);
        return all;
    }

    /**
     * Pairs of outcomes trade a few ulps: the sums stay equal, and a divergence is of the square of the difference. At one ulp of 2^-24
     * the terms are 4 / 2^-24 times their sum at most, so BOUND allows 1e-6 of it, and not 0; these seeds keep to 6e-8.
     */
    @Test
    void divergencesNearZeroKeepTheirRelativeAccuracy() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int ulps : new int[] {1, 2, 100, 10_000}) {
            for (int n : new int[] {2, 16, 1000, 4000}) {
                float[] p = new float[n];
                float[] q = new float[n];
                for (int i = 0; i < n; i += 2) {
                    p[i] = p[i + 1] = 1f / n;
                    float step = Math.ulp(p[i]) * random.nextInt(1, ulps + 1);
                    // Stays in one binade and adds exactly, as 1 / n is 0.5 or lies inside of one (1000, 4000), or is its lower end (16).
                    q[i] = p[i] + step;
                    q[i + 1] = p[i] - step;
                }
                String what = ", n " + n + ", ulps " + ulps;
                double divergence = Information.klDivergence(p, q, NAT);
                DoubleDouble exact = InformationOracle.divergence(p, q);
                judge(divergence, exact, InformationOracle.magnitude(p, q), BOUND, "divergence near 0" + what);
                judge(divergence, exact, exact.hi(), CONTRACT, "divergence near 0, relative" + what);
                double shannon = Information.jensenShannonDivergence(p, q, NAT);
                DoubleDouble exactly = InformationOracle.jensenShannon(p, q);
                judge(shannon, exactly, InformationOracle.jensenShannonMagnitude(p, q), BOUND, "Jensen-Shannon near 0" + what);
                judge(shannon, exactly, exactly.hi(), CONTRACT, "Jensen-Shannon near 0, relative" + what);
            }
        }
    }

    @Test
    void manyUnitsAndOffsetsOfOneDistribution() {
        SplittableRandom random = new SplittableRandom(SEED);
        float[] p = softmax(777, 3, random);
        DoubleDouble nats = InformationOracle.crossEntropy(p, p);
        for (InformationUnit unit : InformationUnit.values()) {
            DoubleDouble base = switch (unit) {
                case NAT -> DoubleDouble.ONE;
                case BIT -> DoubleDouble.LN2;
                case DIT -> DoubleDouble.of(10).log();
            };
            DoubleDouble exact = nats.div(base);
            for (int offset = 0; offset < 5; offset++) {
                float[] shifted = new float[offset + p.length + 3];
                System.arraycopy(p, 0, shifted, offset, p.length);
                judge(Information.entropy(shifted, offset, offset + p.length, unit), exact, exact.hi(), BOUND, unit + ", offset " + offset);
            }
        }
    }
}
