package io.github.surprisal.kernel;

import java.util.function.Supplier;

/**
 * Decides once which kernel runs on this JVM. Until C2 has compiled the SIMD kernel its code would run about a hundred times
 * slower than scalar code, so the work starts on the scalar kernel; bits are equal, so nobody notices the switch.
 */
public final class Kernels {
    private static final String SIMD_KERNEL = "io.github.surprisal.kernel.simd.SimdKernel";

    /** Null where surprisal.backend asked for what cannot be had; then FAILURE says why. */
    private static final Selection SELECTION;

    private static final RuntimeException FAILURE;

    private static volatile WarmStart warmStart;
    private static RowKernel current; // racy on purpose: either kernel gives the same bits

    static {
        Selection selection = null;
        RuntimeException failure = null;
        try {
            Selection.Mode mode = Selection.Mode.of(System.getProperty("surprisal.backend", "auto"));
            selection = Selection.select(mode, host());
            boolean warmStarts = mode == Selection.Mode.AUTO && selection.kernel().lanes() > 1;
            if (warmStarts) warmStart = new WarmStart(new ScalarKernel(), selection.kernel());
            current = warmStarts ? warmStart.scalar() : selection.kernel();
            if (selection.actionNeeded()) {
                System.getLogger("io.github.surprisal").log(System.Logger.Level.WARNING, "Surprisal runs " + selection.reason());
            }
        } catch (IllegalStateException | IllegalArgumentException e) {
            failure = e;
        }
        SELECTION = selection;
        FAILURE = failure;
    }

    private Kernels() {}

    private static Selection.Host host() {
        boolean vectorModule = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
        Supplier<RowKernel> loader = () -> {
            try {
                return (RowKernel) Class.forName(SIMD_KERNEL).getConstructor().newInstance();
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        };
        return new Selection.Host(
                vectorModule, System.getProperty("java.vm.name", ""), System.getProperty("java.vm.info", ""), Fma.IN_HARDWARE, loader);
    }

    /** The kernel to run now. Taken once a call, never inside a loop. */
    public static RowKernel current() {
        WarmStart warming = warmStart;
        if (warming != null && warming.step()) switchOver();
        RowKernel kernel = current;
        if (kernel == null) throw new IllegalStateException(FAILURE.getMessage(), FAILURE);
        return kernel;
    }

    /** The kernel selected, compiled yet or not. */
    public static RowKernel selected() {
        return selection().kernel();
    }

    public static String reason() {
        return selection().reason();
    }

    private static Selection selection() {
        if (SELECTION == null) throw new IllegalStateException(FAILURE.getMessage(), FAILURE);
        return SELECTION;
    }

    /** Runs the selected kernel until it is compiled, at most about 20 s. */
    public static void warmUp() {
        RowKernel selected = selected();
        WarmStart warming = warmStart;
        if (warming == null) warming = new WarmStart(new ScalarKernel(), selected);
        if (warming.finish()) switchOver();
    }

    private static void switchOver() {
        current = SELECTION.kernel();
        warmStart = null;
    }
}
