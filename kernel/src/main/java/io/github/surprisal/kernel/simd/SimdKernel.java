package io.github.surprisal.kernel.simd;

import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.OR;
import static jdk.incubator.vector.VectorOperators.UMAX;
import static jdk.incubator.vector.VectorOperators.UMIN;
import static jdk.incubator.vector.VectorOperators.XOR;

import io.github.surprisal.kernel.DoubleMath;
import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.RowKernel;
import io.github.surprisal.kernel.ScalarKernel;
import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link ScalarKernel}'s recipe on vectors of the preferred width, 128 to 512 bits. This package alone refers to
 * jdk.incubator.vector. Each method stays within what C2 inlines into one compilation; past that it would box every vector.
 */
public final class SimdKernel implements RowKernel {
    private static final VectorShape SHAPE = shape();
    private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    private static final VectorSpecies<Double> DOUBLES = VectorSpecies.of(double.class, SHAPE);
    /** As many floats as DOUBLES has doubles. Whole registers would be read across two stores just made, and wait for them. */
    private static final VectorSpecies<Float> HALF = VectorSpecies.of(float.class, VectorShape.forBitSize(SHAPE.vectorBitSize() / 2));
    private static final int LANES = FLOATS.length();

    /** Read from an array, because a compile-time constant would be loaded from memory again in every iteration. */
    private static final float[] K = {
        Exp2.LOG2E, Exp2.LN2_HI, Exp2.LN2_LO, Exp2.C6, Exp2.C5, Exp2.C4, Exp2.C3, Exp2.C2, 1f
    };

    private static VectorShape shape() {
        VectorShape preferred = VectorShape.preferredShape();
        // The grain is 16 floats, so that is the widest register a block can be cut into.
        return preferred.vectorBitSize() > 512 ? VectorShape.S_512_BIT : preferred;
    }

    @Override
    public int lanes() {
        return LANES;
    }

    @Override
    public void sum(float[] x, int from, int step, int stream, int n, int first, int count, int e, float[] partials, int[] tops) {
        FloatVector rounder = FloatVector.broadcast(FLOATS, Exp2.rounder(e));
        FloatVector log2e = FloatVector.broadcast(FLOATS, K[0]);
        FloatVector hi = FloatVector.broadcast(FLOATS, K[1]);
        FloatVector lo = FloatVector.broadcast(FLOATS, K[2]);
        FloatVector c6 = FloatVector.broadcast(FLOATS, K[3]);
        FloatVector c5 = FloatVector.broadcast(FLOATS, K[4]);
        FloatVector c4 = FloatVector.broadcast(FLOATS, K[5]);
        FloatVector c3 = FloatVector.broadcast(FLOATS, K[6]);
        FloatVector c2 = FloatVector.broadcast(FLOATS, K[7]);
        FloatVector one = FloatVector.broadcast(FLOATS, K[8]);
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        for (int k = 0; k < count; k++) {
            int at = from + k * step;
            int to = (first + k) * BLOCK;
            IntVector top = IntVector.zero(INTS);
            // Four terms a turn: their chains of dependent fmas overlap, and four streams keep as many prefetchers busy.
            for (int i = 0; i < n; i += LANES) {
                FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector r = m.fma(lo, m.fma(hi, v));
                FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, one).fma(r, one);
                FloatVector sum = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                v = FloatVector.fromArray(FLOATS, x, at + stream + i);
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, one).fma(r, one);
                sum = p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum);

                v = FloatVector.fromArray(FLOATS, x, at + 2 * stream + i);
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, one).fma(r, one);
                sum = p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum);

                v = FloatVector.fromArray(FLOATS, x, at + 3 * stream + i);
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, one).fma(r, one);
                p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum).intoArray(partials, to + i);
            }
            tops[first + k] = unsignedMaxLane(top);
        }
    }

    /** reduceLanes(UMAX) is not an intrinsic; with the sign bit flipped the signed one is the same. */
    private static int unsignedMaxLane(IntVector v) {
        return v.lanewise(XOR, Integer.MIN_VALUE).reduceLanes(MAX) ^ Integer.MIN_VALUE;
    }

    @Override
    public void fold(float[] partials, int n, int count, double[] sums) {
        boolean whole = n > BLOCK / 2; // adding the zeros of an empty half changes nothing
        int width = whole ? BLOCK : BLOCK / 2;
        for (int k = 0; k < count && n < width; k++) Arrays.fill(partials, k * BLOCK + n, k * BLOCK + width, 0f);
        // Each in one loop over all blocks, because entering a loop costs more than these do. The 32 lanes of half k move to
        // partials[32 k ..]: always behind what is still to be read.
        int step = whole ? BLOCK / 2 : BLOCK;
        int lanes = whole ? 64 * count : 32 * count;
        for (int lane = 0; lane < lanes; lane += LANES) {
            int i = (lane >> 5) * step + (lane & 31);
            FloatVector even = load(partials, i).add(load(partials, i + 128)).add(load(partials, i + 64).add(load(partials, i + 192)));
            FloatVector odd = load(partials, i + 32).add(load(partials, i + 160)).add(load(partials, i + 96).add(load(partials, i + 224)));
            even.add(odd).intoArray(partials, lane);
        }
        if (whole) {
            for (int lane = 0; lane < 32 * count; lane += LANES) {
                int i = (lane >> 5) * 64 + (lane & 31);
                load(partials, i).add(load(partials, i + 32)).intoArray(partials, lane);
            }
        }
        for (int i = 0; i < 8 * count; i += DOUBLES.length()) {
            int lane = (i >> 3) * 32 + (i & 7);
            DoubleVector low = widen(partials, lane).add(widen(partials, lane + 16));
            DoubleVector high = widen(partials, lane + 8).add(widen(partials, lane + 24));
            low.add(high).intoArray(sums, i);
        }
        ScalarKernel.foldLanes(count, sums);
    }

    private static FloatVector load(float[] a, int i) {
        return FloatVector.fromArray(FLOATS, a, i);
    }

    private static DoubleVector widen(float[] a, int i) {
        return (DoubleVector) FloatVector.fromArray(HALF, a, i).convertShape(F2D, DOUBLES, 0);
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
            DoubleVector series = low.add(z4.mul(high.add(z4.mul(top))));
            DoubleVector artanh = s.add(s.mul(z).mul(series));
            k.mul(DoubleMath.LN2_HI).add(artanh.mul(2).add(k.mul(DoubleMath.LN2_LO))).intoArray(x, i);
        }
    }

    @Override
    public int mask(float[] x, int n) {
        IntVector padding = IntVector.broadcast(INTS, Float.floatToRawIntBits(Exp2.PADDING));
        IntVector top = IntVector.zero(INTS);
        for (int i = 0; i < n; i += LANES) {
            IntVector bits = FloatVector.fromArray(FLOATS, x, i).reinterpretAsInts();
            top = top.lanewise(UMAX, bits);
            bits.lanewise(UMIN, padding).reinterpretAsFloats().intoArray(x, i);
        }
        return unsignedMaxLane(top);
    }
}
