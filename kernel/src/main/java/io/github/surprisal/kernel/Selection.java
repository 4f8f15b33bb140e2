package io.github.surprisal.kernel;

import java.util.Locale;
import java.util.function.Supplier;

/**
 * Which kernel runs, and why.
 *
 * @param kernel the selected kernel
 * @param reason one sentence
 * @param actionNeeded whether the user has the vector module but gets nothing from it
 */
record Selection(RowKernel kernel, String reason, boolean actionNeeded) {

    /** The system property surprisal.backend. */
    enum Mode {
        /** SIMD where it can be had, else scalar. */
        AUTO,
        /** SIMD or an exception. */
        SIMD,
        SCALAR;

        static Mode of(String value) {
            for (Mode mode : values()) {
                if (mode.name().toLowerCase(Locale.ROOT).equals(value)) return mode;
            }
            throw new IllegalArgumentException("surprisal.backend=" + value + ", expected auto, simd or scalar");
        }
    }

    /**
     * What is known of this JVM before any class of the vector module is touched.
     *
     * @param vectorModule whether jdk.incubator.vector is there
     * @param vmName system property java.vm.name
     * @param vmInfo system property java.vm.info
     * @param fma whether Math.fma is an instruction
     * @param loader makes the SIMD kernel; the first to touch the vector module
     */
    record Host(boolean vectorModule, String vmName, String vmInfo, boolean fma, Supplier<RowKernel> loader) {
        boolean interprets() {
            return vmInfo.contains("interpreted");
        }

        boolean hasC2() {
            return !interprets() && !vmInfo.contains("emulated-client");
        }
    }

    /** Pure but for the loader: every branch is a test. */
    static Selection select(Mode mode, Host host) {
        if (mode == Mode.SCALAR) return scalar("scalar, because surprisal.backend=scalar asks for it", host, false);
        String refusal = refusal(host);
        RowKernel simd = null;
        if (refusal == null) {
            try {
                simd = host.loader().get();
                refusal = refusal(simd);
            } catch (LinkageError | RuntimeException e) {
                refusal = "the SIMD kernel cannot be loaded: " + e;
            }
        }
        if (refusal == null) {
            return new Selection(simd, "simd, because jdk.incubator.vector is present with vectors of " + 32 * simd.lanes() + " bits", false);
        }
        if (mode == Mode.SIMD) throw new IllegalStateException("surprisal.backend=simd, but " + refusal);
        return scalar("scalar, because " + refusal, host, host.vectorModule());
    }

    /** In strips only where C2 makes vectors of them; else they are more work for nothing. */
    private static Selection scalar(String reason, Host host, boolean actionNeeded) {
        return new Selection(new ScalarKernel(host.hasC2()), reason, actionNeeded);
    }

    private static String refusal(Host host) {
        if (!host.vectorModule()) {
            return "the module jdk.incubator.vector is absent; start java with --add-modules jdk.incubator.vector";
        }
        if (!host.vmName().contains("HotSpot") && !host.vmName().contains("OpenJDK")) {
            return "the VM is " + host.vmName() + ", and only HotSpot is known to compile vector code well";
        }
        if (host.interprets()) return "the VM only interprets (-Xint), where vector code is slower than scalar";
        if (!host.hasC2()) {
            return "the VM has no C2 compiler (-XX:TieredStopAtLevel or a client VM), without which vector code is slower than scalar";
        }
        if (!host.fma()) return "there is no fused multiply-add instruction (or -XX:-UseFMA), which vector code needs";
        return null;
    }

    private static String refusal(RowKernel simd) {
        if (simd.lanes() < 4) return "vectors have only " + 32 * simd.lanes() + " bits, at least 128 are needed";
        String difference = SelfTest.difference(new ScalarKernel(), simd);
        return difference == null ? null : "the self-test failed: " + difference;
    }
}
