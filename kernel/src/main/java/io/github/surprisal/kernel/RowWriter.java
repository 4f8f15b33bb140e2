package io.github.surprisal.kernel;

import java.util.Arrays;

/** Writes a row of softmax probabilities times a factor, less something. Scratch for one thread. */
final class RowWriter {
    private static final int PIECE = RowKernel.BLOCK;
    private static final int GRAIN = RowKernel.GRAIN;
    /** Up to here (2^19) terms are computed from x, beyond from x - max: see {@link ChunkSum}. */
    static final double MAX_DIRECT = 524288;
    private static final double MAX_FACTOR = 0x1p127;
    private static final double LARGEST_FACTOR = 0x1.fffffep126; // below the other
    /** Terms are less than 8, and floats less than 2^128. */
    private static final int ROOM = 120;

    private final float[] shifted = new float[PIECE];
    private final float[] tail = new float[2 * GRAIN];
    private final float[] rest = new float[GRAIN];
    private final float[] rounder = new float[1];
    private final float[] high = new float[1];
    private final float[] low = new float[1];

    /** The logarithm of the factor that makes terms of exponentOf(lse) probabilities. */
    static double powerOf(double lse) {
        return exponentOf(lse) * DoubleMath.LN2 - lse;
    }

    /** How many elements may be written at once: as many as a leaf loop may have where nothing has to be prepared, since a call costs as much as 80 or so. */
    static int pieceLength(boolean huge, float[] minus) {
        return huge || minus != null ? PIECE : Rows.LEAF;
    }

    /** Whether a factor of terms is no larger than floats are, or NaN. As an infinite float it would make NaN of the term 0 of a mask. */
    static boolean isFloat(double factor) {
        return !(Math.abs(factor) >= MAX_FACTOR);
    }

    /** By how much the exponent of terms is to be less where their factor is larger: by as much as needed, or as terms have room for. */
    static int powersForTerms(double factor) {
        return Math.min(Math.getExponent(factor) - Math.getExponent(MAX_FACTOR) + 1, ROOM);
    }

    /** What is left of the factor then, in one float: of two, the product of the lower might overflow alone. Factors beyond 2^247 count as that. */
    static double lessened(double factor, int powers) {
        return (float) Math.clamp(Math.scalb(factor, -powers), -LARGEST_FACTOR, LARGEST_FACTOR);
    }

    /** Beyond +-2^19 no factor 2^-E brings e^lse near 1 without loss. */
    static boolean isHuge(double lse) {
        return Math.abs(lse) > MAX_DIRECT;
    }

    /** An even E with e^lse * 2^-E in [2, 8]: probabilities that are normal floats have normal terms. */
    static int exponentOf(double lse) {
        return 2 * (int) Math.rint(lse / (2 * DoubleMath.LN2)) - 2;
    }

    /** The same of e^lse itself, a sum in units of 2^unit: in [2, 8). */
    static int exponentOf(double sum, int unit) {
        return unit + Math.getExponent(sum) - 1 & -2;
    }

    /** The factor that makes terms of exponentOf(sum, unit) probabilities. */
    static double factorOf(double sum, int unit) {
        return DoubleMath.powerOfTwo(exponentOf(sum, unit) - unit) / sum;
    }

    /**
     * out[to + i] = factor * power * t - minus[minusFrom + i], 0 <= i < n, with the terms t = e^(scale * x[from + i]) * 2^-e; minus may be null, n is at most
     * {@link #pieceLength}. In a huge row x is taken relative to its largest element max.
     */
    void write(RowKernel kernel, float[] k, float[] x, int from, int n, int e, double power, boolean huge, float max, double factor,
            float[] minus, int minusFrom, float[] out, int to) {
        double f = factor * power;
        float[] source = x;
        int at = from;
        if (huge) {
            for (int i = 0; i < n; i++) shifted[i] = Math.max(x[from + i] - max, k[Exp2.PADDING]);
            source = shifted;
            at = 0;
        }
        if (minus == null && writesFew(kernel, k, source, at, n, e, f, out, to)) return;
        int whole = n & -GRAIN;
        if (minus == null) kernel.terms(source, at, whole, e, k, f, out, to);
        else kernel.termsMinus(source, at, whole, e, k, f, minus, minusFrom, out, to);
        if (whole < n) {
            Arrays.fill(tail, 0f);
            System.arraycopy(source, at + whole, tail, 0, n - whole);
            if (minus == null) {
                kernel.terms(tail, 0, GRAIN, e, k, f, tail, 0);
            } else {
                System.arraycopy(minus, minusFrom + whole, tail, GRAIN, n - whole);
                kernel.termsMinus(tail, 0, GRAIN, e, k, f, tail, GRAIN, tail, 0);
            }
            System.arraycopy(tail, 0, out, to + whole, n - whole);
        }
    }

    /** Of up to {@link BatchShape#MEDIUM}, unless they do not fill a vector, at once; false, with nothing done, otherwise. */
    private boolean writesFew(RowKernel kernel, float[] k, float[] x, int from, int n, int e, double factor, float[] out, int to) {
        if (n > BatchShape.MEDIUM || n >= ScalarKernel.SCALAR_BELOW && n < kernel.lanes()) return false;
        high[0] = (float) factor;
        low[0] = DoubleMath.low(factor);
        if (n < ScalarKernel.SCALAR_BELOW) {
            ScalarKernel.writeFew(x, from, n, e, k, high[0], low[0], out, to);
        } else {
            rounder[0] = Exp2.rounder(e);
            kernel.termsRows(x, from, 0, n, 1, rounder, high, low, 0, k, out, to, 0);
        }
        return true;
    }

    /**
     * Writes n terms, kept in units of 2^exponent, times what the other would, with the same bits; out may be t, in the same place.
     */
    void scale(RowKernel kernel, float[] t, int from, int n, int exponent, int e, double power, double factor, float[] out, int to) {
        double f = factor * power * DoubleMath.powerOfTwo(exponent - e);
        high[0] = (float) f;
        low[0] = DoubleMath.low(f);
        if (n < GRAIN) {
            ScalarKernel.scaleFew(t, from, n, high[0], low[0], out, to);
            return;
        }
        for (int i = 0, m; i < n; i += m) {
            m = Rows.leaf(n - i);
            kernel.scale(t, from + i, 0, m, 1, high, low, 0, out, to + i, 0);
        }
    }

    /** As the other, of floats off the heap, from the given position on, in a row whose lse is not huge. */
    void write(RowKernel kernel, float[] k, Store store, long position, int n, int e, double power, double factor,
            float[] minus, float[] out, int to) {
        double f = factor * power;
        int whole = n & -GRAIN;
        long from = store.bytes(position);
        if (minus == null) kernel.storage().terms(store.segment(), from, whole, e, k, f, out, to);
        else kernel.storage().termsMinus(store.segment(), from, whole, e, k, f, minus, 0, out, to);
        if (whole < n) {
            store.get(kernel, position + whole, n - whole, rest, 0);
            write(kernel, k, rest, 0, n - whole, e, power, false, 0, factor, minus, whole, out, to + whole);
        }
    }

    /** As the other, to places off the heap. */
    void write(RowKernel kernel, float[] k, Store store, long position, int n, int e, double power, double factor,
            float[] minus, Store out, long outPosition) {
        double f = factor * power;
        int whole = n & -GRAIN;
        StorageKernel storage = kernel.storage();
        long from = store.bytes(position);
        long to = out.bytes(outPosition);
        if (minus == null) storage.terms(store.segment(), from, whole, e, k, f, out.segment(), to);
        else storage.termsMinus(store.segment(), from, whole, e, k, f, minus, 0, out.segment(), to);
        if (whole < n) {
            store.get(kernel, position + whole, n - whole, rest, 0);
            write(kernel, k, rest, 0, n - whole, e, power, false, 0, factor, minus, whole, rest, 0);
            out.put(kernel, outPosition + whole, n - whole, rest, 0);
        }
    }
}
