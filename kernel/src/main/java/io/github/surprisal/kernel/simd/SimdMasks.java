package io.github.surprisal.kernel.simd;

import static jdk.incubator.vector.VectorOperators.AND_NOT;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.UMAX;
import static jdk.incubator.vector.VectorOperators.UMIN;
import static jdk.incubator.vector.VectorOperators.XOR;

import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.RowKernel;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The primitives of {@link RowKernel} for logits with masks among them: as {@link SimdKernel}'s, with two more instructions a vector, or four where terms are
 * kept.
 */
final class SimdMasks {
    private static final VectorShape SHAPE = SimdKernel.shape();
    private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    private static final int LANES = FLOATS.length();
    private static final int BLOCK = RowKernel.BLOCK;
    private static final int GRAIN = RowKernel.GRAIN;
    private static final int TOPS = RowKernel.TOPS;

    private SimdMasks() {}

    /** {@link RowKernel#sumMasked}, but for the lanes of the tops and bits, which it leaves there. */
    static void sum(float[] x, int from, int step, int stream, int n, int count, int e, float[] k, float[] partials, int to, int[] tops, int[] bits) {
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
                raw = u.lanewise(UMAX, raw);
                FloatVector v = u.lanewise(UMIN, padding).reinterpretAsFloats();
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector r = m.fma(lo, m.fma(hi, v));
                FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector sum = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                u = FloatVector.fromArray(FLOATS, x, at + stream + i).reinterpretAsInts();
                raw = u.lanewise(UMAX, raw);
                v = u.lanewise(UMIN, padding).reinterpretAsFloats();
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                sum = p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum);

                u = FloatVector.fromArray(FLOATS, x, at + 2 * stream + i).reinterpretAsInts();
                raw = u.lanewise(UMAX, raw);
                v = u.lanewise(UMIN, padding).reinterpretAsFloats();
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector more = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                u = FloatVector.fromArray(FLOATS, x, at + 3 * stream + i).reinterpretAsInts();
                raw = u.lanewise(UMAX, raw);
                v = u.lanewise(UMIN, padding).reinterpretAsFloats();
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
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
    }

    static boolean sumKept(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom, float[] out, int outFrom, int outStep) {
        float floor = RowKernel.maskedBelow(e, k);
        int firstBits = Exp2.exponentBits(floor, Exp2.rounder(e), k[Exp2.LOG2E]) + 1; // of what is not masked
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
        IntVector masked = IntVector.broadcast(INTS, Float.floatToRawIntBits(floor));
        IntVector first = IntVector.broadcast(INTS, firstBits);
        IntVector raw = IntVector.zero(INTS);
        IntVector lowest = IntVector.broadcast(INTS, -1); // masks are one below the first: the largest of unsigned integers, the smallest of signed ones here
        for (int b = 0; b < count; b++) {
            int at = from + b * step;
            int put = outFrom + b * outStep;
            int block = to + b * BLOCK;
            IntVector highest = IntVector.broadcast(INTS, -1);
            for (int i = 0; i < n; i += LANES) {
                IntVector u = FloatVector.fromArray(FLOATS, x, at + i).reinterpretAsInts();
                raw = u.lanewise(UMAX, raw);
                FloatVector v = u.lanewise(UMIN, masked).reinterpretAsFloats();
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                IntVector above = z.sub(first);
                highest = above.lanewise(MAX, highest);
                lowest = above.lanewise(UMIN, lowest);
                z = z.lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector r = m.fma(lo, m.fma(hi, v));
                FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
                term.intoArray(out, put + i);
                FloatVector sum = term;

                u = FloatVector.fromArray(FLOATS, x, at + stream + i).reinterpretAsInts();
                raw = u.lanewise(UMAX, raw);
                v = u.lanewise(UMIN, masked).reinterpretAsFloats();
                z = v.fma(log2e, rounder).reinterpretAsInts();
                above = z.sub(first);
                highest = above.lanewise(MAX, highest);
                lowest = above.lanewise(UMIN, lowest);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
                term.intoArray(out, put + stream + i);
                sum = sum.add(term);

                u = FloatVector.fromArray(FLOATS, x, at + 2 * stream + i).reinterpretAsInts();
                raw = u.lanewise(UMAX, raw);
                v = u.lanewise(UMIN, masked).reinterpretAsFloats();
                z = v.fma(log2e, rounder).reinterpretAsInts();
                above = z.sub(first);
                highest = above.lanewise(MAX, highest);
                lowest = above.lanewise(UMIN, lowest);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
                term.intoArray(out, put + 2 * stream + i);
                FloatVector more = term;

                u = FloatVector.fromArray(FLOATS, x, at + 3 * stream + i).reinterpretAsInts();
                raw = u.lanewise(UMAX, raw);
                v = u.lanewise(UMIN, masked).reinterpretAsFloats();
                z = v.fma(log2e, rounder).reinterpretAsInts();
                above = z.sub(first);
                highest = above.lanewise(MAX, highest);
                lowest = above.lanewise(UMIN, lowest);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
                term.intoArray(out, put + 3 * stream + i);
                sum.add(more.add(term)).intoArray(partials, block + i);
            }
            highest.intoArray(tops, TOPS + b * GRAIN); // see sum
        }
        IntVector.broadcast(INTS, -1).sub(lowest).intoArray(tops, RowKernel.AHEAD); // all bits flipped
        raw.intoArray(tops, RowKernel.RAW);
        return reduceKept(firstBits, floor, count, tops, topsFrom);
    }

    /** Apart: at the end of a method as long as that above C2 would make an object of each vector. */
    private static boolean reduceKept(int firstBits, float floor, int count, int[] tops, int topsFrom) {
        for (int b = 0; b < count; b++) {
            int highestLane = IntVector.fromArray(INTS, tops, TOPS + b * GRAIN).reduceLanes(MAX);
            tops[topsFrom + b] = highestLane < 0 ? 0 : highestLane + firstBits;
        }
        int lowestLane = ~SimdKernel.unsignedMaxLane(tops, RowKernel.AHEAD);
        int rawLane = SimdKernel.unsignedMaxLane(tops, RowKernel.RAW);
        return RowKernel.checkKeptMasked(rawLane, lowestLane, firstBits, floor, count, tops, topsFrom);
    }

    static boolean inRange(float[] x, int from, int step, int n, int count, int e, float[] k) {
        FloatVector least = FloatVector.broadcast(FLOATS, RowKernel.lowestKept(e, k));
        FloatVector floor = FloatVector.broadcast(FLOATS, RowKernel.maskedBelow(e, k));
        IntVector raw = IntVector.zero(INTS);
        IntVector widest = IntVector.zero(INTS);
        int last = n - LANES; // the last vector of a row may overlap the one before
        for (int row = 0; row < count; row++) {
            int at = from + row * step;
            for (int i = 0; i < last + LANES; i += LANES) {
                FloatVector v = FloatVector.fromArray(FLOATS, x, at + Math.min(i, last));
                raw = v.reinterpretAsInts().lanewise(UMAX, raw);
                IntVector above = v.sub(least).reinterpretAsInts();
                IntVector isMasked = v.sub(floor).reinterpretAsInts().lanewise(ASHR, 31); // all bits, or none
                widest = above.lanewise(AND_NOT, isMasked).lanewise(UMAX, widest);
            }
        }
        IntVector sign = IntVector.broadcast(INTS, Integer.MIN_VALUE);
        int rawLane = sign.lanewise(XOR, raw).reduceLanes(MAX) ^ Integer.MIN_VALUE;
        int widestLane = sign.lanewise(XOR, widest).reduceLanes(MAX) ^ Integer.MIN_VALUE;
        return RowKernel.areKeptOrMasked(rawLane, widestLane, k);
    }

    static int mask(float[] x, int n, float padding) {
        IntVector paddingBits = IntVector.broadcast(INTS, Float.floatToRawIntBits(padding));
        IntVector top = IntVector.zero(INTS);
        for (int i = 0; i < n; i += LANES) {
            IntVector bits = FloatVector.fromArray(FLOATS, x, i).reinterpretAsInts();
            top = bits.lanewise(UMAX, top);
            bits.lanewise(UMIN, paddingBits).reinterpretAsFloats().intoArray(x, i);
        }
        return IntVector.broadcast(INTS, Integer.MIN_VALUE).lanewise(XOR, top).reduceLanes(MAX) ^ Integer.MIN_VALUE;
    }
}
