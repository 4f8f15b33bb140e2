package io.github.surprisal.kernel.simd;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.UMAX;
import static jdk.incubator.vector.VectorOperators.UMIN;

import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.RowKernel;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The primitives of {@link RowKernel} for logits with masks among them: as {@link SimdKernel}'s, with two more instructions a vector. */
final class SimdMasks {
    private static final VectorShape SHAPE = SimdKernel.shape();
    private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    private static final int LANES = FLOATS.length();
    private static final int BLOCK = RowKernel.BLOCK;
    private static final int GRAIN = RowKernel.GRAIN;
    private static final int TOPS = RowKernel.TOPS;

    private SimdMasks() {}

    static void sum(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom, int[] bits) {
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
        IntVector padding = FloatVector.broadcast(FLOATS, k[Exp2.PADDING]).reinterpretAsInts();
        for (int b = 0; b < count; b++) {
            int at = from + b * step;
            int block = to + b * BLOCK;
            IntVector top = IntVector.zero(INTS);
            IntVector raw = IntVector.zero(INTS);
            // Four terms a turn: their chains of dependent fmas overlap, and four streams keep as many prefetchers busy.
            for (int i = 0; i < n; i += LANES) {
                IntVector u = FloatVector.fromArray(FLOATS, x, at + i).reinterpretAsInts();
                raw = raw.lanewise(UMAX, u);
                FloatVector v = u.lanewise(UMIN, padding).reinterpretAsFloats();
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector r = m.fma(lo, m.fma(hi, v));
                FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector sum = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                u = FloatVector.fromArray(FLOATS, x, at + stream + i).reinterpretAsInts();
                raw = raw.lanewise(UMAX, u);
                v = u.lanewise(UMIN, padding).reinterpretAsFloats();
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                sum = p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum);

                u = FloatVector.fromArray(FLOATS, x, at + 2 * stream + i).reinterpretAsInts();
                raw = raw.lanewise(UMAX, u);
                v = u.lanewise(UMIN, padding).reinterpretAsFloats();
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector more = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                u = FloatVector.fromArray(FLOATS, x, at + 3 * stream + i).reinterpretAsInts();
                raw = raw.lanewise(UMAX, u);
                v = u.lanewise(UMIN, padding).reinterpretAsFloats();
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                sum.add(p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), more)).intoArray(partials, block + i);
            }
            // Stored, not reduced in registers: reduceLanes would exceed what C2 inlines here, and a call spill every constant.
            top.intoArray(tops, TOPS + b * GRAIN);
            raw.intoArray(bits, TOPS + b * GRAIN);
        }
        SimdKernel.reduceTops(tops, count, topsFrom);
        SimdKernel.reduceTops(bits, count, topsFrom);
    }

    static int mask(float[] x, int n, float padding) {
        IntVector paddingBits = IntVector.broadcast(INTS, Float.floatToRawIntBits(padding));
        IntVector top = IntVector.zero(INTS);
        for (int i = 0; i < n; i += LANES) {
            IntVector bits = FloatVector.fromArray(FLOATS, x, i).reinterpretAsInts();
            top = top.lanewise(UMAX, bits);
            bits.lanewise(UMIN, paddingBits).reinterpretAsFloats().intoArray(x, i);
        }
        return SimdKernel.unsignedMaxLane(top);
    }
}
