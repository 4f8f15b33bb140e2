package io.github.surprisal.kernel.simd;

import static jdk.incubator.vector.VectorOperators.AND_NOT;
import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.NE;
import static jdk.incubator.vector.VectorOperators.UMAX;
import static jdk.incubator.vector.VectorOperators.UMIN;

import io.github.surprisal.kernel.Exp2;
import io.github.surprisal.kernel.RowKernel;
import io.github.surprisal.kernel.ScalarKernel;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
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

    /** Whether vectors are long enough to turn rows of more than two columns over in registers. */
    private static final boolean TILES = LANES >= 8;
    /** Up to so many columns are turned over as fast one by one, but for {@link #transposePairs}: measured. */
    private static final int SCALAR_COLUMNS = LANES == 8 ? 2 : 4;
    private static final IntVector ZIP_LOW = zip(0);
    private static final IntVector ZIP_HIGH = zip(LANES / 2);
    private static final VectorMask<Integer> ODD = VectorMask.fromLong(INTS, 0xAAAA);
    private static final VectorMask<Integer> ODD_PAIRS = VectorMask.fromLong(INTS, 0xCCCC);
    private static final VectorMask<Integer> UPPER_HALF = VectorMask.fromLong(INTS, 0xFFFF << LANES / 2);
    private static final VectorShuffle<Integer> SWAP_PAIRS = swap(2);
    private static final VectorShuffle<Integer> SWAP_HALVES = swap(LANES / 2);
    private static final VectorShuffle<Integer> EVEN_FIRST = stride(2);
    private static final VectorShuffle<Integer> HALVES_IN_TURN = stride(LANES / 2); // the way back

    private SimdColumns() {}

    /** Takes lanes from first on from two vectors in turn. */
    private static IntVector zip(int first) {
        int[] lanes = new int[LANES];
        for (int i = 0; i < LANES; i++) lanes[i] = first + i / 2 + i % 2 * LANES;
        return IntVector.fromArray(INTS, lanes, 0);
    }

    /** Lanes that are so far apart change places. */
    private static VectorShuffle<Integer> swap(int distance) {
        int[] lanes = new int[LANES];
        for (int i = 0; i < LANES; i++) lanes[i] = (i ^ distance) % LANES;
        return VectorShuffle.fromArray(INTS, lanes, 0);
    }

    /** Lanes that are so far apart, from 0, then from 1 on, and so forth. */
    private static VectorShuffle<Integer> stride(int step) {
        int[] lanes = new int[LANES];
        for (int i = 0; i < LANES; i++) lanes[i] = i * step % LANES + i * step / LANES;
        return VectorShuffle.fromArray(INTS, lanes, 0);
    }

    static void transpose(float[] x, int from, int step, int columns, int count, float[] out, int stride) {
        int whole = 0;
        if (columns == 2 && step == 2) whole = transposePairs(x, from, count & -LANES, out, stride);
        else if (TILES && columns > SCALAR_COLUMNS) whole = transposeWhole(x, from, step, columns, count & -LANES, out, stride);
        if (whole < count) ScalarKernel.transpose(x, from, step, 1, columns, whole, count, out, stride);
    }

    static void transposeBack(float[] x, int first, int stride, int columns, int count, float[] out, int to, int step) {
        int whole = 0;
        if (columns == 2 && step == 2) whole = transposePairsBack(x, first, stride, count & -LANES, out, to);
        else if (TILES && columns > SCALAR_COLUMNS) whole = transposeWholeBack(x, first, stride, columns, count, out, to, step);
        for (int c = 0; c < columns; c++) {
            for (int r = whole; r < count; r++) out[to + r * step + c] = x[c * stride + first + r];
        }
    }

    /**
     * Tiles as wide as a vector in registers; the last of several tiles of columns overlaps the one before. One or two columns behind tiles of 8 are a pair,
     * which takes a fourth of a tile's instructions. Returns how many rows have been done.
     */
    private static int transposeWhole(float[] x, int from, int step, int columns, int count, float[] out, int stride) {
        int whole = count;
        while (whole > 0 && from + (whole - 1) * step > x.length - LANES) whole -= LANES; // only the last rows of an array reach beyond it
        int rest = columns % LANES;
        boolean pair = LANES == 8 && columns > LANES && (rest == 1 || rest == 2);
        int tiled = pair ? columns - rest : columns;
        for (int c = 0, more = whole == 0 ? 0 : tiled; more > 0; more -= LANES, c = Math.min(c + LANES, columns - LANES)) {
            transposeTiles(x, from + c, LANES * step, step, whole, out, c * stride, LANES, stride);
        }
        if (pair) transposePair(x, from + columns - 2, step, whole, out, (columns - 2) * stride, stride);
        return whole;
    }

    /** Two neighbouring columns of longer rows, 8 lanes. Each row is read from where its pair comes to lie behind that of the row before. */
    private static void transposePair(float[] x, int from, int step, int count, float[] out, int to, int stride) {
        for (int r = 0; r < count; r += LANES, from += LANES * step) {
            IntVector a = FloatVector.fromArray(FLOATS, x, from).reinterpretAsInts()
                    .blend(FloatVector.fromArray(FLOATS, x, from + step - 2).reinterpretAsInts(), ODD_PAIRS)
                    .blend(FloatVector.fromArray(FLOATS, x, from + 2 * step - 4).reinterpretAsInts()
                            .blend(FloatVector.fromArray(FLOATS, x, from + 3 * step - 6).reinterpretAsInts(), ODD_PAIRS), UPPER_HALF);
            IntVector b = FloatVector.fromArray(FLOATS, x, from + 4 * step).reinterpretAsInts()
                    .blend(FloatVector.fromArray(FLOATS, x, from + 5 * step - 2).reinterpretAsInts(), ODD_PAIRS)
                    .blend(FloatVector.fromArray(FLOATS, x, from + 6 * step - 4).reinterpretAsInts()
                            .blend(FloatVector.fromArray(FLOATS, x, from + 7 * step - 6).reinterpretAsInts(), ODD_PAIRS), UPPER_HALF);
            IntVector first = a.blend(b.reinterpretAsLongs().lanewise(LSHL, 32).reinterpretAsInts(), ODD);
            IntVector second = a.reinterpretAsLongs().lanewise(LSHR, 32).reinterpretAsInts().blend(b, ODD);
            first.rearrange(EVEN_FIRST).reinterpretAsFloats().intoArray(out, to + r);
            second.rearrange(EVEN_FIRST).reinterpretAsFloats().intoArray(out, to + stride + r);
        }
    }

    /**
     * Of few columns a whole vector each, if there are no gaps between rows: the next rows overwrite what is too much, and so many as it may reach into
     * are left to the end. Returns how many rows have been done.
     */
    private static int transposeWholeBack(float[] x, int first, int stride, int columns, int count, float[] out, int to, int step) {
        boolean few = columns < LANES;
        if (few && step != columns) return 0;
        int further = few ? (LANES - 1) / columns : 0;
        int whole = Math.max(0, count - further) & -LANES;
        for (int c = 0, more = whole == 0 ? 0 : columns; more > 0; more -= LANES, c = Math.min(c + LANES, columns - LANES)) {
            transposeTiles(x, c * stride + first, LANES, stride, whole, out, to + c, LANES * step, step);
        }
        return whole;
    }

    /** Rows of two columns, without gaps between them, a multiple of the lanes, which is returned. */
    private static int transposePairs(float[] x, int from, int count, float[] out, int stride) {
        for (int r = 0; r < count; r += LANES) {
            IntVector a = FloatVector.fromArray(FLOATS, x, from + 2 * r).reinterpretAsInts();
            IntVector b = FloatVector.fromArray(FLOATS, x, from + 2 * r + LANES).reinterpretAsInts();
            IntVector first = a.blend(b.reinterpretAsLongs().lanewise(LSHL, 32).reinterpretAsInts(), ODD);
            IntVector second = a.reinterpretAsLongs().lanewise(LSHR, 32).reinterpretAsInts().blend(b, ODD);
            first.rearrange(EVEN_FIRST).reinterpretAsFloats().intoArray(out, r);
            second.rearrange(EVEN_FIRST).reinterpretAsFloats().intoArray(out, stride + r);
        }
        return count;
    }

    private static int transposePairsBack(float[] x, int from, int stride, int count, float[] out, int to) {
        for (int r = 0; r < count; r += LANES) {
            IntVector first = FloatVector.fromArray(FLOATS, x, from + r).reinterpretAsInts().rearrange(HALVES_IN_TURN);
            IntVector second = FloatVector.fromArray(FLOATS, x, from + stride + r).reinterpretAsInts().rearrange(HALVES_IN_TURN);
            IntVector a = first.blend(second.reinterpretAsLongs().lanewise(LSHL, 32).reinterpretAsInts(), ODD);
            IntVector b = first.reinterpretAsLongs().lanewise(LSHR, 32).reinterpretAsInts().blend(second, ODD);
            a.reinterpretAsFloats().intoArray(out, to + 2 * r);
            b.reinterpretAsFloats().intoArray(out, to + 2 * r + LANES);
        }
        return count;
    }

    /** A column of tiles: rows are step apart, tiles nextFrom in x and nextTo in out, where rows are stride apart. */
    private static void transposeTiles(float[] x, int from, int nextFrom, int step, int count, float[] out, int to, int nextTo, int stride) {
        if (LANES == GRAIN) transposeSixteen(x, from, nextFrom, step, count, out, to, nextTo, stride);
        else transposeEight(x, from, nextFrom, step, count, out, to, nextTo, stride);
    }

    /** Zips rows k and k + 8 four times, which makes columns of them. Without helpers, and always all 16 columns: C2 keeps only so in registers what it can. */
    private static void transposeSixteen(float[] x, int from, int nextFrom, int step, int count, float[] out, int to, int nextTo, int stride) {
        IntVector lo = ZIP_LOW;
        IntVector hi = ZIP_HIGH;
        for (int r = 0; r < count; r += LANES, from += nextFrom, to += nextTo) {
            IntVector a0 = FloatVector.fromArray(FLOATS, x, from).reinterpretAsInts();
            IntVector a1 = FloatVector.fromArray(FLOATS, x, from + step).reinterpretAsInts();
            IntVector a2 = FloatVector.fromArray(FLOATS, x, from + 2 * step).reinterpretAsInts();
            IntVector a3 = FloatVector.fromArray(FLOATS, x, from + 3 * step).reinterpretAsInts();
            IntVector a4 = FloatVector.fromArray(FLOATS, x, from + 4 * step).reinterpretAsInts();
            IntVector a5 = FloatVector.fromArray(FLOATS, x, from + 5 * step).reinterpretAsInts();
            IntVector a6 = FloatVector.fromArray(FLOATS, x, from + 6 * step).reinterpretAsInts();
            IntVector a7 = FloatVector.fromArray(FLOATS, x, from + 7 * step).reinterpretAsInts();
            IntVector a8 = FloatVector.fromArray(FLOATS, x, from + 8 * step).reinterpretAsInts();
            IntVector a9 = FloatVector.fromArray(FLOATS, x, from + 9 * step).reinterpretAsInts();
            IntVector a10 = FloatVector.fromArray(FLOATS, x, from + 10 * step).reinterpretAsInts();
            IntVector a11 = FloatVector.fromArray(FLOATS, x, from + 11 * step).reinterpretAsInts();
            IntVector a12 = FloatVector.fromArray(FLOATS, x, from + 12 * step).reinterpretAsInts();
            IntVector a13 = FloatVector.fromArray(FLOATS, x, from + 13 * step).reinterpretAsInts();
            IntVector a14 = FloatVector.fromArray(FLOATS, x, from + 14 * step).reinterpretAsInts();
            IntVector a15 = FloatVector.fromArray(FLOATS, x, from + 15 * step).reinterpretAsInts();
            IntVector b0 = lo.selectFrom(a0, a8);
            IntVector b1 = hi.selectFrom(a0, a8);
            IntVector b2 = lo.selectFrom(a1, a9);
            IntVector b3 = hi.selectFrom(a1, a9);
            IntVector b4 = lo.selectFrom(a2, a10);
            IntVector b5 = hi.selectFrom(a2, a10);
            IntVector b6 = lo.selectFrom(a3, a11);
            IntVector b7 = hi.selectFrom(a3, a11);
            IntVector b8 = lo.selectFrom(a4, a12);
            IntVector b9 = hi.selectFrom(a4, a12);
            IntVector b10 = lo.selectFrom(a5, a13);
            IntVector b11 = hi.selectFrom(a5, a13);
            IntVector b12 = lo.selectFrom(a6, a14);
            IntVector b13 = hi.selectFrom(a6, a14);
            IntVector b14 = lo.selectFrom(a7, a15);
            IntVector b15 = hi.selectFrom(a7, a15);
            a0 = lo.selectFrom(b0, b8);
            a1 = hi.selectFrom(b0, b8);
            a2 = lo.selectFrom(b1, b9);
            a3 = hi.selectFrom(b1, b9);
            a4 = lo.selectFrom(b2, b10);
            a5 = hi.selectFrom(b2, b10);
            a6 = lo.selectFrom(b3, b11);
            a7 = hi.selectFrom(b3, b11);
            a8 = lo.selectFrom(b4, b12);
            a9 = hi.selectFrom(b4, b12);
            a10 = lo.selectFrom(b5, b13);
            a11 = hi.selectFrom(b5, b13);
            a12 = lo.selectFrom(b6, b14);
            a13 = hi.selectFrom(b6, b14);
            a14 = lo.selectFrom(b7, b15);
            a15 = hi.selectFrom(b7, b15);
            b0 = lo.selectFrom(a0, a8);
            b1 = hi.selectFrom(a0, a8);
            b2 = lo.selectFrom(a1, a9);
            b3 = hi.selectFrom(a1, a9);
            b4 = lo.selectFrom(a2, a10);
            b5 = hi.selectFrom(a2, a10);
            b6 = lo.selectFrom(a3, a11);
            b7 = hi.selectFrom(a3, a11);
            b8 = lo.selectFrom(a4, a12);
            b9 = hi.selectFrom(a4, a12);
            b10 = lo.selectFrom(a5, a13);
            b11 = hi.selectFrom(a5, a13);
            b12 = lo.selectFrom(a6, a14);
            b13 = hi.selectFrom(a6, a14);
            b14 = lo.selectFrom(a7, a15);
            b15 = hi.selectFrom(a7, a15);
            lo.selectFrom(b0, b8).reinterpretAsFloats().intoArray(out, to);
            hi.selectFrom(b0, b8).reinterpretAsFloats().intoArray(out, to + stride);
            lo.selectFrom(b1, b9).reinterpretAsFloats().intoArray(out, to + 2 * stride);
            hi.selectFrom(b1, b9).reinterpretAsFloats().intoArray(out, to + 3 * stride);
            lo.selectFrom(b2, b10).reinterpretAsFloats().intoArray(out, to + 4 * stride);
            hi.selectFrom(b2, b10).reinterpretAsFloats().intoArray(out, to + 5 * stride);
            lo.selectFrom(b3, b11).reinterpretAsFloats().intoArray(out, to + 6 * stride);
            hi.selectFrom(b3, b11).reinterpretAsFloats().intoArray(out, to + 7 * stride);
            lo.selectFrom(b4, b12).reinterpretAsFloats().intoArray(out, to + 8 * stride);
            hi.selectFrom(b4, b12).reinterpretAsFloats().intoArray(out, to + 9 * stride);
            lo.selectFrom(b5, b13).reinterpretAsFloats().intoArray(out, to + 10 * stride);
            hi.selectFrom(b5, b13).reinterpretAsFloats().intoArray(out, to + 11 * stride);
            lo.selectFrom(b6, b14).reinterpretAsFloats().intoArray(out, to + 12 * stride);
            hi.selectFrom(b6, b14).reinterpretAsFloats().intoArray(out, to + 13 * stride);
            lo.selectFrom(b7, b15).reinterpretAsFloats().intoArray(out, to + 14 * stride);
            hi.selectFrom(b7, b15).reinterpretAsFloats().intoArray(out, to + 15 * stride);
        }
    }

    /**
     * Tiles of 8 by 8: pairs of elements of two rows, then fours, then eights. By shifts, swaps and blends, because AVX2 has no instruction that picks any
     * lanes of two vectors.
     */
    private static void transposeEight(float[] x, int from, int nextFrom, int step, int count, float[] out, int to, int nextTo, int stride) {
        for (int r = 0; r < count; r += LANES, from += nextFrom, to += nextTo) {
            IntVector a0 = FloatVector.fromArray(FLOATS, x, from).reinterpretAsInts();
            IntVector a1 = FloatVector.fromArray(FLOATS, x, from + step).reinterpretAsInts();
            IntVector a2 = FloatVector.fromArray(FLOATS, x, from + 2 * step).reinterpretAsInts();
            IntVector a3 = FloatVector.fromArray(FLOATS, x, from + 3 * step).reinterpretAsInts();
            IntVector a4 = FloatVector.fromArray(FLOATS, x, from + 4 * step).reinterpretAsInts();
            IntVector a5 = FloatVector.fromArray(FLOATS, x, from + 5 * step).reinterpretAsInts();
            IntVector a6 = FloatVector.fromArray(FLOATS, x, from + 6 * step).reinterpretAsInts();
            IntVector a7 = FloatVector.fromArray(FLOATS, x, from + 7 * step).reinterpretAsInts();
            IntVector b0 = a0.blend(a1.reinterpretAsLongs().lanewise(LSHL, 32).reinterpretAsInts(), ODD);
            IntVector b1 = a0.reinterpretAsLongs().lanewise(LSHR, 32).reinterpretAsInts().blend(a1, ODD);
            IntVector b2 = a2.blend(a3.reinterpretAsLongs().lanewise(LSHL, 32).reinterpretAsInts(), ODD);
            IntVector b3 = a2.reinterpretAsLongs().lanewise(LSHR, 32).reinterpretAsInts().blend(a3, ODD);
            IntVector b4 = a4.blend(a5.reinterpretAsLongs().lanewise(LSHL, 32).reinterpretAsInts(), ODD);
            IntVector b5 = a4.reinterpretAsLongs().lanewise(LSHR, 32).reinterpretAsInts().blend(a5, ODD);
            IntVector b6 = a6.blend(a7.reinterpretAsLongs().lanewise(LSHL, 32).reinterpretAsInts(), ODD);
            IntVector b7 = a6.reinterpretAsLongs().lanewise(LSHR, 32).reinterpretAsInts().blend(a7, ODD);
            a0 = b0.blend(b2.rearrange(SWAP_PAIRS), ODD_PAIRS);
            a2 = b0.rearrange(SWAP_PAIRS).blend(b2, ODD_PAIRS);
            a1 = b1.blend(b3.rearrange(SWAP_PAIRS), ODD_PAIRS);
            a3 = b1.rearrange(SWAP_PAIRS).blend(b3, ODD_PAIRS);
            a4 = b4.blend(b6.rearrange(SWAP_PAIRS), ODD_PAIRS);
            a6 = b4.rearrange(SWAP_PAIRS).blend(b6, ODD_PAIRS);
            a5 = b5.blend(b7.rearrange(SWAP_PAIRS), ODD_PAIRS);
            a7 = b5.rearrange(SWAP_PAIRS).blend(b7, ODD_PAIRS);
            // From the first row on: see transposeWholeBack.
            a0.blend(a4.rearrange(SWAP_HALVES), UPPER_HALF).reinterpretAsFloats().intoArray(out, to);
            a1.blend(a5.rearrange(SWAP_HALVES), UPPER_HALF).reinterpretAsFloats().intoArray(out, to + stride);
            a2.blend(a6.rearrange(SWAP_HALVES), UPPER_HALF).reinterpretAsFloats().intoArray(out, to + 2 * stride);
            a3.blend(a7.rearrange(SWAP_HALVES), UPPER_HALF).reinterpretAsFloats().intoArray(out, to + 3 * stride);
            a0.rearrange(SWAP_HALVES).blend(a4, UPPER_HALF).reinterpretAsFloats().intoArray(out, to + 4 * stride);
            a1.rearrange(SWAP_HALVES).blend(a5, UPPER_HALF).reinterpretAsFloats().intoArray(out, to + 5 * stride);
            a2.rearrange(SWAP_HALVES).blend(a6, UPPER_HALF).reinterpretAsFloats().intoArray(out, to + 6 * stride);
            a3.rearrange(SWAP_HALVES).blend(a7, UPPER_HALF).reinterpretAsFloats().intoArray(out, to + 7 * stride);
        }
    }

    /** {@link RowKernel#sumColumns}, but for what {@link #finishTops} does. */
    static void sum(float[] x, int from, int stride, int columns, int n, int[] excluded, int e, float[] k,
            float[] terms, int termStride, int[] tops, float[] apart) {
        if (SimdKernel.NARROW) SimdNarrow.sumColumns(x, from, stride, columns, n, excluded, e, k, terms, termStride, tops, apart);
        else sumWide(x, from, stride, columns, n, excluded, e, k, terms, termStride, tops, apart);
    }

    private static void sumWide(float[] x, int from, int stride, int columns, int n, int[] excluded, int e, float[] k,
            float[] terms, int termStride, int[] tops, float[] apart) {
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
        for (int r = 0; r < n; r += LANES) {
            int at = from + r;
            IntVector y = IntVector.fromArray(INTS, excluded, r);
            IntVector top = IntVector.zero(INTS);
            FloatVector a = FloatVector.zero(FLOATS);
            for (int c = 0; c < columns; c++) {
                FloatVector v = FloatVector.fromArray(FLOATS, x, at + c * stride);
                VectorMask<Integer> isOther = y.compare(NE, c);
                a = v.blend(a, isOther.cast(FLOATS));
                v = v.blend(padding, v.compare(LT, padding)); // not an unsigned minimum: a NaN of negative sign stays one
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts();
                top = z.lanewise(UMAX, top);
                z = zero.blend(z.lanewise(MAX, zero), isOther); // the excluded term gets the scale +0
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector d = m.fma(lo, m.fma(hi, v));
                FloatVector p = d.fma(c6, c5).fma(d, c4).fma(d, c3).fma(d, c2).fma(d, c1).fma(d, one);
                p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats()).intoArray(terms, c * termStride + r);
            }
            top.intoArray(tops, r);
            a.intoArray(apart, r);
        }
    }

    /** What is left of sum: apart from it, which is as much as C2 keeps in registers. */
    static int finishTops(int n, int e, float[] k, int[] tops, float[] apart) {
        FloatVector rounder = FloatVector.broadcast(FLOATS, Exp2.rounder(e));
        FloatVector log2e = FloatVector.broadcast(FLOATS, k[Exp2.LOG2E]);
        for (int r = 0; r < n; r += LANES) {
            IntVector top = IntVector.fromArray(INTS, tops, r);
            IntVector z = FloatVector.fromArray(FLOATS, apart, r).fma(log2e, rounder).reinterpretAsInts();
            top.blend(-1, z.compare(LT, RowKernel.LOWEST_APART)).intoArray(tops, r);
        }
        int topOfAll = Integer.MIN_VALUE; // not a vector: what reduces it may be a call, for which C2 would put it into an object
        for (int r = 0; r < n; r++) topOfAll = Math.max(topOfAll, tops[r] ^ Integer.MIN_VALUE);
        return topOfAll ^ Integer.MIN_VALUE;
    }

    static void fold(float[] terms, int stride, int columns, int n, double[] sums) {
        if (columns < 8) foldFew(terms, stride, columns, n, sums);
        else foldEights(terms, stride, columns, n, sums);
    }

    private static void foldEights(float[] terms, int stride, int columns, int n, double[] sums) {
        for (int r = 0; r < n; r += DOUBLES.length()) {
            Vector<Double> p0 = FloatVector.fromArray(HALF, terms, r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p1 = FloatVector.fromArray(HALF, terms, stride + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p2 = FloatVector.fromArray(HALF, terms, 2 * stride + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p3 = FloatVector.fromArray(HALF, terms, 3 * stride + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p4 = FloatVector.fromArray(HALF, terms, 4 * stride + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p5 = FloatVector.fromArray(HALF, terms, 5 * stride + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p6 = FloatVector.fromArray(HALF, terms, 6 * stride + r).convertShape(F2D, DOUBLES, 0);
            Vector<Double> p7 = FloatVector.fromArray(HALF, terms, 7 * stride + r).convertShape(F2D, DOUBLES, 0);
            for (int c = 8, at = 8 * stride + r; c < columns; c += 8, at += 8 * stride) {
                p0 = FloatVector.fromArray(HALF, terms, at).convertShape(F2D, DOUBLES, 0).add(p0);
                if (c + 1 >= columns) break; // what is missing would be 0, and no sum is -0
                p1 = FloatVector.fromArray(HALF, terms, at + stride).convertShape(F2D, DOUBLES, 0).add(p1);
                if (c + 2 >= columns) break;
                p2 = FloatVector.fromArray(HALF, terms, at + 2 * stride).convertShape(F2D, DOUBLES, 0).add(p2);
                if (c + 3 >= columns) break;
                p3 = FloatVector.fromArray(HALF, terms, at + 3 * stride).convertShape(F2D, DOUBLES, 0).add(p3);
                if (c + 4 >= columns) break;
                p4 = FloatVector.fromArray(HALF, terms, at + 4 * stride).convertShape(F2D, DOUBLES, 0).add(p4);
                if (c + 5 >= columns) break;
                p5 = FloatVector.fromArray(HALF, terms, at + 5 * stride).convertShape(F2D, DOUBLES, 0).add(p5);
                if (c + 6 >= columns) break;
                p6 = FloatVector.fromArray(HALF, terms, at + 6 * stride).convertShape(F2D, DOUBLES, 0).add(p6);
                if (c + 7 >= columns) break;
                p7 = FloatVector.fromArray(HALF, terms, at + 7 * stride).convertShape(F2D, DOUBLES, 0).add(p7);
            }
            Vector<Double> even = p0.add(p4).add(p2.add(p6));
            Vector<Double> odd = p1.add(p5).add(p3.add(p7));
            ((DoubleVector) even.add(odd)).intoArray(sums, r);
        }
    }

    /** The same of at most 7 columns: without zeros for those that are missing. */
    private static void foldFew(float[] terms, int stride, int columns, int n, double[] sums) {
        for (int r = 0; r < n; r += DOUBLES.length()) {
            Vector<Double> sum = FloatVector.fromArray(HALF, terms, r).convertShape(F2D, DOUBLES, 0);
            if (columns > 4) sum = FloatVector.fromArray(HALF, terms, 4 * stride + r).convertShape(F2D, DOUBLES, 0).add(sum);
            if (columns > 2) {
                Vector<Double> p2 = FloatVector.fromArray(HALF, terms, 2 * stride + r).convertShape(F2D, DOUBLES, 0);
                if (columns > 6) p2 = FloatVector.fromArray(HALF, terms, 6 * stride + r).convertShape(F2D, DOUBLES, 0).add(p2);
                sum = p2.add(sum);
            }
            if (columns > 1) {
                Vector<Double> odd = FloatVector.fromArray(HALF, terms, stride + r).convertShape(F2D, DOUBLES, 0);
                if (columns > 5) odd = FloatVector.fromArray(HALF, terms, 5 * stride + r).convertShape(F2D, DOUBLES, 0).add(odd);
                if (columns > 3) odd = FloatVector.fromArray(HALF, terms, 3 * stride + r).convertShape(F2D, DOUBLES, 0).add(odd);
                sum = odd.add(sum);
            }
            ((DoubleVector) sum).intoArray(sums, r);
        }
    }

    /**
     * Whether each of sums[0 .. n) is in [least, infinity). In vectors where they have more than two lanes: one by one it would be a tenth of
     * the time of rows of 10 columns. A mask of two lanes C2 would put into an object, so that there one by one is faster.
     */
    static boolean areInside(double[] sums, int n, double least) {
        for (int r = 0; r < n && DOUBLES.length() > 2; r += DOUBLES.length()) {
            DoubleVector sum = DoubleVector.fromArray(DOUBLES, sums, r);
            if (!sum.compare(GE, least).and(sum.compare(LT, Double.POSITIVE_INFINITY)).allTrue()) return false;
        }
        return DOUBLES.length() > 2 || areInsideOneByOne(sums, n, least);
    }

    /** Of numbers that are not negative, the bits are in the order of the numbers; those of a NaN are above infinity's, or negative. */
    private static boolean areInsideOneByOne(double[] sums, int n, double least) {
        long from = Double.doubleToRawLongBits(least);
        long to = Double.doubleToRawLongBits(Double.POSITIVE_INFINITY);
        long outside = 0;
        for (int r = 0; r < n; r++) {
            long bits = Double.doubleToRawLongBits(sums[r]);
            outside |= bits - from | to - 1 - bits;
        }
        return outside >= 0;
    }

    /** Without masks, of which C2 would box those of two lanes. */
    static void gaps(float[] x, int columns, int n, double scale, double[] gaps, double[] anchors, double[] rests) {
        LongVector one = DoubleVector.broadcast(DOUBLES, 1).reinterpretAsLongs();
        LongVector nothing = DoubleVector.broadcast(DOUBLES, Double.NEGATIVE_INFINITY).reinterpretAsLongs();
        for (int r = 0; r < n; r += DOUBLES.length()) {
            FloatVector top = FloatVector.fromArray(HALF, x, r);
            for (int c = 1, at = n + r; c < columns; c++, at += n) top = FloatVector.fromArray(HALF, x, at).max(top);
            DoubleVector anchor = ((DoubleVector) top.convertShape(F2D, DOUBLES, 0)).mul(scale);
            DoubleVector count = DoubleVector.broadcast(DOUBLES, -1);
            for (int c = 0, at = r; c < columns; c++, at += n) {
                DoubleVector v = (DoubleVector) FloatVector.fromArray(HALF, x, at).convertShape(F2D, DOUBLES, 0);
                LongVector gap = v.mul(scale).sub(anchor).reinterpretAsLongs();
                LongVector lacks = gap.or(gap.neg()).lanewise(LSHR, 63).neg(); // 0 for a gap of 0, else all ones: see SimdDoubles
                count = one.lanewise(AND_NOT, lacks).reinterpretAsDoubles().add(count);
                gap.or(nothing.lanewise(AND_NOT, lacks)).reinterpretAsDoubles().intoArray(gaps, at);
            }
            anchor.intoArray(anchors, r);
            count.intoArray(rests, r);
        }
    }

    /** Without a mask, as {@link #gaps}. */
    static void weightedGaps(float[] x, int from, int stride, int columns, int n, float[] a, int aStride, float[] m, int first, double[] gaps) {
        for (int c = 0; c < columns; c++) {
            int at = from + c * stride;
            int weights = first + c * aStride;
            for (int r = 0; r < n; r += DOUBLES.length()) {
                DoubleVector weight = (DoubleVector) FloatVector.fromArray(HALF, a, weights + r).convertShape(F2D, DOUBLES, 0);
                DoubleVector v = (DoubleVector) FloatVector.fromArray(HALF, x, at + r).convertShape(F2D, DOUBLES, 0);
                DoubleVector gap = ((DoubleVector) FloatVector.fromArray(HALF, m, first + r).convertShape(F2D, DOUBLES, 0)).sub(v);
                LongVector bits = weight.reinterpretAsLongs().lanewise(LSHL, 1);
                LongVector counts = bits.or(bits.neg()).lanewise(LSHR, 63).neg(); // 0 where the weight is
                weight.mul(gap).reinterpretAsLongs().and(counts).reinterpretAsDoubles().add(0).intoArray(gaps, c * n + r);
            }
        }
    }

    static void max(float[] x, int from, int stride, int columns, int n, float[] largest) {
        for (int r = 0; r < n; r += LANES) {
            FloatVector max = FloatVector.fromArray(FLOATS, x, from + r);
            for (int c = 1, at = from + stride + r; c < columns; c++, at += stride) {
                FloatVector v = FloatVector.fromArray(FLOATS, x, at);
                max = v.blend(max, v.compare(GT, max).not());
            }
            max.intoArray(largest, r);
        }
    }

    static void terms(float[] x, int from, int stride, int columns, int n, float[] rounders, float[] factors, float[] lows, float[] k,
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
                FloatVector term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
                term.fma(FloatVector.fromArray(FLOATS, factors, r), term.mul(FloatVector.fromArray(FLOATS, lows, r))).intoArray(out, put + r);
            }
        }
    }

    /** {@link #terms} but for the last step, written out because vectors stay within a method. */
    static void termsMinus(float[] x, int from, int stride, int columns, int n, float[] rounders, float[] factors, float[] lows, float[] k,
            float[] minus, int minusStride, float[] out, int outStride) {
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
        for (int c = 0; c < columns; c++) {
            int at = from + c * stride;
            int less = c * minusStride;
            int put = c * outStride;
            for (int r = 0; r < n; r += LANES) {
                FloatVector rounder = FloatVector.fromArray(FLOATS, rounders, r);
                FloatVector v = FloatVector.fromArray(FLOATS, x, at + r).reinterpretAsInts().lanewise(UMIN, padding).reinterpretAsFloats();
                IntVector z = v.fma(log2e, rounder).reinterpretAsInts().lanewise(MAX, zero);
                FloatVector m = z.reinterpretAsFloats().sub(rounder);
                FloatVector d = m.fma(lo, m.fma(hi, v));
                FloatVector p = d.fma(c6, c5).fma(d, c4).fma(d, c3).fma(d, c2).fma(d, c1).fma(d, one);
                FloatVector term = p.mul(z.lanewise(LSHL, 23).reinterpretAsFloats());
                FloatVector rest = term.fma(FloatVector.fromArray(FLOATS, lows, r), FloatVector.fromArray(FLOATS, minus, less + r).neg());
                term.fma(FloatVector.fromArray(FLOATS, factors, r), rest).intoArray(out, put + r);
            }
        }
    }

    static void scale(float[] t, int stride, int columns, int n, float[] factors, float[] lows) {
        for (int c = 0; c < columns; c++) {
            int at = c * stride;
            for (int r = 0; r < n; r += LANES) {
                FloatVector term = FloatVector.fromArray(FLOATS, t, at + r);
                term.fma(FloatVector.fromArray(FLOATS, factors, r), term.mul(FloatVector.fromArray(FLOATS, lows, r))).intoArray(t, at + r);
            }
        }
    }
}
