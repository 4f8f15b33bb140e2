package io.github.surprisal.bench;

/**
 * What one job reached. Rates are in Gelem/s, 1e9 elements per second of all {@code threads} together, {@code rate} the median;
 * {@code error} is half of JMH's 99.9 % confidence interval; {@code bytesPerOperation} and {@code maxUlps} are NaN where unknown.
 */
record Measurement(Job job, int threads, double rate, double error, double bytesPerOperation, double maxUlps) {

    /** Useful memory traffic in 1e9 bytes per second. */
    double gigabytesPerSecond() {
        return rate * job.bytesPerElement();
    }

    double nanosPerCall() {
        return nanosPerCall(rate);
    }

    /** What a call would take at another rate of all threads. */
    double nanosPerCall(double rate) {
        return (double) threads * new Shape(job.shape()).elements() / rate;
    }

    /** The unit of the rate: the elements of the arithmetic probe are vector operations. */
    static String unit(Job job) {
        return job.isArithmeticProbe() ? "G vector operations/s" : "Gelem/s";
    }
}
