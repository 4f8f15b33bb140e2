package io.github.surprisal.kernel.simd;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.UMAX;

import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.RowKernel;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link SimdKernel#sum} where there are 16 registers, as x86 has for vectors of up to 256 bits: in two halves, between which the exponents and what is
 * left of the elements wait in the first-level cache. All constants of a half fit into registers, and its chains of dependent operations are half as
 * long, so that those the processor can keep track of do more at a time. On Zen 4 a log-sum-exp is 10 to 30 % faster so, by how the array between the
 * halves happens to be aligned; with 32 registers it is slower.
 */
final class SimdNarrow {
    private static final VectorShape SHAPE = SimdKernel.shape();
    private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    private static final int LANES = FLOATS.length();

    /** Positions at a time. */
    private static final int PIECE = 128;

    /** Four streams of remainders, then four of scales. */
    private static final ThreadLocal<float[]> HALVES = new ThreadLocal<>();

    private SimdNarrow() {}

    /** Leaves the lanes of the blocks' tops in tops. */
    static void sum(float[] x, int from, int step, int stream, int n, int count, int e, float[] k, float[] partials, int to, int[] tops) {
        float[] halves = HALVES.get();
        if (halves == null) HALVES.set(halves = new float[8 * PIECE]);
        Arrays.fill(tops, RowKernel.TOPS, RowKernel.TOPS + count * RowKernel.GRAIN, 0);
        for (int b = 0; b < count; b++) {
            for (int i = 0; i < n; i += PIECE) {
                int length = Math.min(PIECE, n - i);
                reduce(x, from + b * step + i, stream, length, e, k, halves, tops, RowKernel.TOPS + b * RowKernel.GRAIN);
                sumTerms(halves, length, k, partials, to + b * RowKernel.BLOCK + i);
            }
        }
    }

    private static void reduce(float[] x, int at, int stream, int n, int e, float[] k, float[] halves, int[] tops, int topAt) {
        FloatVector rounder = IntVector.broadcast(INTS, Float.floatToRawIntBits(Exp2.rounder(e))).reinterpretAsFloats();
        FloatVector log2e = FloatVector.broadcast(FLOATS, k[Exp2.LOG2E]);
        FloatVector hi = FloatVector.broadcast(FLOATS, k[Exp2.LN2_HI]);
        FloatVector lo = FloatVector.broadcast(FLOATS, k[Exp2.LN2_LO]);
        IntVector zero = IntVector.broadcast(INTS, Exp2.ZERO_SCALE);
        IntVector top = IntVector.fromArray(INTS, tops, topAt);
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
            top = top.lanewise(UMAX, z);
            z = z.lanewise(MAX, zero);
            FloatVector m = z.reinterpretAsFloats().sub(rounder);
            m.fma(lo, m.fma(hi, v)).intoArray(halves, i);
            z.lanewise(LSHL, 23).reinterpretAsFloats().intoArray(halves, 4 * PIECE + i);

            v = FloatVector.fromArray(FLOATS, x, at + stream + i);
            z = v.fma(log2e, rounder).reinterpretAsInts();
            top = top.lanewise(UMAX, z);
            z = z.lanewise(MAX, zero);
            m = z.reinterpretAsFloats().sub(rounder);
            m.fma(lo, m.fma(hi, v)).intoArray(halves, PIECE + i);
            z.lanewise(LSHL, 23).reinterpretAsFloats().intoArray(halves, 5 * PIECE + i);

            v = FloatVector.fromArray(FLOATS, x, at + 2 * stream + i);
            z = v.fma(log2e, rounder).reinterpretAsInts();
            top = top.lanewise(UMAX, z);
            z = z.lanewise(MAX, zero);
            m = z.reinterpretAsFloats().sub(rounder);
            m.fma(lo, m.fma(hi, v)).intoArray(halves, 2 * PIECE + i);
            z.lanewise(LSHL, 23).reinterpretAsFloats().intoArray(halves, 6 * PIECE + i);

            v = FloatVector.fromArray(FLOATS, x, at + 3 * stream + i);
            z = v.fma(log2e, rounder).reinterpretAsInts();
            top = top.lanewise(UMAX, z);
            z = z.lanewise(MAX, zero);
            m = z.reinterpretAsFloats().sub(rounder);
            m.fma(lo, m.fma(hi, v)).intoArray(halves, 3 * PIECE + i);
            z.lanewise(LSHL, 23).reinterpretAsFloats().intoArray(halves, 7 * PIECE + i);
        }
        top.intoArray(tops, topAt);
    }

    private static void sumTerms(float[] halves, int n, float[] k, float[] partials, int to) {
        FloatVector c6 = FloatVector.broadcast(FLOATS, k[Exp2.C6]);
        FloatVector c5 = FloatVector.broadcast(FLOATS, k[Exp2.C5]);
        FloatVector c4 = FloatVector.broadcast(FLOATS, k[Exp2.C4]);
        FloatVector c3 = FloatVector.broadcast(FLOATS, k[Exp2.C3]);
        FloatVector c2 = FloatVector.broadcast(FLOATS, k[Exp2.C2]);
        FloatVector c1 = FloatVector.broadcast(FLOATS, k[Exp2.C1]);
        FloatVector one = FloatVector.broadcast(FLOATS, k[Exp2.ONE]);
        for (int i = 0; i < n; i += LANES) {
            FloatVector r = FloatVector.fromArray(FLOATS, halves, i);
            FloatVector p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            FloatVector sum = p.mul(FloatVector.fromArray(FLOATS, halves, 4 * PIECE + i));

            r = FloatVector.fromArray(FLOATS, halves, PIECE + i);
            p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            sum = p.fma(FloatVector.fromArray(FLOATS, halves, 5 * PIECE + i), sum);

            r = FloatVector.fromArray(FLOATS, halves, 2 * PIECE + i);
            p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            FloatVector more = p.mul(FloatVector.fromArray(FLOATS, halves, 6 * PIECE + i));

            r = FloatVector.fromArray(FLOATS, halves, 3 * PIECE + i);
            p = r.fma(c6, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, c1).fma(r, one);
            sum.add(p.fma(FloatVector.fromArray(FLOATS, halves, 7 * PIECE + i), more)).intoArray(partials, to + i);
        }
    }
}
