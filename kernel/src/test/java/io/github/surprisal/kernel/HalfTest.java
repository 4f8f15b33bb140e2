package io.github.surprisal.kernel;

import static io.github.surprisal.kernel.KernelPair.lanes;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The conversions of 16-bit formats, against the JDK's and against exact arithmetic; every bit pattern, on every kernel. */
class HalfTest {
    private static final long SEED = 20251124;
    private static final int PATTERNS = 1 << 16;

    private static final short[] ALL = new short[PATTERNS];

    static {
        for (int i = 0; i < PATTERNS; i++) ALL[i] = (short) i;
    }

    private static void assertBits(float expected, float actual, int pattern) {
        assertEquals(Float.floatToRawIntBits(expected), Float.floatToRawIntBits(actual), () -> String.format("of %04x", pattern & 0xFFFF));
    }

    @Test
    void everyPatternWidens() {
        for (short bits : ALL) {
            float expected = Float.float16ToFloat(bits);
            float actual = Half.ofFloat16(bits);
            if (Float.isNaN(expected)) assertEquals(true, Float.isNaN(actual), () -> "of " + bits); // the JDK may make it a quiet one
            else assertBits(expected, actual, bits);
            assertBits(Float.intBitsToFloat((bits & 0xFFFF) << 16), Half.ofBfloat16(bits), bits);
        }
    }

    @Test
    void everyPatternComesBack() {
        for (short bits : ALL) {
            short float16 = Float.isNaN(Half.ofFloat16(bits)) ? 0x7E00 : bits;
            short bfloat16 = Float.isNaN(Half.ofBfloat16(bits)) ? 0x7FC0 : bits;
            assertEquals(float16, Half.toFloat16(Half.ofFloat16(bits)));
            assertEquals(bfloat16, Half.toBfloat16(Half.ofBfloat16(bits)));
        }
    }

    /** Between two neighbours, at and around the middle: the nearer, and of two equally near the one whose last bit is 0. */
    @Test
    void roundsToNearestEven() {
        for (int bits = 0; bits < 0x7C00; bits++) {
            float low = Half.ofFloat16((short) bits);
            float high = bits + 1 == 0x7C00 ? 65536 : Half.ofFloat16((short) (bits + 1)); // where infinity would be
            checkAround(low, high, bits, false);
        }
        for (int bits = 0; bits < 0x7F80; bits++) {
            float low = Half.ofBfloat16((short) bits);
            double high = bits + 1 == 0x7F80 ? 0x1p128 : Half.ofBfloat16((short) (bits + 1));
            checkAround(low, high, bits, true);
        }
    }

    private static void checkAround(float low, double high, int bits, boolean bfloat16) {
        float middle = new BigDecimal(low).add(new BigDecimal(high)).divide(BigDecimal.TWO).floatValue(); // exact: float has more bits
        int even = bits % 2 == 0 ? bits : bits + 1;
        for (int sign : new int[] {1, -1}) {
            int bit = sign > 0 ? 0 : 0x8000;
            assertNarrow(bits | bit, sign * low, bfloat16);
            assertNarrow(bits | bit, sign * Math.nextDown(middle), bfloat16);
            assertNarrow(even | bit, sign * middle, bfloat16);
            assertNarrow(bits + 1 | bit, sign * Math.nextUp(middle), bfloat16);
        }
    }

    private static void assertNarrow(int expected, float x, boolean bfloat16) {
        short actual = bfloat16 ? Half.toBfloat16(x) : Half.toFloat16(x);
        assertEquals((short) expected, actual, () -> String.format("of %a: %04x", x, actual & 0xFFFF));
    }

    @Test
    void narrowsAsTheJdkDoes() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int i = 0; i < 2_000_000; i++) {
            float x = Float.intBitsToFloat(random.nextInt());
            if (i % 2 == 0) x = (float) ((random.nextDouble() - 0.5) * Math.scalb(1, random.nextInt(-30, 20)));
            if (!Float.isNaN(x)) assertEquals(Float.floatToFloat16(x), Half.toFloat16(x), "of " + x + ", seed " + SEED);
        }
    }

    @Test
    void everyKernelWidensEveryPatternFromEveryPlace() {
        for (RowKernel kernel : KernelPair.all()) {
            StorageKernel storage = kernel.storage();
            try (Arena arena = Arena.ofConfined()) {
                for (int offset = 0; offset < 3; offset++) {
                    MemorySegment segment = arena.allocate(2 * PATTERNS + 3).asSlice(offset);
                    MemorySegment.copy(ALL, 0, segment, ValueLayout.JAVA_SHORT_UNALIGNED, 0, PATTERNS);
                    for (int length = 1; length < PATTERNS; length = 3 * length + 1) {
                        float[] actual = new float[PATTERNS + 2];
                        for (int from = 0; from < PATTERNS; from += length) {
                            int n = Math.min(length, PATTERNS - from);
                            storage.widenFloat16(ALL, from, n, actual, 1 + from);
                            check(kernel, ALL, from, n, actual, false);
                            storage.widenFloat16(segment, 2L * from, n, actual, 1 + from);
                            check(kernel, ALL, from, n, actual, false);
                            storage.widenBfloat16(ALL, from, n, actual, 1 + from);
                            check(kernel, ALL, from, n, actual, true);
                            storage.widenBfloat16(segment, 2L * from, n, actual, 1 + from);
                            check(kernel, ALL, from, n, actual, true);
                            if (length < 10) from += 997; // all of it only in longer pieces
                        }
                    }
                }
            }
        }
    }

    private static void check(RowKernel kernel, short[] bits, int from, int n, float[] actual, boolean bfloat16) {
        for (int i = from; i < from + n; i++) {
            float expected = bfloat16 ? Half.ofBfloat16(bits[i]) : Half.ofFloat16(bits[i]);
            int at = i;
            assertEquals(Float.floatToRawIntBits(expected), Float.floatToRawIntBits(actual[1 + i]), () -> lanes(kernel) + " at " + at);
        }
        assertEquals(0, actual[1 + from + n], "behind the last");
        Arrays.fill(actual, 0);
    }

    @Test
    void everyKernelNarrowsEveryKindOfNumber() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (RowKernel kernel : KernelPair.all()) {
            for (int n = 0; n < 100; n++) {
                float[] x = new float[n + 3];
                for (int i = 0; i < x.length; i++) {
                    x[i] = i % 3 == 0 ? KernelPair.SPECIALS[random.nextInt(KernelPair.SPECIALS.length)] : i % 3 == 1 ? Float.intBitsToFloat(random.nextInt())
                            : (float) ((random.nextDouble() - 0.5) * Math.scalb(1, random.nextInt(-30, 20)));
                }
                short[] bfloat16 = new short[n + 5];
                short[] float16 = new short[n + 5];
                kernel.storage().narrowBfloat16(x, 2, n, bfloat16, 3);
                kernel.storage().narrowFloat16(x, 2, n, float16, 3);
                for (int i = 0; i < n; i++) {
                    String what = lanes(kernel) + ": " + x[2 + i] + " at " + i + " of " + n + ", seed " + SEED;
                    assertEquals(Half.toBfloat16(x[2 + i]), bfloat16[3 + i], what);
                    assertEquals(Half.toFloat16(x[2 + i]), float16[3 + i], what);
                }
                assertEquals(0, bfloat16[2] | bfloat16[n + 3] | float16[2] | float16[n + 3], "beside the range");
            }
        }
    }
}
