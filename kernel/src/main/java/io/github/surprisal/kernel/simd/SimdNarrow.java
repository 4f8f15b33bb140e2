package io.github.surprisal.kernel.simd;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.UMAX;
import static jdk.incubator.vector.VectorOperators.UMIN;

import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.RowKernel;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The sums of four streams where there are 16 registers, as x86 has for vectors of up to 256 bits: two streams, then the other two, and what is multiplied by
 * constants reads those from memory: an operand there takes no instruction more. With all of them in registers, and four streams at a time, C2 would
 * put some aside and fetch each with an instruction of its own. The loads stay in the loops because something is stored there that may, for
 * all C2 knows, be a constant; each stream has copies of its own, because what two instructions need is loaded by a third.
 */
final class SimdNarrow {
    private static final VectorShape SHAPE = SimdKernel.shape();
    private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    private static final int LANES = FLOATS.length();
    private static final int BLOCK = RowKernel.BLOCK;
    private static final int GRAIN = RowKernel.GRAIN;
    private static final int TOPS = RowKernel.TOPS;

    /** What the first two streams are added to: -0, which changes nothing, not even a zero. */
    private static final float[] NOTHING = new float[BLOCK];

    static {
        Arrays.fill(NOTHING, -0f);
    }

    private SimdNarrow() {}

    /** {@link RowKernel#sum}, but for the lanes of the tops, which it leaves in tops. */
    static void sum(float[] x, int from, int step, int stream, int n, int count, int e, float[] k, float[] partials, int to, int[] tops) {
        Arrays.fill(tops, TOPS, TOPS + count * GRAIN, 0);
        for (int b = 0; b < count; b++) {
            int at = from + b * step;
            int block = to + b * BLOCK;
            sumTwo(x, at, stream, n, e, k, NOTHING, 0, partials, block, tops, TOPS + b * GRAIN);
            sumTwo(x, at + 2 * stream, stream, n, e, k, partials, block, partials, block, tops, TOPS + b * GRAIN);
        }
    }

    private static void sumTwo(float[] x, int at, int stream, int n, int e, float[] k, float[] addends, int addFrom, float[] partials, int to,
            int[] tops, int topAt) {
        FloatVector rounder = IntVector.broadcast(INTS, Float.floatToRawIntBits(Exp2.rounder(e))).reinterpretAsFloats();
        FloatVector log2e = FloatVector.broadcast(FLOATS, k[Exp2.LOG2E]);
        FloatVector c5 = FloatVector.broadcast(FLOATS, k[Exp2.C5]);
        FloatVector c4 = FloatVector.broadcast(FLOATS, k[Exp2.C4]);
        FloatVector c3 = FloatVector.broadcast(FLOATS, k[Exp2.C3]);
        FloatVector c2 = FloatVector.broadcast(FLOATS, k[Exp2.C2]);
        FloatVector c1 = FloatVector.broadcast(FLOATS, k[Exp2.C1]);
        FloatVector one = FloatVector.broadcast(FLOATS, k[Exp2.ONE]);
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector top = IntVector.fromArray(INTS, tops, topAt);
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
            top = z.lanewise(UMAX, top);
            z = z.lanewise(MAX, zero);
            FloatVector m = z.reinterpretAsFloats().sub(rounder);
            FloatVector r = m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_LO_COPIES), m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_HI_COPIES), v));
            FloatVector p = r.fma(FloatVector.fromArray(FLOATS, k, Exp2.C6_COPIES), c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            FloatVector sum = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

            v = FloatVector.fromArray(FLOATS, x, at + stream + i);
            z = v.fma(log2e, rounder).reinterpretAsInts();
            top = z.lanewise(UMAX, top);
            z = z.lanewise(MAX, zero);
            m = z.reinterpretAsFloats().sub(rounder);
            r = m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_LO_COPIES + LANES), m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_HI_COPIES + LANES), v));
            p = r.fma(FloatVector.fromArray(FLOATS, k, Exp2.C6_COPIES + LANES), c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum).add(FloatVector.fromArray(FLOATS, addends, addFrom + i)).intoArray(partials, to + i);
        }
        top.intoArray(tops, topAt);
    }

    /** {@link RowKernel#sumKept}, but for the lanes of the tops, which it leaves in tops, and what lies ahead. */
    static void sumKept(float[] x, int from, int step, int stream, int n, int count, int e, float[] k, float[] partials, int to, int[] tops,
            float[] out, int outFrom, int outStep) {
        Arrays.fill(tops, TOPS, TOPS + count * GRAIN, 0);
        for (int b = 0; b < count; b++) {
            int at = from + b * step;
            int block = to + b * BLOCK;
            int put = outFrom + b * outStep;
            keepTwo(x, at, stream, n, e, k, NOTHING, 0, partials, block, tops, TOPS + b * GRAIN, out, put);
            keepTwo(x, at + 2 * stream, stream, n, e, k, partials, block, partials, block, tops, TOPS + b * GRAIN, out, put + 2 * stream);
        }
    }

    private static void keepTwo(float[] x, int at, int stream, int n, int e, float[] k, float[] addends, int addFrom, float[] partials, int to,
            int[] tops, int topAt, float[] out, int put) {
        FloatVector rounder = IntVector.broadcast(INTS, Float.floatToRawIntBits(Exp2.rounder(e))).reinterpretAsFloats();
        FloatVector log2e = FloatVector.broadcast(FLOATS, k[Exp2.LOG2E]);
        FloatVector c5 = FloatVector.broadcast(FLOATS, k[Exp2.C5]);
        FloatVector c4 = FloatVector.broadcast(FLOATS, k[Exp2.C4]);
        FloatVector c3 = FloatVector.broadcast(FLOATS, k[Exp2.C3]);
        FloatVector c2 = FloatVector.broadcast(FLOATS, k[Exp2.C2]);
        FloatVector c1 = FloatVector.broadcast(FLOATS, k[Exp2.C1]);
        FloatVector one = FloatVector.broadcast(FLOATS, k[Exp2.ONE]);
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector lowest = IntVector.broadcast(INTS, RowKernel.LOWEST_KEPT);
        IntVector top = IntVector.fromArray(INTS, tops, topAt);
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
            top = z.sub(lowest).lanewise(UMAX, top);
            z = z.lanewise(MAX, zero);
            FloatVector m = z.reinterpretAsFloats().sub(rounder);
            FloatVector r = m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_LO_COPIES), m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_HI_COPIES), v));
            FloatVector p = r.fma(FloatVector.fromArray(FLOATS, k, Exp2.C6_COPIES), c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            FloatVector term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
            term.intoArray(out, put + i);
            FloatVector sum = term;

            v = FloatVector.fromArray(FLOATS, x, at + stream + i);
            z = v.fma(log2e, rounder).reinterpretAsInts();
            top = z.sub(lowest).lanewise(UMAX, top);
            z = z.lanewise(MAX, zero);
            m = z.reinterpretAsFloats().sub(rounder);
            r = m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_LO_COPIES + LANES), m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_HI_COPIES + LANES), v));
            p = r.fma(FloatVector.fromArray(FLOATS, k, Exp2.C6_COPIES + LANES), c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
            term.intoArray(out, put + stream + i);
            sum.add(term).add(FloatVector.fromArray(FLOATS, addends, addFrom + i)).intoArray(partials, to + i);
        }
        top.intoArray(tops, topAt);
    }

    /** {@link RowKernel#sumMasked}, but for the lanes of the tops and bits, which it leaves there. */
    static void sumMasked(float[] x, int from, int step, int stream, int n, int count, int e, float[] k, float[] partials, int to, int[] tops, int[] bits) {
        Arrays.fill(tops, TOPS, TOPS + count * GRAIN, 0);
        Arrays.fill(bits, TOPS, TOPS + count * GRAIN, 0);
        for (int b = 0; b < count; b++) {
            int at = from + b * step;
            int block = to + b * BLOCK;
            sumTwoMasked(x, at, stream, n, e, k, NOTHING, 0, partials, block, tops, bits, TOPS + b * GRAIN);
            sumTwoMasked(x, at + 2 * stream, stream, n, e, k, partials, block, partials, block, tops, bits, TOPS + b * GRAIN);
        }
    }

    private static void sumTwoMasked(float[] x, int at, int stream, int n, int e, float[] k, float[] addends, int addFrom, float[] partials, int to,
            int[] tops, int[] bits, int topAt) {
        FloatVector rounder = IntVector.broadcast(INTS, Float.floatToRawIntBits(Exp2.rounder(e))).reinterpretAsFloats();
        FloatVector c5 = FloatVector.broadcast(FLOATS, k[Exp2.C5]);
        FloatVector c4 = FloatVector.broadcast(FLOATS, k[Exp2.C4]);
        FloatVector c3 = FloatVector.broadcast(FLOATS, k[Exp2.C3]);
        FloatVector c2 = FloatVector.broadcast(FLOATS, k[Exp2.C2]);
        FloatVector c1 = FloatVector.broadcast(FLOATS, k[Exp2.C1]);
        FloatVector one = FloatVector.broadcast(FLOATS, k[Exp2.ONE]);
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector padding = FloatVector.broadcast(FLOATS, k[Exp2.PADDING]).reinterpretAsInts();
        IntVector top = IntVector.fromArray(INTS, tops, topAt);
        IntVector raw = IntVector.fromArray(INTS, bits, topAt);
        for (int i = 0; i < n; i += LANES) {
            IntVector u = FloatVector.fromArray(FLOATS, x, at + i).reinterpretAsInts();
            raw = u.lanewise(UMAX, raw);
            FloatVector v = u.lanewise(UMIN, padding).reinterpretAsFloats();
            IntVector z = v.fma(FloatVector.fromArray(FLOATS, k, Exp2.LOG2E_COPIES), rounder).reinterpretAsInts();
            top = z.lanewise(UMAX, top);
            z = z.lanewise(MAX, zero);
            FloatVector m = z.reinterpretAsFloats().sub(rounder);
            FloatVector r = m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_LO_COPIES), m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_HI_COPIES), v));
            FloatVector p = r.fma(FloatVector.fromArray(FLOATS, k, Exp2.C6_COPIES), c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            FloatVector sum = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());

            u = FloatVector.fromArray(FLOATS, x, at + stream + i).reinterpretAsInts();
            raw = u.lanewise(UMAX, raw);
            v = u.lanewise(UMIN, padding).reinterpretAsFloats();
            z = v.fma(FloatVector.fromArray(FLOATS, k, Exp2.LOG2E_COPIES + LANES), rounder).reinterpretAsInts();
            top = z.lanewise(UMAX, top);
            z = z.lanewise(MAX, zero);
            m = z.reinterpretAsFloats().sub(rounder);
            r = m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_LO_COPIES + LANES), m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_HI_COPIES + LANES), v));
            p = r.fma(FloatVector.fromArray(FLOATS, k, Exp2.C6_COPIES + LANES), c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), sum).add(FloatVector.fromArray(FLOATS, addends, addFrom + i)).intoArray(partials, to + i);
        }
        top.intoArray(tops, topAt);
        raw.intoArray(bits, topAt);
    }

    /**
     * {@link RowKernel#sumColumns}, but for what {@link SimdColumns#finishTops} does. The inner loop is over the rows: what is the same for
     * a column is found once.
     */
    static void sumColumns(float[] x, int from, int stride, int columns, int n, int[] excluded, int e, float[] k,
            float[] terms, int termStride, int[] tops, float[] apart) {
        Arrays.fill(tops, 0, n, 0);
        Arrays.fill(apart, 0, n, 0f);
        for (int c = 0; c < columns; c++) sumColumn(x, from + c * stride, c, n, excluded, e, k, terms, c * termStride, tops, apart);
    }

    private static void sumColumn(float[] x, int at, int column, int n, int[] excluded, int e, float[] k, float[] terms, int to, int[] tops, float[] apart) {
        FloatVector rounder = IntVector.broadcast(INTS, Float.floatToRawIntBits(Exp2.rounder(e))).reinterpretAsFloats();
        FloatVector log2e = FloatVector.broadcast(FLOATS, k[Exp2.LOG2E]);
        FloatVector c5 = FloatVector.broadcast(FLOATS, k[Exp2.C5]);
        FloatVector c4 = FloatVector.broadcast(FLOATS, k[Exp2.C4]);
        FloatVector c3 = FloatVector.broadcast(FLOATS, k[Exp2.C3]);
        FloatVector c2 = FloatVector.broadcast(FLOATS, k[Exp2.C2]);
        FloatVector c1 = FloatVector.broadcast(FLOATS, k[Exp2.C1]);
        FloatVector one = FloatVector.broadcast(FLOATS, k[Exp2.ONE]);
        FloatVector padding = FloatVector.broadcast(FLOATS, k[Exp2.PADDING]);
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector here = IntVector.broadcast(INTS, column);
        for (int r = 0; r < n; r += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + r);
            VectorMask<Integer> isApart = here.compare(EQ, IntVector.fromArray(INTS, excluded, r));
            FloatVector.fromArray(FLOATS, apart, r).blend(v, isApart.cast(FLOATS)).intoArray(apart, r);
            v = v.blend(padding, v.compare(LT, padding)); // not an unsigned minimum: a NaN of negative sign stays one
            IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
            z.lanewise(UMAX, IntVector.fromArray(INTS, tops, r)).intoArray(tops, r);
            z = z.lanewise(MAX, zero).blend(zero, isApart); // the excluded term gets the scale +0
            FloatVector m = z.reinterpretAsFloats().sub(rounder);
            FloatVector d = m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_LO_COPIES), m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_HI_COPIES), v));
            FloatVector p = d.fma(FloatVector.fromArray(FLOATS, k, Exp2.C6_COPIES), c5).fma(d, c4).fma(d, c3).fma(d, c2).fma(d, c1).fma(d, one);
            p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats()).intoArray(terms, to + r);
        }
    }
}
