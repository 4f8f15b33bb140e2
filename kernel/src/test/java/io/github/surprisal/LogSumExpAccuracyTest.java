package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.oracle.DoubleDouble;
import io.github.surprisal.oracle.Oracle;
import io.github.surprisal.oracle.Shape;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Results against the oracle, within the contract. Prints the worst error of each shape for the README. */
class LogSumExpAccuracyTest {
    private static final int[] LONG = {1000, 4097, 50257, 131072, 1 << 20};

    @ParameterizedTest
    @EnumSource
    void everyLength(Shape shape) {
        Worst worst = new Worst(shape);
        for (int n = 0; n <= 300; n++) worst.measure(n, 1000 + n);
        for (int n : LONG) worst.measure(n, n);
        worst.print();
    }

    /** Short rows are the hardest: few terms, whose errors do not average out. */
    @ParameterizedTest
    @EnumSource
    void manyShortRows(Shape shape) {
        for (int seed = 0; seed < 500; seed++) {
            int n = 2 + seed % 39;
            float[] x = shape.fill(n, seed);
            String where = shape + ", n " + n + ", seed " + seed;
            Contract.check(LogSumExp.of(x), Oracle.logSumExp(x, 0, n), Contract.bound(shape), () -> where);
        }
    }

    /**
     * Few elements make up a result near 0, and many small ones, as good as equal, are off alike when they are added to floats: the worst that a search has
     * found. All of them are added in double.
     */
    @Test
    void fewLargeOnesAndManySmallOnesNearZero() {
        long seed = 20261125;
        SplittableRandom random = new SplittableRandom(seed);
        double worst = 0;
        for (int i = 0; i < 4000; i++) {
            float[] x = new float[130 + random.nextInt(40)];
            double low = random.nextDouble(-18.5, -16);
            for (int c = 0; c < x.length; c++) x[c] = (float) (low + 0.01 * random.nextGaussian());
            for (int large = 0; large < 2; large++) x[random.nextInt(x.length)] = (float) random.nextDouble(-0.5, 0);
            double shift = LogSumExp.of(x) + 0.01 * random.nextGaussian();
            for (int c = 0; c < x.length; c++) x[c] -= (float) shift;
            DoubleDouble exact = Oracle.logSumExp(x, 0, x.length);
            float actual = LogSumExp.of(x);
            worst = Math.max(worst, Oracle.absoluteError(actual, exact));
            String where = "row " + i + ", seed " + seed;
            Contract.check(actual, exact, Contract.BOUND, () -> where);
        }
        System.out.printf(Locale.ROOT, "log-sum-exp of few large ones and many small ones near zero %.2e absolute%n", worst);
    }

    /** Blocks of elements just beyond the range of terms count beside one just inside. */
    @ParameterizedTest
    @ValueSource(ints = {2048, 2049, 5000, 131_073})
    void justBeyondTheRangeOfTerms(int n) {
        for (float x : new float[] {-0x1p19f, -524_300, 0x1p19f, 524_200}) {
            for (int at : new int[] {0, n / 2, n - 1}) {
                for (float more : new float[] {1, 13}) {
                    float[] row = new float[n];
                    Arrays.fill(row, x);
                    row[at] += more;
                    String where = n + " times " + x + ", " + more + " more at " + at;
                    Contract.check(LogSumExp.of(row), Oracle.logSumExp(row, 0, n), Contract.BOUND_FOR_TIES, () -> where);
                    float[] softmax = new float[n];
                    Softmax.softmax(row, softmax);
                    double sum = 0;
                    for (float p : softmax) sum += p;
                    assertEquals(1, sum, 0x1p-20, where);
                    DoubleDouble[] p = Oracle.softmax(row, 0, n);
                    assertEquals(p[at].hi(), softmax[at], 4 * Math.ulp(softmax[at]), where);
                }
            }
        }
    }

    /** Up to 64 elements whose result is near 0 are rounded once, alone and among other rows. */
    @Test
    void shortRowsNearZero() {
        SplittableRandom random = new SplittableRandom(20251125);
        for (int n = 1; n <= 64; n++) {
            int rows = 40;
            float[] x = new float[rows * n];
            for (int r = 0; r < rows; r++) {
                float[] row = Shape.NORMAL.fill(n, 64 * n + r);
                double shift = random.nextDouble(-1.99, 1.99) - LogSumExp.of(row);
                for (int c = 0; c < n; c++) x[r * n + c] = (float) (row[c] + shift);
            }
            float[] together = new float[rows];
            LogSumExp.ofRows(Matrix.of(x, rows, n), together);
            for (int r = 0; r < rows; r++) {
                String where = "n " + n + ", row " + r;
                DoubleDouble exact = Oracle.logSumExp(x, r * n, (r + 1) * n);
                float alone = LogSumExp.of(x, r * n, (r + 1) * n);
                assertEquals(alone, together[r], where);
                assertRoundedOnce(alone, exact, where);
            }
        }
    }

    /** The largest absolute errors that a search has found, 1.2e-15. */
    @Test
    void rowsOfFourNearZero() {
        float[] above = {-1.0380485f, -1.6294893f, -1.7749672f, -1.2717656f};
        float[] below = {-4.889565f, -1.0809429f, -1.0042218f, -1.2487254f};
        for (float[] row : new float[][] {above, below}) assertRoundedOnce(LogSumExp.of(row), Oracle.logSumExp(row, 0, 4), Arrays.toString(row));
    }

    private static void assertRoundedOnce(float actual, DoubleDouble exact, String where) {
        assertTrue(Oracle.ulpError(actual, exact) <= 0.51 || Oracle.absoluteError(actual, exact) <= 1.5e-15, () -> where + ": " + actual + ", " + exact.hi());
    }

    @ParameterizedTest
    @EnumSource(names = {"NORMAL", "EQUAL", "DOMINANT_ZERO", "MASKED"})
    @Tag("once") // the oracle takes a second a row
    void sixteenMillion(Shape shape) {
        Worst worst = new Worst(shape);
        worst.measure(1 << 24, 24);
        worst.print();
    }

    /** The largest errors seen: in ulp, and absolute at those results near zero where it is above 1 ulp. */
    private static final class Worst {
        private final Shape shape;
        private double ulps;
        private double absolute;
        private String ulpsAt = "no error at all";
        private String absoluteAt = "";

        Worst(Shape shape) {
            this.shape = shape;
        }

        void measure(int n, long seed) {
            float[] x = shape.fill(n, seed);
            float actual = LogSumExp.of(x);
            DoubleDouble exact = Oracle.logSumExp(x, 0, n);
            Contract.check(actual, exact, Contract.bound(shape), () -> shape + ", n " + n + ", seed " + seed);
            double ulpError = Oracle.ulpError(actual, exact);
            double error = Oracle.absoluteError(actual, exact);
            String at = String.format(Locale.ROOT, "n %d, exact %.4g", n, exact.hi());
            if (ulpError > 1) {
                if (error > absolute) {
                    absolute = error;
                    absoluteAt = at;
                }
            } else if (ulpError > ulps) {
                ulps = ulpError;
                ulpsAt = at;
            }
        }

        void print() {
            String wide = ulps == 0 && absolute > 0 ? "" : String.format(Locale.ROOT, " %.3f ulp (%s)", ulps, ulpsAt);
            String nearZero = absolute == 0 ? "" : String.format(Locale.ROOT, " near zero %.2e absolute (%s)", absolute, absoluteAt);
            System.out.printf("log-sum-exp %-17s%s%s%n", shape, wide, nearZero);
        }
    }

    @Test
    void oneElementIsItself() {
        assertItself(0f, -0f, 1f, -1f, Float.MIN_VALUE, Float.MIN_NORMAL, Float.MAX_VALUE, 0x1p20f, 0x1p22f, 1e9f, 3e38f);
        for (int exponent = 0; exponent < 255; exponent++) {
            for (int mantissa = 0; mantissa < 1 << 23; mantissa += exponent < 118 ? 99991 : 24989) {
                float x = Float.intBitsToFloat(exponent << 23 | mantissa);
                assertItself(x, Math.nextDown(x));
            }
        }
    }

    private static void assertItself(float... values) {
        float[] masked = new float[20];
        Arrays.fill(masked, Float.NEGATIVE_INFINITY);
        for (float value : values) {
            for (float x : new float[] {value, -value}) {
                int bits = Float.floatToRawIntBits(x);
                assertBits(bits, LogSumExp.of(x), x);
                masked[0] = x;
                assertBits(bits, LogSumExp.of(masked, 0, 2), x);
                assertBits(bits, LogSumExp.of(masked), x);
            }
        }
    }

    private static void assertBits(int bits, float actual, float x) {
        if (bits != Float.floatToRawIntBits(actual)) throw new AssertionError(actual + " instead of " + x + ", bits " + Integer.toHexString(bits));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 17, 100, 513, 2048, 4097, 131072, 131073, 300000})
    void oneElementBesideMasksIsItself(int n) {
        float[] x = new float[n];
        Arrays.fill(x, Float.NEGATIVE_INFINITY);
        for (int at : new int[] {0, 1, n / 2, n - 2, n - 1}) {
            for (float value : new float[] {0f, -0f, 0.1f, -0.7f, 5f, -88f, 1e4f, -3e7f, Float.MAX_VALUE, -Float.MAX_VALUE, 1e-40f}) {
                x[at] = value;
                assertEquals(Float.floatToRawIntBits(value), Float.floatToRawIntBits(LogSumExp.of(x)), () -> value + " at " + at + " of " + n);
                x[at] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    @Test
    void tinyRestsKeepTheirAccuracy() {
        assertEquals((float) Math.exp(-40), LogSumExp.of(0, -40)); // log1p(e^-40) = e^-40 - 9e-36, the same float
        assertEquals((float) Math.exp(-40), LogSumExp.of(-40, 0));
        assertEquals(4.2483543e-18f, LogSumExp.of(0, -40));
        for (int n : new int[] {2, 100, 5000, 131072, 200000}) {
            for (float low : new float[] {-15, -30, -50, -80, -86, -100}) {
                float[] x = new float[n];
                Arrays.fill(x, low);
                for (int at : new int[] {0, n / 3, n - 1}) {
                    x[at] = 0;
                    // No absolute bound here: the result is the rest alone.
                    Contract.check(LogSumExp.of(x), Oracle.logSumExp(x, 0, n), 0, () -> "0 at " + at + " and " + (n - 1) + " times " + low);
                    x[at] = low;
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 64, 1000, 4096, 50257})
    void equalElements(int n) {
        double logN = StrictMath.log(n); // to 1e-15, far below the contract
        float[] x = new float[n];
        for (float value : new float[] {1e4f, -1e4f, 0, 0.1f, 88, 1e-3f, -87, -11, 1e9f, -3e38f}) {
            Arrays.fill(x, value);
            DoubleDouble exact = DoubleDouble.of(value).add(DoubleDouble.of(logN));
            Contract.check(LogSumExp.of(x), exact, Contract.BOUND_FOR_TIES, () -> n + " times " + value);
        }
    }
}
