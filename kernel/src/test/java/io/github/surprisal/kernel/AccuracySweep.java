package io.github.surprisal.kernel;

import io.github.surprisal.oracle.DoubleDouble;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Measures the error of one exponential term, {@link Exp2}, over every float x with |x| <= 2^19, and prints the largest.
 *
 * <p>The terms come from {@link RowKernel#sum}, with padding in three of its four streams. Each run of consecutive floats is
 * scaled by the even e nearest to its exponents, so that every term is normal; e changes nothing else. The reference is
 * Math.exp in double, at most 1 ulp (2e-16) wrong, of an argument reduced in double-double: 1e-8 of a float's ulp in all.
 *
 * <p>Argument: a stride, to look at every so manieth run of floats only. Exits with 1 if an error is above {@link #BOUND} ulp.
 */
public final class AccuracySweep {
    /** The contract: one exponential term, in ulp. */
    static final double BOUND = 0.9;

    /** Consecutive floats with one e, at most a block: near 2^19 they span 2^4, or 46 exponents. */
    static final int RUN = 512;

    /** bits(2^19): the floats from +0 to 2^19 have the bits 0 .. LIMIT. */
    private static final int LIMIT = 0x49000000;
    /** All of them in runs; those of the other sign follow. */
    static final int RUNS = 2 * (LIMIT / RUN + 1);

    /** Below 2^-4 the exponents share a place. */
    private static final int SMALLEST = -4;

    private static final double LN2_HI = Double.longBitsToDouble(Double.doubleToRawLongBits(DoubleDouble.LN2.hi()) & -1L << 24); // 29 bits
    private static final double LN2_LO = DoubleDouble.LN2.sub(DoubleDouble.of(LN2_HI)).hi();

    private final RowKernel kernel;
    private final float[] x = new float[4 * RUN];
    private final float[] terms = new float[RUN];
    private final int[] tops = new int[RowKernel.TOPS_LENGTH];

    private long swept;
    /** The largest error and where it is, by the exponent of |x|; 0 stands with the smallest. */
    private final double[] worst = new double[Float.MAX_EXPONENT + 1 - SMALLEST];
    private final float[] worstAt = new float[worst.length];

    AccuracySweep(RowKernel kernel) {
        this.kernel = kernel;
        Arrays.fill(x, Exp2.constants(1)[Exp2.PADDING]);
    }

    /** The number of floats looked at. */
    long swept() {
        return swept;
    }

    /** The largest error in ulp. */
    double worst() {
        return worst[worstPlace()];
    }

    /** Where it is. */
    float worstAt() {
        return worstAt[worstPlace()];
    }

    private int worstPlace() {
        int place = 0;
        for (int i = 1; i < worst.length; i++) {
            if (worst[i] > worst[place]) place = i;
        }
        return place;
    }

    /** Looks at the floats of one run, 0 <= run < RUNS. */
    void run(int run) {
        int sign = run < RUNS / 2 ? 0 : Integer.MIN_VALUE;
        int from = run % (RUNS / 2) * RUN;
        for (int i = 0; i < RUN; i++) x[i] = Float.intBitsToFloat(Math.min(from + i, LIMIT) | sign);
        int e = (int) Math.rint(x[RUN / 2] / Math.log(2) / 2) * 2;
        kernel.sum(x, 0, 0, RUN, RUN, 1, e, Exp2.constants(1), terms, 0, tops, 0);
        swept += Math.min(RUN, LIMIT + 1 - from);
        double most = -1;
        int at = 0;
        for (int i = 0; i < RUN; i++) {
            double error = error(x[i], terms[i], e);
            if (!(error <= most)) { // NaN too
                most = error;
                at = i;
            }
        }
        see(Math.max(Math.getExponent(x[at]), SMALLEST) - SMALLEST, most, x[at]); // a run is within one binade, but for 2^19 itself
    }

    private void see(int place, double error, float at) {
        if (!(error <= worst[place])) {
            worst[place] = Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
            worstAt[place] = at;
        }
    }

    /** How far the term is from e^x 2^-e, in ulps of the float there. */
    private static double error(double x, float term, int e) {
        double n = Math.rint(x * (1 / 0.6931471805599453));
        double exact = Math.exp(x - n * LN2_HI - n * LN2_LO); // e^x 2^-n, within [0.7, 1.42]
        double power = Double.longBitsToDouble(1023 + e - (long) n << 52);
        return Math.abs(term * power - exact) * (exact < 1 ? 0x1p24 : 0x1p23);
    }

    /** Takes over what another sweep has seen. */
    private void merge(AccuracySweep other) {
        swept += other.swept;
        for (int i = 0; i < worst.length; i++) see(i, other.worst[i], other.worstAt[i]);
    }

    public static void main(String[] args) throws InterruptedException {
        int stride = args.length == 0 ? 1 : Integer.parseInt(args[0]);
        Kernels.warmUp();
        RowKernel kernel = Kernels.selected();
        int threads = Runtime.getRuntime().availableProcessors();
        System.out.printf("Every float of |x| <= 2^19%s, on %s with %d threads%n",
                stride == 1 ? "" : " in every run of " + RUN + " out of " + stride, Kernels.reason(), threads);
        long start = System.nanoTime();
        AccuracySweep total = sweep(kernel, stride, threads, true);
        for (int i = 0; i < total.worst.length && total.worst[i] > 0; i++) {
            System.out.printf("  |x| < 2^%-2d  %.4f ulp at %s%n", SMALLEST + i + 1, total.worst[i], total.worstAt[i]);
        }
        System.out.printf("%d floats in %.0f s: max error %.4f ulp at %s (%a)%n",
                total.swept, (System.nanoTime() - start) * 1e-9, total.worst(), total.worstAt(), total.worstAt());
        if (!(total.worst() <= BOUND)) {
            System.out.println("That is above the " + BOUND + " ulp of the contract.");
            System.exit(1);
        }
    }

    /** Looks at every stride-th run. */
    static AccuracySweep sweep(RowKernel kernel, int stride, int threads, boolean progress) throws InterruptedException {
        int slice = 1 << 12;
        AtomicInteger next = new AtomicInteger();
        AtomicLong printed = new AtomicLong(System.nanoTime());
        List<AccuracySweep> sweeps = new ArrayList<>();
        List<Thread> workers = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            AccuracySweep sweep = new AccuracySweep(kernel);
            sweeps.add(sweep);
            workers.add(Thread.ofPlatform().start(() -> {
                for (int s = next.getAndIncrement(); (long) s * slice * stride < RUNS; s = next.getAndIncrement()) {
                    for (int i = 0; i < slice; i++) {
                        long run = ((long) s * slice + i) * stride;
                        if (run < RUNS) sweep.run((int) run);
                    }
                    long now = System.nanoTime();
                    long last = printed.get();
                    if (progress && now - last > 2_000_000_000L && printed.compareAndSet(last, now)) {
                        System.out.printf("  %3d %%, max error so far about %.4f ulp%n", 100L * s * slice * stride / RUNS, sweep.worst());
                    }
                }
            }));
        }
        AccuracySweep total = new AccuracySweep(kernel);
        for (int t = 0; t < threads; t++) {
            workers.get(t).join();
            total.merge(sweeps.get(t));
        }
        return total;
    }
}
