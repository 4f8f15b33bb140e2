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
        float[] partials = new float[RowKernel.GROUP * RowKernel.BLOCK];
        int[] tops = new int[RowKernel.TOPS_LENGTH];
        kernel.sum(x, 0, 0, N, N, 1, 0, Exp2.constants(1), partials, 0, tops, 0);
        double[] sums = new double[8 * 5];
        double[] results = {};
        results = append(results, partials, N);
        results = append(results, tops[0]);
        kernel.fold(partials, N, 1, sums);
        results = append(results, sums[0]);
        for (int n : new int[] {48, 96, RowKernel.BLOCK}) {
            for (int i = 0; i < 5 * RowKernel.BLOCK; i++) partials[i] = x[i * 5 % x.length];
            kernel.fold(partials, n, 5, sums); // two at a time, and one more
            results = append(results, Arrays.copyOf(sums, 5));
        }
        int grain = RowKernel.GRAIN;
        int[] patched = {-1, 5, -1};
        for (int behind = 2 * grain; behind >= 0; behind -= 2 * grain) {
            kernel.sumFolded(x, 0, grain, grain, N, N + behind, 3, 0, Exp2.constants(1), partials, behind > 0, patched, x, sums, tops);
            results = append(results, sums[0], sums[1], sums[2], tops[0], tops[1], tops[2]);
            if (behind > 0) results = append(results, partials, RowKernel.BLOCK + N);
        }
        float[] padded = new float[128];
        kernel.pad(x, 0, 13, 37, 2, -1, padded);
        results = append(results, padded, padded.length);
        double[] logs = {sums[0], 1, 2, 0.5, 1e30, 1e-30, 3, 1.4142135623730951};
        kernel.log(logs, logs.length);
        results = append(results, logs);
        double[] ratios = {0, 1e-300, 1e-9, 0.41, 0.4142135623730951, 2, 1e9, 1e300};
        double sumOfLogs = kernel.log1p(ratios, ratios.length, 7, 1);
        results = append(append(results, ratios), sumOfLogs);
        float[] capped = {0, 1, -1, 1e-4f, -1e-4f, 1000, Float.NEGATIVE_INFINITY, 9, -30, 0.01f, 6, -7, 20, 1, 2, 3, 4, 5, 6};
        float[] slopes = new float[capped.length];
        Arrays.fill(slopes, 1);
        kernel.multiplyBySlope(capped, 0, capped.length, 0.1, 3, slopes, 0);
        kernel.softcap(capped, 0, capped.length, 0.1, 10);
        results = append(append(results, slopes, slopes.length), capped, capped.length);
        double[] powers = {0, 1, -1, 100, -100, 0.1, -0.8, -709};
        kernel.exp(powers, powers.length);
        results = append(results, powers);
        float[] out = new float[x.length];
        kernel.terms(x, 0, x.length, -2, Exp2.constants(1), 0.3, out, 0);
        results = append(results, out, out.length);
        kernel.termsMinus(x, 0, x.length, -2, Exp2.constants(0.7f), 0.3, x, 0, out, 0);
        results = append(results, out, out.length);
        float[] rounders = {Exp2.rounder(-2), Exp2.rounder(4), Exp2.rounder(0)};
        kernel.termsRows(x, 1, 40, 37, 2, rounders, x, out, 1, Exp2.constants(1), out, 2, 41);
        results = append(results, out, out.length);
        int[] unit = {-16, 0}; // all may be kept, or not all
        for (int e : unit) {
            boolean inRange = kernel.sumKept(x, 0, 0, N, N / 2, 1, e, Exp2.constants(1), partials, 0, tops, 0, out, 0, 0, N / 2);
            results = append(results, partials, N / 2);
            results = append(results, out, out.length);
            results = append(results, tops[0], inRange ? 1 : 0, kernel.inRange(x, 1, 40, 37, 2, e, Exp2.constants(1)) ? 1 : 0);
        }
        float[] masked = x.clone();
        for (int i = 0; i < masked.length; i += 3) masked[i] = Float.NEGATIVE_INFINITY;
        for (int e : unit) {
            boolean found = kernel.sumKeptMasked(masked, 0, 0, N, N / 2, 1, e, Exp2.constants(1), partials, 0, tops, 0, out, 0, 0);
            results = append(results, partials, N / 2);
            results = append(results, out, out.length);
            results = append(results, tops[0], found ? 1 : 0, kernel.inRangeOrMasked(masked, 1, 40, 37, 2, e, Exp2.constants(1)) ? 1 : 0);
        }
        kernel.sumTerms(x, 0, 0, N, N, 1, partials, 0);
        results = append(results, partials, N);
        kernel.scale(out, 1, 40, 37, 2, x, out, 100, out, 1, 40);
        results = append(results, out, out.length);
        kernel.subtract(x, 1, 40, 37, 2, x, out, 100, out, 2, 40);
        results = append(results, out, out.length);
        results = append(results, kernel.max(x, 0, x.length - 3), kernel.indexFrom(x, 1, x.length - 3, x[N]), kernel.indexFrom(x, 0, x.length, 1000));
        double[] gaps = new double[16];
        kernel.gaps(x, 0, out, 0, N, 11, gaps);
        results = append(results, gaps);
        for (int i = 0; i < N; i += 3) out[i] = 0; // where the gap is infinite
        kernel.gaps(masked, 0, out, 0, N, 11, gaps);
        results = append(results, gaps);
        results = appendColumns(results, kernel, x);
        for (int i = 5; i < x.length; i += 11) x[i] = i % 2 == 0 ? Float.NEGATIVE_INFINITY : -1e9f;
        int[] bits = new int[RowKernel.TOPS_LENGTH];
        kernel.sumMasked(x, 0, 0, N, N, 1, 0, Exp2.constants(1), partials, 0, tops, 0, bits);
        results = append(results, partials, N);
        results = append(results, tops[0], bits[0]);
        results = append(results, kernel.mask(x, x.length, -0x1p22f));
        results = append(results, x, x.length);
        results = append(results, information(kernel));
        return append(results, storage(kernel));
    }

    private static double[] storage(RowKernel kernel) {
        StorageRun run = new StorageRun(N);
        run.run(kernel.storage());
        double[] results = {run.tops[0][0], run.tops[1][0], run.tops[2][0]};
        for (float[] written : new float[][] {
            run.segmentPartials, run.partials, run.terms, run.termsMinus, run.outside, run.outsideMinus, run.widened
        }) {
            results = append(results, written, written.length);
        }
        for (short bits : run.narrowed) results = append(results, bits);
        return results;
    }

    private static double[] information(RowKernel kernel) {
        float[] p = new float[N];
        float[] q = new float[N];
        for (int i = 0; i < N; i++) {
            p[i] = i % 5 == 0 ? 0 : Math.scalb(1f + i / 37f, -1 - i);
            q[i] = i % 10 == 0 ? 0 : p[i == 3 ? 4 : i] * (0.5f + i % 7 * 0.125f) + Float.MIN_VALUE;
        }
        double[] lanes = new double[InformationKernel.LANES];
        double[] results = {};
        results = append(results, kernel.sum(p, 0, N, lanes) ? 1 : 0);
        results = append(results, lanes);
        results = append(results, kernel.covers(p, 0, q, 0, N) ? 1 : 0, kernel.covers(q, 0, p, 0, N) ? 1 : 0);
        kernel.crossEntropy(p, 0, q, 0, N, lanes);
        results = append(results, lanes);
        kernel.divergence(p, 0, q, 0, N, lanes);
        results = append(results, lanes);
        kernel.divergenceFromMean(p, 0, q, 0, N, lanes);
        return append(results, lanes);
    }

    private static double[] appendColumns(double[] results, RowKernel kernel, float[] x) {
        int n = RowKernel.GRAIN;
        int[] excluded = new int[2 * n];
        for (int r = 0; r < 2 * n; r++) excluded[r] = r % 9 - 1;
        float[] beside = new float[34 * (n + 3)];
        int[] tops = new int[n];
        kernel.transpose(x, 1, 2, 34, n + 2, beside, n + 3); // tiles, and the pair of columns that they leave
        for (int c = 0; c < 34; c++) results = append(results, Arrays.copyOfRange(beside, c * (n + 3), c * (n + 3) + n + 2), n + 2);
        kernel.transpose(x, 3, 2, 2, n + 2, beside, n + 3);
        results = append(results, Arrays.copyOfRange(beside, 0, n + 2), n + 2);
        results = append(results, Arrays.copyOfRange(beside, n + 3, 2 * n + 5), n + 2);
        float[] rows = new float[20 * (n + 2)];
        kernel.transposeBack(beside, 1, n + 3, 13, n + 2, rows, 0, 13);
        kernel.transposeBack(beside, 1, n + 3, 5, n + 2, rows, 13 * (n + 2), 5);
        kernel.transposeBack(beside, 1, n + 3, 2, n + 2, rows, 18 * (n + 2), 2);
        results = append(results, rows, rows.length);
        float[] apart = new float[n];
        float[] terms = new float[32 * (n + 1)];
        int top = kernel.sumColumns(x, 0, 5, 21, n, excluded, 0, Exp2.constants(1), terms, n + 1, tops, apart);
        results = append(results, apart, n);
        results = append(results, terms, terms.length);
        results = append(results, top);
        for (int each : tops) results = append(results, each);
        double[] sums = new double[n];
        boolean inside = kernel.foldColumns(terms, n + 1, 21, n, 0x1p-33, sums);
        double least = Double.POSITIVE_INFINITY;
        for (double sum : sums) least = Math.min(least, sum);
        results = append(results, inside ? 1 : 0, kernel.foldColumns(terms, n + 1, 21, n, least, sums) ? 1 : 0,
                kernel.foldColumns(terms, n + 1, 21, n, Math.nextUp(least), sums) ? 1 : 0);
        results = append(results, sums);
        for (int columns = 20; columns > 0; columns--) { // so many columns after the last whole eight, or none; what is behind must not matter
            results = append(results, kernel.foldColumns(terms, n + 1, columns, n, 0x1p-33, sums) ? 1 : 0);
            results = append(results, sums);
        }
        double[] lanes = new double[8 * RowKernel.GROUP];
        double[] rowSums = new double[2 * n];
        int[] rowTops = new int[2 * n];
        float[] scratch = new float[RowKernel.GROUP * RowKernel.termsStep(RowKernel.MOST_COLUMNS)];
        Arrays.fill(scratch, Float.NaN); // what is there before must not matter
        kernel.sumRows(x, 1, 39, 45, 2, excluded, 1, 0, Exp2.constants(1), Float.NEGATIVE_INFINITY, scratch, lanes, rowSums, rowTops);
        kernel.sumRows(x, 3, 1, 99, RowKernel.GROUP + 3, excluded, 3, 0, Exp2.constants(1), Float.NEGATIVE_INFINITY, scratch, lanes, rowSums, rowTops);
        results = append(results, rowSums);
        float[] longer = Arrays.copyOf(x, 2 + 2 + 203); // with zeros behind
        kernel.sumRows(longer, 2, 1, 203, 3, excluded, 3, 0, Exp2.constants(1), Float.NEGATIVE_INFINITY, scratch, lanes, rowSums, rowTops);
        results = append(results, rowSums);
        for (int each : rowTops) results = append(results, each);
        float least45 = 0;
        for (int c = 0; c < 45; c++) least45 = Math.min(least45, x[1 + c]);
        for (float lowest : new float[] {least45, Math.nextUp(least45)}) { // nothing of the first row is below it, one element is
            kernel.sumRows(x, 1, 39, 45, 2, excluded, 1, 0, Exp2.constants(1), lowest, scratch, lanes, rowSums, rowTops);
            results = append(results, rowTops[1], rowTops[2]);
            int step = RowKernel.termsStep(45);
            for (int r = 0; r < 2; r++) results = append(results, Arrays.copyOfRange(scratch, r * step, r * step + 45), 45);
        }
        for (int columns : new int[] {3, 16, 45, 99, 203}) {
            for (int left = -1; left < 2; left++) { // none, or one
                results = append(results, kernel.sumRow(longer, 2, columns, left, 0, Exp2.constants(1), scratch, lanes), lanes[0], lanes[1]);
                results = append(results, scratch, columns);
            }
        }
        float[] tied = Arrays.copyOf(x, 5 * n);
        for (int i = 0; i < 2 * n; i++) tied[i] = 20 + i % n; // two largest each
        double[] gaps = new double[5 * n];
        double[] anchors = new double[n];
        double[] rests = new double[n];
        kernel.gapsColumns(tied, 5, n, 0.7, gaps, anchors, rests);
        results = append(append(append(results, gaps), anchors), rests);
        float[] weights = Arrays.copyOf(tied, 5 * n);
        for (int i = n + 1; i < weights.length; i += 7) weights[i] = 0;
        tied[1] = Float.NEGATIVE_INFINITY;
        kernel.weightedGaps(tied, 0, n, 4, n, weights, n, x, n, gaps);
        results = append(results, gaps);
        kernel.maxColumns(x, 3, 5, 21, n, apart);
        results = append(results, apart, n);
        float[] rounders = new float[n];
        for (int r = 0; r < n; r++) rounders[r] = Exp2.rounder(2 * r - 4);
        float[] out = new float[21 * n];
        kernel.termsColumns(x, 0, 5, 21, n, rounders, terms, apart, Exp2.constants(1), out, 0, n);
        results = append(results, out, out.length);
        kernel.termsMinusColumns(x, 1, 5, 20, n, rounders, terms, apart, Exp2.constants(1), x, 5, out, n);
        results = append(results, out, out.length);
        kernel.scaleColumns(out, n, 21, n, terms, apart);
        return append(results, out, out.length);
    }

    private static double[] append(double[] results, double... more) {
        double[] all = Arrays.copyOf(results, results.length + more.length);
        System.arraycopy(more, 0, all, results.length, more.length);
        return all;
    }

    private static double[] append(double[] results, float[] more, int n) {
        double[] all = Arrays.copyOf(results, results.length + n);
        for (int i = 0; i < n; i++) all[results.length + i] = more[i];
        return all;
    }
}
