package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.surprisal.oracle.DoubleDouble;
import io.github.surprisal.oracle.Oracle;
import io.github.surprisal.oracle.Shape;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The accuracy contract of losses, gradients and softmax, against the exact values, for rows of every shape: loss 2 ulp; softmax
 * 4 ulp where it is normal, rows sum to 1 +- 2^-20; log-softmax 2 ulp of max(|result|, 2^-2); gradient element p_j a - b_j 4 ulp
 * of the larger of the two; reduced loss 1 ulp of the exact sum of the row losses. Prints the worst errors for the README.
 */
@Tag("once") // all backends have the same bits, as CrossEntropyBitsTest asserts
class CrossEntropyAccuracyTest {
    private static final int[] LENGTHS = {1, 2, 3, 5, 7, 10, 16, 17, 33, 64, 100, 127, 257, 1000, 4099, 20000};
    private static final Map<String, Double> WORST = new TreeMap<>();
    private static final CrossEntropy SUM = CrossEntropy.builder().reduction(Reduction.SUM).build();

    @FunctionalInterface
    private interface RowCheck {
        void check(float[] row, Supplier<String> what);
    }

    private static void forRows(Shape shape, RowCheck check) {
        for (int n : LENGTHS) {
            for (int seed = 0; seed < (n < 100 ? 50 : n < 4000 ? 5 : 2); seed++) {
                int s = seed;
                check.check(shape.fill(n, seed), () -> shape + ", n " + n + ", seed " + s);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Shape.class)
    void loss(Shape shape) {
        forRows(shape, (row, what) -> {
            int n = row.length;
            float[] losses = new float[1];
            for (int target : targets(row)) {
                DoubleDouble exact = Oracle.loss(row, 0, n, target);
                SUM.losses(Matrix.of(row, 1, n), new int[] {target}, losses);
                record("loss", losses[0], exact);
                assertUlps(2, losses[0], exact, () -> "loss at " + target + ", " + what.get());
            }
        });
    }

    /** One-hot, the same smoothed by hand, and uniform; also among other rows, where they are summed in batches. */
    @ParameterizedTest
    @EnumSource(Shape.class)
    void lossOfProbabilities(Shape shape) {
        forRows(shape, (row, what) -> {
            int n = row.length;
            int copies = n < 300 ? 9 : 1;
            DoubleDouble[] logs = Oracle.logSoftmax(row, 0, n);
            for (int kind = 0; kind < 3; kind++) {
                for (int target : targets(row)) {
                    float[] p = new float[n];
                    Arrays.fill(p, kind == 0 ? 0 : kind == 1 ? 0.1f / n : 1f / n);
                    if (kind < 2) p[target] += kind == 0 ? 1 : 0.9f;
                    DoubleDouble exact = DoubleDouble.ZERO;
                    for (int j = 0; j < n; j++) if (p[j] != 0) exact = exact.sub(logs[j].mul(DoubleDouble.of(p[j])));
                    float[] losses = new float[copies];
                    SUM.losses(Matrix.of(repeated(row, copies), copies, n), Matrix.of(repeated(p, copies), copies, n), losses);
                    for (float loss : losses) {
                        record("loss of probabilities", loss, exact);
                        DoubleDouble expected = exact;
                        assertUlps(2, loss, exact, () -> "loss of probabilities around " + target + ": " + loss + " instead of " + expected.hi() + ", " + what.get());
                    }
                    if (kind == 2) break;
                }
            }
        });
    }

    private static float[] repeated(float[] row, int times) {
        float[] all = new float[times * row.length];
        for (int k = 0; k < times; k++) System.arraycopy(row, 0, all, k * row.length, row.length);
        return all;
    }

    /** First, last, middle, and the lowest and highest logit: a few ulp of loss, and a gap as large as the row has. */
    private static int[] targets(float[] row) {
        int top = 0;
        int bottom = 0;
        for (int j = 0; j < row.length; j++) {
            if (row[j] > row[top]) top = j;
            if (row[j] < row[bottom]) bottom = j;
        }
        return new int[] {0, row.length - 1, row.length / 2, top, bottom};
    }

    @ParameterizedTest
    @EnumSource(Shape.class)
    void softmax(Shape shape) {
        forRows(shape, (row, what) -> {
            float[] actual = new float[row.length];
            Softmax.softmax(row, actual);
            DoubleDouble[] exact = Oracle.softmax(row, 0, row.length);
            double sum = 0;
            for (int j = 0; j < row.length; j++) {
                int at = j;
                if (exact[j].hi() < Float.MIN_NORMAL) { // flushed or not
                    check(actual[j] >= 0 && actual[j] <= Float.MIN_NORMAL, () -> actual[at] + " instead of " + exact[at].hi() + " at " + at + ", " + what.get());
                } else {
                    record("softmax", actual[j], exact[j]);
                    assertUlps(4, actual[j], exact[j], () -> "softmax at " + at + ", " + what.get());
                }
                sum += actual[j];
            }
            double total = sum;
            if (!Double.isNaN(exact[0].hi())) check(Math.abs(total - 1) <= 0x1p-20, () -> "the sum is " + total + ", " + what.get());
        });
    }

    @ParameterizedTest
    @EnumSource(Shape.class)
    void logSoftmax(Shape shape) {
        forRows(shape, (row, what) -> {
            float[] actual = new float[row.length];
            Softmax.logSoftmax(row, actual);
            DoubleDouble[] exact = Oracle.logSoftmax(row, 0, row.length);
            for (int j = 0; j < row.length; j++) {
                int at = j;
                float ulp = Math.ulp(Math.clamp(Math.abs(exact[j].toFloat()), 0.25f, Float.MAX_VALUE));
                check(isWithin(2 * ulp, actual[j], exact[j]),
                        () -> "log-softmax at " + at + ": " + actual[at] + " instead of " + exact[at].hi() + ", " + what.get());
            }
        });
    }

    @ParameterizedTest
    @EnumSource(Shape.class)
    void gradient(Shape shape) {
        forRows(shape, (row, what) -> {
            int n = row.length;
            float[] gradient = new float[n];
            float[] weights = new float[n];
            for (int j = 0; j < n; j++) weights[j] = 0.25f + j % 5 * 0.375f;
            for (int target : targets(row)) {
                SUM.lossAndGradient(Matrix.of(row, 1, n), new int[] {target}, Matrix.of(gradient, 1, n));
                assertGradient(row, gradient, null, 0, target, () -> "gradient of class " + target + ", " + what.get());
            }
            float epsilon = 0.1f;
            int target = n / 3;
            CrossEntropy smoothed = CrossEntropy.builder().classWeights(weights).labelSmoothing(epsilon).reduction(Reduction.SUM).build();
            smoothed.lossAndGradient(Matrix.of(row, 1, n), new int[] {target}, Matrix.of(gradient, 1, n));
            assertGradient(row, gradient, weights, epsilon, target, () -> "gradient of class " + target + ", weighted and smoothed, " + what.get());
        });
    }

    /** One element makes up most of the sum, and the others are added to it: always rounded alike, they were off by 5.4 ulp. */
    @ParameterizedTest
    @ValueSource(ints = {2, 16, 17, 40, 64, 100, 295, 1000, 3000})
    void softmaxWhereOneElementOutweighsTheOthers(int n) {
        for (int seed = 0; seed < 60_000 / n; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            float[] row = new float[n];
            float big = (float) (random.nextDouble() * 20 - 10);
            for (int i = 0; i < n; i++) row[i] = (float) (big - random.nextDouble() * 15);
            row[seed % n] = big + (seed % 3 == 0 ? 5 : (float) (random.nextDouble() * 6));
            DoubleDouble[] p = Oracle.softmax(row, 0, n);
            float[] actual = new float[n];
            Softmax.softmax(row, actual);
            for (int i = 0; i < n; i++) {
                int at = i;
                int s = seed;
                record("softmax", actual[i], p[i]);
                assertUlps(4, actual[i], p[i], () -> "at " + at + " of " + n + ", seed " + s);
            }
        }
    }

    /** The others of a row are summed without its target, and one of them, or a few, may outweigh the rest: rounded alike, losses were off by 4.6 ulp. */
    @ParameterizedTest
    @ValueSource(ints = {3, 17, 40, 64, 65, 100, 127, 128, 129, 255, 256, 295, 1000, 2047, 2048, 3000, 9000})
    void lossAndGradientWhereFewClassesOutweighTheOthers(int n) {
        int rows = n < 100 ? 40 : n < 4000 ? 8 : 2;
        for (int seed = 0; seed < Math.max(4, 60_000 / n / rows); seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            float[] data = new float[rows * n];
            int[] targets = new int[rows];
            for (int r = 0; r < rows; r++) {
                System.arraycopy(Shape.FEW.fill(n, random.nextLong()), 0, data, r * n, n);
                targets[r] = random.nextInt(n);
                data[r * n + targets[r]] += (float) random.nextDouble(20);
            }
            float[] losses = new float[rows];
            SUM.losses(Matrix.of(data, rows, n), targets, losses);
            float[] gradient = new float[rows * n];
            SUM.lossAndGradient(Matrix.of(data, rows, n), targets, Matrix.of(gradient, rows, n));
            for (int r = 0; r < rows; r++) {
                float[] row = Arrays.copyOfRange(data, r * n, (r + 1) * n);
                String what = "row " + r + " of " + rows + " x " + n + ", seed " + seed;
                DoubleDouble exact = Oracle.loss(row, 0, n, targets[r]);
                record("loss", losses[r], exact);
                assertUlps(2, losses[r], exact, () -> "loss, " + what);
                assertGradient(row, Arrays.copyOfRange(gradient, r * n, (r + 1) * n), null, 0, targets[r], () -> "gradient, " + what);
                float[] alone = new float[1];
                SUM.losses(Matrix.of(row, 1, n), new int[] {targets[r]}, alone);
                check(alone[0] == losses[r], () -> "loss alone " + alone[0] + ", " + what);
            }
        }
    }

    /** What the largest element lacks is the sum of the others, of which one or a few may outweigh the rest again: that was off by 3.9 ulp. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5, 10, 40, 65, 100, 128, 300, 1000, 2048, 5000})
    void logSoftmaxAndLogSumExpWhereFewElementsOutweighTheOthers(int n) {
        float[] row = new float[n];
        float[] actual = new float[n];
        for (int seed = 0; seed < 400_000 / n; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            double high = seed % 3 == 0 ? 0 : random.nextDouble(-20, 20);
            double second = high - random.nextDouble(seed % 2 == 0 ? 3 : 60);
            double low = second - random.nextDouble(2, 18);
            double spread = seed % 5 == 0 ? 0 : random.nextDouble(4);
            for (int i = 0; i < n; i++) row[i] = (float) (low - spread * random.nextDouble());
            row[random.nextInt(n)] = (float) second;
            row[random.nextInt(n)] = (float) high;
            String what = "n " + n + ", seed " + seed;
            Softmax.logSoftmax(row, actual);
            DoubleDouble[] exact = Oracle.logSoftmax(row, 0, n);
            for (int i = 0; i < n; i++) {
                int at = i;
                float ulp = Math.ulp(Math.max(Math.abs(exact[i].toFloat()), 0.25f));
                record("log-softmax", Oracle.absoluteError(actual[i], exact[i]) / ulp);
                check(isWithin(2 * ulp, actual[i], exact[i]), () -> "log-softmax at " + at + ": " + actual[at] + " instead of " + exact[at].hi() + ", " + what);
            }
            if (seed % 3 == 0) assertUlps(1.5, LogSumExp.of(row), Oracle.logSumExp(row, 0, n), () -> "log-sum-exp near 0, " + what);
        }
    }

    /**
     * Equal logits above others that are equal too: additions are rounded alike, and none of them is heavy enough to be repeated in double; up to 255 are
     * added in double anyway.
     */
    @ParameterizedTest
    @ValueSource(ints = {65, 128, 255, 256, 300, 1024, 2048})
    void equalLogitsThatOutweighEqualOnes(int n) {
        double lossBound = n < 256 ? 2 : 4;
        double bound = n < 256 ? 4 : 5;
        double lseBound = n < 256 ? 2e-7 : 3e-7;
        double logarithmBound = n < 256 ? 2 : 3;
        float[] losses = new float[1];
        float[] gradient = new float[n];
        float[] p = new float[n];
        float[] logarithms = new float[n];
        for (int seed = 0; seed < 200_000 / n; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            float[] row = new float[n];
            float high = (float) (random.nextDouble() * 20 - 10);
            Arrays.fill(row, high - (float) (0.5 + random.nextDouble() * 19));
            int count = 7 + seed % 4 * random.nextInt(n / 8);
            int run = random.nextInt(n - count);
            for (int i = 0; i < count; i++) row[seed % 3 == 0 ? run + i : random.nextInt(n)] = high;
            int target = random.nextInt(n);
            row[target] = high + (float) (random.nextDouble() * 20 - 5);
            String what = "n " + n + ", seed " + seed;
            SUM.losses(Matrix.of(row, 1, n), new int[] {target}, losses);
            assertUlps(lossBound, losses[0], Oracle.loss(row, 0, n, target), () -> "loss, " + what);
            float[] ties = row.clone();
            ties[target] = high; // else it may be the whole sum
            DoubleDouble lse = Oracle.logSumExp(ties, 0, n);
            check(isWithin(Math.max(lseBound, Math.ulp(lse.toFloat())), LogSumExp.of(ties), lse), () -> "log-sum-exp, " + what);
            SUM.lossAndGradient(Matrix.of(row, 1, n), new int[] {target}, Matrix.of(gradient, 1, n));
            Softmax.softmax(row, p);
            Softmax.logSoftmax(row, logarithms);
            DoubleDouble[] exact = Oracle.softmax(row, 0, n);
            DoubleDouble[] exactLogarithms = Oracle.logSoftmax(row, 0, n);
            for (int i = 0; i < n; i++) {
                int at = i;
                float ulp = Math.ulp(Math.max(Math.abs(exactLogarithms[i].toFloat()), 0.25f));
                check(isWithin(logarithmBound * ulp, logarithms[i], exactLogarithms[i]), () -> "log-softmax at " + at + ", " + what);
                if (exact[i].hi() < Float.MIN_NORMAL) continue;
                assertUlps(bound, p[i], exact[i], () -> "softmax at " + at + ", " + what);
                if (i != target) assertUlps(bound, gradient[i], exact[i], () -> "gradient at " + at + ", " + what);
            }
        }
    }

    /** One element that outweighs the others, far from 0: those are summed again without it, in double up to 255, alone and among other rows. */
    @ParameterizedTest
    @ValueSource(ints = {65, 100, 127, 128, 255, 256, 300})
    void logSoftmaxFarFrom0AloneAndTogether(int n) {
        int rows = 100;
        float[] x = Shape.NORMAL.fill(rows * n, n);
        for (int i = 0; i < x.length; i++) x[i] += 20;
        for (int r = 0; r < rows; r++) x[r * n + r * 7 % n] = 26 + r * 0.05f;
        float[] together = new float[rows * n];
        Softmax.logSoftmax(Matrix.of(x, rows, n), Matrix.of(together, rows, n));
        float[] alone = new float[n];
        for (int r = 0; r < rows; r++) {
            String what = "row " + r + " of " + n;
            float[] row = Arrays.copyOfRange(x, r * n, (r + 1) * n);
            Softmax.logSoftmax(row, alone);
            assertArrayEquals(alone, Arrays.copyOfRange(together, r * n, (r + 1) * n), what);
            int at = r * 7 % n;
            assertUlps(2, alone[at], Oracle.logSoftmax(row, 0, n)[at], () -> what);
        }
    }

    /** Where each position of two levels is rounded alike: the largest errors that a directed search has found, above the bounds of other rows. */
    @Test
    void rowsOfTwoLevelsThatAreRoundedAlike() {
        float[] row = levels(200, -11.879789f, 0, 21, -0.6513377f, 47, -3.8452482f);
        float[] p = new float[row.length];
        Softmax.softmax(row, p);
        assertUlps(4, p[47], Oracle.softmax(row, 0, row.length)[47], () -> "softmax of 200, which are added in double");
        row = levels(256, -10.854014f, 0, 45, -0.6867686f, 63, -6.5844893f);
        Arrays.fill(row, 64, 128, -10.853217f);
        DoubleDouble exact = Oracle.softmax(row, 0, row.length)[63];
        Softmax.softmax(row, p = new float[row.length]);
        assertUlps(5, p[63], exact, () -> "softmax of three levels");
        SUM.lossAndGradient(Matrix.of(row, 1, row.length), new int[] {0}, Matrix.of(p, 1, row.length));
        assertUlps(5, p[63], exact, () -> "gradient of three levels");
        row = levels(256, -8.068121f, 0, 26, 0.0012115646f, 63, 9.502219f);
        Arrays.fill(row, 64, 128, -8.067835f);
        assertLoss(row, 63);
        assertLoss(levels(256, -3.2684705f, 0, 6, 1.387714f, 63, 8.370036f), 63);
        row = levels(256, -9.5114565f, 0, 35, 2.2522084E-4f, 63, 3.9918728f);
        Softmax.logSoftmax(row, p = new float[row.length]);
        assertUlps(3, p[63], Oracle.logSoftmax(row, 0, row.length)[63], () -> "log-softmax");
        row = levels(192, -1.3802898f, 0, 48, -1.3855183f, 0, -1.3855183f);
        check(isWithin(2e-7, LogSumExp.of(row), Oracle.logSumExp(row, 0, row.length)), () -> "log-sum-exp of 192");
    }

    private static float[] levels(int n, float low, int from, int to, float high, int at, float target) {
        float[] row = new float[n];
        Arrays.fill(row, low);
        Arrays.fill(row, from, to, high);
        row[at] = target;
        return row;
    }

    private static void assertLoss(float[] row, int target) {
        float[] losses = new float[1];
        SUM.losses(Matrix.of(row, 1, row.length), new int[] {target}, losses);
        assertUlps(4, losses[0], Oracle.loss(row, 0, row.length, target), () -> "loss of class " + target);
    }

    /** a = (1 - eps) w_y + eps W / C and b_j = (1 - eps) w_y [j = y] + eps w_j / C, in double: 1e-16 of a bound of 2e-7. */
    private static void assertGradient(float[] row, float[] actual, float[] weights, float epsilon, int target, Supplier<String> what) {
        int n = row.length;
        double a = 0;
        double[] b = new double[n];
        for (int j = 0; j < n; j++) {
            double weight = weights == null ? 1 : weights[j];
            b[j] = epsilon / (double) n * weight + (j == target ? (1.0 - epsilon) * weight : 0);
            a += b[j];
        }
        DoubleDouble[] p = Oracle.softmax(row, 0, n);
        for (int j = 0; j < n; j++) {
            int at = j;
            DoubleDouble pa = p[j].mul(DoubleDouble.of(a));
            DoubleDouble exact = pa.sub(DoubleDouble.of(b[j]));
            double scale = Math.max(Math.abs(pa.hi()), Math.abs(b[j]));
            // p_j may be flushed to 0 where it is subnormal.
            if (p[j].hi() >= Float.MIN_NORMAL) record("gradient", Oracle.absoluteError(actual[j], exact) / Math.ulp((float) scale));
            double bound = 4 * Math.ulp((float) scale) + (p[j].hi() < Float.MIN_NORMAL ? a * Float.MIN_NORMAL : 0);
            check(isWithin(bound, actual[j], exact),
                    () -> "at " + at + ": " + actual[at] + " instead of " + exact.hi() + ", allowed " + bound + ", " + what.get());
        }
    }

    /** The totals of one row hold its loss before it is rounded; their exact sum is what a reduced loss is measured against. */
    @Test
    void reducedLoss() {
        CrossEntropy mean = CrossEntropy.withDefaults();
        for (Shape shape : new Shape[] {Shape.NORMAL, Shape.NORMAL_3, Shape.WIDE, Shape.EQUAL, Shape.DOMINANT, Shape.DOMINANT_ZERO, Shape.OFFSET}) {
            for (int rows : new int[] {1, 2, 3, 100, 255, 256, 257, 1000, 5000}) {
                int columns = 10;
                float[] data = shape.fill(rows * columns, rows);
                int[] targets = new int[rows];
                Arrays.setAll(targets, r -> r % columns);
                DoubleDouble sum = DoubleDouble.ZERO;
                float[] losses = new float[rows];
                SUM.losses(Matrix.of(data, rows, columns), targets, losses);
                for (int r = 0; r < rows; r++) {
                    CrossEntropy.Totals row = SUM.totals(Matrix.of(data, r * columns, 1, columns, columns), new int[] {targets[r]});
                    int at = r;
                    check((float) row.lossSum() == losses[r], () -> "loss of row " + at + " is not its rounded total, " + shape);
                    sum = sum.add(DoubleDouble.of(row.lossSum()));
                }
                Matrix logits = Matrix.of(data, rows, columns);
                assertUlps(1, SUM.loss(logits, targets), sum, () -> "SUM of " + rows + " rows of " + shape);
                assertUlps(1, mean.loss(logits, targets), sum.div(DoubleDouble.of(rows)), () -> "MEAN of " + rows + " rows of " + shape);
            }
        }
    }

    private static void record(String result, float actual, DoubleDouble exact) {
        record(result, Oracle.ulpError(actual, exact));
    }

    private static void record(String result, double ulps) {
        if (ulps < Double.POSITIVE_INFINITY) WORST.merge(result, ulps, Math::max);
    }

    @AfterAll
    static void printWorst() {
        WORST.forEach((result, ulps) -> System.out.printf("%s %.2f ulp%n", result, ulps));
    }

    /** NaN must be met, whatever the bound then is. */
    private static boolean isWithin(double bound, float actual, DoubleDouble exact) {
        double error = Oracle.absoluteError(actual, exact);
        return error == 0 || error <= bound;
    }

    private static void assertUlps(double bound, float actual, DoubleDouble exact, Supplier<String> what) {
        double error = Oracle.ulpError(actual, exact);
        check(error <= bound, () -> what.get() + ": " + actual + " instead of " + exact.hi() + ", off by " + error + " ulp");
    }

    private static void check(boolean holds, Supplier<String> message) {
        if (!holds) throw new AssertionError(message.get());
    }
}
