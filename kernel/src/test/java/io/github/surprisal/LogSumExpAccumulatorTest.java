package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.oracle.DoubleDouble;
import io.github.surprisal.oracle.Oracle;
import io.github.surprisal.oracle.Shape;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Adding and merging; AccumulatorSerializationTest ships the state. */
class LogSumExpAccumulatorTest {
    private static final float NEGATIVE = Float.NEGATIVE_INFINITY;
    private static final float POSITIVE = Float.POSITIVE_INFINITY;

    private static LogSumExpAccumulator of(float... x) {
        return new LogSumExpAccumulator().add(x, 0, x.length);
    }

    private static int bits(LogSumExpAccumulator sum) {
        return Float.floatToRawIntBits(sum.result());
    }

    @Test
    void emptyIsMinusInfinity() {
        LogSumExpAccumulator empty = new LogSumExpAccumulator();
        assertEquals(NEGATIVE, empty.result());
        assertEquals(0, empty.count());
        assertEquals(NEGATIVE, empty.add(new float[3], 2, 2).result());
        assertEquals(NEGATIVE, empty.merge(new LogSumExpAccumulator()).merge(empty).result());
        assertEquals(0, empty.count());
        assertEquals(-0f, empty.merge(of(-0f)).result());
        assertEquals(-0f, empty.merge(new LogSumExpAccumulator()).result());
        assertEquals(1, empty.count());
    }

    @ParameterizedTest
    @EnumSource
    void oneAddHasTheBitsOfLogSumExp(Shape shape) {
        for (int n = 0; n <= 300; n++) oneAdd(shape, n);
        for (int n : new int[] {131071, 131072, 131073, 262150}) oneAdd(shape, n);
    }

    private static void oneAdd(Shape shape, int n) {
        float[] x = shape.fill(n, n);
        LogSumExpAccumulator sum = of(x);
        assertEquals(Float.floatToRawIntBits(LogSumExp.of(x)), bits(sum), () -> shape + ", n and seed " + n);
        assertEquals(n, sum.count());
    }

    @Test
    void oneElementIsItself() {
        for (int high = 0; high < 1 << 16; high++) { // every sign and exponent, the first 7 bits of every mantissa
            float x = Float.intBitsToFloat(high << 16 | 0x1234);
            int expected = Float.floatToRawIntBits(Float.isNaN(x) ? Float.NaN : x);
            assertEquals(expected, bits(new LogSumExpAccumulator().add(x)), () -> "add " + x);
            assertEquals(expected, bits(of(x)), () -> "add range " + x);
            assertEquals(expected, bits(of(NEGATIVE).add(x).add(NEGATIVE).merge(of(NEGATIVE, NEGATIVE))), () -> "masked " + x);
        }
    }

    @Test
    void elementByElement() {
        assertEquals((float) Math.exp(-40), new LogSumExpAccumulator().add(0).add(-40).result());
        assertEquals((float) Math.exp(-40), new LogSumExpAccumulator().add(-40).add(0).result());
        for (Shape shape : Shape.values()) {
            float[] x = shape.fill(400, 5);
            LogSumExpAccumulator sum = new LogSumExpAccumulator();
            for (float element : x) assertSame(sum, sum.add(element));
            assertEquals(x.length, sum.count());
            Contract.check(sum.result(), Oracle.logSumExp(x, 0, x.length), Contract.bound(shape), () -> shape + ", n 400, seed 5");
        }
    }

    /** Leaves of random length, some empty, some added one by one, merged in random order: near the oracle on all. */
    @ParameterizedTest
    @EnumSource
    void mergeTreesStayWithinTheContract(Shape shape) {
        for (int seed = 0; seed < 20; seed++) {
            int n = seed < 10 ? 1 + 7 * seed : 500 * seed;
            float[] x = shape.fill(n, seed);
            DoubleDouble exact = Oracle.logSumExp(x, 0, n);
            String where = shape + ", n " + n + ", seed " + seed;
            LogSumExpAccumulator sum = tree(x, 0, n, new SplittableRandom(seed));
            assertEquals(n, sum.count(), where);
            Contract.check(sum.result(), exact, Contract.bound(shape), () -> where);
            assertEquals(bits(sum), bits(tree(x, 0, n, new SplittableRandom(seed))), () -> "again: " + where);
        }
    }

    private static LogSumExpAccumulator tree(float[] x, int from, int to, SplittableRandom random) {
        LogSumExpAccumulator sum = new LogSumExpAccumulator();
        switch (random.nextInt(to - from > 300 ? 2 : 5)) {
            case 0, 1 -> {
                int middle = random.nextInt(from, to + 1);
                LogSumExpAccumulator left = to - from < 2 ? of(new float[0]) : tree(x, from, middle, random);
                LogSumExpAccumulator right = to - from < 2 ? sum.add(x, from, to) : tree(x, middle, to, random);
                return random.nextBoolean() ? left.merge(right) : right.merge(left);
            }
            case 2 -> {
                for (int i = from; i < to; i++) sum.add(x[i]);
            }
            default -> sum.add(x, from, to);
        }
        return sum;
    }

    @Test
    void mergeWithItselfDoubles() {
        for (Shape shape : Shape.values()) {
            float[] x = shape.fill(70, 6);
            float[] twice = new float[140];
            System.arraycopy(x, 0, twice, 0, 70);
            System.arraycopy(x, 0, twice, 70, 70);
            LogSumExpAccumulator sum = of(x);
            assertSame(sum, sum.merge(sum));
            assertEquals(140, sum.count());
            // Every element ties with its double, whatever the shape.
            Contract.check(sum.result(), Oracle.logSumExp(twice, 0, 140), Contract.BOUND_FOR_TIES, () -> shape + ", n 70, seed 6");
        }
    }

    @Test
    void mergeLeavesTheOtherAsItWas() {
        LogSumExpAccumulator other = of(1, 2, 3);
        int before = bits(other);
        of(50, 60).merge(other);
        new LogSumExpAccumulator().merge(other).add(70).merge(of(Float.NaN));
        assertEquals(before, bits(other));
        assertEquals(3, other.count());
    }

    @Test
    void infinityAbsorbsNumbersAndNanAll() {
        float[] numbers = {0, -0f, 1, NEGATIVE, -3e38f, Float.MAX_VALUE};
        for (float x : numbers) {
            assertEquals(POSITIVE, new LogSumExpAccumulator().add(POSITIVE).add(x).result());
            assertEquals(POSITIVE, new LogSumExpAccumulator().add(x).add(POSITIVE).result());
            assertEquals(POSITIVE, of(x, 1).merge(of(POSITIVE)).merge(of(x)).add(POSITIVE).result());
            assertEquals(POSITIVE, of(POSITIVE).merge(of(x)).merge(of(POSITIVE, x)).result());
        }
        for (int nan : new int[] {0x7fc00000, 0xffc00000, 0x7f800001, 0xffffffff}) {
            float bad = Float.intBitsToFloat(nan);
            for (float x : new float[] {0, NEGATIVE, POSITIVE, -3e38f, Float.NaN}) {
                assertNan(new LogSumExpAccumulator().add(bad).add(x));
                assertNan(new LogSumExpAccumulator().add(x).add(bad));
                assertNan(of(x).merge(of(1, bad)).merge(of(POSITIVE)));
                assertNan(of(bad).merge(of(x)).add(new float[] {x, x}, 0, 2));
            }
            assertNan(new LogSumExpAccumulator().merge(of(bad)));
        }
    }

    private static void assertNan(LogSumExpAccumulator sum) {
        assertEquals(0x7fc00000, bits(sum));
    }

    @Test
    void countsMasksAndBillions() {
        assertEquals(4, of(NEGATIVE, Float.NaN, POSITIVE).add(NEGATIVE).count());
        LogSumExpAccumulator sum = of(0);
        for (int i = 0; i < 40; i++) sum.merge(sum);
        assertEquals(1L << 40, sum.count());
        assertEquals((float) (40 * Math.log(2)), sum.result());
    }

    @Test
    void toStringIsForPeople() {
        String text = of(1, 1, 1).toString();
        assertTrue(text.contains("3") && text.contains("2.0986"), text);
    }
}
