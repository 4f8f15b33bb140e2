package io.github.surprisal.kernel;

import java.util.Arrays;

/** The readable version of the kernel: the specification, and the fallback where vectors are not to be had. */
public final class ScalarKernel implements RowKernel {
    @Override
    public int lanes() {
        return 1;
    }

    @Override
    public void sum(float[] x, int from, int step, int stream, float[] last, int lastFrom, int lastStep, int n, int count, int e,
            float[] partials, int[] tops) {
        for (int k = 0; k < count; k++) {
            tops[k] = sumBlock(x, from + k * step, stream, last, lastFrom + k * lastStep, n, Exp2.rounder(e), partials, k * BLOCK);
        }
    }

    private static int sumBlock(float[] x, int from, int stream, float[] last, int lastFrom, int n, float rounder,
            float[] partials, int to) {
        int top = 0;
        for (int i = 0; i < n; i++) {
            float a = x[from + i];
            float b = x[from + stream + i];
            float c = x[from + 2 * stream + i];
            float d = last[lastFrom + i];
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
    public double fold(float[] partials, int from, int n, double[] lanes) {
        Arrays.fill(partials, from + n, from + BLOCK, 0f);
        for (int width = BLOCK / 2; width >= 32; width /= 2) {
            for (int i = from; i < from + width; i++) partials[i] += partials[i + width];
        }
        for (int i = 0; i < 8; i++) {
            int lane = from + i;
            lanes[i] = ((double) partials[lane] + partials[lane + 16]) + ((double) partials[lane + 8] + partials[lane + 24]);
        }
        return foldLanes(lanes);
    }

    @Override
    public void log(double[] x, int n) {
        for (int i = 0; i < n; i++) x[i] = DoubleMath.log(x[i]);
    }

    /** The last steps of the tree, 8 doubles to one. */
    public static double foldLanes(double[] lanes) {
        return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
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
