package io.github.surprisal.kernel.simd;

import static jdk.incubator.vector.VectorOperators.AND_NOT;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.BITWISE_BLEND;
import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.OR;
import static jdk.incubator.vector.VectorOperators.UMAX;
import static jdk.incubator.vector.VectorOperators.UMIN;
import static jdk.incubator.vector.VectorOperators.XOR;

import io.github.surprisal.kernel.DoubleMath;
import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.RowKernel;
import io.github.surprisal.kernel.ScalarKernel;
import io.github.surprisal.kernel.StorageKernel;
import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link ScalarKernel}'s recipe on vectors of the preferred width, 128 to 512 bits. This package alone refers to
 * jdk.incubator.vector. Each method stays within what C2 inlines into one compilation; past that it would box every vector.
 * And each is written out rather than split: one of more than 325 bytecodes is not inlined into a caller, whose budget it would use up, and a
 * helper that returns a vector returns an object wherever calls lie too deep for C2 to inline it.
 */
public final class SimdKernel implements RowKernel {
    private static final VectorShape SHAPE = shape();
    private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    private static final VectorSpecies<Double> DOUBLES = VectorSpecies.of(double.class, SHAPE);
    /** As many floats as DOUBLES has doubles. Whole registers would be read across two stores just made, and wait for them. */
    private static final VectorSpecies<Float> HALF = VectorSpecies.of(float.class, VectorShape.forBitSize(SHAPE.vectorBitSize() / 2));
    private static final int LANES = FLOATS.length();

    private static final float[] LANE = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

    /** Where sumFolded keeps the partial sums of the block at hand, behind the lanes of all. */
    private static final int ONE_BLOCK = GROUP * 32;

    private final StorageKernel storage = new SimdStorage();

    // Masks of doubles are shifted sign bits: C2 boxes a VectorMask of the two lanes that 128 bits have.

    static VectorShape shape() {
        VectorShape preferred = VectorShape.preferredShape();
        // The grain is 16 floats, so that is the widest register a block can be cut into.
        return preferred.vectorBitSize() > 512 ? VectorShape.S_512_BIT : preferred;
    }

    @Override
    public int lanes() {
        return LANES;
    }

    @Override
    public void sum(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom) {
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
        for (int b = 0; b < count; b++) {
            int at = from + b * step;
            int block = to + b * BLOCK;
            IntVector top = IntVector.zero(INTS);
            // Four terms a turn: their chains of dependent fmas overlap, and four streams keep as many prefetchers busy.
            for (int i = 0; i < n; i += LANES) {
                FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector r = m.fma(lo, m.fma(hi, v));
                FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector sum = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                v = FloatVector.fromArray(FLOATS, x, at + stream + i);
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                sum = p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum);

                v = FloatVector.fromArray(FLOATS, x, at + 2 * stream + i);
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                sum = p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum);

                v = FloatVector.fromArray(FLOATS, x, at + 3 * stream + i);
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum).intoArray(partials, block + i);
            }
            // Stored, not reduced in registers: reduceLanes would exceed what C2 inlines here, and a call spill every constant.
            top.intoArray(tops, TOPS + b * GRAIN);
        }
        reduceTops(tops, count, topsFrom);
    }

    @Override
    public void sumFolded(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, double[] sums, int[] tops) {
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
        Arrays.fill(partials, ONE_BLOCK + n, ONE_BLOCK + BLOCK, 0f);
        for (int b = 0; b < count; b++) {
            int at = from + b * step;
            IntVector top = IntVector.zero(INTS);
            // Four terms a turn: their chains of dependent fmas overlap, and four streams keep as many prefetchers busy.
            for (int i = 0; i < n; i += LANES) {
                FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector r = m.fma(lo, m.fma(hi, v));
                FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector sum = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                v = FloatVector.fromArray(FLOATS, x, at + stream + i);
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                sum = p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum);

                v = FloatVector.fromArray(FLOATS, x, at + 2 * stream + i);
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                sum = p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum);

                v = FloatVector.fromArray(FLOATS, x, at + 3 * stream + i);
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum).intoArray(partials, ONE_BLOCK + i);
            }
            // As in fold, to 32 lanes a block. Done here it fits into the gaps that the terms of the next block leave.
            for (int lane = ONE_BLOCK; lane < ONE_BLOCK + 32; lane += LANES) {
                for (int i = lane; i < lane + BLOCK; i += BLOCK / 2) {
                    FloatVector even = FloatVector.fromArray(FLOATS, partials, i).add(FloatVector.fromArray(FLOATS, partials, i + 128))
                        .add(FloatVector.fromArray(FLOATS, partials, i + 64).add(FloatVector.fromArray(FLOATS, partials, i + 192)));
                    FloatVector odd = FloatVector.fromArray(FLOATS, partials, i + 32).add(FloatVector.fromArray(FLOATS, partials, i + 160))
                        .add(FloatVector.fromArray(FLOATS, partials, i + 96).add(FloatVector.fromArray(FLOATS, partials, i + 224)));
                    even.add(odd).intoArray(partials, i);
                }
                FloatVector.fromArray(FLOATS, partials, lane).add(FloatVector.fromArray(FLOATS, partials, lane + BLOCK / 2)).intoArray(partials, lane - ONE_BLOCK + 32 * b);
            }
            // Stored, not reduced in registers: reduceLanes would exceed what C2 inlines here, and a call spill every constant.
            top.intoArray(tops, TOPS + b * GRAIN);
        }
        reduceTops(tops, count, 0);
        foldLanes(partials, 32, count, sums);
    }

    /** tops[topsFrom + b] = the unsigned maximum of the lanes that sum left of block b. */
    static void reduceTops(int[] tops, int count, int topsFrom) {
        for (int b = 0; b < count; b++) tops[topsFrom + b] = unsignedMaxLane(IntVector.fromArray(INTS, tops, TOPS + b * GRAIN));
    }

    /** reduceLanes(UMAX) is not an intrinsic; with the sign bit flipped the signed one is the same. */
    static int unsignedMaxLane(IntVector v) {
        return v.lanewise(XOR, Integer.MIN_VALUE).reduceLanes(MAX) ^ Integer.MIN_VALUE;
    }

    @Override
    public void pad(float[] x, int from, int step, int tail, int count, float padding, float[] out) {
        FloatVector pads = FloatVector.broadcast(FLOATS, padding);
        FloatVector lane = FloatVector.fromArray(FLOATS, LANE, 0);
        for (int i = 0; i < 4 * GRAIN; i += LANES) {
            VectorMask<Float> present = lane.compare(LT, tail - i);
            for (int b = 0; b < count; b++) {
                pads.blend(FloatVector.fromArray(FLOATS, x, from + b * step + i), present).intoArray(out, b * 4 * GRAIN + i);
            }
        }
    }

    @Override
    public void fold(float[] partials, int n, int count, double[] sums) {
        if (n <= 64) {
            foldShort(partials, n, count);
        } else {
            foldLong(partials, n, count);
        }
        foldLanes(partials, n <= 32 ? BLOCK : 32, count, sums);
    }

    /** The end of fold: of the first 32 lanes of each step. */
    private static void foldLanes(float[] partials, int step, int count, double[] sums) {
        for (int i = 0; i < 8 * count; i += DOUBLES.length()) {
            int lane = (i >> 3) * step + (i & 7);
            Vector<Double> p0 = FloatVector.fromArray(HALF, partials, lane).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p8 = FloatVector.fromArray(HALF, partials, lane + 8).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p16 = FloatVector.fromArray(HALF, partials, lane + 16).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p24 = FloatVector.fromArray(HALF, partials, lane + 24).convertShape(F2D, DOUBLES, 0);
            ((DoubleVector) p0.add(p16).add(p8.add(p24))).intoArray(sums, i);
        }
        ScalarKernel.foldLanes(count, sums);
    }

    /**
     * To 32 lanes a block, one behind the other, or left at the start of each block where there are no more. Blocks this short have
     * zeros everywhere else, which change nothing. No vector is stored just as it was loaded: C2 does not know the class of that
     * one for sure, may have seen intoArray on HALF too (so cold code converts to double), and then boxes it.
     */
    private static void foldShort(float[] partials, int n, int count) {
        int width = n <= 32 ? 32 : 64;
        for (int k = 0; k < count && n < width; k++) clear(partials, k * BLOCK + width - 16);
        if (n <= 32) return;
        for (int lane = 0; lane < 32 * count; lane += LANES) {
            int i = (lane >> 5) * BLOCK + (lane & 31);
            FloatVector.fromArray(FLOATS, partials, i).add(FloatVector.fromArray(FLOATS, partials, i + 32)).intoArray(partials, lane);
        }
    }

    private static void clear(float[] partials, int from) {
        for (int i = from; i < from + GRAIN; i += LANES) FloatVector.zero(FLOATS).intoArray(partials, i);
    }

    /** As the other, for any block. */
    private static void foldLong(float[] partials, int n, int count) {
        boolean whole = n > BLOCK / 2; // adding the zeros of an empty half changes nothing
        int width = whole ? BLOCK : BLOCK / 2;
        for (int k = 0; k < count && n < width; k++) Arrays.fill(partials, k * BLOCK + n, k * BLOCK + width, 0f);
        // Each in one loop over all blocks, because entering a loop costs more than these do. The 32 lanes of half k move to
        // partials[32 k ..]: always behind what is still to be read.
        int step = whole ? BLOCK / 2 : BLOCK;
        int lanes = whole ? 64 * count : 32 * count;
        for (int lane = 0; lane < lanes; lane += LANES) {
            int i = (lane >> 5) * step + (lane & 31);
            FloatVector even = FloatVector.fromArray(FLOATS, partials, i).add(FloatVector.fromArray(FLOATS, partials, i + 128))
                .add(FloatVector.fromArray(FLOATS, partials, i + 64).add(FloatVector.fromArray(FLOATS, partials, i + 192)));
            FloatVector odd = FloatVector.fromArray(FLOATS, partials, i + 32).add(FloatVector.fromArray(FLOATS, partials, i + 160))
                .add(FloatVector.fromArray(FLOATS, partials, i + 96).add(FloatVector.fromArray(FLOATS, partials, i + 224)));
            even.add(odd).intoArray(partials, lane);
        }
        if (whole) {
            for (int lane = 0; lane < 32 * count; lane += LANES) {
                int i = (lane >> 5) * 64 + (lane & 31);
                FloatVector.fromArray(FLOATS, partials, i).add(FloatVector.fromArray(FLOATS, partials, i + 32)).intoArray(partials, lane);
            }
        }
    }

    @Override
    public void log(double[] x, int n) {
        for (int i = 0; i < n; i += DOUBLES.length()) {
            LongVector t = DoubleVector.fromArray(DOUBLES, x, i).reinterpretAsLongs().sub(DoubleMath.LOG_BIAS);
            DoubleVector k = t.lanewise(LSHR, 52).lanewise(OR, DoubleMath.TWO_52_BITS).reinterpretAsDoubles().sub(DoubleMath.LOG_ROUNDER);
            DoubleVector m = t.and(DoubleMath.MANTISSA_MASK).add(DoubleMath.SQRT_HALF_BITS).reinterpretAsDoubles();
            DoubleVector s = m.sub(1).div(m.add(1));
            DoubleVector z = s.mul(s);
            DoubleVector z2 = z.mul(z);
            DoubleVector z4 = z2.mul(z2);
            DoubleVector low = z.mul(1.0 / 5).add(1.0 / 3).add(z2.mul(z.mul(1.0 / 9).add(1.0 / 7)));
            DoubleVector high = z.mul(1.0 / 13).add(1.0 / 11).add(z2.mul(z.mul(1.0 / 17).add(1.0 / 15)));
            DoubleVector top = z.mul(1.0 / 21).add(1.0 / 19);
            DoubleVector artanh = s.add(s.mul(z).mul(low.add(z4.mul(high.add(z4.mul(top))))));
            k.mul(DoubleMath.LN2_HI).add(artanh.mul(2).add(k.mul(DoubleMath.LN2_LO))).intoArray(x, i);
        }
    }

    @Override
    public void log1p(double[] x, int n) {
        for (int i = 0; i < n; i += DOUBLES.length()) {
            DoubleVector v = DoubleVector.fromArray(DOUBLES, x, i);
            DoubleVector u = v.add(1);
            LongVector t = u.reinterpretAsLongs().sub(DoubleMath.LOG_BIAS);
            DoubleVector k = t.lanewise(LSHR, 52).lanewise(OR, DoubleMath.TWO_52_BITS).reinterpretAsDoubles().sub(DoubleMath.LOG_ROUNDER);
            DoubleVector m = t.and(DoubleMath.MANTISSA_MASK).add(DoubleMath.SQRT_HALF_BITS).reinterpretAsDoubles();
            LongVector small = v.sub(DoubleMath.SMALL).reinterpretAsLongs().lanewise(ASHR, 63); // k is 0 and m is u there
            DoubleVector f = m.sub(1);
            DoubleVector d = m.add(1);
            f = f.reinterpretAsLongs().lanewise(BITWISE_BLEND, v.reinterpretAsLongs(), small).reinterpretAsDoubles();
            d = d.reinterpretAsLongs().lanewise(BITWISE_BLEND, v.add(2).reinterpretAsLongs(), small).reinterpretAsDoubles();
            DoubleVector s = f.div(d);
            DoubleVector z = s.mul(s);
            DoubleVector z2 = z.mul(z);
            DoubleVector z4 = z2.mul(z2);
            DoubleVector low = z.mul(1.0 / 5).add(1.0 / 3).add(z2.mul(z.mul(1.0 / 9).add(1.0 / 7)));
            DoubleVector high = z.mul(1.0 / 13).add(1.0 / 11).add(z2.mul(z.mul(1.0 / 17).add(1.0 / 15)));
            DoubleVector top = z.mul(1.0 / 21).add(1.0 / 19);
            DoubleVector artanh = s.add(s.mul(z).mul(low.add(z4.mul(high.add(z4.mul(top))))));
            k.mul(DoubleMath.LN2_HI).add(artanh.mul(2).add(k.mul(DoubleMath.LN2_LO))).intoArray(x, i);
        }
    }

    @Override
    public void exp(double[] x, int n) {
        for (int i = 0; i < n; i += DOUBLES.length()) {
            DoubleVector v = DoubleVector.fromArray(DOUBLES, x, i);
            DoubleVector shifted = v.mul(DoubleMath.LOG2E).add(DoubleMath.EXP_ROUNDER);
            DoubleVector k = shifted.sub(DoubleMath.EXP_ROUNDER);
            DoubleVector r = v.sub(k.mul(DoubleMath.LN2_HI)).sub(k.mul(DoubleMath.LN2_LO));
            DoubleVector r2 = r.mul(r);
            DoubleVector r4 = r2.mul(r2);
            DoubleVector low = r.mul(1.0 / 120).add(1.0 / 24).add(r2.mul(r.mul(1.0 / 5040).add(1.0 / 720)));
            DoubleVector high = r.mul(1.0 / 362880).add(1.0 / 40320).add(r2.mul(r.mul(1.0 / 39916800).add(1.0 / 3628800)));
            DoubleVector p = r.mul(1.0 / 6).add(0.5).add(r2.mul(low.add(r4.mul(high.add(r4.mul(1.0 / 479001600))))));
            DoubleVector scale = shifted.reinterpretAsLongs().add(1023).lanewise(LSHL, 52).reinterpretAsDoubles();
            LongVector tiny = v.sub(DoubleMath.EXP_MIN).reinterpretAsLongs().lanewise(ASHR, 63);
            r.add(r2.mul(p)).add(1).mul(scale).reinterpretAsLongs().lanewise(AND_NOT, tiny).reinterpretAsDoubles().intoArray(x, i);
        }
    }

    @Override
    public void softplus(double[] q, int n) {
        for (int i = 0; i < n; i += DOUBLES.length()) {
            DoubleVector x = DoubleVector.fromArray(DOUBLES, q, i);
            DoubleVector minus = x.abs().neg();
            DoubleVector shifted = minus.mul(DoubleMath.LOG2E).add(DoubleMath.EXP_ROUNDER);
            DoubleVector k = shifted.sub(DoubleMath.EXP_ROUNDER);
            DoubleVector r = minus.sub(k.mul(DoubleMath.LN2_HI)).sub(k.mul(DoubleMath.LN2_LO));
            DoubleVector r2 = r.mul(r);
            DoubleVector up = r.mul(1.0 / 362880).add(1.0 / 40320).add(r2.mul(1.0 / 3628800));
            DoubleVector p = r.mul(1.0 / 120).add(1.0 / 24).add(r2.mul(r.mul(1.0 / 5040).add(1.0 / 720))).add(r2.mul(r2).mul(up));
            p = r.mul(1.0 / 6).add(0.5).add(r2.mul(p));
            DoubleVector scale = shifted.reinterpretAsLongs().add(1023).lanewise(LSHL, 52).reinterpretAsDoubles();
            LongVector tiny = minus.sub(DoubleMath.EXP_MIN).reinterpretAsLongs().lanewise(ASHR, 63);
            DoubleVector a = r.add(r2.mul(p)).add(1).mul(scale).reinterpretAsLongs().lanewise(AND_NOT, tiny).reinterpretAsDoubles();
            LongVector above = a.neg().add(DoubleMath.SQRT2_MINUS_1).reinterpretAsLongs().lanewise(ASHR, 63);
            DoubleVector c = above.and(DoubleMath.SQRT2_MINUS_1_BITS).reinterpretAsDoubles();
            DoubleVector s = a.sub(c).div(a.add(2).add(c));
            DoubleVector z = s.mul(s);
            DoubleVector z2 = z.mul(z);
            DoubleVector low = z.mul(1.0 / 5).add(1.0 / 3).add(z2.mul(z.mul(1.0 / 9).add(1.0 / 7)));
            DoubleVector high = z.mul(1.0 / 13).add(1.0 / 11).add(z2.mul(1.0 / 15));
            DoubleVector log1p = s.add(s.mul(z).mul(low.add(z2.mul(z2).mul(high)))).mul(2).add(c.mul(DoubleMath.LOG_SQRT2));
            x.max(0).add(log1p).intoArray(q, i);
        }
    }

    @Override
    public void termsMinus(float[] x, int from, int n, int e, float[] k, float factor, float[] minus, int minusFrom, float[] out, int to) {
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
        FloatVector factors = FloatVector.broadcast(FLOATS, factor);
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector padding = IntVector.broadcast(INTS, Float.floatToRawIntBits(k[Exp2.PADDING]));
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, from + i).reinterpretAsInts().lanewise(UMIN, padding).reinterpretAsFloats();
            IntVector z = v.fma(log2e, rounder).reinterpretAsInts().lanewise(MAX, zero);
            FloatVector m = z.reinterpretAsFloats().sub(rounder);
            FloatVector r = m.fma(lo, m.fma(hi, v));
            FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            FloatVector term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
            term.fma(factors, FloatVector.fromArray(FLOATS, minus, minusFrom + i).neg()).intoArray(out, to + i);
        }
    }

    @Override
    public void terms(float[] x, int from, int n, int e, float[] k, float factor, float[] out, int to) {
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
        FloatVector factors = FloatVector.broadcast(FLOATS, factor);
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector padding = IntVector.broadcast(INTS, Float.floatToRawIntBits(k[Exp2.PADDING]));
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, from + i).reinterpretAsInts().lanewise(UMIN, padding).reinterpretAsFloats();
            IntVector z = v.fma(log2e, rounder).reinterpretAsInts().lanewise(MAX, zero);
            FloatVector m = z.reinterpretAsFloats().sub(rounder);
            FloatVector r = m.fma(lo, m.fma(hi, v));
            FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats()).mul(factors).intoArray(out, to + i);
        }
    }

    @Override
    public void termsRows(float[] x, int from, int step, int n, int count, float[] rounders, float[] factors, int first, float[] k,
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
            FloatVector factor = FloatVector.broadcast(FLOATS, factors[first + row]);
            FloatVector rest = FloatVector.fromArray(FLOATS, x, at + last);
            for (int i = 0; i < last; i += LANES) {
                FloatVector v = FloatVector.fromArray(FLOATS, x, at + i).reinterpretAsInts().lanewise(UMIN, padding).reinterpretAsFloats();
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts().lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector r = m.fma(lo, m.fma(hi, v));
                FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats()).mul(factor).intoArray(out, put + i);
            }
            FloatVector v = rest.reinterpretAsInts().lanewise(UMIN, padding).reinterpretAsFloats();
            IntVector z = v.fma(log2e, rounder).reinterpretAsInts().lanewise(MAX, zero);
            FloatVector m = z.reinterpretAsFloats().sub(rounder);
            FloatVector r = m.fma(lo, m.fma(hi, v));
            FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats()).mul(factor).intoArray(out, put + last);
        }
    }

    @Override
    public float max(float[] x, int from, int n) {
        FloatVector max = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < whole; i += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, from + i);
            max = max.blend(v, v.compare(GT, max)); // FloatVector.max is five instructions on x86
        }
        float result = max.reduceLanes(MAX);
        for (int i = from + whole; i < from + n; i++) result = x[i] > result ? x[i] : result;
        return result;
    }

    @Override
    public void gaps(float[] x, int from, float[] a, int aFrom, int n, float m, double[] sums) {
        for (int lane = 0; lane < 16; lane += DOUBLES.length()) {
            DoubleVector sum = DoubleVector.fromArray(DOUBLES, sums, lane);
            for (int i = lane; i < n; i += 16) {
                DoubleVector weight = (DoubleVector) FloatVector.fromArray(HALF, a, aFrom + i).convertShape(F2D, DOUBLES, 0);
                DoubleVector gap = ((DoubleVector) FloatVector.fromArray(HALF, x, from + i).convertShape(F2D, DOUBLES, 0)).neg().add(m);
                LongVector bits = weight.reinterpretAsLongs().lanewise(LSHL, 1);
                LongVector counts = bits.or(bits.neg()).lanewise(ASHR, 63); // 0 where the weight is
                sum = sum.add(weight.mul(gap).reinterpretAsLongs().and(counts).reinterpretAsDoubles());
            }
            sum.intoArray(sums, lane);
        }
    }

    @Override
    public int mask(float[] x, int n, float padding) {
        return SimdMasks.mask(x, n, padding);
    }

    @Override
    public void sumMasked(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom, int[] bits) {
        SimdMasks.sum(x, from, step, stream, n, count, e, k, partials, to, tops, topsFrom, bits);
    }

    @Override
    public boolean sum(float[] x, int from, int n, double[] lanes) {
        return SimdInformation.sum(x, from, n, lanes);
    }

    @Override
    public boolean covers(float[] p, int pFrom, float[] q, int qFrom, int n) {
        return SimdInformation.covers(p, pFrom, q, qFrom, n);
    }

    @Override
    public void crossEntropy(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        SimdInformation.crossEntropy(p, pFrom, q, qFrom, n, lanes);
    }

    @Override
    public void divergence(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        SimdInformation.divergence(p, pFrom, q, qFrom, n, lanes);
    }

    @Override
    public void divergenceFromMean(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        SimdInformation.divergenceFromMean(p, pFrom, q, qFrom, n, lanes);
    }

    @Override
    public int sumRows(float[] x, int from, int step, int columns, int count, int[] excluded, int first, int e, float[] k,
            float[] partials, double[] lanes, double[] sums) {
        int top = SimdRows.sum(x, from, step, columns, count, excluded, first, e, k, partials);
        for (int r = 0; r < count; r += GROUP) {
            int group = Math.min(GROUP, count - r);
            int positions = SimdRows.positions(columns);
            SimdRows.fold(partials, r * positions, positions, group, lanes);
            System.arraycopy(lanes, 0, sums, first + r, group);
        }
        return top;
    }

    @Override
    public void transpose(float[] x, int from, int step, int columns, int count, float[] out, int stride) {
        SimdColumns.transpose(x, from, step, columns, count, out, stride);
    }

    @Override
    public void transposeBack(float[] x, int first, int stride, int columns, int count, float[] out, int to, int step) {
        SimdColumns.transposeBack(x, first, stride, columns, count, out, to, step);
    }

    @Override
    public int sumColumns(float[] x, int from, int stride, int columns, int n, int[] excluded, int e, float[] k, float[] partials, int[] tops,
            float[] apart) {
        SimdColumns.sum(x, from, stride, columns, n, excluded, e, k, partials, tops, apart);
        return SimdColumns.finishTops(n, e, k, tops, apart);
    }

    @Override
    public boolean foldColumns(float[] partials, int n, double least, double[] sums) {
        SimdColumns.fold(partials, n, sums);
        return SimdColumns.areInside(sums, n, least);
    }

    @Override
    public void termsColumns(float[] x, int from, int stride, int columns, int n, float[] rounders, float[] factors, float[] k,
            float[] out, int to, int outStride) {
        SimdColumns.terms(x, from, stride, columns, n, rounders, factors, k, out, to, outStride);
    }

    @Override
    public StorageKernel storage() {
        return storage;
    }
}
