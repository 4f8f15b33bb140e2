package io.github.surprisal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.kernel.Selection.Host;
import io.github.surprisal.kernel.Selection.Mode;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every branch of the choice of a kernel, on hosts and kernels that are made up. */
class SelectionTest {
    private static final String HOTSPOT = "OpenJDK 64-Bit Server VM";
    private static final String MIXED = "mixed mode, sharing";

    /** A scalar kernel that says it has so many lanes. */
    private static RowKernel lanes(int lanes) {
        return new FakeKernel(FakeKernel.Fault.NONE, lanes);
    }

    private static Supplier<RowKernel> notToBeLoaded() {
        return () -> {
            throw new AssertionError("the loader must not be touched");
        };
    }

    /** A reason not to use SIMD: a part of it, and a host that has it. */
    private record Refusal(String reason, Host host) {}

    private static Stream<Refusal> refusals() {
        return Stream.of(
                new Refusal("start java with --add-modules jdk.incubator.vector", new Host(false, HOTSPOT, MIXED, true, notToBeLoaded())),
                new Refusal("the VM is Eclipse OpenJ9 VM", new Host(true, "Eclipse OpenJ9 VM", MIXED, true, notToBeLoaded())),
                new Refusal("the VM is Substrate VM", new Host(true, "Substrate VM", "", true, notToBeLoaded())),
                new Refusal("-Xint", new Host(true, HOTSPOT, "interpreted mode, sharing", true, notToBeLoaded())),
                new Refusal("no C2", new Host(true, HOTSPOT, "mixed mode, emulated-client, sharing", true, notToBeLoaded())),
                new Refusal("no fused multiply-add", new Host(true, HOTSPOT, MIXED, false, notToBeLoaded())),
                new Refusal("vectors have only 64 bits", host(() -> lanes(2))),
                new Refusal("the self-test failed", host(() -> new FakeKernel(FakeKernel.Fault.FOLD, 8))),
                new Refusal("cannot be loaded: java.lang.NoClassDefFoundError: jdk/x", host(() -> {
                    throw new NoClassDefFoundError("jdk/x");
                })),
                new Refusal("cannot be loaded: java.lang.IllegalStateException: y", host(() -> {
                    throw new IllegalStateException("y");
                })),
                new Refusal("cannot be loaded: java.lang.UnsupportedOperationException: z", host(() -> new FakeKernel(FakeKernel.Fault.NONE, 8) {
                    @Override
                    public int mask(float[] x, int n, float padding) {
                        throw new UnsupportedOperationException("z");
                    }
                })));
    }

    private static Host host(Supplier<RowKernel> loader) {
        return new Host(true, HOTSPOT, MIXED, true, loader);
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void autoFallsBackToScalarAndSaysWhy(Refusal refusal) {
        Selection selection = Selection.select(Mode.AUTO, refusal.host);
        assertEquals(1, selection.kernel().lanes());
        assertTrue(selection.reason().startsWith("scalar, because "), selection.reason());
        assertTrue(selection.reason().contains(refusal.reason), selection.reason());
        assertEquals(refusal.host.vectorModule(), selection.actionNeeded(), "whoever gave the module expects something of it");
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void simdThrowsTheReason(Refusal refusal) {
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> Selection.select(Mode.SIMD, refusal.host));
        assertTrue(e.getMessage().startsWith("surprisal.backend=simd, but "), e.getMessage());
        assertTrue(e.getMessage().contains(refusal.reason), e.getMessage());
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void scalarAsksForNothing(Refusal refusal) {
        Host host = refusal.host;
        Selection selection = Selection.select(Mode.SCALAR, new Host(host.vectorModule(), host.vmName(), host.vmInfo(), host.fma(), notToBeLoaded()));
        assertEquals(1, selection.kernel().lanes());
        assertEquals("scalar, because surprisal.backend=scalar asks for it", selection.reason());
        assertFalse(selection.actionNeeded());
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 8, 16})
    void aGoodKernelIsTaken(int lanes) {
        for (Mode mode : new Mode[] {Mode.AUTO, Mode.SIMD}) {
            for (String vm : new String[] {HOTSPOT, "Java HotSpot(TM) 64-Bit Server VM"}) {
                RowKernel kernel = lanes(lanes);
                AtomicInteger loads = new AtomicInteger();
                Selection selection = Selection.select(mode, new Host(true, vm, MIXED, true, () -> {
                    loads.incrementAndGet();
                    return kernel;
                }));
                assertSame(kernel, selection.kernel());
                assertEquals("simd, because jdk.incubator.vector is present with vectors of " + 32 * lanes + " bits", selection.reason());
                assertFalse(selection.actionNeeded());
                assertEquals(1, loads.get());
            }
        }
    }

    @Test
    void modesByName() {
        assertEquals(Mode.AUTO, Mode.of("auto"));
        assertEquals(Mode.SIMD, Mode.of("simd"));
        assertEquals(Mode.SCALAR, Mode.of("scalar"));
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", " simd", "SIMD", "Auto", "avx512", "auto,simd"})
    void otherModesAreRefusedByName(String value) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Mode.of(value));
        assertEquals("surprisal.backend=" + value + ", expected auto, simd or scalar", e.getMessage());
    }
}
