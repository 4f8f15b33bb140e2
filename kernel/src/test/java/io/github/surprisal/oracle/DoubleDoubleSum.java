package io.github.surprisal.oracle;

import static io.github.surprisal.oracle.DoubleDouble.productError;
import static io.github.surprisal.oracle.DoubleDouble.sumError;

import java.math.BigDecimal;
import java.math.MathContext;

/** A running sum of {@link DoubleDouble}s without an object per term: rows have up to 2^24 of them. */
public final class DoubleDoubleSum {
    private static final int STEPS = 64;
    private static final double STEPS_PER_NAT = 0x1.71547652b82fep0 * STEPS;

    /*
     * ln 2 / 64 = STEP_1 + STEP_2 + STEP_3. STEP_1 has 35 bits and |k| < 2^17, so k * STEP_1 is exact; what the
     * three leave out is below 1e-45, times k below 1e-40.
     */
    private static final double STEP_1;
    private static final double STEP_2;
    private static final double STEP_3;
    private static final double[] POWER_HI = new double[STEPS];
    private static final double[] POWER_LO = new double[STEPS];

    private static final double C2 = 0.5;
    private static final double C3 = DoubleDouble.INVERSE_FACTORIAL[3].hi();
    private static final double C3_LO = DoubleDouble.INVERSE_FACTORIAL[3].lo();
    private static final double C4 = DoubleDouble.INVERSE_FACTORIAL[4].hi();
    private static final double C4_LO = DoubleDouble.INVERSE_FACTORIAL[4].lo();
    private static final double C5 = DoubleDouble.INVERSE_FACTORIAL[5].hi();
    private static final double C5_LO = DoubleDouble.INVERSE_FACTORIAL[5].lo();
    private static final double C6 = 1.0 / 720;
    private static final double C7 = 1.0 / 5040;
    private static final double C8 = 1.0 / 40320;
    private static final double C9 = 1.0 / 362880;
    private static final double C10 = 1.0 / 3628800;
    private static final double C11 = 1.0 / 39916800;

    static {
        MathContext digits = new MathContext(60);
        BigDecimal step = DoubleDouble.LN2_DIGITS.divide(BigDecimal.valueOf(STEPS), digits);
        STEP_1 = Double.longBitsToDouble(Double.doubleToRawLongBits(step.doubleValue()) & -1L << 18);
        DoubleDouble remainder = DoubleDouble.of(step.subtract(new BigDecimal(STEP_1)));
        STEP_2 = remainder.hi();
        STEP_3 = remainder.lo();
        BigDecimal root = BigDecimal.TWO;
        for (int n = 1; n < STEPS; n *= 2) {
            root = root.sqrt(digits);
        }
        BigDecimal power = BigDecimal.ONE;
        for (int j = 0; j < STEPS; j++) {
            DoubleDouble rounded = DoubleDouble.of(power);
            POWER_HI[j] = rounded.hi();
            POWER_LO[j] = rounded.lo();
            power = power.multiply(root, digits);
        }
    }

    private double hi;
    private double lo;

    public DoubleDoubleSum() {
    }

    DoubleDoubleSum(double hi, double lo) {
        this.hi = hi;
        this.lo = lo;
    }

    public DoubleDouble value() {
        return new DoubleDouble(hi, lo);
    }

    /** Adds bHi + bLo; relative error at most 3 * 2^-106 even where the two cancel. */
    public void add(double bHi, double bLo) {
        double s = hi + bHi;
        if (!Double.isFinite(s)) {
            hi = s;
            lo = 0;
            return;
        }
        double e = sumError(hi, bHi, s);
        double t = lo + bLo;
        double f = sumError(lo, bLo, t);
        e += t;
        double u = s + e;
        e = e - (u - s) + f;
        hi = u + e;
        lo = e - (hi - u);
    }

    /**
     * Adds exp(xHi + xLo) = 2^(k / 64) * exp(r), |r| <= ln 2 / 128 = 0.0054.
     *
     * <p>exp(r) is its Taylor series: the remainder r^12 / 12! is 1e-36, and from r^6 on (at most 4e-17 of the
     * result) the terms need no more than the precision of a double.
     */
    public void addExp(double xHi, double xLo) {
        if (!(xHi > -746 && xHi < 710)) {
            add(xHi > 0 ? Double.POSITIVE_INFINITY : xHi < 0 ? 0 : Double.NaN, 0);
            return;
        }
        double k = Math.rint(xHi * STEPS_PER_NAT);
        double r1 = xHi - k * STEP_1;
        double kStep2 = k * STEP_2;
        double kStep2Lo = productError(k, STEP_2, kStep2) + k * STEP_3;
        double r2 = r1 - kStep2;
        double r3 = r2 + xLo;
        double rest = sumError(r1, -kStep2, r2) - kStep2Lo + sumError(r2, xLo, r3);
        double r = r3 + rest;
        double rLo = rest - (r - r3);

        double tail = C6 + r * (C7 + r * (C8 + r * (C9 + r * (C10 + r * C11))));
        // Horner in double-double from C5 down; each coefficient exceeds what is added to it.
        double t = r * tail;
        double p = C5 + t;
        double pLo = t - (p - C5) + C5_LO;

        t = p * r;
        double tLo = productError(p, r, t) + (p * rLo + pLo * r);
        p = C4 + t;
        pLo = t - (p - C4) + (tLo + C4_LO);

        t = p * r;
        tLo = productError(p, r, t) + (p * rLo + pLo * r);
        p = C3 + t;
        pLo = t - (p - C3) + (tLo + C3_LO);

        t = p * r;
        tLo = productError(p, r, t) + (p * rLo + pLo * r);
        p = C2 + t;
        pLo = t - (p - C2) + tLo;

        t = p * r;
        tLo = productError(p, r, t) + (p * rLo + pLo * r);
        p = 1 + t;
        pLo = t - (p - 1) + tLo;

        t = p * r;
        tLo = productError(p, r, t) + (p * rLo + pLo * r);

        // t + tLo = exp(r) - 1; times the power of the table, plus the power.
        int index = (int) k;
        double power = POWER_HI[index & STEPS - 1];
        double powerLo = POWER_LO[index & STEPS - 1];
        double q = power * t;
        double qLo = productError(power, t, q) + (power * tLo + powerLo * t);
        double y = power + q;
        double yLo = q - (y - power) + (qLo + powerLo);
        int exponent = index >> 6;
        if (exponent >= Double.MIN_EXPONENT && exponent <= Double.MAX_EXPONENT) {
            double scale = Double.longBitsToDouble((long) (exponent + Double.MAX_EXPONENT) << 52);
            add(y * scale, yLo * scale);
        } else {
            add(Math.scalb(y, exponent), Math.scalb(yLo, exponent));
        }
    }
}
