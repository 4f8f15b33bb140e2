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
    private static final int PARTS = 8 / DOUBLES.length(); // vectors to eight sums
    static final int NEGATIVE_INFINITY_BITS = 0xFF800000;

    private SimdRows() {}

    static void sum(float[] x, int from, int step, int columns, int count, int[] excluded, int first, int e, float[] k, float lowest,
            float[] terms, double[] lanes, double[] sums, int[] tops) {
        boolean stay = lowest > Float.NEGATIVE_INFINITY;
        int length = RowKernel.termsStep(columns);
        for (int r = 0; r < count; r += GROUP) {
            int group = Math.min(GROUP, count - r);
            int to = stay ? r * length : 0;
            if (stay || r == 0) fillUp(terms, to, length, columns, group);
            terms(x, from + r * step, step, columns, group, excluded, first + r, e, k, lowest, terms, to, length);
            reduceTops(terms, to, length, group, tops, first + r);
            fold(terms, to, length, columns, group, lanes);
            System.arraycopy(lanes, 0, sums, first + r, group);
        }
    }

    /** Zeros behind the terms of each row, up to a multiple of 8, which nothing overwrites. */
    private static void fillUp(float[] terms, int to, int length, int columns, int count) {
        for (int r = 0; r < count; r++) {
            for (int c = columns; c % 8 != 0; c++) terms[to + r * length + c] = 0;
        }
    }

    private static void reduceTops(float[] terms, int from, int length, int count, int[] tops, int first) {
        for (int r = 0; r < count; r++) {
            IntVector top = FloatVector.fromArray(FLOATS, terms, from + (r + 1) * length - GRAIN).reinterpretAsInts();
            tops[first + r] = top.lanewise(XOR, Integer.MIN_VALUE).reduceLanes(MAX) ^ Integer.MIN_VALUE;
        }
    }

    /** The terms of row r from put + r * length on; the lanes of its top, as the bits of floats, in the last of these places. */
    private static void terms(float[] x, int from, int step, int columns, int count, int[] excluded, int first, int e, float[] k, float lowest,
            float[] terms, int put, int length) {
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
        IntVector highest = IntVector.broadcast(INTS, Float.floatToRawIntBits(lowest));
        int last = columns - LANES;
        int topAt = length - GRAIN; // a power of two
        for (int r = 0; r < count; r++) {
            int at = from + r * step;
            int to = put + r * length;
            IntVector top = IntVector.zero(INTS);
            IntVector raw = IntVector.zero(INTS);
            for (int c = 0; c < columns; c += LANES) {
                int i = Math.min(c, last); // the last vector may overlap the one before
                IntVector bits = FloatVector.fromArray(FLOATS, x, at + i).reinterpretAsInts();
                raw = bits.lanewise(UMAX, raw);
                FloatVector v = bits.lanewise(UMIN, padding).reinterpretAsFloats();
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = z.lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector d = m.fma(lo, m.fma(hi, v));
                FloatVector p = d.fma(c6, c5).fma(d, c4).fma(d, c3).fma(d, c2).fma(d, c1).fma(d, one);
                p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats()).intoArray(terms, to + i);
            }
            int y = excluded[first + r];
            terms[to + ((y | y >> 31) & topAt - 1)] = 0; // for none, which is negative, behind the last column
            top = top.blend(-1, raw.compare(UGT, highest)); // a NaN of negative sign was padding meanwhile
            top.reinterpretAsFloats().intoArray(terms, to + topAt);
        }
    }

    /** sums[r] = the sum of the terms of row r. */
    private static void fold(float[] terms, int at, int length, int columns, int count, double[] sums) {
        if (PARTS == 1) foldWhole(terms, at, length, columns, count, sums);
        for (int part = 0; part + 1 < PARTS; part += 2) foldTwo(terms, at, length, columns, count, part * DOUBLES.length(), sums);
        ScalarKernel.foldLanes(count, sums);
    }

    private static void foldWhole(float[] terms, int at, int length, int columns, int count, double[] sums) {
        for (int r = 0; r < count; r++) {
            int from = at + r * length;
            Vector<Double> sum = FloatVector.fromArray(HALF, terms, from).convertShape(F2D, DOUBLES, 0);
            for (int c = 8; c < columns; c += 8) sum = FloatVector.fromArray(HALF, terms, from + c).convertShape(F2D, DOUBLES, 0).add(sum);
            ((DoubleVector) sum).intoArray(sums, 8 * r);
        }
    }

    /** Two vectors of the eight lanes in one loop: the loop is so short that entering it costs as much as its turns. */
    private static void foldTwo(float[] terms, int at, int length, int columns, int count, int lane, double[] sums) {
        for (int r = 0; r < count; r++) {
            int from = at + r * length + lane;
            Vector<Double> a = FloatVector.fromArray(HALF, terms, from).convertShape(F2D, DOUBLES, 0);
            Vector<Double> b = FloatVector.fromArray(HALF, terms, from + DOUBLES.length()).convertShape(F2D, DOUBLES, 0);
            for (int c = 8; c < columns; c += 8) {
                a = FloatVector.fromArray(HALF, terms, from + c).convertShape(F2D, DOUBLES, 0).add(a);
                b = FloatVector.fromArray(HALF, terms, from + c + DOUBLES.length()).convertShape(F2D, DOUBLES, 0).add(b);
            }
            ((DoubleVector) a).intoArray(sums, 8 * r + lane);
            ((DoubleVector) b).intoArray(sums, 8 * r + lane + DOUBLES.length());
        }
    }
}
