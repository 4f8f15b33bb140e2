package io.github.surprisal.kernel.simd;

import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.UMAX;
import static jdk.incubator.vector.VectorOperators.XOR;

import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.RowKernel;
import io.github.surprisal.kernel.ScalarKernel;
import io.github.surprisal.kernel.StorageKernel;
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
 * And each is written out rather than split: one of more than 325 bytecodes is not inlined into a caller, whose budget it would use
 * up, and a helper that takes or returns a vector does so in an object wherever C2 no longer inlines it, because calls lie too deep or its caller has become
 * too big: which callers do depends on what else runs in the JVM.
 *
 * <p>What a loop carries is an argument in it, not the receiver: {@code z.lanewise(UMAX, top)}. C2 knows the class of {@code z}, which it has just made, but of
 * {@code top} only what a profile says; and a method that is inlined before it had one calls {@code top}'s methods, an object a turn, for good.
 */
public final class SimdKernel implements RowKernel {
    private static final VectorShape SHAPE = shape();
    private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    private static final VectorSpecies<Double> DOUBLES = VectorSpecies.of(double.class, SHAPE);
    /**
     * As many floats as DOUBLES has doubles. Whole registers would be read across two stores just made, and wait for them. There is no half of 64 bits, with
     * which this class is loaded, to be refused for its few lanes.
     */
    private static final VectorSpecies<Float> HALF = VectorSpecies.of(float.class, VectorShape.forBitSize(Math.max(64, SHAPE.vectorBitSize() / 2)));
    private static final int LANES = FLOATS.length();
    private static final int DOUBLE_LANES = DOUBLES.length();
    private static final boolean HALVES = DOUBLE_LANES < 8; // of eight sums, or quarters
    /** Whether there are but 16 registers: x86 has 32 where its vectors have 512 bits, others have them at any width. */
    static final boolean NARROW = LANES < GRAIN && System.getProperty("os.arch", "").matches("amd64|x86_64|x86");

    private static final float[] LANE = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

    private final StorageKernel storage = new SimdStorage();

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
        if (NARROW) SimdNarrow.sum(x, from, step, stream, n, count, e, k, partials, to, tops);
        else sumWide(x, from, step, stream, n, count, e, k, partials, to, tops);
        reduceTops(tops, count, topsFrom);
    }

    private static void sumWide(float[] x, int from, int step, int stream, int n, int count, int e, float[] k, float[] partials, int to, int[] tops) {
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
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector r = m.fma(lo, m.fma(hi, v));
                FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector sum = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                v = FloatVector.fromArray(FLOATS, x, at + stream + i);
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                sum = p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum);

                v = FloatVector.fromArray(FLOATS, x, at + 2 * stream + i);
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector more = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                v = FloatVector.fromArray(FLOATS, x, at + 3 * stream + i);
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
        }
    }

    @Override
    public void sumFolded(float[] x, int from, int step, int stream, int n, int positions, int count, int e, float[] k,
            float[] partials, boolean stay, int[] patched, float[] patches, double[] sums, int[] tops) {
        if (LANES < GRAIN) { // a vector of partial sums is 16 lanes, as fold adds them
            RowKernel.super.sumFolded(x, from, step, stream, n, positions, count, e, k, partials, stay, patched, patches, sums, tops);
            return;
        }
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
        int areas = stay ? GROUP - 1 : 1;
        for (int b = 0; b < count; b++) {
            int at = from + b * step;
            int block = (b & areas) * BLOCK;
            int before = (Math.max(b - 1, 0) & areas) * BLOCK; // folded meanwhile: its stores are done, nothing waits for them, and other units add
            IntVector top = IntVector.zero(INTS);
            Vector<Double> p0 = DoubleVector.zero(DOUBLES);
            Vector<Double> p8 = p0;
            // Four terms a turn: their chains of dependent fmas overlap, and four streams keep as many prefetchers busy.
            for (int i = 0; i < n; i += LANES) {
                p0 = FloatVector.fromArray(HALF, partials, before + i).convertShape(F2D, DOUBLES, 0).add(p0);
                p8 = FloatVector.fromArray(HALF, partials, before + i + 8).convertShape(F2D, DOUBLES, 0).add(p8);
                FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector r = m.fma(lo, m.fma(hi, v));
                FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector sum = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                v = FloatVector.fromArray(FLOATS, x, at + stream + i);
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                sum = p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum);

                v = FloatVector.fromArray(FLOATS, x, at + 2 * stream + i);
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                FloatVector more = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

                v = FloatVector.fromArray(FLOATS, x, at + 3 * stream + i);
                z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                m = z.reinterpretAsFloats().sub(rounder);
                r = m.fma(lo, m.fma(hi, v));
                p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
                sum.add(p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), more)).intoArray(partials, block + i);
            }
            for (int i = before + n; i < before + positions; i += LANES) {
                p0 = FloatVector.fromArray(HALF, partials, i).convertShape(F2D, DOUBLES, 0).add(p0);
                p8 = FloatVector.fromArray(HALF, partials, i + 8).convertShape(F2D, DOUBLES, 0).add(p8);
            }
            if (patched[b] >= 0) partials[block + patched[b]] = patches[b];
            if (b > 0) ((DoubleVector) p0.add(p8)).intoArray(sums, 8 * (b - 1)); // of the first block there is nothing before
            // Stored, not reduced in registers: reduceLanes would exceed what C2 inlines here, and a call spill every constant.
            top.intoArray(tops, TOPS + b * GRAIN);
        }
        reduceTops(tops, count, 0);
        foldBlock(partials, (count - 1 & areas) * BLOCK, positions, sums, 8 * (count - 1));
        ScalarKernel.foldLanes(count, sums);
    }

    /** tops[topsFrom + b] = the unsigned maximum of the lanes that sum left of block b. */
    static void reduceTops(int[] tops, int count, int topsFrom) {
        for (int b = 0; b < count; b++) tops[topsFrom + b] = unsignedMaxLane(tops, TOPS + b * GRAIN);
    }

    /** reduceLanes(UMAX) is not an intrinsic; with the sign bit flipped the signed one is the same. Of a vector that is not in an array it is written out. */
    static int unsignedMaxLane(int[] lanes, int at) {
        return IntVector.fromArray(INTS, lanes, at).lanewise(XOR, Integer.MIN_VALUE).reduceLanes(MAX) ^ Integer.MIN_VALUE;
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
        int even = count & -2;
        if (even > 0) foldPairs(partials, n, even, sums);
        if (even < count) foldBlock(partials, even * BLOCK, n, sums, 8 * even);
        ScalarKernel.foldLanes(count, sums);
    }

    /** A block to 8 lanes, two vectors of them in one loop where there are so many: they overlap. */
    private static void foldBlock(float[] partials, int from, int n, double[] sums, int to) {
        for (int lane = 0; lane < 8; lane += HALVES ? 2 * DOUBLE_LANES : 8) {
            Vector<Double> p0 = DoubleVector.zero(DOUBLES);
            Vector<Double> p8 = p0;
            Vector<Double> q0 = p0;
            Vector<Double> q8 = p0;
            for (int i = from + lane; i < from + lane + n; i += GRAIN) {
                p0 = FloatVector.fromArray(HALF, partials, i).convertShape(F2D, DOUBLES, 0).add(p0);
                p8 = FloatVector.fromArray(HALF, partials, i + 8).convertShape(F2D, DOUBLES, 0).add(p8);
                if (HALVES) q0 = FloatVector.fromArray(HALF, partials, i + DOUBLE_LANES).convertShape(F2D, DOUBLES, 0).add(q0);
                if (HALVES) q8 = FloatVector.fromArray(HALF, partials, i + DOUBLE_LANES + 8).convertShape(F2D, DOUBLES, 0).add(q8);
            }
            ((DoubleVector) p0.add(p8)).intoArray(sums, to + lane);
            if (HALVES) ((DoubleVector) q0.add(q8)).intoArray(sums, to + lane + DOUBLE_LANES);
        }
    }

    /** Two blocks at a time: their chains of dependent additions overlap. */
    private static void foldPairs(float[] partials, int n, int count, double[] sums) {
        for (int k = 0; k < count; k += 2) {
            for (int lane = 0; lane < 8; lane += DOUBLES.length()) {
                Vector<Double> a0 = DoubleVector.zero(DOUBLES);
                Vector<Double> a8 = a0;
                Vector<Double> b0 = a0;
                Vector<Double> b8 = a0;
                int at = k * BLOCK + lane;
                for (int i = at; i < at + n; i += GRAIN) {
                    a0 = FloatVector.fromArray(HALF, partials, i).convertShape(F2D, DOUBLES, 0).add(a0);
                    a8 = FloatVector.fromArray(HALF, partials, i + 8).convertShape(F2D, DOUBLES, 0).add(a8);
                    b0 = FloatVector.fromArray(HALF, partials, i + BLOCK).convertShape(F2D, DOUBLES, 0).add(b0);
                    b8 = FloatVector.fromArray(HALF, partials, i + BLOCK + 8).convertShape(F2D, DOUBLES, 0).add(b8);
                }
                ((DoubleVector) a0.add(a8)).intoArray(sums, 8 * k + lane);
                ((DoubleVector) b0.add(b8)).intoArray(sums, 8 * k + 8 + lane);
            }
        }
    }

    @Override
    public void log(double[] x, int n) {
        SimdDoubles.log(x, n);
    }

    @Override
    public double log1p(double[] x, int n, int count, double sum) {
        return SimdDoubles.log1p(x, n, count, sum);
    }

    @Override
    public void exp(double[] x, int n) {
        SimdDoubles.exp(x, n);
    }

    @Override
    public void softcap(float[] x, int from, int n, double factor, float cap) {
        SimdDoubles.softcap(x, from, n, factor, cap);
    }

    @Override
    public void multiplyBySlope(float[] x, int from, int n, double factor, float scale, float[] out, int to) {
        SimdDoubles.multiplyBySlope(x, from, n, factor, scale, out, to);
    }

    @Override
    public void termsMinus(float[] x, int from, int n, int e, float[] k, double factor, float[] minus, int minusFrom, float[] out, int to) {
        SimdTerms.termsMinus(x, from, n, e, k, factor, minus, minusFrom, out, to);
    }

    @Override
    public void terms(float[] x, int from, int n, int e, float[] k, double factor, float[] out, int to) {
        SimdTerms.terms(x, from, n, e, k, factor, out, to);
    }

    @Override
    public void termsRows(float[] x, int from, int step, int n, int count, float[] rounders, float[] factors, float[] lows, int first, float[] k,
            float[] out, int to, int outStep) {
        SimdTerms.termsRows(x, from, step, n, count, rounders, factors, lows, first, k, out, to, outStep);
    }

    @Override
    public boolean sumKept(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom, float[] out, int outFrom, int outStep, int ahead) {
        if (NARROW) SimdNarrow.sumKept(x, from, step, stream, n, count, e, k, partials, to, tops, out, outFrom, outStep);
        else SimdTerms.sumKept(x, from, step, stream, n, count, e, k, partials, to, tops, out, outFrom, outStep, ahead);
        reduceTops(tops, count, topsFrom);
        for (int b = 0; b < count; b++) tops[topsFrom + b] += LOWEST_KEPT;
        boolean inRange = ahead != 0;
        if (LANES == GRAIN) return inRange && RowKernel.areKept(unsignedMaxLane(tops, AHEAD), k);
        for (int s = 0; inRange && s < 4; s++) inRange = SimdTerms.inRange(x, from + ahead + s * stream, step, n, count, e, k);
        return inRange;
    }

    @Override
    public boolean sumKeptMasked(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom, float[] out, int outFrom, int outStep) {
        return SimdMasks.sumKept(x, from, step, stream, n, count, e, k, partials, to, tops, topsFrom, out, outFrom, outStep);
    }

    @Override
    public void sumTerms(float[] t, int from, int step, int stream, int n, int count, float[] partials, int to) {
        SimdTerms.sumTerms(t, from, step, stream, n, count, partials, to);
    }

    @Override
    public boolean inRange(float[] x, int from, int step, int n, int count, int e, float[] k) {
        return SimdTerms.inRange(x, from, step, n, count, e, k);
    }

    @Override
    public boolean inRangeOrMasked(float[] x, int from, int step, int n, int count, int e, float[] k) {
        return SimdMasks.inRange(x, from, step, n, count, e, k);
    }

    @Override
    public void scale(float[] t, int from, int step, int n, int count, float[] factors, float[] lows, int first,
            float[] out, int to, int outStep) {
        SimdTerms.scale(t, from, step, n, count, factors, lows, first, out, to, outStep);
    }

    @Override
    public void subtract(float[] x, int from, int step, int n, int count, float[] highs, float[] lows, int first,
            float[] out, int to, int outStep) {
        SimdTerms.subtract(x, from, step, n, count, highs, lows, first, out, to, outStep);
    }

    @Override
    public float max(float[] x, int from, int n) {
        FloatVector max = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < whole; i += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, from + i);
            max = v.blend(max, v.compare(GT, max).not()); // FloatVector.max is five instructions on x86
        }
        float result = max.reduceLanes(MAX);
        for (int i = from + whole; i < from + n; i++) result = x[i] > result ? x[i] : result;
        return result;
    }

    @Override
    public int indexFrom(float[] x, int from, int n, float least) {
        int whole = FLOATS.loopBound(n);
        for (int i = 0; i < whole; i += LANES) {
            VectorMask<Float> found = FloatVector.fromArray(FLOATS, x, from + i).compare(GE, least);
            if (found.anyTrue()) return i + found.firstTrue();
        }
        int i = whole;
        while (i < n && !(x[from + i] >= least)) i++;
        return i;
    }

    @Override
    public void gaps(float[] x, int from, float[] a, int aFrom, int n, float m, double[] sums) {
        for (int lane = 0; lane < 16; lane += DOUBLES.length()) {
            DoubleVector sum = DoubleVector.fromArray(DOUBLES, sums, lane);
            for (int i = lane; i < n; i += 16) {
                DoubleVector weight = (DoubleVector) FloatVector.fromArray(HALF, a, aFrom + i).convertShape(F2D, DOUBLES, 0);
                DoubleVector gap = ((DoubleVector) FloatVector.fromArray(HALF, x, from + i).convertShape(F2D, DOUBLES, 0)).neg().add(m);
                LongVector bits = weight.reinterpretAsLongs().lanewise(LSHL, 1);
                LongVector counts = bits.or(bits.neg()).lanewise(LSHR, 63).neg(); // 0 where the weight is; no mask, as in SimdDoubles
                sum = weight.mul(gap).reinterpretAsLongs().and(counts).reinterpretAsDoubles().add(sum);
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
        if (NARROW) SimdNarrow.sumMasked(x, from, step, stream, n, count, e, k, partials, to, tops, bits);
        else SimdMasks.sum(x, from, step, stream, n, count, e, k, partials, to, tops, bits);
        reduceTops(tops, count, topsFrom);
        reduceTops(bits, count, topsFrom);
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
    public void sumRows(float[] x, int from, int step, int columns, int count, int[] excluded, int first, int e, float[] k, float lowest,
            float[] terms, double[] lanes, double[] sums, int[] tops) {
        SimdRows.sum(x, from, step, columns, count, excluded, first, e, k, lowest, terms, lanes, sums, tops);
    }

    @Override
    public int sumRow(float[] x, int from, int n, int excluded, int e, float[] k, float[] terms, double[] sums) {
        return n < LANES ? ScalarKernel.sumOne(x, from, n, excluded, e, k, terms, 0, sums) : SimdRow.sum(x, from, n, excluded, e, k, terms, sums);
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
    public int sumColumns(float[] x, int from, int stride, int columns, int n, int[] excluded, int e, float[] k,
            float[] terms, int termStride, int[] tops, float[] apart) {
        SimdColumns.sum(x, from, stride, columns, n, excluded, e, k, terms, termStride, tops, apart);
        return SimdColumns.finishTops(n, e, k, tops, apart);
    }

    @Override
    public boolean foldColumns(float[] terms, int stride, int columns, int n, double least, double[] sums) {
        SimdColumns.fold(terms, stride, columns, n, sums);
        return SimdColumns.areInside(sums, n, least);
    }

    @Override
    public void gapsColumns(float[] x, int columns, int n, double scale, double[] gaps, double[] anchors, double[] rests) {
        SimdColumns.gaps(x, columns, n, scale, gaps, anchors, rests);
    }

    @Override
    public void weightedGaps(float[] x, int from, int stride, int columns, int n, float[] a, int aStride, float[] m, int first, double[] gaps) {
        SimdColumns.weightedGaps(x, from, stride, columns, n, a, aStride, m, first, gaps);
    }

    @Override
    public void maxColumns(float[] x, int from, int stride, int columns, int n, float[] largest) {
        SimdColumns.max(x, from, stride, columns, n, largest);
    }

    @Override
    public void termsColumns(float[] x, int from, int stride, int columns, int n, float[] rounders, float[] factors, float[] lows, float[] k,
            float[] out, int to, int outStride) {
        SimdColumns.terms(x, from, stride, columns, n, rounders, factors, lows, k, out, to, outStride);
    }

    @Override
    public void termsMinusColumns(float[] x, int from, int stride, int columns, int n, float[] rounders, float[] factors, float[] lows, float[] k,
            float[] minus, int minusStride, float[] out, int outStride) {
        SimdColumns.termsMinus(x, from, stride, columns, n, rounders, factors, lows, k, minus, minusStride, out, outStride);
    }

    @Override
    public void scaleColumns(float[] t, int stride, int columns, int n, float[] factors, float[] lows) {
        SimdColumns.scale(t, stride, columns, n, factors, lows);
    }

    @Override
    public StorageKernel storage() {
        return storage;
    }
}
