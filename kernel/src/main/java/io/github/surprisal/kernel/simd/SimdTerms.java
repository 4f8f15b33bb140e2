package io.github.surprisal.kernel.simd;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.UMAX;
import static jdk.incubator.vector.VectorOperators.UMIN;
import static jdk.incubator.vector.VectorOperators.XOR;

import io.github.surprisal.kernel.DoubleMath;
import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.RowKernel;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The primitives of {@link RowKernel} for what is written: terms times a factor, terms kept while they are summed, and what becomes of these; whether elements
 * are such that their terms may be kept; and elements less their logarithm.
 */
final class SimdTerms {
    private static final VectorShape SHAPE = SimdKernel.shape();
    private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    private static final int LANES = FLOATS.length();
    private static final boolean NARROW = SimdKernel.NARROW; // see SimdNarrow

    private SimdTerms() {}

    static void termsMinus(float[] x, int from, int n, int e, float[] k, double factor, float[] minus, int minusFrom, float[] out, int to) {
        FloatVector log2e = FloatVector.broadcast(FLOATS, k[Exp2.LOG2E]);
        FloatVector hi = FloatVector.broadcast(FLOATS, k[Exp2.LN2_HI]);
        FloatVector lo = FloatVector.broadcast(FLOATS, k[Exp2.LN2_LO]);
        FloatVector c6 = FloatVector.broadcast(FLOATS, k[Exp2.C6]);
        FloatVector c5 = FloatVector.broadcast(FLOATS, k[Exp2.C5]);
        FloatVector c4 = FloatVector.broadcast(FLOATS, k[Exp2.C4]);
        FloatVector c3 = FloatVector.broadcast(FLOATS, k[Exp2.C3]);
        FloatVector c2 = FloatVector.broadcast(FLOATS, k[Exp2.C2]);
        FloatVector c1 = FloatVector.broadcast(FLOATS, k[Exp2.C1]);
        FloatVector one = FloatVector.broadcast(FLOATS, k[Exp2.ONE]);
        FloatVector rounder = FloatVector.broadcast(FLOATS, Exp2.rounder(e));
        FloatVector high = FloatVector.broadcast(FLOATS, (float) factor);
        FloatVector low = FloatVector.broadcast(FLOATS, DoubleMath.low(factor));
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector padding = IntVector.broadcast(INTS, Float.floatToRawIntBits(k[Exp2.PADDING]));
        for (int i = 0; i < n; i += LANES) {
            FloatVector byHi = NARROW ? FloatVector.fromArray(FLOATS, k, Exp2.LN2_HI_COPIES) : hi;
            FloatVector byLo = NARROW ? FloatVector.fromArray(FLOATS, k, Exp2.LN2_LO_COPIES) : lo;
            FloatVector byC6 = NARROW ? FloatVector.fromArray(FLOATS, k, Exp2.C6_COPIES) : c6;
            FloatVector v = FloatVector.fromArray(FLOATS, x, from + i).reinterpretAsInts().lanewise(UMIN, padding).reinterpretAsFloats();
            IntVector z = v.fma(log2e, rounder).reinterpretAsInts().lanewise(MAX, zero);
            FloatVector m = z.reinterpretAsFloats().sub(rounder);
            FloatVector r = m.fma(byLo, m.fma(byHi, v));
            FloatVector p = r.fma(byC6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            FloatVector term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
            term.fma(high, term.fma(low, FloatVector.fromArray(FLOATS, minus, minusFrom + i).neg())).intoArray(out, to + i);
        }
    }

    static void terms(float[] x, int from, int n, int e, float[] k, double factor, float[] out, int to) {
        FloatVector log2e = FloatVector.broadcast(FLOATS, k[Exp2.LOG2E]);
        FloatVector hi = FloatVector.broadcast(FLOATS, k[Exp2.LN2_HI]);
        FloatVector lo = FloatVector.broadcast(FLOATS, k[Exp2.LN2_LO]);
        FloatVector c6 = FloatVector.broadcast(FLOATS, k[Exp2.C6]);
        FloatVector c5 = FloatVector.broadcast(FLOATS, k[Exp2.C5]);
        FloatVector c4 = FloatVector.broadcast(FLOATS, k[Exp2.C4]);
        FloatVector c3 = FloatVector.broadcast(FLOATS, k[Exp2.C3]);
        FloatVector c2 = FloatVector.broadcast(FLOATS, k[Exp2.C2]);
        FloatVector c1 = FloatVector.broadcast(FLOATS, k[Exp2.C1]);
        FloatVector one = FloatVector.broadcast(FLOATS, k[Exp2.ONE]);
        FloatVector rounder = FloatVector.broadcast(FLOATS, Exp2.rounder(e));
        FloatVector high = FloatVector.broadcast(FLOATS, (float) factor);
        FloatVector low = FloatVector.broadcast(FLOATS, DoubleMath.low(factor));
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector padding = IntVector.broadcast(INTS, Float.floatToRawIntBits(k[Exp2.PADDING]));
        for (int i = 0; i < n; i += LANES) {
            FloatVector byHi = NARROW ? FloatVector.fromArray(FLOATS, k, Exp2.LN2_HI_COPIES) : hi;
            FloatVector byLo = NARROW ? FloatVector.fromArray(FLOATS, k, Exp2.LN2_LO_COPIES) : lo;
            FloatVector byC6 = NARROW ? FloatVector.fromArray(FLOATS, k, Exp2.C6_COPIES) : c6;
            FloatVector v = FloatVector.fromArray(FLOATS, x, from + i).reinterpretAsInts().lanewise(UMIN, padding).reinterpretAsFloats();
            IntVector z = v.fma(log2e, rounder).reinterpretAsInts().lanewise(MAX, zero);
            FloatVector m = z.reinterpretAsFloats().sub(rounder);
            FloatVector r = m.fma(byLo, m.fma(byHi, v));
            FloatVector p = r.fma(byC6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            FloatVector term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
            term.fma(high, term.mul(low)).intoArray(out, to + i);
        }
    }

    static void termsRows(float[] x, int from, int step, int n, int count, float[] rounders, float[] factors, float[] lows, int first, float[] k,
            float[] out, int to, int outStep) {
        FloatVector log2e = FloatVector.broadcast(FLOATS, k[Exp2.LOG2E]);
        FloatVector hi = FloatVector.broadcast(FLOATS, k[Exp2.LN2_HI]);
        FloatVector lo = FloatVector.broadcast(FLOATS, k[Exp2.LN2_LO]);
        FloatVector c6 = FloatVector.broadcast(FLOATS, k[Exp2.C6]);
        FloatVector c5 = FloatVector.broadcast(FLOATS, k[Exp2.C5]);
        FloatVector c4 = FloatVector.broadcast(FLOATS, k[Exp2.C4]);
        FloatVector c3 = FloatVector.broadcast(FLOATS, k[Exp2.C3]);
        FloatVector c2 = FloatVector.broadcast(FLOATS, k[Exp2.C2]);
        FloatVector c1 = FloatVector.broadcast(FLOATS, k[Exp2.C1]);
        FloatVector one = FloatVector.broadcast(FLOATS, k[Exp2.ONE]);
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector padding = IntVector.broadcast(INTS, Float.floatToRawIntBits(k[Exp2.PADDING]));
        int last = n - LANES; // the last vector of a row may overlap the one before, and is read before that is written
        for (int row = 0; row < count; row++) {
            int at = from + row * step;
            int put = to + row * outStep;
            FloatVector rounder = FloatVector.broadcast(FLOATS, rounders[first + row]);
            FloatVector high = FloatVector.broadcast(FLOATS, factors[first + row]);
            FloatVector low = FloatVector.broadcast(FLOATS, lows[first + row]);
            FloatVector rest = FloatVector.fromArray(FLOATS, x, at + last);
            for (int i = 0; i < last; i += LANES) {
                FloatVector byHi = NARROW ? FloatVector.fromArray(FLOATS, k, Exp2.LN2_HI_COPIES) : hi;
                FloatVector byLo = NARROW ? FloatVector.fromArray(FLOATS, k, Exp2.LN2_LO_COPIES) : lo;
                FloatVector byC6 = NARROW ? FloatVector.fromArray(FLOATS, k, Exp2.C6_COPIES) : c6;
                FloatVector v = FloatVector.fromArray(FLOATS, x, at + i).reinterpretAsInts().lanewise(UMIN, padding).reinterpretAsFloats();
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts().lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector r = m.fma(byLo, m.fma(byHi, v));
                FloatVector p = r.fma(byC6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
                term.fma(high, term.mul(low)).intoArray(out, put + i);
            }
            FloatVector v = rest.reinterpretAsInts().lanewise(UMIN, padding).reinterpretAsFloats();
            IntVector z = v.fma(log2e, rounder).reinterpretAsInts().lanewise(MAX, zero);
            FloatVector m = z.reinterpretAsFloats().sub(rounder);
            FloatVector r = m.fma(lo, m.fma(hi, v));
            FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            FloatVector term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
            term.fma(high, term.mul(low)).intoArray(out, put + last);
        }
    }

    /** See {@link RowKernel#sumKept}. What exponents are above the lowest, and elements ahead above theirs, is left in lanes, in tops. */
    static void sumKept(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, float[] out, int outFrom, int outStep, int ahead) {
        FloatVector rounder = IntVector.broadcast(INTS, Float.floatToRawIntBits(Exp2.rounder(e))).reinterpretAsFloats();
        FloatVector log2e = FloatVector.broadcast(FLOATS, k[Exp2.LOG2E]);
        FloatVector hi = FloatVector.broadcast(FLOATS, k[Exp2.LN2_HI]);
        FloatVector lo = FloatVector.broadcast(FLOATS, k[Exp2.LN2_LO]);
        FloatVector c6 = FloatVector.broadcast(FLOATS, k[Exp2.C6]);
        FloatVector c5 = FloatVector.broadcast(FLOATS, k[Exp2.C5]);
        FloatVector c4 = FloatVector.broadcast(FLOATS, k[Exp2.C4]);
        FloatVector c3 = FloatVector.broadcast(FLOATS, k[Exp2.C3]);
        FloatVector c2 = FloatVector.broadcast(FLOATS, k[Exp2.C2]);
        FloatVector c1 = FloatVector.broadcast(FLOATS, k[Exp2.C1]);
        FloatVector one = FloatVector.broadcast(FLOATS, k[Exp2.ONE]);
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector lowest = IntVector.broadcast(INTS, RowKernel.LOWEST_KEPT);
        FloatVector least = FloatVector.broadcast(FLOATS, RowKernel.lowestKept(e, k));
        IntVector widest = IntVector.zero(INTS);
        boolean looks = ahead != 0 && LANES == RowKernel.GRAIN; // what narrower vectors look at, they do apart: see SimdKernel
        for (int b = 0; b < count; b++) {
            int at = from + b * step;
            int next = at + ahead;
            int put = outFrom + b * outStep;
            int block = to + b * RowKernel.BLOCK;
            IntVector top = IntVector.zero(INTS);
            // A product that is exact, then a sum: the bits of the fused multiply-add, and additions do not wait for multipliers.
            for (int i = 0; i < n; i += LANES) {
                FloatVector v0 = FloatVector.fromArray(FLOATS, x, at + i);
                FloatVector v1 = FloatVector.fromArray(FLOATS, x, at + stream + i);
                FloatVector v2 = FloatVector.fromArray(FLOATS, x, at + 2 * stream + i);
                FloatVector v3 = FloatVector.fromArray(FLOATS, x, at + 3 * stream + i);
                if (looks) {
                    widest = FloatVector.fromArray(FLOATS, x, next + i).sub(least).reinterpretAsInts().lanewise(UMAX, widest);
                    widest = FloatVector.fromArray(FLOATS, x, next + stream + i).sub(least).reinterpretAsInts().lanewise(UMAX, widest);
                    widest = FloatVector.fromArray(FLOATS, x, next + 2 * stream + i).sub(least).reinterpretAsInts().lanewise(UMAX, widest);
                    widest = FloatVector.fromArray(FLOATS, x, next + 3 * stream + i).sub(least).reinterpretAsInts().lanewise(UMAX, widest);
                }
                FloatVector v = v0;
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.sub(lowest).lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector r = m.fma(lo, m.fma(hi, v));
                FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
                term.intoArray(out, put + i);
                FloatVector sum = term;

                v = v1;
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.sub(lowest).lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
                term.intoArray(out, put + stream + i);
                sum = sum.add(term);

                v = v2;
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.sub(lowest).lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
                term.intoArray(out, put + 2 * stream + i);
                FloatVector more = term;

                v = v3;
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.sub(lowest).lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
                term.intoArray(out, put + 3 * stream + i);
                sum.add(more.add(term)).intoArray(partials, block + i);
            }
            top.intoArray(tops, RowKernel.TOPS + b * RowKernel.GRAIN); // see SimdKernel
        }
        widest.intoArray(tops, RowKernel.AHEAD);
    }

    static void sumTerms(float[] t, int from, int step, int stream, int n, int count, float[] partials, int to) {
        for (int b = 0; b < count; b++) {
            int at = from + b * step;
            int block = to + b * RowKernel.BLOCK;
            for (int i = 0; i < n; i += LANES) {
                FloatVector sum = FloatVector.fromArray(FLOATS, t, at + i).add(FloatVector.fromArray(FLOATS, t, at + stream + i));
                FloatVector more = FloatVector.fromArray(FLOATS, t, at + 2 * stream + i).add(FloatVector.fromArray(FLOATS, t, at + 3 * stream + i));
                sum.add(more).intoArray(partials, block + i);
            }
        }
    }

    static boolean inRange(float[] x, int from, int step, int n, int count, int e, float[] k) {
        FloatVector least = FloatVector.broadcast(FLOATS, RowKernel.lowestKept(e, k));
        IntVector widest = IntVector.zero(INTS);
        int last = n - LANES; // the last vector of a row may overlap the one before
        for (int row = 0; row < count; row++) {
            int at = from + row * step;
            for (int i = 0; i < last; i += LANES) {
                widest = FloatVector.fromArray(FLOATS, x, at + i).sub(least).reinterpretAsInts().lanewise(UMAX, widest);
            }
            widest = FloatVector.fromArray(FLOATS, x, at + last).sub(least).reinterpretAsInts().lanewise(UMAX, widest);
        }
        int widestLane = IntVector.broadcast(INTS, Integer.MIN_VALUE).lanewise(XOR, widest).reduceLanes(MAX) ^ Integer.MIN_VALUE;
        return RowKernel.areKept(widestLane, k);
    }

    static void scale(float[] t, int from, int step, int n, int count, float[] factors, float[] lows, int first,
            float[] out, int to, int outStep) {
        int last = n - LANES; // the last vector of a row may overlap the one before, and is read before that is written
        for (int row = 0; row < count; row++) {
            int at = from + row * step;
            int put = to + row * outStep;
            FloatVector high = FloatVector.broadcast(FLOATS, factors[first + row]);
            FloatVector low = FloatVector.broadcast(FLOATS, lows[first + row]);
            FloatVector rest = FloatVector.fromArray(FLOATS, t, at + last);
            for (int i = 0; i < last; i += LANES) {
                FloatVector term = FloatVector.fromArray(FLOATS, t, at + i);
                term.fma(high, term.mul(low)).intoArray(out, put + i);
            }
            rest.fma(high, rest.mul(low)).intoArray(out, put + last);
        }
    }

    static void subtract(float[] x, int from, int step, int n, int count, float[] highs, float[] lows, int first,
            float[] out, int to, int outStep) {
        int last = n - LANES; // as in scale
        for (int row = 0; row < count; row++) {
            int at = from + row * step;
            int put = to + row * outStep;
            FloatVector high = FloatVector.broadcast(FLOATS, highs[first + row]);
            FloatVector low = FloatVector.broadcast(FLOATS, lows[first + row]);
            FloatVector rest = FloatVector.fromArray(FLOATS, x, at + last);
            for (int i = 0; i < last; i += LANES) FloatVector.fromArray(FLOATS, x, at + i).sub(high).sub(low).intoArray(out, put + i);
            rest.sub(high).sub(low).intoArray(out, put + last);
        }
    }
}
