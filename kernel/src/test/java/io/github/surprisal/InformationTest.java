package io.github.surprisal;

import static io.github.surprisal.InformationUnit.BIT;
import static io.github.surprisal.InformationUnit.DIT;
import static io.github.surprisal.InformationUnit.NAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The walk from one outcome's information to cross-entropy and its divergences: values, identities, special values, errors. */
class InformationTest {
    private static final long SEED = 20250710;
    private static final double INFINITY = Double.POSITIVE_INFINITY;
    /** Of a sum of terms of one sign: InformationSum's 1.5e-14 and the change of unit. Expected digits are mpmath's, to 40. */
    private static final double BOUND = 1.6e-14;

    private static float[] p(double... x) {
        float[] p = new float[x.length];
        for (int i = 0; i < x.length; i++) p[i] = (float) x[i];
        return p;
    }

    private static void near(double expected, double actual) {
        assertEquals(expected, actual, BOUND * expected);
    }

    @Test
    void selfInformation() {
        assertEquals(1.0, Information.selfInformation(0.5, BIT)); // a fair coin
        assertEquals(3.0, Information.selfInformation(0.125, BIT));
        assertEquals(1074.0, Information.selfInformation(Double.MIN_VALUE, BIT));
        near(0.69314718055994530942, Information.selfInformation(0.5, NAT));
        near(0.30102999566398119521, Information.selfInformation(0.5, DIT));
        near(3.3219280948873622678, Information.selfInformation(0.1, BIT));
        near(0.15200309344504994937, Information.selfInformation(0.9, BIT));
        near(0x1p-53, Information.selfInformation(Math.nextDown(1.0), NAT));
        for (InformationUnit unit : InformationUnit.values()) {
            assertEquals(INFINITY, Information.selfInformation(0, unit));
            assertEquals(INFINITY, Information.selfInformation(-0.0, unit));
            assertEquals(0.0, Information.selfInformation(1, unit)); // +0: compared as Double.equals does
        }
    }

    @Test
    void binaryEntropy() {
        assertEquals(1.0, Information.binaryEntropy(0.5, BIT));
        near(0.81127812445913286391, Information.binaryEntropy(0.25, BIT));
        near(0.54356444319959640599, Information.binaryEntropy(0.125, BIT));
        near(0.37677016125643678628, Information.binaryEntropy(0.125, NAT));
        near(0.16362920197946885877, Information.binaryEntropy(0.125, DIT));
        near(0.49991595816452799731, Information.binaryEntropy(0.11, BIT));
        near(0.46899559358928115087, Information.binaryEntropy(0.9, BIT));
        near(0.0079072551122320871625, Information.binaryEntropy(1e-3, NAT));
        near(3.4661975989690453344e-9, Information.binaryEntropy(1e-10, BIT));
        for (double p : new double[] {0, -0.0, 1}) assertEquals(0.0, Information.binaryEntropy(p, NAT));
        for (double p : new double[] {0.75, 0.625, 1 - 0x1p-30}) assertEquals(Information.binaryEntropy(1 - p, NAT), Information.binaryEntropy(p, NAT));
    }

    @Test
    void twoOutcomesAreACoin() {
        for (float p : new float[] {0.5f, 0.25f, 0.1f, 0.375f, 0x1p-20f}) {
            double q = 1 - (double) p;
            if ((float) q == q) near(Information.binaryEntropy(p, NAT), Information.entropy(new float[] {p, (float) q}, NAT));
        }
        assertEquals(1.0, Information.entropy(p(0.5, 0.5), BIT));
        near(0.81127812445913286391, Information.entropy(p(0.25, 0.75), BIT));
        near(0.56233514461880835029, Information.entropy(p(0.25, 0.75), NAT));
        near(0.24421905028821556246, Information.entropy(p(0.25, 0.75), DIT));
    }

    @Test
    void knownDistributions() {
        float[] up = p(0.1, 0.2, 0.3, 0.4);
        float[] down = p(0.4, 0.3, 0.2, 0.1);
        near(1.8464393528797604659, Information.entropy(up, BIT));
        near(2.5049356207055172251, Information.crossEntropy(up, down, BIT));
        near(0.65849626782575675925, Information.klDivergence(up, down, BIT));
        near(0.15356065957697567847, Information.jensenShannonDivergence(up, down, BIT));
        near(0.20751874963942190927, Information.klDivergence(p(0.5, 0.5), p(0.25, 0.75), BIT));
        near(0.31127812445913286391, Information.jensenShannonDivergence(p(1, 0), p(0.5, 0.5), BIT));
    }

    @Test
    void powersOfTwoAreExactInBits() {
        float[] p = p(0.5, 0.25, 0.125, 0.125);
        float[] q = p(0.125, 0.125, 0.25, 0.5);
        assertEquals(1.75, Information.entropy(p, BIT));
        assertEquals(2.625, Information.crossEntropy(p, q, BIT));
        assertEquals(0.875, Information.klDivergence(p, q, BIT));
        assertEquals(1.0, Information.jensenShannonDivergence(p(1, 0), p(0, 1), BIT));
        for (int k = 0; k <= 20; k++) {
            float[] uniform = new float[1 << k];
            Arrays.fill(uniform, Math.scalb(1f, -k));
            assertEquals((double) k, Information.entropy(uniform, BIT));
        }
    }

    @ParameterizedTest
    @EnumSource
    void uniform(InformationUnit unit) {
        double base = unit == NAT ? 1 : unit == BIT ? StrictMath.log(2) : StrictMath.log(10);
        for (int n : new int[] {1, 2, 3, 10, 1000, 4097}) {
            float[] p = new float[n];
            Arrays.fill(p, 1f / n);
            // exactly -log p times the sum of p, for the float p
            assertEquals(-StrictMath.log(p[0]) / base * n * p[0], Information.entropy(p, unit), 2 * BOUND * 12);
            assertEquals(StrictMath.log(n) / base, Information.entropy(p, unit), 1e-6);
        }
    }

    @Test
    void certainty() {
        for (InformationUnit unit : InformationUnit.values()) {
            for (float[] sure : new float[][] {p(1), p(0, 1), p(-0.0, 1, 0, -0.0)}) {
                float[] open = new float[sure.length];
                Arrays.fill(open, 1f / sure.length);
                assertEquals(0.0, Information.entropy(sure, unit));
                assertEquals(0.0, Information.crossEntropy(sure, sure.clone(), unit));
                assertEquals(0.0, Information.klDivergence(sure, sure.clone(), unit));
                assertEquals(0.0, Information.jensenShannonDivergence(sure, sure.clone(), unit));
                assertEquals(Information.selfInformation(open[0], unit), Information.crossEntropy(sure, open, unit));
            }
        }
    }

    @Test
    void whatIsNotExpectedAtAllCostsInfinitely() {
        for (int n : new int[] {2, 16, 17, 1024, 3000}) {
            for (int at : new int[] {0, n / 2, n - 1}) {
                float[] p = new float[n];
                Arrays.fill(p, 1f / n);
                float[] q = p.clone();
                q[at] = 0;
                q[at == 0 ? 1 : 0] = n == 2 ? 1 : 2f / n;
                assertEquals(INFINITY, Information.crossEntropy(p, q, BIT));
                assertEquals(INFINITY, Information.klDivergence(p, q, NAT));
                assertTrue(Information.klDivergence(q, p, NAT) > 0);
                assertTrue(Information.klDivergence(q, p, NAT) < 1);
                assertTrue(Information.jensenShannonDivergence(p, q, BIT) < 1);
                p[at == 0 ? 1 : 0] += p[at];
                p[at] = Float.MIN_VALUE;
                assertEquals(INFINITY, Information.klDivergence(p, q, NAT));
            }
        }
        // The smallest float is not 0.
        assertEquals(0.5 * 149, Information.crossEntropy(p(0.5, 0.5), new float[] {Float.MIN_VALUE, 1}, BIT));
    }

    @Test
    void identities() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int trial = 0; trial < 300; trial++) {
            int n = random.nextInt(1, 2500);
            float[] p = distribution(n, random);
            float[] q = distribution(n, random);
            double entropy = Information.entropy(p, NAT);
            double cross = Information.crossEntropy(p, q, NAT);
            double divergence = Information.klDivergence(p, q, NAT);
            // Each is within BOUND of its absolute terms, and those of the divergence are below entropy + cross.
            int at = trial;
            assertEquals(cross, entropy + divergence, BOUND * 2 * (entropy + cross), () -> "trial " + at + ", n " + n + ", seed " + SEED);
            assertEquals(entropy, Information.crossEntropy(p, p.clone(), NAT));
            assertEquals(0.0, Information.klDivergence(p, p.clone(), NAT));
            assertEquals(0.0, Information.jensenShannonDivergence(p, p, NAT));
            assertTrue(divergence >= -1e-6, () -> "trial " + at); // the sums are within 1e-6 of 1
            double shannon = Information.jensenShannonDivergence(p, q, BIT);
            assertEquals(shannon, Information.jensenShannonDivergence(q, p, BIT));
            assertTrue(shannon >= 0 && shannon <= 1, () -> "trial " + at + ": " + shannon);
            assertEquals(divergence, Information.klDivergence(p, q, BIT) * StrictMath.log(2), 4e-16 * Math.abs(divergence));
        }
    }

    /** Probabilities that are 0 now and then, spread over some orders of magnitude, as a softmax leaves them. */
    private static float[] distribution(int n, SplittableRandom random) {
        double[] x = new double[n];
        double sum = 0;
        for (int i = 0; i < n; i++) {
            x[i] = StrictMath.exp(3 * random.nextGaussian());
            sum += x[i];
        }
        float[] p = new float[n];
        for (int i = 0; i < n; i++) p[i] = (float) (x[i] / sum);
        return p;
    }

    @Test
    void ranges() {
        float[] all = p(9, 0.5, 0.25, 0.25, -1, 0.25, 0.5, 0.25);
        all[4] = Float.NaN;
        assertEquals(1.5, Information.entropy(all, 1, 4, BIT));
        assertEquals(1.75, Information.crossEntropy(all, 1, 4, all, 5, 8, BIT));
        assertEquals(0.25, Information.klDivergence(all, 1, 4, all, 5, 8, BIT));
        assertEquals(Information.jensenShannonDivergence(p(0.5, 0.25, 0.25), p(0.25, 0.5, 0.25), DIT),
                Information.jensenShannonDivergence(all, 1, 4, all, 5, 8, DIT));
        assertEquals(0.0, Information.klDivergence(all, 1, 4, all, 1, 4, BIT));
    }

    /** No array form checks less than another. */
    private interface Pair {
        double of(float[] p, float[] q, InformationUnit unit);
    }

    private interface PairOfRanges {
        double of(float[] p, int pFrom, int pTo, float[] q, int qFrom, int qTo, InformationUnit unit);
    }

    private static final Pair[] PAIRS = {Information::crossEntropy, Information::klDivergence, Information::jensenShannonDivergence};
    private static final PairOfRanges[] RANGES = {Information::crossEntropy, Information::klDivergence, Information::jensenShannonDivergence};

    private static void illegal(String message, Executable call) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
    }

    private static void isNull(String name, Executable call) {
        assertEquals(name, assertThrows(NullPointerException.class, call).getMessage());
    }

    @Test
    void nullArguments() {
        float[] p = {1};
        isNull("unit", () -> Information.selfInformation(0.5, null));
        isNull("unit", () -> Information.binaryEntropy(0.5, null));
        isNull("p", () -> Information.entropy(null, BIT));
        isNull("unit", () -> Information.entropy(p, null));
        isNull("p", () -> Information.entropy(null, 0, 1, BIT));
        isNull("unit", () -> Information.entropy(p, 0, 1, null));
        for (Pair pair : PAIRS) {
            isNull("p", () -> pair.of(null, p, BIT));
            isNull("q", () -> pair.of(p, null, BIT));
            isNull("unit", () -> pair.of(p, p, null));
        }
        for (PairOfRanges pair : RANGES) {
            isNull("p", () -> pair.of(null, 0, 1, p, 0, 1, BIT));
            isNull("q", () -> pair.of(p, 0, 1, null, 0, 1, BIT));
            isNull("unit", () -> pair.of(p, 0, 1, p, 0, 1, null));
        }
    }

    @Test
    void probabilitiesOutsideTheirRange() {
        for (double x : new double[] {Double.NaN, -Double.MIN_VALUE, Math.nextUp(1.0), INFINITY, -INFINITY}) {
            illegal("probability " + x + " is not in [0, 1]", () -> Information.selfInformation(x, NAT));
            illegal("p " + x + " is not in [0, 1]", () -> Information.binaryEntropy(x, NAT));
        }
        for (int n : new int[] {2, 16, 1024, 1500}) {
            for (int at : new int[] {0, n / 2, n - 1}) {
                for (float x : new float[] {Float.NaN, -Float.MIN_VALUE, Math.nextUp(1f), Float.POSITIVE_INFINITY}) {
                    float[] good = new float[n];
                    Arrays.fill(good, 1f / n);
                    float[] bad = good.clone();
                    bad[at] = x;
                    String wrong = "[" + at + "] = " + x + " is not in [0, 1]";
                    illegal("p" + wrong, () -> Information.entropy(bad, BIT));
                    for (Pair pair : PAIRS) {
                        illegal("p" + wrong, () -> pair.of(bad, good, BIT));
                        illegal("q" + wrong, () -> pair.of(good, bad, BIT));
                    }
                }
            }
        }
        // The first of p, then the first of q, whichever block they are in; and before the sums and what q does not cover.
        float[] p = new float[3000];
        float[] q = new float[3000];
        p[0] = 0.5f;
        q[1] = 2;
        p[2999] = Float.NaN;
        for (Pair pair : PAIRS) illegal("p[2999] = NaN is not in [0, 1]", () -> pair.of(p, q, BIT));
        p[2999] = 0;
        for (Pair pair : PAIRS) illegal("q[1] = 2.0 is not in [0, 1]", () -> pair.of(p, q, BIT));
        // An index is that of the array.
        illegal("p[1] = 2.0 is not in [0, 1]", () -> Information.entropy(q, 1, 5, BIT));
    }

    @Test
    void sumsFarFrom1() {
        float[] good = p(0.5, 0.5);
        for (float[] bad : new float[][] {p(0.5, 0.25), p(1, 1), p(0, 0), p(0.5, 0.50101), p(0.5, 0.49899)}) {
            String message = " sums to " + ((double) bad[0] + bad[1]) + ", which is further than 0.001 from 1";
            illegal("p" + message, () -> Information.entropy(bad, BIT));
            for (Pair pair : PAIRS) {
                illegal("p" + message, () -> pair.of(bad, good, BIT));
                illegal("q" + message, () -> pair.of(good, bad, BIT));
            }
        }
        illegal("p sums to 0.0, which is further than 0.001 from 1", () -> Information.entropy(new float[0], BIT));
        illegal("p sums to 0.0, which is further than 0.001 from 1", () -> Information.entropy(good, 1, 1, BIT));
        // Closer, the formula is taken literally.
        for (double x : new double[] {0.50099, 0.49901}) {
            float[] close = p(0.5, x);
            near(0.5 + close[1] * Information.selfInformation(close[1], BIT), Information.entropy(close, BIT));
            assertEquals(0.0, Information.klDivergence(close, close.clone(), BIT));
            assertEquals(x < 0.5, Information.klDivergence(close, good, BIT) < 0);
        }
        // A sum over many that floats would get wrong.
        float[] many = new float[1 << 24];
        Arrays.fill(many, 0x1p-24f);
        many[0] = 0;
        assertEquals(24 * (1 - 0x1p-24), Information.entropy(many, BIT));
    }

    @Test
    void lengthsAndRangesThatDoNotFit() {
        for (Pair pair : PAIRS) illegal("p has 2 outcomes, q has 3", () -> pair.of(p(0.5, 0.5), p(Double.NaN, 7, 8), BIT));
        float[] six = new float[6];
        for (int[] range : new int[][] {{-1, 3}, {0, 7}, {4, 3}, {7, 7}}) {
            String message = "Range [" + range[0] + ", " + range[1] + ") out of bounds for length 6";
            Executable[] calls = {
                () -> Information.entropy(six, range[0], range[1], BIT),
                () -> RANGES[0].of(six, range[0], range[1], six, 0, 3, BIT),
                () -> RANGES[1].of(six, 0, 3, six, range[0], range[1], BIT),
                () -> RANGES[2].of(six, range[0], range[1], six, range[0], range[1], BIT)
            };
            for (Executable call : calls) assertEquals(message, assertThrows(IndexOutOfBoundsException.class, call).getMessage());
        }
        for (PairOfRanges pair : RANGES) illegal("p has 3 outcomes, q has 4", () -> pair.of(six, 0, 3, six, 2, 6, BIT));
    }

    @Test
    void aThrownCallLeavesNothingBehind() {
        assertThrows(IllegalArgumentException.class, () -> Information.entropy(p(0.5, Double.NaN), BIT));
        assertThrows(IllegalArgumentException.class, () -> Information.klDivergence(p(0.5, 0.5), p(1, 1), BIT));
        assertEquals(INFINITY, Information.klDivergence(p(0.5, 0.5), p(1, 0), BIT));
        assertEquals(1.0, Information.entropy(p(0.5, 0.5), BIT));
    }

    @Test
    void commentsOfTheSnippetTellTheResults() {
        String[] results = Arrays.stream(InformationSnippets.information()).mapToObj(x -> String.format(Locale.ROOT, "%.4f", x)).toArray(String[]::new);
        assertEquals("[1.0000, 0.4999, 1.5000, 1.7500, 0.2500, 0.0613]", Arrays.toString(results));
    }
}
