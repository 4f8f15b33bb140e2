package io.github.surprisal.kernel.simd;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.UMAX;
import static jdk.incubator.vector.VectorOperators.UMIN;

import io.github.surprisal.kernel.DoubleMath;
import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.RowKernel;
import io.github.surprisal.kernel.StorageKernel;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The primitives of {@link StorageKernel} on vectors. Written out like {@link SimdKernel}'s, and apart from them: a method that has
 * only ever met segments off the heap is compiled without a question at every load.
 */
final class SimdStorage implements StorageKernel {
    private static final VectorShape SHAPE = SimdKernel.shape();
    private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    private static final int LANES = FLOATS.length();
    private static final int BLOCK = RowKernel.BLOCK;
    private static final MethodHandle IDENTITY = identity();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /**
     * The same segment. Passing it through a method handle is what lets C2 know, and check once, that it is off the heap: the profiles of the
     * JDK's own methods for segments have met heap segments, in vector code that ran before it was compiled, and only what passes a method
     * handle is profiled here. Without it a store to a segment asks for the segment's kind, bounds and lifetime in every iteration,
     * and terms from segment to segment take twice as long.
     */
    static MemorySegment profiled(MemorySegment segment) {
        try {
            return (MemorySegment) IDENTITY.invokeExact(segment);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static MethodHandle identity() {
        try {
            return MethodHandles.lookup().findStatic(SimdStorage.class, "identity", MethodType.methodType(MemorySegment.class, MemorySegment.class));
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    private static MemorySegment identity(MemorySegment segment) {
        return segment;
    }

    @Override
    public void sum(MemorySegment x, long from, long step, long stream, int n, int count, int e, float[] k,
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
        MemorySegment source = profiled(x);
        // LANES, but C2 does not know: from a loop of constant step it splits each block's first turn off, to check its ranges, and the loads of that
        // turn keep the prefetchers from the streams wherever blocks begin in the first 64 of 256 bytes, as those of malloc do: 0.7 of the speed.
        int turn = Math.min(LANES, n);
        for (int b = 0; b < count; b++) {
            long at0 = from + b * step;
            long at1 = at0 + stream;
            long at2 = at1 + stream;
            long at3 = at2 + stream;
            int block = to + b * BLOCK;
            IntVector top = IntVector.zero(INTS);
            for (int i = 0; i < n; i += turn) {
                FloatVector v = FloatVector.fromMemorySegment(FLOATS, source, at0 + 4L * i, ORDER);
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector r = m.fma(lo, m.fma(hi, v));
                FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector sum = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                v = FloatVector.fromMemorySegment(FLOATS, source, at1 + 4L * i, ORDER);
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                sum = p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum);

                v = FloatVector.fromMemorySegment(FLOATS, source, at2 + 4L * i, ORDER);
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector more = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                v = FloatVector.fromMemorySegment(FLOATS, source, at3 + 4L * i, ORDER);
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

    @Override
    public void terms(MemorySegment x, long from, int n, int e, float[] k, double factor, float[] out, int to) {
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
        FloatVector high = FloatVector.broadcast(FLOATS, (float) factor);
        FloatVector low = FloatVector.broadcast(FLOATS, DoubleMath.low(factor));
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector padding = IntVector.broadcast(INTS, Float.floatToRawIntBits(k[Exp2.PADDING]));
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, x, from + 4L * i, ORDER).reinterpretAsInts().lanewise(UMIN, padding).reinterpretAsFloats();
            IntVector z = v.fma(log2e, rounder).reinterpretAsInts().lanewise(MAX, zero);
            FloatVector m = z.reinterpretAsFloats().sub(rounder);
            FloatVector r = m.fma(lo, m.fma(hi, v));
            FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            FloatVector term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
            term.fma(high, term.mul(low)).intoArray(out, to + i);
        }
    }

    @Override
    public void termsMinus(MemorySegment x, long from, int n, int e, float[] k, double factor, float[] minus, int minusFrom, float[] out, int to) {
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
        FloatVector high = FloatVector.broadcast(FLOATS, (float) factor);
        FloatVector low = FloatVector.broadcast(FLOATS, DoubleMath.low(factor));
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector padding = IntVector.broadcast(INTS, Float.floatToRawIntBits(k[Exp2.PADDING]));
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, x, from + 4L * i, ORDER).reinterpretAsInts().lanewise(UMIN, padding).reinterpretAsFloats();
            IntVector z = v.fma(log2e, rounder).reinterpretAsInts().lanewise(MAX, zero);
            FloatVector m = z.reinterpretAsFloats().sub(rounder);
            FloatVector r = m.fma(lo, m.fma(hi, v));
            FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            FloatVector term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
            term.fma(high, term.fma(low, FloatVector.fromArray(FLOATS, minus, minusFrom + i).neg())).intoArray(out, to + i);
        }
    }

    @Override
    public void terms(MemorySegment x, long from, int n, int e, float[] k, double factor, MemorySegment out, long to) {
        MemorySegment source = profiled(x);
        MemorySegment target = profiled(out);
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
        FloatVector high = FloatVector.broadcast(FLOATS, (float) factor);
        FloatVector low = FloatVector.broadcast(FLOATS, DoubleMath.low(factor));
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector padding = IntVector.broadcast(INTS, Float.floatToRawIntBits(k[Exp2.PADDING]));
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, source, from + 4L * i, ORDER).reinterpretAsInts().lanewise(UMIN, padding)
                    .reinterpretAsFloats();
            IntVector z = v.fma(log2e, rounder).reinterpretAsInts().lanewise(MAX, zero);
            FloatVector m = z.reinterpretAsFloats().sub(rounder);
            FloatVector r = m.fma(lo, m.fma(hi, v));
            FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            FloatVector term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
            term.fma(high, term.mul(low)).intoMemorySegment(target, to + 4L * i, ORDER);
        }
    }

    @Override
    public void termsMinus(MemorySegment x, long from, int n, int e, float[] k, double factor, float[] minus, int minusFrom, MemorySegment out, long to) {
        MemorySegment source = profiled(x);
        MemorySegment target = profiled(out);
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
        FloatVector high = FloatVector.broadcast(FLOATS, (float) factor);
        FloatVector low = FloatVector.broadcast(FLOATS, DoubleMath.low(factor));
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector padding = IntVector.broadcast(INTS, Float.floatToRawIntBits(k[Exp2.PADDING]));
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, source, from + 4L * i, ORDER).reinterpretAsInts().lanewise(UMIN, padding)
                    .reinterpretAsFloats();
            IntVector z = v.fma(log2e, rounder).reinterpretAsInts().lanewise(MAX, zero);
            FloatVector m = z.reinterpretAsFloats().sub(rounder);
            FloatVector r = m.fma(lo, m.fma(hi, v));
            FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            FloatVector term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
            term.fma(high, term.fma(low, FloatVector.fromArray(FLOATS, minus, minusFrom + i).neg())).intoMemorySegment(target, to + 4L * i, ORDER);
        }
    }

    @Override
    public void sumBfloat16(short[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom) {
        SimdHalves.sumBfloat16(x, from, step, stream, n, count, e, k, partials, to, tops, topsFrom);
    }

    @Override
    public void sumBfloat16(MemorySegment x, long from, long step, long stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom) {
        SimdHalves.sumBfloat16(x, from, step, stream, n, count, e, k, partials, to, tops, topsFrom);
    }

    @Override
    public void widenBfloat16(short[] x, int from, int n, float[] out, int to) {
        SimdHalves.widenBfloat16(x, from, n, out, to);
    }

    @Override
    public void widenBfloat16(MemorySegment x, long from, int n, float[] out, int to) {
        SimdHalves.widenBfloat16(x, from, n, out, to);
    }

    @Override
    public void widenFloat16(short[] x, int from, int n, float[] out, int to) {
        SimdHalves.widenFloat16(x, from, n, out, to);
    }

    @Override
    public void widenFloat16(MemorySegment x, long from, int n, float[] out, int to) {
        SimdHalves.widenFloat16(x, from, n, out, to);
    }

    @Override
    public void narrowBfloat16(float[] x, int from, int n, short[] out, int to) {
        SimdHalves.narrowBfloat16(x, from, n, out, to);
    }

    @Override
    public void narrowFloat16(float[] x, int from, int n, short[] out, int to) {
        SimdHalves.narrowFloat16(x, from, n, out, to);
    }
}
