package io.github.surprisal.kernel.simd;

import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.UGT;
import static jdk.incubator.vector.VectorOperators.UMAX;
import static jdk.incubator.vector.VectorOperators.UMIN;

import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.RowKernel;
import io.github.surprisal.kernel.ScalarKernel;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** {@link RowKernel#sumRows}: rows as they lie, which from some columns on costs less than turning the rows over. */
final class SimdRows {
    private static final VectorShape SHAPE = SimdKernel.shape();
    private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    private static final VectorSpecies<Double> DOUBLES = VectorSpecies.of(double.class, SHAPE);
    private static final VectorSpecies<Float> HALF = VectorSpecies.of(float.class, VectorShape.forBitSize(SHAPE.vectorBitSize() / 2));
    private static final int LANES = FLOATS.length();
    private static final int GRAIN = RowKernel.GRAIN;
    private static final int GROUP = RowKernel.GROUP;
    /** Of the terms of a row. */
    private static final int LENGTH = 128;
    /** Where in terms the lanes of the tops are, a vector a row. */
    private static final int TOPS = LENGTH * GROUP;
    /**
     * So many rows before the one whose terms are computed is the one that is folded meanwhile: its additions fill what the multipliers leave. 0: a group is
     * folded afterwards, because narrower vectors have too few registers for both.
     */
    private static final int DELAY = LANES == 16 ? 2 : 0;
    private static final int NEGATIVE_INFINITY_BITS = 0xFF800000;

    private SimdRows() {}

    static void sum(float[] x, int from, int step, int columns, int count, int[] excluded, int first, int e, float[] k,
            float[] terms, double[] lanes, double[] sums, int[] tops) {
        fillUp(terms, columns, Math.min(GROUP, count));
        for (int r = 0; r < count; r += GROUP) {
            int group = Math.min(GROUP, count - r);
            terms(x, from + r * step, step, columns, group, excluded, first + r, e, k, terms, lanes);
            reduceTops(terms, group, tops, first + r);
            int left = r; // the first row that is to be folded now
            if (DELAY > 0) {
                left = r + group < count ? r + group : Math.max(0, count - DELAY);
                int missing = Math.max(0, DELAY - r); // lanes of rows before the first, which mean nothing
                ScalarKernel.foldLanes(group, lanes);
                System.arraycopy(lanes, missing, sums, first + r + missing - DELAY, Math.max(0, group - missing));
            }
            fold(terms, left, columns, r + group - left, lanes);
            System.arraycopy(lanes, 0, sums, first + left, r + group - left);
        }
    }

    /** Zeros up to what is folded at a time: those behind the terms of a row, which nothing overwrites, are what counts. */
    private static void fillUp(float[] terms, int columns, int count) {
        int whole = Math.max(8, LANES);
        for (int c = columns & -whole; c < (columns + whole - 1 & -whole); c += LANES) {
            for (int r = 0; r < count; r++) FloatVector.zero(FLOATS).intoArray(terms, r * LENGTH + c);
        }
    }

    private static void reduceTops(float[] terms, int count, int[] tops, int first) {
        for (int r = 0; r < count; r++) tops[first + r] = SimdKernel.unsignedMaxLane(FloatVector.fromArray(FLOATS, terms, TOPS + r * GRAIN).reinterpretAsInts());
    }

    /**
     * The terms of row r from r * LENGTH on; the lanes of its top, as the bits of floats, behind those of a group. With a delay, lanes[8 * r ..) become the
     * sums of the row that many before, whose terms are still there if it is of the group before; for the first rows of a call, of whatever is in terms:
     * nobody uses those.
     */
    private static void terms(float[] x, int from, int step, int columns, int count, int[] excluded, int first, int e, float[] k, float[] terms,
            double[] lanes) {
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
        IntVector padding = IntVector.broadcast(INTS, Float.floatToRawIntBits(k[Exp2.PADDING]));
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        int last = columns - LANES;
        for (int r = 0; r < count; r++) {
            int at = from + r * step;
            int to = r * LENGTH;
            IntVector top = IntVector.zero(INTS);
            IntVector raw = IntVector.zero(INTS);
            int earlier = (r - DELAY & GROUP - 1) * LENGTH;
            Vector<Double> sum = DoubleVector.zero(DOUBLES);
            for (int c = 0; c < columns; c += LANES) {
                int i = Math.min(c, last); // the last vector may overlap the one before
                IntVector bits = FloatVector.fromArray(FLOATS, x, at + i).reinterpretAsInts();
                raw = raw.lanewise(UMAX, bits);
                FloatVector v = bits.lanewise(UMIN, padding).reinterpretAsFloats();
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                top = top.lanewise(UMAX, z);
                z = z.lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector d = m.fma(lo, m.fma(hi, v));
                FloatVector p = d.fma(c6, c5).fma(d, c4).fma(d, c3).fma(d, c2).fma(d, c1).fma(d, one);
                p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats()).intoArray(terms, to + i);
                if (DELAY > 0) {
                    sum = sum.add(FloatVector.fromArray(HALF, terms, earlier + c).convertShape(F2D, DOUBLES, 0));
                    sum = sum.add(FloatVector.fromArray(HALF, terms, earlier + c + 8).convertShape(F2D, DOUBLES, 0));
                }
            }
            if (DELAY > 0) ((DoubleVector) sum).intoArray(lanes, 8 * r);
            int y = excluded[first + r];
            terms[to + ((y | y >> 31) & LENGTH - 1)] = 0; // for none, which is negative, behind the last column
            top = top.blend(-1, raw.compare(UGT, NEGATIVE_INFINITY_BITS)); // a NaN of negative sign was padding meanwhile
            top.reinterpretAsFloats().intoArray(terms, TOPS + r * GRAIN);
        }
    }

    /** sums[r] = the sum of the terms of row first + r, of this group or the one before. */
    private static void fold(float[] terms, int first, int columns, int count, double[] sums) {
        for (int lane = 0; lane < 8; lane += DOUBLES.length()) {
            for (int r = 0; r < count; r++) {
                int from = (first + r & GROUP - 1) * LENGTH + lane;
                Vector<Double> sum = FloatVector.fromArray(HALF, terms, from).convertShape(F2D, DOUBLES, 0);
                for (int c = 8; c < columns; c += 8) sum = sum.add(FloatVector.fromArray(HALF, terms, from + c).convertShape(F2D, DOUBLES, 0));
                ((DoubleVector) sum).intoArray(sums, 8 * r + lane);
            }
        }
        ScalarKernel.foldLanes(count, sums);
    }
}
