package io.github.surprisal.kernel;

import java.util.function.Supplier;

/**
 * Decides once which kernel runs on this JVM. Until C2 has compiled the SIMD kernel its code would run about a hundred times
 * slower than scalar code, so the work starts on the scalar kernel; bits are equal, so nobody notices the switch. Even loading the vector
 * classes takes as long as some ten million logits of scalar work, so that has to be done first.
 */
public final class Kernels {
    private static final String SIMD_KERNEL = "io.github.surprisal.kernel.simd.SimdKernel";

    /** Elements of scalar work before the SIMD kernel is loaded. */
    private static final long PATIENCE = 12_000_000;

    private static final Selection.Mode MODE;
    /** Why there is no mode. */
    private static final String INVALID;
    private static final ScalarKernel SCALAR = new ScalarKernel();

    // Racy on purpose: any kernel gives the same bits.
    private static RowKernel settled;
    private static volatile WarmStart warming;
    private static long work;

    static {
        Selection.Mode mode = null;
        String invalid = null;
        try {
            String asked = System.getProperty("surprisal.backend");
            mode = asked == null ? Selection.Mode.AUTO : Selection.Mode.of(asked);
        } catch (IllegalArgumentException e) {
            invalid = e.getMessage();
        }
        MODE = mode;
        INVALID = invalid;
    }

    private Kernels() {}

    /** What is selected, at the first time that somebody must know. */
    private static final class Selected {
        /** Null where surprisal.backend asked for what cannot be had; then FAILURE says why. */
        static final Selection SELECTION;
        static final String FAILURE;

        static {
            Selection selection = null;
            String failure = INVALID;
            if (failure == null) {
                try {
                    selection = Selection.select(MODE, host());
                } catch (IllegalStateException e) {
                    failure = e.getMessage();
                }
            }
            SELECTION = selection;
            FAILURE = failure;
            if (selection != null && selection.actionNeeded()) {
                System.getLogger("io.github.surprisal").log(System.Logger.Level.WARNING, "Surprisal runs " + selection.reason());
            }
        }

        static Selection get() {
            if (SELECTION == null) throw new IllegalStateException(FAILURE);
            return SELECTION;
        }
    }

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

    /** The kernel to run a call of so many elements. Taken once a call, never inside a loop. */
    public static RowKernel current(long elements) {
        RowKernel kernel = settled;
        return kernel != null ? kernel : starting(elements);
    }

    private static RowKernel starting(long elements) {
        if (MODE == Selection.Mode.AUTO && warming == null) {
            work += elements;
            if (work < PATIENCE) return SCALAR;
        }
        RowKernel selected = selected();
        if (MODE != Selection.Mode.AUTO || selected.lanes() == 1) {
            settled = selected;
            return selected;
        }
        WarmStart start = warming;
        if (start == null) start = warmStart();
        if (start.step()) settled = selected;
        return start.kernel();
    }

    private static synchronized WarmStart warmStart() {
        if (warming == null) warming = new WarmStart(SCALAR, selected());
        return warming;
    }

    /** The kernel selected, compiled yet or not. */
    public static RowKernel selected() {
        return Selected.get().kernel();
    }

    public static String reason() {
        return Selected.get().reason();
    }

    /** Runs the SIMD kernel until it is compiled, at most about 17 s; scalar code needs no such start. */
    public static void warmUp() {
        RowKernel selected = selected();
        if (selected.lanes() == 1 || warmStart().finish()) settled = selected;
    }
}
