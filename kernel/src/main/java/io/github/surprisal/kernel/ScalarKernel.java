package io.github.surprisal.kernel;

import java.util.Arrays;

/** The readable version of the kernel: the specification, and the fallback where vectors are not to be had. */
public final class ScalarKernel implements RowKernel {
    /** Of fewer elements than these one after the other takes no longer than vectors, which have to be prepared for. */
    static final int SCALAR_BELOW = 8;

    private final boolean strips;
    private StorageKernel storage; // racy on purpose: one is as good as another, and has nothing but a final field

    /** As specified, one element after the other. */
    public ScalarKernel() {
        this(false);
    }

    /** With strips the main primitives run as loops that C2 vectorises: more than twice as fast, but compiled later. */
    ScalarKernel(boolean strips) {
        this.strips = strips && Fma.IN_HARDWARE;
    }

    @Override
    public int lanes() {
        return 1;
    }

    @Override
    public void sum(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom) {
        if (fillStrip(n, count)) {
            sumInStrips(x, from, step, stream, n, count, e, k, partials, to, tops, null, topsFrom);
            return;
        }
        for (int b = 0; b < count; b++) tops[topsFrom + b] = sumBlock(x, from + b * step, stream, n, Exp2.rounder(e), k, partials, to + b * BLOCK);
    }

    /** Whether count blocks, or rows, of n are enough for the loops of a {@link Strip}. */
    private boolean fillStrip(int n, int count) {
        return strips && n > 0 && n * count >= Strip.SHORTEST;
    }

    private static void sumInStrips(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int[] bits, int topsFrom) {
        for (int b = 0, m; b < count; b += m) {
            m = Math.min(count - b, Strip.LENGTH / n);
            Strip.ofThread().sum(x, from + b * step, step, stream, n, m, e, k, partials, to + b * BLOCK, tops, bits, topsFrom + b);
        }
    }

    /** The specification of {@link #sum}, which {@link Strip} does in another order. */
    static int sumBlock(float[] x, int from, int stream, int n, float rounder, float[] k, float[] partials, int to) {
        int top = 0;
        for (int i = 0; i < n; i++) top = sumPosition(x, from + i, stream, rounder, k, partials, to + i, top);
        return top;
    }

    /** Of one position, written out: called so often, and without a loop, it is compiled within the very first call of a user, and soon by C2 too. */
    private static int sumPosition(float[] x, int at, int stream, float rounder, float[] k, float[] partials, int to, int top) {
        float log2e = k[Exp2.LOG2E];
        float hi = k[Exp2.LN2_HI];
        float lo = k[Exp2.LN2_LO];
        float c1 = k[Exp2.C1];
        float c2 = k[Exp2.C2];
        float c3 = k[Exp2.C3];
        float c4 = k[Exp2.C4];
        float c5 = k[Exp2.C5];
        float c6 = k[Exp2.C6];
        float v = x[at];
        int z = Exp2.exponentBits(v, rounder, log2e);
        int most = unsignedMax(top, z);
        z = Exp2.scaleBits(z);
        float sum = Exp2.mantissa(v, z, rounder, hi, lo, c1, c2, c3, c4, c5, c6) * Exp2.scale(z);
        v = x[at + stream];
        z = Exp2.exponentBits(v, rounder, log2e);
        most = unsignedMax(most, z);
        z = Exp2.scaleBits(z);
        sum = Fma.fma(Exp2.mantissa(v, z, rounder, hi, lo, c1, c2, c3, c4, c5, c6), Exp2.scale(z), sum);
        v = x[at + 2 * stream];
        z = Exp2.exponentBits(v, rounder, log2e);
        most = unsignedMax(most, z);
        z = Exp2.scaleBits(z);
        float more = Exp2.mantissa(v, z, rounder, hi, lo, c1, c2, c3, c4, c5, c6) * Exp2.scale(z);
        v = x[at + 3 * stream];
        z = Exp2.exponentBits(v, rounder, log2e);
        most = unsignedMax(most, z);
        z = Exp2.scaleBits(z);
        partials[to] = sum + Fma.fma(Exp2.mantissa(v, z, rounder, hi, lo, c1, c2, c3, c4, c5, c6), Exp2.scale(z), more);
        return most;
    }

    @Override
    public void sumMasked(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom, int[] bits) {
        if (fillStrip(n, count)) {
            sumInStrips(x, from, step, stream, n, count, e, k, partials, to, tops, bits, topsFrom);
            return;
        }
        float padding = k[Exp2.PADDING];
        float rounder = Exp2.rounder(e);
        for (int b = 0; b < count; b++) {
            int top = 0;
            int raw = 0;
            for (int i = 0; i < n; i++) {
                float sum = 0;
                for (int at = from + b * step + i, s = 0; s < 4; s += 2, at += 2 * stream) {
                    float v = masked(x[at], padding);
                    float w = masked(x[at + stream], padding);
                    raw = unsignedMax(raw, unsignedMax(Float.floatToRawIntBits(x[at]), Float.floatToRawIntBits(x[at + stream])));
                    top = unsignedMax(top, unsignedMax(Exp2.exponentBits(v, rounder, k[Exp2.LOG2E]), Exp2.exponentBits(w, rounder, k[Exp2.LOG2E])));
                    sum += Exp2.addTerm(Exp2.term(v, e, k), w, e, k);
                }
                partials[to + b * BLOCK + i] = sum;
            }
            tops[topsFrom + b] = top;
            bits[topsFrom + b] = raw;
        }
    }

    @Override
    public void pad(float[] x, int from, int step, int tail, int count, float padding, float[] out) {
        for (int b = 0; b < count; b++) {
            int to = b * 4 * GRAIN;
            System.arraycopy(x, from + b * step, out, to, tail);
            Arrays.fill(out, to + tail, to + 4 * GRAIN, padding);
        }
    }

    @Override
    public void fold(float[] partials, int n, int count, double[] sums) {
        for (int k = 0; k < count; k++) {
            for (int i = 0; i < 8; i++) sums[8 * k + i] = 0;
            for (int half = 0; half < 16; half += 8) addLanes(partials, k * BLOCK + half, k * BLOCK + n, sums, 8 * k);
        }
        foldLanes(count, sums);
    }

    /** Adds eight lanes to eight sums. Each a local variable: one after the other they would wait for each addition. */
    private static void addLanes(float[] partials, int from, int to, double[] sums, int first) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        double s4 = 0;
        double s5 = 0;
        double s6 = 0;
        double s7 = 0;
        for (int i = from; i < to; i += 16) {
            s0 += partials[i];
            s1 += partials[i + 1];
            s2 += partials[i + 2];
            s3 += partials[i + 3];
            s4 += partials[i + 4];
            s5 += partials[i + 5];
            s6 += partials[i + 6];
            s7 += partials[i + 7];
        }
        sums[first] += s0;
        sums[first + 1] += s1;
        sums[first + 2] += s2;
        sums[first + 3] += s3;
        sums[first + 4] += s4;
        sums[first + 5] += s5;
        sums[first + 6] += s6;
        sums[first + 7] += s7;
    }

    @Override
    public void log(double[] x, int n) {
        for (int i = 0; i < n; i++) x[i] = DoubleMath.log(x[i]);
    }

    /** The last steps of the tree: sums[k] = the sum of sums[8 k .. 8 k + 8). */
    public static void foldLanes(int count, double[] sums) {
        for (int k = 0; k < count; k++) {
            int i = 8 * k;
            sums[k] = ((sums[i] + sums[i + 4]) + (sums[i + 2] + sums[i + 6])) + ((sums[i + 1] + sums[i + 5]) + (sums[i + 3] + sums[i + 7]));
        }
    }

    @Override
    public void exp(double[] x, int n) {
        for (int i = 0; i < n; i++) x[i] = DoubleMath.exp(x[i]);
    }

    @Override
    public double log1p(double[] x, int n, int count, double sum) {
        for (int i = 0; i < n; i++) {
            x[i] = DoubleMath.log1p(x[i]);
            if (i < count) sum += x[i];
        }
        return sum;
    }

    @Override
    public void softcap(float[] x, int from, int n, double factor, float cap) {
        for (int i = from; i < from + n; i++) x[i] = DoubleMath.softcap(x[i], factor, cap);
    }

    @Override
    public void multiplyBySlope(float[] x, int from, int n, double factor, float scale, float[] out, int to) {
        for (int i = 0; i < n; i++) out[to + i] = (float) (scale * DoubleMath.sechSquared(x[from + i], factor) * out[to + i]);
    }

    @Override
    public int mask(float[] x, int n, float padding) {
        int top = 0;
        for (int i = 0; i < n; i++) {
            int bits = Float.floatToRawIntBits(x[i]);
            top = unsignedMax(top, bits);
            x[i] = masked(x[i], padding);
        }
        return top;
    }

    @Override
    public void termsMinus(float[] x, int from, int n, int e, float[] k, double factor, float[] minus, int minusFrom, float[] out, int to) {
        boolean inStrips = strips && n >= Strip.SHORTEST;
        float high = (float) factor;
        float low = DoubleMath.low(factor);
        for (int i = 0; inStrips && i < n; i += Strip.LENGTH) {
            Strip.ofThread().termsMinus(x, from + i, Math.min(Strip.LENGTH, n - i), e, k, high, low, minus, minusFrom + i, out, to + i);
        }
        if (inStrips) return;
        writeTerms(x, from, n, e, k, out, to);
        for (int i = 0; i < n; i++) out[to + i] = Fma.fma(out[to + i], high, Fma.fma(out[to + i], low, -minus[minusFrom + i]));
    }

    @Override
    public void terms(float[] x, int from, int n, int e, float[] k, double factor, float[] out, int to) {
        terms(x, from, n, e, k, (float) factor, DoubleMath.low(factor), out, to);
    }

    private void terms(float[] x, int from, int n, int e, float[] k, float high, float low, float[] out, int to) {
        boolean inStrips = strips && n >= Strip.SHORTEST;
        for (int i = 0; inStrips && i < n; i += Strip.LENGTH) {
            Strip.ofThread().terms(x, from + i, Math.min(Strip.LENGTH, n - i), e, k, high, low, out, to + i);
        }
        if (!inStrips) writeFew(x, from, n, e, k, high, low, out, to);
    }

    /** {@link #terms}, for other kernels too, where there are too few for a vector. */
    static void writeFew(float[] x, int from, int n, int e, float[] k, float high, float low, float[] out, int to) {
        writeTerms(x, from, n, e, k, out, to);
        for (int i = 0; i < n; i++) out[to + i] = times(out[to + i], high, low);
    }

    @Override
    public void termsRows(float[] x, int from, int step, int n, int count, float[] rounders, float[] factors, float[] lows, int first, float[] k,
            float[] out, int to, int outStep) {
        for (int r = 0; r < count; r++) {
            terms(x, from + r * step, n, Exp2.exponentOf(rounders[first + r]), k, factors[first + r], lows[first + r], out, to + r * outStep);
        }
    }

    /** {@link #scale} of one row, for other kernels too, where there are too few for a vector. */
    static void scaleFew(float[] t, int from, int n, float high, float low, float[] out, int to) {
        for (int i = 0; i < n; i++) out[to + i] = times(t[from + i], high, low);
    }

    private static float times(float term, float high, float low) {
        return Fma.fma(term, high, term * low);
    }

    /** The terms alone, of masks +0. Returns the unsigned maximum of what {@link Exp2#exponentBits} are above LOWEST_KEPT. */
    private static int writeTerms(float[] x, int from, int n, int e, float[] k, float[] out, int to) {
        float rounder = Exp2.rounder(e);
        int above = 0;
        for (int i = 0; i < n; i++) above = writeTerm(x[from + i], rounder, k, out, to + i, above);
        return above;
    }

    /** Apart, as {@link #sumPosition} is. */
    private static int writeTerm(float x, float rounder, float[] k, float[] out, int to, int above) {
        float log2e = k[Exp2.LOG2E];
        float v = masked(x, k[Exp2.PADDING]);
        int z = Exp2.scaleBits(Exp2.exponentBits(v, rounder, log2e));
        out[to] = Exp2.scale(z) * Exp2.mantissa(v, z, rounder, k[Exp2.LN2_HI], k[Exp2.LN2_LO],
                k[Exp2.C1], k[Exp2.C2], k[Exp2.C3], k[Exp2.C4], k[Exp2.C5], k[Exp2.C6]);
        return unsignedMax(above, Exp2.exponentBits(x, rounder, log2e) - LOWEST_KEPT);
    }

    static float maskedTerm(float x, int e, float[] k) {
        return Exp2.term(masked(x, k[Exp2.PADDING]), e, k);
    }

    @Override
    public boolean sumKept(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom, float[] out, int outFrom, int outStep, int ahead) {
        boolean inStrips = fillStrip(n, count);
        for (int b = 0, m; b < count; b += m) {
            m = inStrips ? Math.min(count - b, Strip.LENGTH / n) : 1;
            int at = from + b * step;
            int put = outFrom + b * outStep;
            int block = to + b * BLOCK;
            if (inStrips) Strip.ofThread().sumKept(x, at, step, stream, n, m, e, k, partials, block, tops, topsFrom + b, out, put, outStep);
            else tops[topsFrom + b] = sumKept(x, at, stream, n, e, k, partials, block, out, put);
        }
        boolean inRange = ahead != 0;
        for (int s = 0; inRange && s < 4; s++) inRange = inRange(x, from + ahead + s * stream, step, n, count, e, k);
        return inRange;
    }

    private static int sumKept(float[] x, int from, int stream, int n, int e, float[] k, float[] partials, int to, float[] out, int outFrom) {
        float rounder = Exp2.rounder(e);
        int above = 0;
        for (int i = 0; i < n; i++) above = keepPosition(x, from + i, stream, rounder, k, partials, to + i, out, outFrom + i, above);
        return LOWEST_KEPT + above;
    }

    private static int keepPosition(float[] x, int at, int stream, float rounder, float[] k, float[] partials, int to, float[] out, int outAt, int above) {
        int most = writeTerm(x[at], rounder, k, out, outAt, above);
        most = writeTerm(x[at + stream], rounder, k, out, outAt + stream, most);
        most = writeTerm(x[at + 2 * stream], rounder, k, out, outAt + 2 * stream, most);
        most = writeTerm(x[at + 3 * stream], rounder, k, out, outAt + 3 * stream, most);
        partials[to] = (out[outAt] + out[outAt + stream]) + (out[outAt + 2 * stream] + out[outAt + 3 * stream]);
        return most;
    }

    @Override
    public boolean sumKeptMasked(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom, float[] out, int outFrom, int outStep) {
        float rounder = Exp2.rounder(e);
        float log2e = k[Exp2.LOG2E];
        float floor = RowKernel.maskedBelow(e, k);
        int first = Exp2.exponentBits(floor, rounder, log2e) + 1; // of what is not masked
        int raw = 0;
        int lowest = -1; // as an unsigned integer the largest: of masks, which are one below the first
        for (int b = 0; b < count; b++) {
            int highest = -1;
            for (int s = 0; s < 4; s++) {
                int at = from + b * step + s * stream;
                int put = outFrom + b * outStep + s * stream;
                for (int i = 0; i < n; i++) {
                    raw = unsignedMax(raw, Float.floatToRawIntBits(x[at + i]));
                    float v = masked(x[at + i], floor);
                    int above = Exp2.exponentBits(v, rounder, log2e) - first;
                    highest = Math.max(highest, above);
                    lowest = ~unsignedMax(~lowest, ~above);
                    out[put + i] = Exp2.term(v, e, k);
                }
            }
            sumTerms(out, outFrom + b * outStep, 0, stream, n, 1, partials, to + b * BLOCK);
            tops[topsFrom + b] = highest < 0 ? 0 : highest + first;
        }
        return RowKernel.checkKeptMasked(raw, lowest, first, floor, count, tops, topsFrom);
    }

    @Override
    public void sumTerms(float[] t, int from, int step, int stream, int n, int count, float[] partials, int to) {
        for (int b = 0; b < count; b++) {
            int at = from + b * step;
            for (int i = 0; i < n; i++, at++) {
                partials[to + b * BLOCK + i] = (t[at] + t[at + stream]) + (t[at + 2 * stream] + t[at + 3 * stream]);
            }
        }
    }

    @Override
    public boolean inRange(float[] x, int from, int step, int n, int count, int e, float[] k) {
        float lowest = RowKernel.lowestKept(e, k);
        int widest = 0;
        for (int r = 0; r < count; r++) {
            for (int i = 0; i < n; i += Strip.LENGTH) {
                int at = from + r * step + i;
                int length = Math.min(Strip.LENGTH, n - i);
                widest = unsignedMax(widest, strips ? Strip.ofThread().widest(x, at, length, lowest) : widest(x, at, length, lowest));
            }
        }
        return RowKernel.areKept(widest, k);
    }

    @Override
    public boolean inRangeOrMasked(float[] x, int from, int step, int n, int count, int e, float[] k) {
        float lowest = RowKernel.lowestKept(e, k);
        float floor = RowKernel.maskedBelow(e, k);
        int raw = 0;
        int widest = 0;
        for (int r = 0; r < count; r++) {
            for (int i = from + r * step; i < from + r * step + n; i++) {
                raw = unsignedMax(raw, Float.floatToRawIntBits(x[i]));
                if (!(x[i] < floor)) widest = unsignedMax(widest, Float.floatToRawIntBits(x[i] - lowest));
            }
        }
        return RowKernel.areKeptOrMasked(raw, widest, k);
    }

    /** The bits of negative numbers and of NaN are above those of the width, as unsigned integers. */
    private static int widest(float[] x, int from, int n, float lowest) {
        int widest = 0;
        for (int i = from; i < from + n; i++) widest = unsignedMax(widest, Float.floatToRawIntBits(x[i] - lowest));
        return widest;
    }

    @Override
    public void scale(float[] t, int from, int step, int n, int count, float[] factors, float[] lows, int first,
            float[] out, int to, int outStep) {
        for (int r = 0; r < count; r++) {
            float high = factors[first + r];
            float low = lows[first + r];
            int at = to + r * outStep;
            System.arraycopy(t, from + r * step, out, at, n); // C2 makes vectors of a loop that writes where it reads
            for (int i = at; i < at + n; i++) out[i] = times(out[i], high, low);
        }
    }

    @Override
    public void subtract(float[] x, int from, int step, int n, int count, float[] highs, float[] lows, int first,
            float[] out, int to, int outStep) {
        for (int r = 0; r < count; r++) {
            float high = highs[first + r];
            float low = lows[first + r];
            int at = to + r * outStep;
            System.arraycopy(x, from + r * step, out, at, n); // as in scale
            for (int i = at; i < at + n; i++) out[i] = (out[i] - high) - low;
        }
    }

    @Override
    public float max(float[] x, int from, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = from; i < from + n; i++) max = x[i] > max ? x[i] : max;
        return max;
    }

    @Override
    public int indexFrom(float[] x, int from, int n, float least) {
        int i = 0;
        while (i < n && !(x[from + i] >= least)) i++;
        return i;
    }

    @Override
    public void gaps(float[] x, int from, float[] a, int aFrom, int n, float m, double[] sums) {
        for (int i = 0; i < n; i++) {
            double weight = a[aFrom + i];
            if (weight != 0) sums[i & 15] += weight * ((double) m - x[from + i]);
        }
    }

    @Override
    public void sumRows(float[] x, int from, int step, int columns, int count, int[] excluded, int first, int e, float[] k, float lowest,
            float[] terms, double[] lanes, double[] sums, int[] tops) {
        boolean inStrips = fillStrip(columns, count);
        for (int r = 0, m; r < count; r += m) {
            m = inStrips ? Math.min(count - r, Strip.LENGTH / Strip.width(columns)) : 1;
            int at = from + r * step;
            int to = lowest > Float.NEGATIVE_INFINITY ? r * RowKernel.termsStep(columns) : -1;
            if (inStrips) sumRowsInStrip(x, at, step, columns, m, excluded, first + r, e, k, lowest, terms, to, sums, tops);
            else sumOneRow(x, at, columns, excluded, first + r, e, k, lowest, terms, to, lanes, sums, tops);
        }
    }

    /** {@link #sumRows} of row r of excluded, sums and tops, with its terms from to on, if that is not negative. */
    private static void sumOneRow(float[] x, int from, int columns, int[] excluded, int r, int e, float[] k, float lowest,
            float[] terms, int to, double[] lanes, double[] sums, int[] tops) {
        tops[r] = sumOne(x, from, columns, excluded[r], e, k, terms, Math.max(to, 0), lanes);
        sums[r] = lanes[0];
        if (to >= 0 && !(lanes[1] >= lowest)) tops[r] = -1; // or NaN
    }

    private static void sumRowsInStrip(float[] x, int from, int step, int columns, int count, int[] excluded, int first, int e, float[] k, float lowest,
            float[] terms, int to, double[] sums, int[] tops) {
        int width = Strip.width(columns);
        float[] t = Strip.ofThread().termsOfRows(x, from, step, columns, count, excluded, first, e, k, lowest, tops);
        for (int r = 0; r < count; r++) {
            sums[first + r] = sumOfLanes(t, r * width, columns, 1);
            if (to >= 0) System.arraycopy(t, r * width, terms, to + r * RowKernel.termsStep(columns), columns);
        }
    }

    @Override
    public int sumRow(float[] x, int from, int n, int excluded, int e, float[] k, float[] terms, double[] sums) {
        return sumOne(x, from, n, excluded, e, k, terms, 0, sums);
    }

    /** {@link #sumRow}, for other kernels too, where there are too few columns for a vector. */
    public static int sumOne(float[] x, int from, int n, int excluded, int e, float[] k, float[] terms, int to, double[] sums) {
        float rounder = Exp2.rounder(e);
        float padding = k[Exp2.PADDING];
        int top = 0;
        int raw = 0;
        for (int lane = 0; lane < 8; lane++) sums[lane] = 0;
        for (int c = 0; c < n; c++) {
            raw = unsignedMax(raw, Float.floatToRawIntBits(x[from + c]));
            float v = x[from + c] < padding ? padding : x[from + c]; // a NaN stays one, and shows
            int bits = Exp2.exponentBits(v, rounder, k[Exp2.LOG2E]);
            top = unsignedMax(top, bits);
            int z = Exp2.scaleBits(bits);
            terms[to + c] = c == excluded ? 0 : Exp2.mantissa(v, z, e, k) * Exp2.scale(z);
            sums[c & 7] += terms[to + c];
        }
        foldLanes(1, sums);
        sums[1] = Float.intBitsToFloat(raw);
        return top;
    }

    @Override
    public void transpose(float[] x, int from, int step, int columns, int count, float[] out, int stride) {
        transpose(x, from, step, 1, columns, 0, count, out, stride);
    }

    /** Of rows first .. count, whose elements are columnStep apart. Five columns at a time, with the longer loop inside. */
    public static void transpose(float[] x, int from, int step, int columnStep, int columns, int first, int count, float[] out, int stride) {
        int c = 0;
        for (; c + 5 <= columns; c += 5) {
            int to = c * stride;
            for (int r = first, at = from + c * columnStep + first * step; r < count; r++, at += step) {
                float a = x[at];
                float b = x[at + columnStep];
                float d = x[at + 2 * columnStep];
                float e = x[at + 3 * columnStep];
                float f = x[at + 4 * columnStep];
                out[to + r] = a;
                out[to + r + stride] = b;
                out[to + r + 2 * stride] = d;
                out[to + r + 3 * stride] = e;
                out[to + r + 4 * stride] = f;
            }
        }
        for (; c < columns; c++) {
            for (int r = first, at = from + c * columnStep + first * step; r < count; r++, at += step) out[c * stride + r] = x[at];
        }
    }

    @Override
    public void transposeBack(float[] x, int first, int stride, int columns, int count, float[] out, int to, int step) {
        for (int c = 0; c < columns; c++) {
            for (int r = 0; r < count; r++) out[to + r * step + c] = x[c * stride + first + r];
        }
    }

    @Override
    public int sumColumns(float[] x, int from, int stride, int columns, int n, int[] excluded, int e, float[] k,
            float[] terms, int termStride, int[] tops, float[] apart) {
        float rounder = Exp2.rounder(e);
        Arrays.fill(tops, 0, n, 0);
        for (int r = 0; r < n; r++) apart[r] = excluded[r] >= 0 && excluded[r] < columns ? x[from + excluded[r] * stride + r] : 0;
        for (int c = 0; c < columns; c++) {
            int at = from + c * stride;
            int to = c * termStride;
            if (strips) Strip.ofThread().termsOfColumn(x, at, c, n, excluded, e, k, terms, to, tops);
            for (int r = 0; !strips && r < n; r++) {
                float v = x[at + r] < k[Exp2.PADDING] ? k[Exp2.PADDING] : x[at + r]; // a NaN stays one, and shows
                tops[r] = unsignedMax(tops[r], Exp2.exponentBits(v, rounder, k[Exp2.LOG2E]));
                terms[to + r] = c == excluded[r] ? 0 : Exp2.term(v, e, k);
            }
        }
        int top = 0;
        for (int r = 0; r < n; r++) {
            if (Exp2.exponentBits(apart[r], rounder, k[Exp2.LOG2E]) < LOWEST_APART) tops[r] = -1;
            top = unsignedMax(top, tops[r]);
        }
        return top;
    }

    @Override
    public boolean foldColumns(float[] terms, int stride, int columns, int n, double least, double[] sums) {
        boolean inside = true;
        for (int r = 0; r < n; r++) {
            sums[r] = sumOfLanes(terms, r, columns, stride);
            inside &= sums[r] >= least && sums[r] < Double.POSITIVE_INFINITY;
        }
        return inside;
    }

    /** The sum of n elements, step apart, as {@link #sumOne} adds them; those that lack to a multiple of 8 would be 0, and no sum is -0. */
    private static double sumOfLanes(float[] terms, int from, int n, int step) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        double s4 = 0;
        double s5 = 0;
        double s6 = 0;
        double s7 = 0;
        int i = from;
        for (int end = from + (n & -8) * step; i < end; i += 8 * step) {
            s0 += terms[i];
            s1 += terms[i + step];
            s2 += terms[i + 2 * step];
            s3 += terms[i + 3 * step];
            s4 += terms[i + 4 * step];
            s5 += terms[i + 5 * step];
            s6 += terms[i + 6 * step];
            s7 += terms[i + 7 * step];
        }
        int left = n & 7;
        if (left > 0) s0 += terms[i];
        if (left > 1) s1 += terms[i + step];
        if (left > 2) s2 += terms[i + 2 * step];
        if (left > 3) s3 += terms[i + 3 * step];
        if (left > 4) s4 += terms[i + 4 * step];
        if (left > 5) s5 += terms[i + 5 * step];
        if (left > 6) s6 += terms[i + 6 * step];
        return ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7));
    }

    @Override
    public void gapsColumns(float[] x, int columns, int n, double scale, double[] gaps, double[] anchors, double[] rests) {
        for (int r = 0; r < n; r++) {
            anchors[r] = NearZero.anchor(scale, x, r, n, columns);
            rests[r] = NearZero.gaps(scale, x, r, n, columns, anchors[r], gaps, r, n);
        }
    }

    @Override
    public void weightedGaps(float[] x, int from, int stride, int columns, int n, float[] a, int aStride, float[] m, int first, double[] gaps) {
        for (int c = 0; c < columns; c++) {
            for (int r = 0; r < n; r++) {
                double weight = a[first + c * aStride + r];
                gaps[c * n + r] = weight == 0 ? 0 : weight * ((double) m[first + r] - x[from + c * stride + r]) + 0.0;
            }
        }
    }

    @Override
    public void maxColumns(float[] x, int from, int stride, int columns, int n, float[] largest) {
        System.arraycopy(x, from, largest, 0, n);
        for (int c = 1; c < columns; c++) {
            for (int r = 0, at = from + c * stride; r < n; r++) largest[r] = Math.max(largest[r], x[at + r]);
        }
    }

    @Override
    public void termsColumns(float[] x, int from, int stride, int columns, int n, float[] rounders, float[] factors, float[] lows, float[] k,
            float[] out, int to, int outStride) {
        for (int c = 0; c < columns; c++) {
            for (int r = 0; r < n; r++) {
                int e = Exp2.exponentOf(rounders[r]);
                out[to + c * outStride + r] = times(maskedTerm(x[from + c * stride + r], e, k), factors[r], lows[r]);
            }
        }
    }

    @Override
    public void termsMinusColumns(float[] x, int from, int stride, int columns, int n, float[] rounders, float[] factors, float[] lows, float[] k,
            float[] minus, int minusStride, float[] out, int outStride) {
        for (int c = 0; c < columns; c++) {
            for (int r = 0; r < n; r++) {
                float term = maskedTerm(x[from + c * stride + r], Exp2.exponentOf(rounders[r]), k);
                out[c * outStride + r] = Fma.fma(term, factors[r], Fma.fma(term, lows[r], -minus[c * minusStride + r]));
            }
        }
    }

    @Override
    public void scaleColumns(float[] t, int stride, int columns, int n, float[] factors, float[] lows) {
        for (int c = 0; c < columns; c++) {
            for (int r = 0, at = c * stride; r < n; r++, at++) t[at] = times(t[at], factors[r], lows[r]);
        }
    }

    /** The bits of a negative number are the larger as unsigned integers, the lower it is. */
    private static float masked(float x, float padding) {
        return Integer.compareUnsigned(Float.floatToRawIntBits(x), Float.floatToRawIntBits(padding)) > 0 ? padding : x;
    }

    private static int unsignedMax(int a, int b) {
        return Math.max(a ^ Integer.MIN_VALUE, b ^ Integer.MIN_VALUE) ^ Integer.MIN_VALUE; // no branch to mispredict
    }

    @Override
    public boolean sum(float[] x, int from, int n, double[] lanes) {
        return ScalarInformation.sum(x, from, n, lanes);
    }

    @Override
    public boolean covers(float[] p, int pFrom, float[] q, int qFrom, int n) {
        return ScalarInformation.covers(p, pFrom, q, qFrom, n);
    }

    @Override
    public void crossEntropy(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        ScalarInformation.crossEntropy(p, pFrom, q, qFrom, n, lanes);
    }

    @Override
    public void divergence(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        ScalarInformation.divergence(p, pFrom, q, qFrom, n, lanes);
    }

    @Override
    public void divergenceFromMean(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        ScalarInformation.divergenceFromMean(p, pFrom, q, qFrom, n, lanes);
    }

    @Override
    public StorageKernel storage() {
        StorageKernel s = storage;
        if (s == null) storage = s = new ScalarStorage(this);
        return s;
    }
}
