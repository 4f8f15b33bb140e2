package io.github.surprisal.kernel;

import java.util.Arrays;

/** Runs two kernels on the same few numbers; a JVM that miscompiles or misunderstands vectors is found before it is used. */
final class SelfTest {
    private static final int N = 2 * RowKernel.GRAIN;

    private SelfTest() {}

    /** What differs in the bits of the two kernels' results, or null. */
    static String difference(RowKernel expected, RowKernel actual) {
        double[] a = run(expected);
        double[] b = run(actual);
        int i = Arrays.mismatch(a, b); // by bits: no NaN is among them
        return i < 0 ? null : "result " + i + " is " + b[i] + " instead of " + a[i];
    }

    /** All that the primitives return and write, one after the other. */
    private static double[] run(RowKernel kernel) {
        float[] x = new float[4 * N];
        for (int i = 0; i < x.length; i++) x[i] = (i * 37 % 128 - 100) * 0.37f;
        float[] partials = new float[RowKernel.BLOCK];
        int[] tops = new int[1];
        kernel.sum(x, 0, 0, N, N, 0, 1, 0, partials, tops);
        double[] results = new double[N + 2 + 8 + 1 + x.length];
        int n = 0;
        for (int i = 0; i < N; i++) results[n++] = partials[i];
        double[] sums = new double[8];
        kernel.fold(partials, N, 1, sums);
        double[] logs = {sums[0], 1, 2, 0.5, 1e30, 1e-30, 3, 1.4142135623730951};
        kernel.log(logs, logs.length);
        results[n++] = tops[0];
        results[n++] = sums[0];
        for (double log : logs) results[n++] = log;
        for (int i = 5; i < x.length; i += 11) x[i] = i % 2 == 0 ? Float.NEGATIVE_INFINITY : -1e9f;
        results[n++] = kernel.mask(x, x.length);
        for (float v : x) results[n++] = v;
        return results;
    }
}
