package io.github.surprisal.kernel.simd;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.UMAX;
import static jdk.incubator.vector.VectorOperators.UMIN;

import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.RowKernel;
import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The primitives of {@link RowKernel} for short rows: a lane is a row, so that no lane is empty however few the columns. */
final class SimdColumns {
    private static final VectorShape SHAPE = SimdKernel.shape();
    private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    private static final VectorSpecies<Double> DOUBLES = VectorSpecies.of(double.class, SHAPE);
    private static final VectorSpecies<Float> HALF = VectorSpecies.of(float.class, VectorShape.forBitSize(SHAPE.vectorBitSize() / 2));
    private static final int LANES = FLOATS.length();
    private static final int GRAIN = RowKernel.GRAIN;
    private static final int COLUMN = RowKernel.COLUMN;

    private SimdColumns() {}

    static void sum(float[] x, int from, int stride, int columns, int n, int[] excluded, int e, float[] k, float[] partials, int[] tops) {
        if (columns < GRAIN) Arrays.fill(partials, columns * COLUMN, GRAIN * COLUMN, 0f);
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
        Arrays.fill(tops, 0, n, 0);
        for (int c = 0; c < columns && c < GRAIN; c++) {
            int at = from + c * stride;
            int to = c * COLUMN;
            for (int r = 0; r < n; r += LANES) {
                FloatVector v = FloatVector.fromArray(FLOATS, x, at + r);
                v = v.blend(padding, v.compare(LT, padding)); // not an unsigned minimum: a NaN of negative sign stays one
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                IntVector.fromArray(INTS, tops, r).lanewise(UMAX, z).intoArray(tops, r);
                z = z.lanewise(MAX, zero).blend(zero, IntVector.fromArray(INTS, excluded, r).compare(EQ, c)); // the excluded term gets the scale +0
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector d = m.fma(lo, m.fma(hi, v));
                FloatVector p = d.fma(c6, c5).fma(d, c4).fma(d, c3).fma(d, c2).fma(d, c1).fma(d, one);
                p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats()).intoArray(partials, to + r);
            }
        }
        if (columns > GRAIN) addFurther(x, from, stride, columns, n, excluded, e, k, partials, tops);
    }

    /** Adds the terms of the columns from GRAIN on to the partial sums: those 16 columns apart share one. */
    private static void addFurther(float[] x, int from, int stride, int columns, int n, int[] excluded, int e, float[] k, float[] partials, int[] tops) {
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
        for (int c = GRAIN; c < columns; c++) {
            int at = from + c * stride;
            int to = (c & GRAIN - 1) * COLUMN;
            for (int r = 0; r < n; r += LANES) {
                FloatVector v = FloatVector.fromArray(FLOATS, x, at + r);
                v = v.blend(padding, v.compare(LT, padding));
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                IntVector.fromArray(INTS, tops, r).lanewise(UMAX, z).intoArray(tops, r);
                z = z.lanewise(MAX, zero).blend(zero, IntVector.fromArray(INTS, excluded, r).compare(EQ, c));
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector d = m.fma(lo, m.fma(hi, v));
                FloatVector p = d.fma(c6, c5).fma(d, c4).fma(d, c3).fma(d, c2).fma(d, c1).fma(d, one);
                p.fma(z.lanewise(LSHL, 23).reinterpretAsFloats(), FloatVector.fromArray(FLOATS, partials, to + r)).intoArray(partials, to + r);
            }
        }
    }

    static void fold(float[] partials, int n, double[] sums) {
        for (int r = 0; r < n; r += DOUBLES.length()) {
            Vector<Double> p0 = FloatVector.fromArray(HALF, partials, r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p1 = FloatVector.fromArray(HALF, partials, COLUMN + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p2 = FloatVector.fromArray(HALF, partials, 2 * COLUMN + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p3 = FloatVector.fromArray(HALF, partials, 3 * COLUMN + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p4 = FloatVector.fromArray(HALF, partials, 4 * COLUMN + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p5 = FloatVector.fromArray(HALF, partials, 5 * COLUMN + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p6 = FloatVector.fromArray(HALF, partials, 6 * COLUMN + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p7 = FloatVector.fromArray(HALF, partials, 7 * COLUMN + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p8 = FloatVector.fromArray(HALF, partials, 8 * COLUMN + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p9 = FloatVector.fromArray(HALF, partials, 9 * COLUMN + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p10 = FloatVector.fromArray(HALF, partials, 10 * COLUMN + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p11 = FloatVector.fromArray(HALF, partials, 11 * COLUMN + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p12 = FloatVector.fromArray(HALF, partials, 12 * COLUMN + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p13 = FloatVector.fromArray(HALF, partials, 13 * COLUMN + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p14 = FloatVector.fromArray(HALF, partials, 14 * COLUMN + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p15 = FloatVector.fromArray(HALF, partials, 15 * COLUMN + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> even = p0.add(p8).add(p4.add(p12)).add(p2.add(p10).add(p6.add(p14)));
            Vector<Double> odd = p1.add(p9).add(p5.add(p13)).add(p3.add(p11).add(p7.add(p15)));
            ((DoubleVector) even.add(odd)).intoArray(sums, r);
        }
    }

    static void terms(float[] x, int from, int stride, int columns, int n, float[] rounders, float[] factors, float[] k,
            float[] out, int to, int outStride) {
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
        IntVector padding = IntVector.broadcast(INTS, Float.floatToRawIntBits(k[Exp2.PADDING]));
        // The longer loop, over the rows, is inside: a short one would end before its chains of dependent fmas have begun to overlap.
        for (int c = 0; c < columns; c++) {
            int at = from + c * stride;
            int put = to + c * outStride;
            for (int r = 0; r < n; r += LANES) {
                FloatVector rounder = FloatVector.fromArray(FLOATS, rounders, r);
                FloatVector v = FloatVector.fromArray(FLOATS, x, at + r).reinterpretAsInts().lanewise(UMIN, padding).reinterpretAsFloats();
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts().lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector d = m.fma(lo, m.fma(hi, v));
                FloatVector p = d.fma(c6, c5).fma(d, c4).fma(d, c3).fma(d, c2).fma(d, c1).fma(d, one);
                p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats()).mul(FloatVector.fromArray(FLOATS, factors, r)).intoArray(out, put + r);
            }
        }
    }
}
