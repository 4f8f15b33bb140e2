package io.github.surprisal.kernel;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Gets a kernel compiled without a thread of its own: callers that still run scalar code spend up to a third of their time on
 * runs of the SIMD kernel, whose results nobody needs, until it has overtaken the scalar one. They do so for those primitives that
 * they use, group by group, and {@link #kernel} hands out what is ready; the rest follows at leisure. Times decide only which of two equal results is computed.
 */
final class WarmStart {
    /** Primitives that are used together; first those that do most of the work of a call. */
    enum Group {
        SUMS, MASKS, SOFTCAP, COLUMNS, STORAGE, TERMS, LOSSES, GAPS, INFORMATION;

        private final int bit = 1 << ordinal();
    }

    private static final Group[] GROUPS = Group.values();
    private static final int ALL = (1 << GROUPS.length) - 1;
    private static final int SHARE = 2; // times as long as the last step took, until the next
    private static final int IDLE_SHARE = 40; // for what nobody has used yet: in the end the SIMD kernel is to be called directly
    private static final int WINS = 3; // in a row: one may be luck
    private static final int ROUNDS = 100; // at least: before, the scalar code may be interpreted too
    private static final int ALL_ROUNDS = 2000; // where a caller waits for all of them: those that take little time are compiled too by then
    private static final long TURN_NANOS = 1_000_000_000L; // of the SIMD kernel for one group in a row: mostly it is compiled by then
    private static final long SHORT_TURN_NANOS = 1_000_000L; // where a caller waits for all of them: while C2 compiles one, the others go on
    private static final long LIMIT_NANOS = 17_000_000_000L;
    private static final int N = 128;
    private static final int NUMBERS = 128; // C2 counts the turns of loops: of fewer, these would be compiled long after the sums

    private final RowKernel scalar;
    private final RowKernel simd;
    private final RowKernel kernel = new WarmKernel(this);
    private final AtomicBoolean busy = new AtomicBoolean();
    private final float[] x = new float[4 * RowKernel.BLOCK];
    private final float[] partials = new float[5 * RowKernel.BLOCK];
    private final int[] tops = new int[RowKernel.TOPS_LENGTH];
    private final int[] bits = new int[RowKernel.TOPS_LENGTH];
    private final double[] numbers = new double[8 * RowKernel.GROUP];
    private final double[] lanes = new double[2 * RowKernel.GRAIN];
    private final float[] columns = new float[9 * RowKernel.BLOCK];
    private final int[] excluded = new int[2 * RowKernel.GRAIN];
    private final float[] rounders = new float[RowKernel.GRAIN];
    private final int[] wins = new int[GROUPS.length];
    private final int[] rounds = new int[GROUPS.length];
    private final long[] spent = new long[GROUPS.length];
    private long turn = TURN_NANOS;
    private int leastRounds = ROUNDS;
    private StorageRun storage;
    private volatile long nextAt = System.nanoTime();
    private int used; // racy on purpose, as ready is: either kernel gives the same bits
    private int ready;

    WarmStart(RowKernel scalar, RowKernel simd) {
        this.scalar = scalar;
        this.simd = simd;
        for (int i = 0; i < x.length; i++) x[i] = (i % 128 - 100) * 0.1f;
        Arrays.fill(excluded, -1);
        Arrays.fill(rounders, Exp2.rounder(0));
    }

    /** The kernel to run meanwhile. */
    RowKernel kernel() {
        return kernel;
    }

    /** The kernel that runs a group's primitives now. */
    RowKernel of(Group group) {
        if ((ready & group.bit) != 0) return simd;
        if ((used & group.bit) == 0) used |= group.bit;
        return scalar;
    }

    int lanes() {
        return simd.lanes();
    }

    /** One step, if it is time for it and anything has been used; true once all of the SIMD kernel is the faster. */
    boolean step() {
        if (ready == ALL) return true;
        long start = System.nanoTime();
        if (used == 0 || start - nextAt < 0 || !busy.compareAndSet(false, true)) return false;
        try {
            int share = race() ? SHARE : IDLE_SHARE;
            long end = System.nanoTime();
            nextAt = end + share * (end - start);
            return ready == ALL;
        } finally {
            busy.set(false);
        }
    }

    /** Steps until all of the SIMD kernel is the faster; false if it did not get there in time. One thread at a time: a second would only wait. */
    synchronized boolean finish() {
        Arrays.fill(spent, 0); // what a group has used of a long turn is no reason to wait for the others here
        turn = SHORT_TURN_NANOS;
        leastRounds = ALL_ROUNDS;
        try {
            long start = System.nanoTime();
            boolean done = false;
            while (!done && System.nanoTime() - start < LIMIT_NANOS) {
                used = ALL;
                nextAt = System.nanoTime();
                done = step();
            }
            return done;
        } finally {
            turn = TURN_NANOS;
            leastRounds = ROUNDS;
        }
    }

    /**
     * A group that is used, if there is any, and whether it is. One after the other: the first does most of the work, C2 compiles first what is called most
     * often at a time, and with all of them in turn none would be ready before the last. But in turns, lest one that is never faster keep the others waiting.
     */
    private boolean race() {
        int waiting = used & ~ready; // read once: other threads set bits
        int open = waiting != 0 ? waiting : ALL & ~ready;
        if (open == 0) return false; // another thread was quicker
        int next = Integer.numberOfTrailingZeros(open);
        for (int g = next + 1; g < GROUPS.length; g++) {
            if ((open & GROUPS[g].bit) != 0 && spent[g] / turn < spent[next] / turn) next = g;
        }
        long scalarTime = time(scalar, GROUPS[next]);
        long simdTime = time(simd, GROUPS[next]);
        spent[next] += simdTime;
        wins[next] = simdTime <= scalarTime ? wins[next] + 1 : 0;
        if (++rounds[next] >= leastRounds && wins[next] >= WINS) ready |= GROUPS[next].bit;
        return waiting != 0;
    }

    /**
     * Every loop turns more than once, and every branch is taken and not: C2 would leave out what it has never seen, and compile again, interpreting
     * meanwhile, when that comes.
     */
    private long time(RowKernel kernel, Group group) {
        float[] k = Exp2.constants(1);
        int grain = RowKernel.GRAIN;
        long start = System.nanoTime();
        switch (group) {
            case SUMS -> {
                kernel.sum(x, 0, N / 2, N, N / 2, 2, 0, k, partials, 0, tops, 0);
                kernel.fold(partials, N / 2, 1, numbers);
                kernel.fold(partials, N / 2, 4, numbers);
                kernel.fold(partials, N / 2, 5, numbers); // two at a time, and one more
                excluded[1] = 5;
                kernel.sumFolded(x, 0, N / 2, N, N / 2, N, 2, 0, k, partials, true, excluded, columns, lanes, tops); // patched in one block of two
                kernel.sumFolded(x, 0, N / 2, N, N / 2, N / 2, 2, 0, k, partials, false, excluded, columns, lanes, tops);
                excluded[1] = -1;
                kernel.pad(x, 0, 64, 40, 4, -1, partials);
                Arrays.fill(numbers, 3);
                kernel.log(numbers, NUMBERS);
            }
            case LOSSES -> {
                Arrays.fill(numbers, 3);
                kernel.exp(numbers, NUMBERS);
                kernel.log1p(numbers, NUMBERS, NUMBERS / 2, 0);
                kernel.log1p(numbers, NUMBERS, NUMBERS, 0); // some are added behind the vectors
            }
            case SOFTCAP -> {
                System.arraycopy(x, 0, partials, 0, N);
                kernel.softcap(partials, 0, N - 1, 0.1, 10);
                kernel.multiplyBySlope(x, 0, N - 1, 0.1, 1, partials, 0);
            }
            case TERMS -> {
                kernel.terms(x, 0, N, 0, k, 1, partials, 0);
                kernel.termsMinus(x, 0, N, 0, k, 1, x, N, partials, 0);
                kernel.sumKept(x, 0, N / 2, N, N / 2, 2, 0, k, partials, 0, tops, 0, columns, 0, N / 2, N);
                kernel.sumKept(x, 0, N / 2, N, N / 2, 2, 0, k, partials, 0, tops, 0, columns, 0, N / 2, 0);
                kernel.sumTerms(columns, 0, N / 2, N, N / 2, 2, partials, 0);
                kernel.inRange(x, 0, N / 2, N / 2 - 9, 2, 0, k);
                kernel.scale(columns, 0, N / 2, N / 2 - 9, 2, rounders, rounders, 0, columns, 0, N / 2);
                kernel.subtract(x, 0, N / 2, N / 2 - 9, 2, rounders, rounders, 0, partials, 0, N / 2);
                kernel.termsRows(x, 0, N / 2, N / 2 - 9, 2, rounders, rounders, rounders, 0, k, partials, 0, N);
            }
            case MASKS -> {
                kernel.sumMasked(x, 0, N / 2, N, N / 2, 2, 0, k, partials, 0, tops, 0, bits);
                kernel.mask(x, N, -0x1p22f);
                kernel.sumKeptMasked(x, 0, N / 2, N, N / 2, 2, 0, k, partials, 0, tops, 0, columns, 0, N / 2);
                kernel.inRangeOrMasked(x, 0, N / 2, N / 2 - 9, 2, 0, k);
            }
            case COLUMNS -> {
                kernel.transpose(x, 0, 42, 42, 2 * grain + 2, columns, 2 * grain + 2);
                kernel.transposeBack(columns, 0, 3 * grain, 10, 2 * grain + 2, partials, 0, 10);
                kernel.transpose(x, 0, 2, 2, 2 * grain + 2, columns, 2 * grain + 2);
                kernel.transposeBack(columns, 0, 3 * grain, 2, 2 * grain + 2, partials, 0, 2);
                kernel.sumColumns(x, 0, grain, 37, grain, excluded, 0, k, columns, grain, tops, partials);
                for (int n = 33; n <= 39; n++) kernel.foldColumns(columns, grain, n, grain, 1, lanes); // behind whole eights one column to seven
                for (int n = 1; n <= 7; n += 6) kernel.foldColumns(columns, grain, n, grain, 1, lanes);
                kernel.sumRows(x, 0, 8, 40, RowKernel.GROUP + 2, excluded, 0, 0, k, Float.NEGATIVE_INFINITY, columns, numbers, lanes, tops);
                kernel.sumRows(x, 0, 99, 99, 2, excluded, 0, 0, k, -0x1p20f, columns, numbers, lanes, tops);
                kernel.sumRow(x, 0, 99, -1, 0, k, columns, lanes);
                kernel.sumRow(x, 0, 40, 3, 0, k, columns, lanes);
                kernel.gapsColumns(x, 8, grain, 1, numbers, lanes, lanes);
                kernel.maxColumns(x, 0, grain, 40, grain, columns);
                kernel.termsColumns(x, 0, grain, 40, grain, rounders, rounders, rounders, k, partials, 0, grain);
                kernel.scaleColumns(columns, grain, 40, grain, rounders, rounders);
            }
            case GAPS -> {
                float max = kernel.max(x, 0, N);
                kernel.gaps(x, 0, x, N, N, max, lanes);
                kernel.weightedGaps(x, 0, grain, 8, grain, x, grain, x, 0, numbers);
                kernel.termsMinusColumns(x, 0, grain, 40, grain, rounders, rounders, rounders, k, x, grain, partials, grain);
                kernel.indexFrom(x, 0, N, max);
                kernel.indexFrom(x, 0, N - 3, max + 1);
                kernel.indexFrom(x, 0, N - 3, x[N - 4]); // behind the last whole vector
            }
            case INFORMATION -> {
                Arrays.fill(partials, 0, N, 1f / N);
                kernel.sum(partials, 0, N, lanes);
                kernel.covers(partials, 0, partials, 0, N);
                kernel.crossEntropy(partials, 0, partials, 0, N, lanes);
                kernel.divergence(partials, 0, partials, 0, N, lanes);
                kernel.divergenceFromMean(partials, 0, partials, 0, N, lanes);
            }
            case STORAGE -> {
                if (storage == null) storage = new StorageRun(N);
                storage.run(kernel.storage());
            }
        }
        return System.nanoTime() - start;
    }
}
