package io.github.surprisal.kernel;

import java.lang.reflect.Method;

/** Fused multiply-add with one rounding: the processor's where it has one, an exact emulation where it has not. */
public final class Fma {
    /** Whether Math.fma compiles to one instruction here; where it does not, the JDK goes through BigDecimal (~3000 ns). */
    public static final boolean IN_HARDWARE = inHardware();

    private Fma() {}

    public static float fma(float a, float b, float c) {
        return IN_HARDWARE ? Math.fma(a, b, c) : emulated(a, b, c);
    }

    /**
     * The product of two floats is exact in double. The sum is rounded to odd (the last bit set whenever something was cut
     * off), so that the final rounding to float, with 29 bits to spare, sees on which side of a tie it is.
     */
    static float emulated(float a, float b, float c) {
        double product = (double) a * b;
        double sum = product + c;
        if (Double.isNaN(sum) || Double.isInfinite(sum)) return (float) sum;
        double part = sum - product;
        double error = (product - (sum - part)) + (c - part);
        if (error != 0) {
            long bits = Double.doubleToRawLongBits(sum);
            if ((bits & 1) == 0) sum = Double.longBitsToDouble((error > 0) == (sum > 0) ? bits + 1 : bits - 1);
        }
        return (float) sum;
    }

    public static double fma(double a, double b, double c) {
        return IN_HARDWARE ? Math.fma(a, b, c) : emulated(a, b, c);
    }

    /** Splits a double into two of at most 26 bits, whose products are exact (Veltkamp). */
    private static final double SPLITTER = 0x1p27 + 1;

    /**
     * After Boldo and Melquiond: the exact product and c as sums of two doubles each, whose low parts are added with rounding to odd, so that the last
     * rounding sees on which side of a tie it is. Exact where neither the product nor its error is out of range: |a|, |b| and |a b| below 2^990, and
     * |a b| above 2^-900 or nothing beside c.
     */
    static double emulated(double a, double b, double c) {
        double high = a * b;
        if (high == 0 || !(Math.abs(high) <= Double.MAX_VALUE && Math.abs(c) <= Double.MAX_VALUE)) return high + c;
        double low = productError(a, b, high);
        double sum = c + low;
        double sumLow = sumError(c, low, sum);
        double top = high + sum;
        double bottom = sumError(high, sum, top);
        double rest = bottom + sumLow;
        double error = sumError(bottom, sumLow, rest);
        if (error != 0) {
            long bits = Double.doubleToRawLongBits(rest);
            if ((bits & 1) == 0) rest = Double.longBitsToDouble((error > 0) == (rest > 0) ? bits + 1 : bits - 1);
        }
        return top + rest;
    }

    private static double productError(double a, double b, double product) {
        double ta = a * SPLITTER;
        double a1 = ta - (ta - a);
        double a2 = a - a1;
        double tb = b * SPLITTER;
        double b1 = tb - (tb - b);
        double b2 = b - b1;
        return a2 * b2 - (((product - a1 * b1) - a2 * b1) - a1 * b2);
    }

    /** What sum, which is a + b rounded, lacks (Knuth). */
    private static double sumError(double a, double b, double sum) {
        double part = sum - a;
        return (a - (sum - part)) + (b - part);
    }

    private static boolean inHardware() {
        if (fastByTrial()) return true; // the flag costs some 20 ms of class loading, in the first call of all
        Boolean flag = hotSpotFlag();
        return flag != null && flag;
    }

    /** HotSpot's UseFMA. Reflection, because jdk.management is not in every run-time image. */
    private static Boolean hotSpotFlag() {
        try {
            Class<?> bean = Class.forName("com.sun.management.HotSpotDiagnosticMXBean");
            Object platform = Class.forName("java.lang.management.ManagementFactory")
                    .getMethod("getPlatformMXBean", Class.class).invoke(null, bean);
            Object option = bean.getMethod("getVMOption", String.class).invoke(platform, "UseFMA");
            Method value = option.getClass().getMethod("getValue");
            return Boolean.valueOf((String) value.invoke(option));
        } catch (ReflectiveOperationException | RuntimeException | LinkageError unavailable) {
            return null;
        }
    }

    private static final int CALLS = 20;
    private static final long LIMIT_NANOS = CALLS * 500;

    /** BigDecimal needs microseconds a call, an instruction or an interpreted intrinsic tens of nanoseconds. */
    private static boolean fastByTrial() {
        float x = 1.1f;
        long best = Long.MAX_VALUE;
        for (int round = 0; round < 5 && best > LIMIT_NANOS; round++) {
            long start = System.nanoTime();
            for (int i = 0; i < CALLS; i++) x = Math.fma(x, 0.5f, 0.55f);
            best = Math.min(best, System.nanoTime() - start);
        }
        return x > 0 && best <= LIMIT_NANOS;
    }
}
