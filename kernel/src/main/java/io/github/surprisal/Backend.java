package io.github.surprisal;

import io.github.surprisal.kernel.Kernels;
import io.github.surprisal.kernel.RowKernel;

/**
 * What runs the kernels on this JVM, and why.
 *
 * <p>The system property {@code surprisal.backend} = {@code auto} (default) | {@code simd} (fail loudly when it cannot be had) |
 * {@code scalar} decides, once, at the first use. SIMD needs the module jdk.incubator.vector
 * ({@code java --add-modules jdk.incubator.vector}), HotSpot with C2 and a fused multiply-add instruction. Every backend returns
 * the same bits. In mode {@code auto} work starts on scalar code; after twelve million
 * elements the vector classes are loaded, and what is used is compiled within some seconds of steady calling, sums first; {@link #warmUp} does it all at once.
 * Where a single core has to run and to compile, calls are slower than scalar code for some seconds: a short job there is better off with {@code scalar}.
 *
 * <p>Immutable and thread-safe.
 */
public final class Backend {
    private final String name;
    private final int lanes;
    private final String reason;

    private Backend(String name, int lanes, String reason) {
        this.name = name;
        this.lanes = lanes;
        this.reason = reason;
    }

    /**
     * The backend selected on this JVM.
     *
     * @return name, width and reason
     * @throws IllegalStateException if surprisal.backend=simd and SIMD cannot be had, with the reason; or if the property has another value
     */
    public static Backend active() {
        RowKernel kernel = Kernels.selected();
        int lanes = kernel.lanes();
        return new Backend(lanes == 1 ? "scalar" : "simd-" + 32 * lanes, lanes, Kernels.reason());
    }

    /**
     * The backend's name: the one selected, compiled yet or not.
     *
     * @return simd-512, simd-256, simd-128 or scalar
     */
    public String name() {
        return name;
    }

    /**
     * Floats per vector.
     *
     * @return 16, 8 or 4, and 1 for scalar
     */
    public int lanes() {
        return lanes;
    }

    /**
     * Why this backend.
     *
     * @return one sentence
     */
    public String reason() {
        return reason;
    }

    /**
     * Compiles the kernels now, and makes calls of the most common kinds on small matrices, for callers who mind the first request. Takes some
     * seconds, longer where one core has to do both, and ends after about 20 in any case; on scalar code after two. Others that call it meanwhile wait; once
     * it has succeeded, it returns at once.
     *
     * @throws IllegalStateException as {@link #active}
     */
    public static void warmUp() {
        Kernels.warmUp();
        Rehearsal.run();
    }

    /** {@return name and reason} */
    @Override
    public String toString() {
        return name + ": " + reason;
    }
}
