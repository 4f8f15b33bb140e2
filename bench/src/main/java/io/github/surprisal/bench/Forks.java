package io.github.surprisal.bench;

/** The JVM arguments of the forks. They are spelled out so that a fork inherits nothing from the JVM that starts it. */
final class Forks {

    /** The collector with no threads of its own: benchmarks share few cores. */
    static final String COLLECTOR = "-XX:+UseSerialGC";
    /** JMH 1.37 uses sun.misc.Unsafe, which newer JDKs warn about. */
    static final String UNSAFE = "--sun-misc-unsafe-memory-access=allow";

    static final String VECTOR = "--add-modules=jdk.incubator.vector";
    static final String SIMD = "-Dsurprisal.backend=simd";
    static final String SCALAR = "-Dsurprisal.backend=scalar";

    /** A fixed heap, large enough that no collection falls into a measurement: three copies of the largest shape fit its old generation. */
    private static final int GIGABYTES_PER_THREAD = 2;

    private Forks() {
    }

    static String minHeap(int threads) {
        return "-Xms" + threads * GIGABYTES_PER_THREAD + "g";
    }

    static String maxHeap(int threads) {
        return "-Xmx" + threads * GIGABYTES_PER_THREAD + "g";
    }
}
