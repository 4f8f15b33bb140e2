package io.github.surprisal.kernel.simd;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.S2I;
import static jdk.incubator.vector.VectorOperators.UMAX;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.Half;
import io.github.surprisal.kernel.RowKernel;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The primitives of {@link SimdStorage} for numbers of 16 bits, written out like all others. */
final class SimdHalves {
    private static final VectorShape SHAPE = SimdKernel.shape();
    private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    /** As many shorts as FLOATS has floats. */
    private static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class, VectorShape.forBitSize(SHAPE.vectorBitSize() / 2));
    private static final int LANES = FLOATS.length();
    private static final int BLOCK = RowKernel.BLOCK;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final float MIN_NORMAL = Float.intBitsToFloat(Half.MIN_NORMAL);
    private static final int INFINITY_BITS = 0x7F800000;
    private static final int SUBNORMAL_ROUNDER_BITS = Float.floatToRawIntBits(Half.SUBNORMAL_ROUNDER);

    private SimdHalves() {}

    static void sumBfloat16(short[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom) {
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
        FloatVector rounder = IntVector.broadcast(INTS, Float.floatToRawIntBits(Exp2.rounder(e))).reinterpretAsFloats();
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        for (int b = 0; b < count; b++) {
            int at0 = from + b * step;
            int at1 = at0 + stream;
            int at2 = at1 + stream;
            int at3 = at2 + stream;
            int block = to + b * BLOCK;
            IntVector top = IntVector.zero(INTS);
            for (int i = 0; i < n; i += LANES) {
                FloatVector v = ShortVector.fromArray(SHORTS, x, at0 + i).convertShape(S2I, INTS, 0)
                        .reinterpretAsInts().lanewise(LSHL, 16).reinterpretAsFloats();
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector r = m.fma(lo, m.fma(hi, v));
                FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector sum = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                v = ShortVector.fromArray(SHORTS, x, at1 + i).convertShape(S2I, INTS, 0).reinterpretAsInts().lanewise(LSHL, 16).reinterpretAsFloats();
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                sum = p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum);

                v = ShortVector.fromArray(SHORTS, x, at2 + i).convertShape(S2I, INTS, 0).reinterpretAsInts().lanewise(LSHL, 16).reinterpretAsFloats();
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector more = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                v = ShortVector.fromArray(SHORTS, x, at3 + i).convertShape(S2I, INTS, 0).reinterpretAsInts().lanewise(LSHL, 16).reinterpretAsFloats();
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                sum.add(p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), more)).intoArray(partials, block + i);
            }
            top.intoArray(tops, RowKernel.TOPS + b * RowKernel.GRAIN); // see SimdKernel
        }
        SimdKernel.reduceTops(tops, count, topsFrom);
    }

    static void sumBfloat16(MemorySegment x, long from, long step, long stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom) {
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
        FloatVector rounder = IntVector.broadcast(INTS, Float.floatToRawIntBits(Exp2.rounder(e))).reinterpretAsFloats();
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        MemorySegment source = SimdStorage.profiled(x);
        for (int b = 0; b < count; b++) {
            long at0 = from + b * step;
            long at1 = at0 + stream;
            long at2 = at1 + stream;
            long at3 = at2 + stream;
            int block = to + b * BLOCK;
            IntVector top = IntVector.zero(INTS);
            for (int i = 0; i < n; i += LANES) {
                FloatVector v = ShortVector.fromMemorySegment(SHORTS, source, at0 + 2L * i, ORDER).convertShape(S2I, INTS, 0)
                        .reinterpretAsInts().lanewise(LSHL, 16).reinterpretAsFloats();
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector r = m.fma(lo, m.fma(hi, v));
                FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector sum = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                v = ShortVector.fromMemorySegment(SHORTS, source, at1 + 2L * i, ORDER).convertShape(S2I, INTS, 0)
                        .reinterpretAsInts().lanewise(LSHL, 16).reinterpretAsFloats();
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                sum = p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum);

                v = ShortVector.fromMemorySegment(SHORTS, source, at2 + 2L * i, ORDER).convertShape(S2I, INTS, 0)
                        .reinterpretAsInts().lanewise(LSHL, 16).reinterpretAsFloats();
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector more = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                v = ShortVector.fromMemorySegment(SHORTS, source, at3 + 2L * i, ORDER).convertShape(S2I, INTS, 0)
                        .reinterpretAsInts().lanewise(LSHL, 16).reinterpretAsFloats();
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                sum.add(p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), more)).intoArray(partials, block + i);
            }
            top.intoArray(tops, RowKernel.TOPS + b * RowKernel.GRAIN); // see SimdKernel
        }
        SimdKernel.reduceTops(tops, count, topsFrom);
    }

    static void widenBfloat16(short[] x, int from, int n, float[] out, int to) {
        int whole = n & -LANES;
        for (int i = 0; i < whole; i += LANES) {
            IntVector bits = (IntVector) ShortVector.fromArray(SHORTS, x, from + i).convertShape(ZERO_EXTEND_S2I, INTS, 0);
            bits.lanewise(LSHL, 16).reinterpretAsFloats().intoArray(out, to + i);
        }
        for (int i = whole; i < n; i++) out[to + i] = Half.ofBfloat16(x[from + i]);
    }

    static void widenBfloat16(MemorySegment x, long from, int n, float[] out, int to) {
        int whole = n & -LANES;
        for (int i = 0; i < whole; i += LANES) {
            IntVector bits = (IntVector) ShortVector.fromMemorySegment(SHORTS, x, from + 2L * i, ORDER).convertShape(ZERO_EXTEND_S2I, INTS, 0);
            bits.lanewise(LSHL, 16).reinterpretAsFloats().intoArray(out, to + i);
        }
        for (int i = whole; i < n; i++) out[to + i] = Half.ofBfloat16(x.get(JAVA_SHORT_UNALIGNED, from + 2L * i));
    }

    static void widenFloat16(short[] x, int from, int n, float[] out, int to) {
        int whole = n & -LANES;
        for (int i = 0; i < whole; i += LANES) {
            IntVector bits = (IntVector) ShortVector.fromArray(SHORTS, x, from + i).convertShape(S2I, INTS, 0);
            IntVector sign = bits.and(0x80000000);
            IntVector magnitude = bits.and(0x7FFF).lanewise(LSHL, 13);
            IntVector exponent = magnitude.and(0x0F800000);
            IntVector normal = magnitude.add(Half.BIAS).add(IntVector.zero(INTS).blend(Half.BIAS, exponent.eq(0x0F800000)));
            IntVector subnormal = magnitude.add(Half.MIN_NORMAL).reinterpretAsFloats().sub(MIN_NORMAL).reinterpretAsInts();
            normal.blend(subnormal, exponent.eq(0)).or(sign).reinterpretAsFloats().intoArray(out, to + i);
        }
        for (int i = whole; i < n; i++) out[to + i] = Half.ofFloat16(x[from + i]);
    }

    static void widenFloat16(MemorySegment x, long from, int n, float[] out, int to) {
        int whole = n & -LANES;
        for (int i = 0; i < whole; i += LANES) {
            IntVector bits = (IntVector) ShortVector.fromMemorySegment(SHORTS, x, from + 2L * i, ORDER).convertShape(S2I, INTS, 0);
            IntVector sign = bits.and(0x80000000);
            IntVector magnitude = bits.and(0x7FFF).lanewise(LSHL, 13);
            IntVector exponent = magnitude.and(0x0F800000);
            IntVector normal = magnitude.add(Half.BIAS).add(IntVector.zero(INTS).blend(Half.BIAS, exponent.eq(0x0F800000)));
            IntVector subnormal = magnitude.add(Half.MIN_NORMAL).reinterpretAsFloats().sub(MIN_NORMAL).reinterpretAsInts();
            normal.blend(subnormal, exponent.eq(0)).or(sign).reinterpretAsFloats().intoArray(out, to + i);
        }
        for (int i = whole; i < n; i++) out[to + i] = Half.ofFloat16(x.get(JAVA_SHORT_UNALIGNED, from + 2L * i));
    }

    static void narrowBfloat16(float[] x, int from, int n, short[] out, int to) {
        int whole = n & -LANES;
        for (int i = 0; i < whole; i += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, from + i);
            IntVector bits = v.reinterpretAsInts();
            IntVector rounded = bits.add(0x7FFF).add(bits.lanewise(LSHR, 16).and(1)).lanewise(LSHR, 16)
                    .blend(0x7FC0, bits.and(0x7FFFFFFF).compare(GT, INFINITY_BITS));
            ((ShortVector) rounded.convertShape(I2S, SHORTS, 0)).intoArray(out, to + i);
        }
        for (int i = whole; i < n; i++) out[to + i] = Half.toBfloat16(x[from + i]);
    }

    static void narrowFloat16(float[] x, int from, int n, short[] out, int to) {
        int whole = n & -LANES;
        for (int i = 0; i < whole; i += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, from + i);
            IntVector bits = v.reinterpretAsInts();
            IntVector magnitude = bits.and(0x7FFFFFFF);
            IntVector normal = magnitude.sub(Half.BIAS - 0xFFF).add(magnitude.lanewise(LSHR, 13).and(1)).lanewise(LSHR, 13).min(0x7C00);
            IntVector subnormal = magnitude.reinterpretAsFloats().add(Half.SUBNORMAL_ROUNDER).reinterpretAsInts().sub(SUBNORMAL_ROUNDER_BITS);
            IntVector rounded = normal.blend(subnormal, magnitude.lt(Half.MIN_NORMAL)).or(bits.lanewise(LSHR, 16).and(0x8000));
            rounded = rounded.blend(0x7E00, magnitude.compare(GT, INFINITY_BITS));
            ((ShortVector) rounded.convertShape(I2S, SHORTS, 0)).intoArray(out, to + i);
        }
        for (int i = whole; i < n; i++) out[to + i] = Half.toFloat16(x[from + i]);
    }
}
