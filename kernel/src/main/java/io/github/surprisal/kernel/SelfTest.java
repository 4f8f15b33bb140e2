package io.github.surprisal.kernel;

/** Runs two kernels on the same few numbers; a JVM that miscompiles or misunderstands vectors is found before it is used. */
final class SelfTest {
    private static final int N = 2 * RowKernel.GRAIN;

    private SelfTest() {}

    /** What differs in the bits of the two kernels' results, or null. */
    static String difference(RowKernel expected, RowKernel actual) {
        Results a = run(expected);
        Results b = run(actual);
        if (a.top != b.top) return "largest exponent " + b.top + " instead of " + a.top;
        if (Double.doubleToRawLongBits(a.sum) != Double.doubleToRawLongBits(b.sum)) return "sum " + b.sum + " instead of " + a.sum;
        if (Double.doubleToRawLongBits(a.log) != Double.doubleToRawLongBits(b.log)) return "log " + b.log + " instead of " + a.log;
        if (a.mask != b.mask || Float.compare(a.masked, b.masked) != 0) return "mask " + b.masked + " instead of " + a.masked;
        return null;
    }

    private record Results(int top, double sum, double log, int mask, float masked) {}

    private static Results run(RowKernel kernel) {
        float[] x = new float[4 * N];
        for (int i = 0; i < x.length; i++) x[i] = (i * 37 % 128 - 100) * 0.37f;
        float[] partials = new float[RowKernel.BLOCK];
        int[] tops = new int[1];
        kernel.sum(x, 0, 0, N, N, 0, 1, 0, partials, tops);
        double[] sums = new double[8];
        kernel.fold(partials, N, 1, sums);
        double sum = sums[0];
        double[] logs = {sum, 1, 2, 0.5, 1e30, 1e-30, 3, 1.4142135623730951};
        kernel.log(logs, logs.length);
        double log = 0;
        for (double v : logs) log = log * 0.5 + v;
        x[5] = Float.NEGATIVE_INFINITY;
        return new Results(tops[0], sum, log, kernel.mask(x, x.length), x[5]);
    }
}
