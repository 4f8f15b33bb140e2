package io.github.surprisal.oracle;

import java.math.BigDecimal;
import java.math.MathContext;

/**
 * A number as the unevaluated sum of two doubles, hi + lo with |lo| at most half an ulp of hi: about 106 bits, 1e-31
 * relative. The tests measure the library against it, so nothing here may use the library.
 *
 * <p>Every function stays below 1e-30 relative error while results and operands are above 1e-290 in magnitude.
 * Below that lo becomes subnormal and the accuracy fades to that of a double, then to zero: exp(-746) is 0. If hi is
 * NaN or infinite, lo is 0.
 */
public record DoubleDouble(double hi, double lo) {
    /*
     * Built from two error-free transformations, Knuth's sum and the product by fma or Dekker, as in Joldes, Muller,
     * Popescu, "Tight and rigorous error bounds for basic building blocks of double-word arithmetic", ACM TOMS 44
     * (2017).
     */

    public static final DoubleDouble ZERO = new DoubleDouble(0, 0);
    public static final DoubleDouble ONE = new DoubleDouble(1, 0);
    static final BigDecimal LN2_DIGITS =
            new BigDecimal("0.69314718055994530941723212145817656807550013436025525412068000949339362196969471560586");
    public static final DoubleDouble LN2 = of(LN2_DIGITS);

    /** 1 / n! for n = 0 .. 26: 0.35^27 / 27! is 5e-41, far below the last bit of a Taylor series on |x| < 0.35. */
    static final DoubleDouble[] INVERSE_FACTORIAL = inverseFactorials(26);
    private static final double TAYLOR_LIMIT = 0.35;

    /** Chosen by time, which is safe: either way gives the same bits. */
    private static final boolean FAST_FMA = fmaIsFast();

    public DoubleDouble {
        if (!Double.isFinite(hi)) {
            lo = 0;
        }
    }

    public static DoubleDouble of(double value) {
        return new DoubleDouble(value, 0);
    }

    public static DoubleDouble of(BigDecimal value) {
        double hi = value.doubleValue();
        return new DoubleDouble(hi, value.subtract(new BigDecimal(hi)).doubleValue());
    }

    /** a - b without any error, unless it overflows. */
    public static DoubleDouble difference(double a, double b) {
        double s = a - b;
        return new DoubleDouble(s, sumError(a, -b, s));
    }

    /** The exact value; throws NumberFormatException for NaN and infinities. */
    public BigDecimal toBigDecimal() {
        return new BigDecimal(hi).add(new BigDecimal(lo));
    }

    /** The nearest float, ties to even: one rounding, never hi first and then float. */
    public float toFloat() {
        long bits = Double.doubleToRawLongBits(hi);
        if (lo != 0 && (bits & 1) == 0) {
            // Round to odd: the last bit says "and a little more", so that the second rounding cannot see a false tie.
            bits += (lo > 0) == (hi > 0) ? 1 : -1;
        }
        return (float) Double.longBitsToDouble(bits);
    }

    public DoubleDouble negate() {
        return new DoubleDouble(-hi, -lo);
    }

    public DoubleDouble abs() {
        return hi < 0 ? negate() : this;
    }

    public DoubleDouble add(DoubleDouble b) {
        DoubleDoubleSum sum = new DoubleDoubleSum(hi, lo);
        sum.add(b.hi, b.lo);
        return sum.value();
    }

    public DoubleDouble sub(DoubleDouble b) {
        return add(b.negate());
    }

    public DoubleDouble mul(DoubleDouble b) {
        double p = hi * b.hi;
        if (!Double.isFinite(p)) {
            return of(p);
        }
        double e = productError(hi, b.hi, p) + (hi * b.lo + lo * b.hi);
        return renormalized(p, e);
    }

    public DoubleDouble div(DoubleDouble b) {
        double q1 = hi / b.hi;
        if (q1 == 0 || !Double.isFinite(q1) || Double.isInfinite(b.hi)) {
            return of(q1);
        }
        DoubleDouble r = sub(b.mul(of(q1)));
        double q2 = r.hi / b.hi;
        r = r.sub(b.mul(of(q2)));
        return renormalized(q1, q2).add(of(r.hi / b.hi));
    }

    public DoubleDouble exp() {
        DoubleDoubleSum sum = new DoubleDoubleSum();
        sum.addExp(hi, lo);
        return sum.value();
    }

    /** exp(this) - 1, with full relative accuracy near 0. */
    public DoubleDouble expm1() {
        if (!(Math.abs(hi) < TAYLOR_LIMIT)) {
            return exp().sub(ONE);
        }
        int n = INVERSE_FACTORIAL.length - 1;
        DoubleDouble s = INVERSE_FACTORIAL[n];
        while (--n > 0) {
            s = s.mul(this).add(INVERSE_FACTORIAL[n]);
        }
        return s.mul(this);
    }

    /** Natural logarithm: -inf at 0, NaN below it. */
    public DoubleDouble log() {
        if (!(hi > 0 && hi < Double.POSITIVE_INFINITY)) {
            return of(Math.log(hi));
        }
        int e = Math.getExponent(hi);
        if (e < Double.MIN_EXPONENT) {
            e = Math.getExponent(hi * 0x1p54) - 54;
        }
        if (Math.scalb(hi, -e) >= 1.5) {
            e++;
        }
        // 0.75 <= m < 1.5, so the two parts never cancel: |log m| <= 0.41 < ln 2.
        DoubleDouble m = new DoubleDouble(Math.scalb(hi, -e), Math.scalb(lo, -e));
        return LN2.mul(of(e)).add(m.sub(ONE).log1p());
    }

    /** log(1 + this), with full relative accuracy near 0. */
    public DoubleDouble log1p() {
        if (!(Math.abs(hi) <= 0.5)) {
            return ONE.add(this).log();
        }
        // log1p(x) = y + log1p(d), 1 + d = (1 + x) * exp(-y), for any y; here |d| is some 1e-16 of |x|.
        double y = Math.log1p(hi);
        DoubleDouble e = of(-y).expm1();
        DoubleDouble d = add(e).add(mul(e));
        return d.sub(of(d.hi * d.hi / 2)).add(of(y));
    }

    /** The rounding error of s = a + b, exactly (Knuth). */
    static double sumError(double a, double b, double s) {
        double t = s - a;
        return (a - (s - t)) + (b - t);
    }

    /** The rounding error of p = a * b, exactly, while |p| is above 2^-969 and no factor above 2^996. */
    static double productError(double a, double b, double p) {
        return FAST_FMA ? Math.fma(a, b, -p) : productErrorWithoutFma(a, b, p);
    }

    /** The same bits by splitting each factor into two of 26 bits (Veltkamp, Dekker). */
    static double productErrorWithoutFma(double a, double b, double p) {
        double t = a * 0x8000001p0;
        double aHi = t - (t - a);
        double aLo = a - aHi;
        double u = b * 0x8000001p0;
        double bHi = u - (u - b);
        double bLo = b - bHi;
        return aHi * bHi - p + aHi * bLo + aLo * bHi + aLo * bLo;
    }

    /** Without the instruction Math.fma computes in BigDecimal, some 3 us and more; with it 0.1 us even interpreted. */
    private static boolean fmaIsFast() {
        long fastest = Long.MAX_VALUE;
        for (int i = 0; i < 20; i++) {
            long start = System.nanoTime();
            double error = Math.fma(Math.PI, i + 0.1, -Math.E);
            fastest = Math.min(fastest, System.nanoTime() - start + (Double.isNaN(error) ? 1 : 0));
        }
        return fastest < 1000;
    }

    /** a + b as hi and lo, for |a| >= |b| (Dekker). */
    private static DoubleDouble renormalized(double a, double b) {
        double s = a + b;
        return new DoubleDouble(s, b - (s - a));
    }

    private static DoubleDouble[] inverseFactorials(int last) {
        DoubleDouble[] inverse = new DoubleDouble[last + 1];
        BigDecimal factorial = BigDecimal.ONE;
        for (int n = 0; n <= last; n++) {
            factorial = factorial.multiply(BigDecimal.valueOf(Math.max(n, 1)));
            inverse[n] = of(BigDecimal.ONE.divide(factorial, new MathContext(60)));
        }
        return inverse;
    }
}
