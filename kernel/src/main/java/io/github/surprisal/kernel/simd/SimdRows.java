package io.github.surprisal.kernel.simd;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.UMAX;

import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.RowKernel;
import io.github.surprisal.kernel.ScalarKernel;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** {@link RowKernel#sumRows}: rows as they lie, with empty lanes at their ends, which from some columns on cost less than turning the rows over. */
final class SimdRows {
    private static final VectorShape SHAPE = SimdKernel.shape();
    private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    private static final VectorSpecies<Double> DOUBLES = VectorSpecies.of(double.class, SHAPE);
    private static final VectorSpecies<Float> HALF = VectorSpecies.of(float.class, VectorShape.forBitSize(SHAPE.vectorBitSize() / 2));
    private static final int LANES = FLOATS.length();
    private static final int GRAIN = RowKernel.GRAIN;
    /** Of the terms of a row. */
    private static final int LENGTH = 128;
    private static final int[] LANE = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

    private SimdRows() {}

    /** The terms of row r from r * LENGTH on, with zeros up to the end of a vector. */
    static int terms(float[] x, int from, int step, int columns, int count, int[] excluded, int first, int e, float[] k, float[] terms) {
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
        FloatVector padding = FloatVector.broadcast(FLOATS, k[Exp2.PADDING]);
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector top = IntVector.zero(INTS);
        int whole = columns + GRAIN - 1 & -GRAIN;
        for (int r = 0; r < count; r++) {
            int at = from + r * step;
            int y = excluded[first + r];
            for (int c = 0; c < whole; c += LANES) {
                IntVector index = IntVector.fromArray(INTS, LANE, 0).add(c);
                FloatVector v = FloatVector.fromArray(FLOATS, x, at + c);
                v = v.blend(padding, v.compare(LT, padding)).blend(padding, index.compare(GE, columns).cast(FLOATS)); // a NaN stays one, and shows
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero).blend(zero, index.compare(EQ, y)); // the excluded term gets the scale +0
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector d = m.fma(lo, m.fma(hi, v));
                FloatVector p = d.fma(c6, c5).fma(d, c4).fma(d, c3).fma(d, c2).fma(d, c1).fma(d, one);
                p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats()).intoArray(terms, r * LENGTH + c);
            }
        }
        return SimdKernel.unsignedMaxLane(top);
    }

    /** sums[r] = the sum of the terms of row r. */
    static void fold(float[] terms, int columns, int count, double[] sums) {
        for (int lane = 0; lane < 8; lane += DOUBLES.length()) {
            for (int r = 0; r < count; r++) {
                int from = r * LENGTH + lane;
                Vector<Double> sum = FloatVector.fromArray(HALF, terms, from).convertShape(F2D, DOUBLES, 0);
                for (int c = 8; c < columns; c += 8) sum = sum.add(FloatVector.fromArray(HALF, terms, from + c).convertShape(F2D, DOUBLES, 0));
                ((DoubleVector) sum).intoArray(sums, 8 * r + lane);
            }
        }
        ScalarKernel.foldLanes(count, sums);
    }
}
