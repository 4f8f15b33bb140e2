package io.github.surprisal.kernel.simd;

import static jdk.incubator.vector.VectorOperators.BITWISE_BLEND;
import static jdk.incubator.vector.VectorOperators.D2F;
import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.OR;

import io.github.surprisal.kernel.DoubleMath;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The functions of {@link DoubleMath} on vectors. Masks are made of sign bits: C2 boxes a VectorMask of the two lanes that 128 bits have. The bit is shifted
 * down to 0 or 1 and subtracted, because AVX2 has no arithmetic shift of 64 bits, for which C2 takes five instructions.
 * The exponential stands in three of them: {@link SimdKernel} says why nothing is split.
 */
final class SimdDoubles {
    private static final VectorShape SHAPE = SimdKernel.shape();
    private static final VectorSpecies<Double> DOUBLES = VectorSpecies.of(double.class, SHAPE);
    /** As many floats as DOUBLES has doubles. */
    private static final VectorSpecies<Float> HALF = VectorSpecies.of(float.class, VectorShape.forBitSize(SHAPE.vectorBitSize() / 2));
    private static final int LANES = DOUBLES.length();

    private SimdDoubles() {}

    static void log(double[] x, int n) {
        DoubleVector ln2Hi = DoubleVector.broadcast(DOUBLES, DoubleMath.LN2_HI);
        DoubleVector ln2Lo = DoubleVector.broadcast(DOUBLES, DoubleMath.LN2_LO);
        for (int i = 0; i < n; i += LANES) {
            LongVector t = DoubleVector.fromArray(DOUBLES, x, i).reinterpretAsLongs().sub(DoubleMath.LOG_BIAS);
            DoubleVector k = t.lanewise(LSHR, 52).lanewise(OR, DoubleMath.TWO_52_BITS).reinterpretAsDoubles().sub(DoubleMath.LOG_ROUNDER);
            DoubleVector m = t.and(DoubleMath.MANTISSA_MASK).add(DoubleMath.SQRT_HALF_BITS).reinterpretAsDoubles();
            DoubleVector s = m.sub(1).div(m.add(1));
            DoubleVector z = s.mul(s);
            DoubleVector z2 = z.mul(z);
            DoubleVector low = z2.fma(z.fma(DoubleMath.ARTANH_9, DoubleMath.ARTANH_7), z.fma(DoubleMath.ARTANH_5, DoubleMath.ARTANH_3));
            DoubleVector high = z.fma(DoubleMath.ARTANH_13, DoubleMath.ARTANH_11);
            DoubleVector artanh = s.mul(z).fma(z2.mul(z2).fma(high, low), s);
            k.fma(ln2Hi, k.fma(ln2Lo, artanh.mul(2))).intoArray(x, i);
        }
    }

    static double log1p(double[] x, int n, int count, double sum) {
        int added = 0;
        DoubleVector ln2Hi = DoubleVector.broadcast(DOUBLES, DoubleMath.LN2_HI);
        DoubleVector ln2Lo = DoubleVector.broadcast(DOUBLES, DoubleMath.LN2_LO);
        for (int i = 0; i < n; i += LANES) {
            if (i >= 2 * LANES && i <= count + LANES) { // not the logarithms that are still on their way; and first, for C2 to inline it
                sum = add(x, i - 2 * LANES, sum);
                added = i - LANES;
            }
            DoubleVector v = DoubleVector.fromArray(DOUBLES, x, i);
            DoubleVector u = v.add(1);
            LongVector t = u.reinterpretAsLongs().sub(DoubleMath.LOG_BIAS);
            DoubleVector k = t.lanewise(LSHR, 52).lanewise(OR, DoubleMath.TWO_52_BITS).reinterpretAsDoubles().sub(DoubleMath.LOG_ROUNDER);
            DoubleVector m = t.and(DoubleMath.MANTISSA_MASK).add(DoubleMath.SQRT_HALF_BITS).reinterpretAsDoubles();
            LongVector small = v.sub(DoubleMath.SMALL).reinterpretAsLongs().lanewise(LSHR, 63).neg(); // k is 0 and m is u there
            DoubleVector f = m.sub(1).reinterpretAsLongs().lanewise(BITWISE_BLEND, v.reinterpretAsLongs(), small).reinterpretAsDoubles();
            DoubleVector s = f.div(f.add(2)); // m + 1, because m - 1 is exact
            DoubleVector z = s.mul(s);
            DoubleVector z2 = z.mul(z);
            DoubleVector low = z2.fma(z.fma(DoubleMath.ARTANH_9, DoubleMath.ARTANH_7), z.fma(DoubleMath.ARTANH_5, DoubleMath.ARTANH_3));
            DoubleVector high = z.fma(DoubleMath.ARTANH_13, DoubleMath.ARTANH_11);
            DoubleVector artanh = s.mul(z).fma(z2.mul(z2).fma(high, low), s);
            k.fma(ln2Hi, k.fma(ln2Lo, artanh.mul(2))).intoArray(x, i);
        }
        for (int i = added; i < count; i++) sum += x[i];
        return sum;
    }

    /** Adds as many numbers as a vector has, one after the other, without a loop within that of the vectors. */
    private static double add(double[] x, int i, double sum) {
        sum += x[i];
        sum += x[i + 1];
        if (LANES > 2) {
            sum += x[i + 2];
            sum += x[i + 3];
        }
        if (LANES > 4) {
            sum += x[i + 4];
            sum += x[i + 5];
            sum += x[i + 6];
            sum += x[i + 7];
        }
        return sum;
    }

    static void exp(double[] x, int n) {
        DoubleVector minusLn2Hi = DoubleVector.broadcast(DOUBLES, -DoubleMath.LN2_HI);
        DoubleVector minusLn2Lo = DoubleVector.broadcast(DOUBLES, -DoubleMath.LN2_LO);
        DoubleVector exp10 = DoubleVector.broadcast(DOUBLES, DoubleMath.EXP_10);
        for (int i = 0; i < n; i += LANES) {
            DoubleVector v = DoubleVector.fromArray(DOUBLES, x, i);
            DoubleVector shifted = v.fma(DoubleMath.LOG2E, DoubleMath.EXP_ROUNDER);
            DoubleVector k = shifted.sub(DoubleMath.EXP_ROUNDER);
            DoubleVector r = k.fma(minusLn2Lo, k.fma(minusLn2Hi, v));
            DoubleVector r2 = r.mul(r);
            DoubleVector low = r2.fma(r.fma(DoubleMath.EXP_7, DoubleMath.EXP_6), r.fma(DoubleMath.EXP_5, DoubleMath.EXP_4));
            DoubleVector high = r2.fma(exp10, r.fma(DoubleMath.EXP_9, DoubleMath.EXP_8));
            DoubleVector p = r2.fma(r2.mul(r2).fma(high, low), r.fma(DoubleMath.EXP_3, DoubleMath.EXP_2));
            DoubleVector scale = shifted.reinterpretAsLongs().add(1023).lanewise(LSHL, 52).reinterpretAsDoubles();
            LongVector counts = v.sub(DoubleMath.EXP_MIN).reinterpretAsLongs().lanewise(LSHR, 63).sub(1);
            r2.fma(p, r).add(1).mul(scale).reinterpretAsLongs().and(counts).reinterpretAsDoubles().intoArray(x, i);
        }
    }

    static void softcap(float[] x, int from, int n, double factor, float cap) {
        int whole = n & -LANES;
        DoubleVector minusLn2Hi = DoubleVector.broadcast(DOUBLES, -DoubleMath.LN2_HI);
        DoubleVector minusLn2Lo = DoubleVector.broadcast(DOUBLES, -DoubleMath.LN2_LO);
        DoubleVector exp10 = DoubleVector.broadcast(DOUBLES, DoubleMath.EXP_10);
        for (int i = from; i < from + whole; i += LANES) {
            DoubleVector v = ((DoubleVector) FloatVector.fromArray(HALF, x, i).convertShape(F2D, DOUBLES, 0)).mul(factor);
            DoubleVector u = v.abs();
            DoubleVector minus = u.mul(-2); // not the negative: the sign bit of a NaN stays 0, so that it counts below
            DoubleVector shifted = minus.fma(DoubleMath.LOG2E, DoubleMath.EXP_ROUNDER);
            DoubleVector k = shifted.sub(DoubleMath.EXP_ROUNDER);
            DoubleVector r = k.fma(minusLn2Lo, k.fma(minusLn2Hi, minus));
            DoubleVector r2 = r.mul(r);
            DoubleVector low = r2.fma(r.fma(DoubleMath.EXP_7, DoubleMath.EXP_6), r.fma(DoubleMath.EXP_5, DoubleMath.EXP_4));
            DoubleVector high = r2.fma(exp10, r.fma(DoubleMath.EXP_9, DoubleMath.EXP_8));
            DoubleVector p = r2.fma(r2.mul(r2).fma(high, low), r.fma(DoubleMath.EXP_3, DoubleMath.EXP_2));
            DoubleVector scale = shifted.reinterpretAsLongs().add(1023).lanewise(LSHL, 52).reinterpretAsDoubles();
            LongVector counts = minus.sub(DoubleMath.EXP_MIN).reinterpretAsLongs().lanewise(LSHR, 63).sub(1);
            DoubleVector e = r2.fma(p, r).add(1).mul(scale).reinterpretAsLongs().and(counts).reinterpretAsDoubles();
            LongVector sign = v.reinterpretAsLongs().and(Long.MIN_VALUE);
            LongVector tanh = e.sub(1).div(e.add(1)).abs().reinterpretAsLongs().or(sign);
            DoubleVector v2 = v.mul(v);
            DoubleVector series = v.sub(v2.mul(v).mul(v2.mul(-DoubleMath.TANH_5).add(DoubleMath.TANH_3)));
            LongVector small = u.sub(DoubleMath.TANH_SMALL).reinterpretAsLongs().lanewise(LSHR, 63).neg();
            DoubleVector result = tanh.lanewise(BITWISE_BLEND, series.reinterpretAsLongs(), small).reinterpretAsDoubles().mul(cap);
            ((FloatVector) result.convertShape(D2F, HALF, 0)).intoArray(x, i);
        }
        for (int i = from + whole; i < from + n; i++) x[i] = DoubleMath.softcap(x[i], factor, cap);
    }

    static void multiplyBySlope(float[] x, int from, int n, double factor, float scale, float[] out, int to) {
        int whole = n & -LANES;
        DoubleVector minusLn2Hi = DoubleVector.broadcast(DOUBLES, -DoubleMath.LN2_HI);
        DoubleVector minusLn2Lo = DoubleVector.broadcast(DOUBLES, -DoubleMath.LN2_LO);
        DoubleVector exp10 = DoubleVector.broadcast(DOUBLES, DoubleMath.EXP_10);
        for (int i = 0; i < whole; i += LANES) {
            DoubleVector v = ((DoubleVector) FloatVector.fromArray(HALF, x, from + i).convertShape(F2D, DOUBLES, 0)).mul(factor);
            DoubleVector minus = v.abs().mul(-2);
            DoubleVector shifted = minus.fma(DoubleMath.LOG2E, DoubleMath.EXP_ROUNDER);
            DoubleVector k = shifted.sub(DoubleMath.EXP_ROUNDER);
            DoubleVector r = k.fma(minusLn2Lo, k.fma(minusLn2Hi, minus));
            DoubleVector r2 = r.mul(r);
            DoubleVector low = r2.fma(r.fma(DoubleMath.EXP_7, DoubleMath.EXP_6), r.fma(DoubleMath.EXP_5, DoubleMath.EXP_4));
            DoubleVector high = r2.fma(exp10, r.fma(DoubleMath.EXP_9, DoubleMath.EXP_8));
            DoubleVector p = r2.fma(r2.mul(r2).fma(high, low), r.fma(DoubleMath.EXP_3, DoubleMath.EXP_2));
            DoubleVector power = shifted.reinterpretAsLongs().add(1023).lanewise(LSHL, 52).reinterpretAsDoubles();
            LongVector counts = minus.sub(DoubleMath.EXP_MIN).reinterpretAsLongs().lanewise(LSHR, 63).sub(1);
            DoubleVector e = r2.fma(p, r).add(1).mul(power).reinterpretAsLongs().and(counts).reinterpretAsDoubles();
            DoubleVector above = e.add(1);
            DoubleVector slope = e.mul(4).div(above.mul(above)).mul(scale);
            FloatVector given = FloatVector.fromArray(HALF, out, to + i);
            ((FloatVector) slope.mul(given.convertShape(F2D, DOUBLES, 0)).convertShape(D2F, HALF, 0)).intoArray(out, to + i);
        }
        for (int i = whole; i < n; i++) out[to + i] = (float) (scale * DoubleMath.sechSquared(x[from + i], factor) * out[to + i]);
    }
}
