package io.github.surprisal.kernel;

import java.util.Arrays;

/** The readable version of the kernel: the specification, and the fallback where vectors are not to be had. */
public final class ScalarKernel implements RowKernel {
    @Override
    public int lanes() {
        return 1;
    }

    @Override
    public void sum(float[] x, int from, int step, int stream, int n, int first, int count, int e, float[] partials, int[] tops) {
        for (int k = 0; k < count; k++) {
            tops[first + k] = sumBlock(x, from + k * step, stream, n, Exp2.rounder(e), partials, (first + k) * BLOCK);
        }
    }

    private static int sumBlock(float[] x, int from, int stream, int n, float rounder, float[] partials, int to) {
        int top = 0;
        for (int i = 0; i < n; i++) {
            float a = x[from + i];
            float b = x[from + stream + i];
            float c = x[from + 2 * stream + i];
            float d = x[from + 3 * stream + i];
            int za = Exp2.exponentBits(a, rounder);
            int zb = Exp2.exponentBits(b, rounder);
            int zc = Exp2.exponentBits(c, rounder);
            int zd = Exp2.exponentBits(d, rounder);
            top = unsignedMax(top, unsignedMax(unsignedMax(za, zb), unsignedMax(zc, zd)));
            za = Exp2.scaleBits(za);
            zb = Exp2.scaleBits(zb);
            zc = Exp2.scaleBits(zc);
            zd = Exp2.scaleBits(zd);
            float sum = Exp2.mantissa(a, za, rounder) * Exp2.scale(za);
            sum = Fma.fma(Exp2.mantissa(b, zb, rounder), Exp2.scale(zb), sum);
            sum = Fma.fma(Exp2.mantissa(c, zc, rounder), Exp2.scale(zc), sum);
            sum = Fma.fma(Exp2.mantissa(d, zd, rounder), Exp2.scale(zd), sum);
            partials[to + i] = sum;
        }
        return top;
    }

    @Override
    public void fold(float[] partials, int n, int count, double[] sums) {
        for (int k = 0; k < count; k++) {
            int from = k * BLOCK;
            Arrays.fill(partials, from + n, from + BLOCK, 0f);
            for (int width = BLOCK / 4; width >= 32; width /= 2) {
                for (int i = from; i < from + width; i++) {
                    partials[i] += partials[i + width];
                    partials[i + BLOCK / 2] += partials[i + BLOCK / 2 + width];
                }
            }
            for (int i = from; i < from + 32; i++) partials[i] += partials[i + BLOCK / 2];
            for (int i = 0; i < 8; i++) {
                int lane = from + i;
                sums[8 * k + i] = ((double) partials[lane] + partials[lane + 16]) + ((double) partials[lane + 8] + partials[lane + 24]);
            }
        }
        foldLanes(count, sums);
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
    public int mask(float[] x, int n) {
        int top = 0;
        int padding = Float.floatToRawIntBits(Exp2.PADDING);
        for (int i = 0; i < n; i++) {
            int bits = Float.floatToRawIntBits(x[i]);
            top = unsignedMax(top, bits);
            x[i] = Float.intBitsToFloat(Integer.compareUnsigned(bits, padding) > 0 ? padding : bits);
        }
        return top;
    }

    private static int unsignedMax(int a, int b) {
        return Math.max(a ^ Integer.MIN_VALUE, b ^ Integer.MIN_VALUE) ^ Integer.MIN_VALUE; // no branch to mispredict
    }
}
