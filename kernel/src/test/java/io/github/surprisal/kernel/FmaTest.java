package io.github.surprisal.kernel;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The emulated fused multiply-add against Math.fma, which the JDK specifies by BigDecimal. */
@Tag("once")
class FmaTest {
    private static final long SEED = 20250704;
    /** Math.fma takes microseconds where it is not an instruction. */
    private static final int TRIALS = Fma.IN_HARDWARE ? 2_000_000 : 5_000;

    private final SplittableRandom random = new SplittableRandom(SEED);

    @Test
    void randomBits() {
        for (int i = 0; i < TRIALS; i++) assertFma(anyFloat(), anyFloat(), anyFloat());
    }

    @Test
    void addendsOfTheSizeOfTheProduct() {
        for (int i = 0; i < TRIALS; i++) {
            float a = anyFloat();
            float b = anyFloat();
            float product = a * b;
            assertFma(a, b, Math.scalb(product, random.nextInt(-30, 31)) * (random.nextBoolean() ? 1 : -1));
        }
    }

    @Test
    void cancellation() {
        for (int i = 0; i < TRIALS; i++) {
            float a = sized(-70, 63);
            float b = sized(-70, 63);
            float product = a * b;
            assertFma(a, b, -Float.intBitsToFloat(Float.floatToRawIntBits(product) + random.nextInt(-2, 3)));
        }
    }

    @Test
    void tiesAndTheirNeighbours() {
        for (int i = 0; i < TRIALS; i++) {
            // c + half an ulp of c, exactly or with a little more or less: a and b of few bits make the product a power of two, almost
            float c = sized(-100, 100);
            float half = Math.scalb(1f, Math.getExponent(c) - 24);
            float a = Math.scalb(1f, random.nextInt(-20, 20)) * (1 + random.nextInt(-1, 2) * 0x1p-23f);
            float b = half / Math.scalb(1f, Math.getExponent(a)) * (1 + random.nextInt(-1, 2) * 0x1p-23f);
            assertFma(a, b, c);
            assertFma(-a, b, c);
        }
    }

    @Test
    void overflow() {
        for (int i = 0; i < TRIALS / 4; i++) {
            float a = sized(0, 128);
            float b = Float.MAX_VALUE / a * (1 + random.nextInt(-4, 5) * 0x1p-23f);
            assertFma(a, b, sized(90, 128));
            assertFma(a, -b, sized(90, 128));
        }
    }

    @Test
    void subnormalResults() {
        for (int i = 0; i < TRIALS / 4; i++) {
            float a = sized(-80, -40);
            float b = sized(-100, -45);
            assertFma(a, b, Float.intBitsToFloat(random.nextInt(0x01000000) | random.nextInt(2) << 31));
        }
    }

    @Test
    void everyTripleOfSpecialValues() {
        float[] v = {
            0f, -0f, 1f, -1f, 1.5f, -3f, Float.MIN_VALUE, -Float.MIN_VALUE, Float.MIN_NORMAL, -Float.MIN_NORMAL, Math.nextDown(Float.MIN_NORMAL),
            Float.MAX_VALUE, -Float.MAX_VALUE, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, 0x1p-75f, -0x1p-75f, 0x1p64f,
            -0x1p64f, 0x1.fffffep63f, 0x1.000002p-1f, 0x1p24f, 0x1p-24f, 0x1.000002p0f, 0x1p-126f, 0x1p-23f
        };
        for (float a : v) {
            for (float b : v) {
                for (float c : v) assertFma(a, b, c);
            }
        }
    }

    @Test
    void doublesOfEverySize() {
        for (int i = 0; i < TRIALS; i++) {
            double a = sizedDouble(-400, 400);
            double b = sizedDouble(-400, 400);
            assertFma(a, b, sizedDouble(-900, 900));
            assertFma(a, b, Math.scalb(a * b, random.nextInt(-60, 61)) * (random.nextBoolean() ? 1 : -1));
            assertFma(a, b, -Double.longBitsToDouble(Double.doubleToRawLongBits(a * b) + random.nextInt(-2, 3))); // cancels out
            assertFma(a, b, random.nextBoolean() ? 0 : -0.0);
        }
    }

    @Test
    void tiesOfDoublesAndTheirNeighbours() {
        for (int i = 0; i < TRIALS; i++) {
            double c = sizedDouble(-100, 100);
            double half = Math.scalb(1.0, Math.getExponent(c) - 53);
            double a = Math.scalb(1.0, random.nextInt(-20, 20)) * (1 + random.nextInt(-1, 2) * 0x1p-52);
            double b = half / Math.scalb(1.0, Math.getExponent(a)) * (1 + random.nextInt(-1, 2) * 0x1p-52);
            assertFma(a, b, c);
            assertFma(-a, b, c);
        }
    }

    /** A product that is too small to be exact is nothing beside c, and nothing has effect beside an infinity or a NaN. */
    @Test
    void tinyProductsAndSpecialDoubles() {
        for (int i = 0; i < TRIALS / 4; i++) assertFma(sizedDouble(-560, -430), sizedDouble(-560, -430), sizedDouble(-500, 500));
        double[] v = {0, -0.0, 1, -1.5, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN, 0x1p52, 0x1.8p52, -0x1p-52};
        for (double a : v) {
            for (double b : v) {
                for (double c : v) assertFma(a, b, c);
            }
        }
    }

    private double sizedDouble(int from, int to) {
        return Double.longBitsToDouble(random.nextLong() & 0x800FFFFFFFFFFFFFL | random.nextInt(from, to) + 1023L << 52);
    }

    private static void assertFma(double a, double b, double c) {
        double expected = Math.fma(a, b, c);
        double actual = Fma.emulated(a, b, c);
        if (Double.doubleToLongBits(expected) != Double.doubleToLongBits(actual)) {
            fail(String.format("fma(%a, %a, %a): expected %a, got %a, seed %d", a, b, c, expected, actual, SEED));
        }
    }

    private float anyFloat() {
        return Float.intBitsToFloat(random.nextInt());
    }

    /** A random sign and mantissa, an exponent in [from, to). */
    private float sized(int from, int to) {
        return Float.intBitsToFloat(random.nextInt() & 0x807FFFFF | random.nextInt(from, to) + 127 << 23);
    }

    private static void assertFma(float a, float b, float c) {
        float expected = Math.fma(a, b, c);
        float actual = Fma.emulated(a, b, c);
        if (Float.floatToIntBits(expected) != Float.floatToIntBits(actual)) { // any NaN is as good as another
            fail(String.format("fma(%a, %a, %a): expected %a, got %a, seed %d", a, b, c, expected, actual, SEED));
        }
    }
}
