package io.github.surprisal.kernel.simd;

import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.UGT;
import static jdk.incubator.vector.VectorOperators.UMAX;
import static jdk.incubator.vector.VectorOperators.UMIN;
import static jdk.incubator.vector.VectorOperators.XOR;

import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.RowKernel;
import io.github.surprisal.kernel.ScalarKernel;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link RowKernel#sumRow}: all of it in one method, because what a single row waits for are its own results, and calls. As in {@link SimdNarrow} two vectors a
 * turn, and some constants from memory.
 */
final class SimdRow {
    private static final VectorShape SHAPE = SimdKernel.shape();
    private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    private static final VectorSpecies<Double> DOUBLES = VectorSpecies.of(double.class, SHAPE);
    private static final VectorSpecies<Float> HALF = VectorSpecies.of(float.class, VectorShape.forBitSize(SHAPE.vectorBitSize() / 2));
    private static final int LANES = FLOATS.length();
    private static final int DOUBLE_LANES = DOUBLES.length();
    private static final boolean HALVES = DOUBLE_LANES < 8; // of the eight sums, or quarters, two at a time
    /** From the first copy of a constant to that for the second vector. There is room for two of up to 256 bits, and registers enough for one of 512. */
    private static final int SECOND = SimdKernel.NARROW ? LANES : 0;

    private SimdRow() {}

    /** Of n from LANES to {@link RowKernel#MOST_COLUMNS}. */
    static int sum(float[] x, int from, int n, int excluded, int e, float[] k, float[] terms, double[] sums) {
        FloatVector rounder = IntVector.broadcast(INTS, Float.floatToRawIntBits(Exp2.rounder(e))).reinterpretAsFloats();
        FloatVector log2e = FloatVector.broadcast(FLOATS, k[Exp2.LOG2E]);
        FloatVector c5 = FloatVector.broadcast(FLOATS, k[Exp2.C5]);
        FloatVector c4 = FloatVector.broadcast(FLOATS, k[Exp2.C4]);
        FloatVector c3 = FloatVector.broadcast(FLOATS, k[Exp2.C3]);
        FloatVector c2 = FloatVector.broadcast(FLOATS, k[Exp2.C2]);
        FloatVector c1 = FloatVector.broadcast(FLOATS, k[Exp2.C1]);
        FloatVector one = FloatVector.broadcast(FLOATS, k[Exp2.ONE]);
        IntVector padding = IntVector.broadcast(INTS, Float.floatToRawIntBits(k[Exp2.PADDING]));
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector top = IntVector.zero(INTS);
        IntVector raw = IntVector.zero(INTS);
        int last = n - LANES;
        for (int c = n; c % 8 != 0; c++) terms[c] = 0;
        for (int c = 0; c < n; c += 2 * LANES) {
            int i = Math.min(c, last); // the last vectors may overlap those before
            IntVector bits = FloatVector.fromArray(FLOATS, x, from + i).reinterpretAsInts();
            raw = bits.lanewise(UMAX, raw);
            FloatVector v = bits.lanewise(UMIN, padding).reinterpretAsFloats();
            IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
            top = z.lanewise(UMAX, top);
            z = z.lanewise(MAX, zero);
            FloatVector m = z.reinterpretAsFloats().sub(rounder);
            FloatVector d = m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_LO_COPIES), m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_HI_COPIES), v));
            FloatVector p = d.fma(FloatVector.fromArray(FLOATS, k, Exp2.C6_COPIES), c5).fma(d, c4).fma(d, c3).fma(d, c2).fma(d, c1).fma(d, one);
            p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats()).intoArray(terms, i);

            int j = Math.min(c + LANES, last);
            bits = FloatVector.fromArray(FLOATS, x, from + j).reinterpretAsInts();
            raw = bits.lanewise(UMAX, raw);
            v = bits.lanewise(UMIN, padding).reinterpretAsFloats();
            z = v.fma(log2e, rounder).reinterpretAsInts();
            top = z.lanewise(UMAX, top);
            z = z.lanewise(MAX, zero);
            m = z.reinterpretAsFloats().sub(rounder);
            d = m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_LO_COPIES + SECOND), m.fma(FloatVector.fromArray(FLOATS, k, Exp2.LN2_HI_COPIES + SECOND), v));
            p = d.fma(FloatVector.fromArray(FLOATS, k, Exp2.C6_COPIES + SECOND), c5).fma(d, c4).fma(d, c3).fma(d, c2).fma(d, c1).fma(d, one);
            p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats()).intoArray(terms, j);
        }
        if (excluded >= 0) terms[excluded] = 0;
        for (int lane = 0; lane < 8; lane += HALVES ? 2 * DOUBLE_LANES : 8) {
            Vector<Double> a = FloatVector.fromArray(HALF, terms, lane).convertShape(F2D, DOUBLES, 0);
            Vector<Double> b = HALVES ? FloatVector.fromArray(HALF, terms, lane + DOUBLE_LANES).convertShape(F2D, DOUBLES, 0) : a;
            for (int c = lane + 8; c < n; c += 8) {
                a = FloatVector.fromArray(HALF, terms, c).convertShape(F2D, DOUBLES, 0).add(a);
                if (HALVES) b = FloatVector.fromArray(HALF, terms, c + DOUBLE_LANES).convertShape(F2D, DOUBLES, 0).add(b);
            }
            ((DoubleVector) a).intoArray(sums, lane);
            if (HALVES) ((DoubleVector) b).intoArray(sums, lane + DOUBLE_LANES);
        }
        ScalarKernel.foldLanes(1, sums);
        sums[1] = Float.intBitsToFloat(IntVector.broadcast(INTS, Integer.MIN_VALUE).lanewise(XOR, raw).reduceLanes(MAX) ^ Integer.MIN_VALUE);
        top = top.blend(-1, raw.compare(UGT, SimdRows.NEGATIVE_INFINITY_BITS)); // a NaN of negative sign was padding meanwhile
        return IntVector.broadcast(INTS, Integer.MIN_VALUE).lanewise(XOR, top).reduceLanes(MAX) ^ Integer.MIN_VALUE; // as in SimdKernel, and no call
    }
}
