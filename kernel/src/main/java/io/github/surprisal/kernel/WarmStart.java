package io.github.surprisal.kernel;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Gets a kernel compiled without a thread of its own: callers that still run scalar code spend up to a fifth of their time on
 * runs of the SIMD kernel, whose results nobody needs, until it has overtaken the scalar one. Times decide only which of two
 * equal results is computed.
 */
final class WarmStart {
    private static final int SHARE = 4; // times as long as the last step took, until the next
    private static final int WINS = 3; // in a row: one may be luck
    private static final long LIMIT_NANOS = 20_000_000_000L;

    private final RowKernel scalar;
    private final RowKernel simd;
    private final AtomicBoolean busy = new AtomicBoolean();
    private final float[] x = new float[4 * RowKernel.BLOCK];
    private final float[] partials = new float[RowKernel.BLOCK];
    private final int[] tops = new int[RowKernel.TOPS_LENGTH];
    private final int[] bits = new int[RowKernel.TOPS_LENGTH];
    private final double[] sums = new double[8];
    private final double[] lanes = new double[16];
    private final float[] columns = new float[RowKernel.GRAIN * RowKernel.COLUMN];
    private final int[] excluded = new int[RowKernel.GRAIN];
    private final float[] rounders = new float[RowKernel.GRAIN];
    private final StorageRun storage = new StorageRun(RowKernel.BLOCK);
    private final float[] x40 = new float[40 * RowKernel.GRAIN];
    private volatile long nextAt = System.nanoTime();
    private int wins;

    WarmStart(RowKernel scalar, RowKernel simd) {
        this.scalar = scalar;
        this.simd = simd;
        for (int i = 0; i < x.length; i++) x[i] = (i % 128 - 100) * 0.1f;
    }

    RowKernel scalar() {
        return scalar;
    }

    /** One step, if it is time for it; true once the SIMD kernel is the faster. */
    boolean step() {
        long start = System.nanoTime();
        if (start - nextAt < 0 || !busy.compareAndSet(false, true)) return false;
        try {
            boolean ready = race();
            long end = System.nanoTime();
            nextAt = end + SHARE * (end - start);
            return ready;
        } finally {
            busy.set(false);
        }
    }

    /** Steps until the SIMD kernel is the faster; false if it did not get there in time. */
    boolean finish() {
        long start = System.nanoTime();
        while (System.nanoTime() - start < LIMIT_NANOS) {
            nextAt = System.nanoTime();
            if (step()) return true;
        }
        return false;
    }

    private boolean race() {
        long scalarTime = time(scalar);
        long simdTime = time(simd);
        wins = simdTime <= scalarTime ? wins + 1 : 0;
        return wins >= WINS;
    }

    private long time(RowKernel kernel) {
        long start = System.nanoTime();
        int n = RowKernel.BLOCK;
        kernel.sum(x, 0, 0, n, n, 1, 0, Exp2.constants(1), partials, 0, tops, 0);
        kernel.fold(partials, n, 1, sums);
        kernel.sumMasked(x, 0, 0, n, n, 1, 0, Exp2.constants(1), partials, 0, tops, 0, bits);
        kernel.pad(x, 0, 64, 40, 8, -1, partials);
        for (int i = 0; i < sums.length; i++) sums[i] = 1 + i;
        kernel.log(sums, sums.length);
        kernel.log1p(sums, 8);
        kernel.softplus(sums, 8);
        kernel.mask(x, x.length, -0x1p22f);
        kernel.terms(x, 0, n, 0, Exp2.constants(1), 1, partials, 0);
        kernel.termsMinus(x, 0, n, 0, Exp2.constants(1), 1, x, n, partials, 0);
        kernel.sumColumns(x, 0, RowKernel.GRAIN, 40, RowKernel.GRAIN, excluded, 0, Exp2.constants(1), columns, tops);
        kernel.foldColumns(columns, RowKernel.GRAIN, lanes);
        Arrays.fill(excluded, -1);
        Arrays.fill(rounders, Exp2.rounder(0));
        kernel.termsColumns(x, 0, RowKernel.GRAIN, 40, RowKernel.GRAIN, rounders, rounders, Exp2.constants(1), x40, 0, RowKernel.GRAIN);
        kernel.gaps(x, 0, x, n, n, kernel.max(x, 0, n), lanes);
        // partials holds terms now: positive, as probabilities are
        kernel.sum(partials, 0, n, lanes);
        kernel.covers(partials, 0, partials, 0, n);
        kernel.crossEntropy(partials, 0, partials, 0, n, lanes);
        kernel.divergence(partials, 0, partials, 0, n, lanes);
        kernel.divergenceFromMean(partials, 0, partials, 0, n, lanes);
        storage.run(kernel.storage());
        return System.nanoTime() - start;
    }
}
