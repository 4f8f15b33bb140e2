package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** This JVM's backend; BackendChoiceTest looks at other JVMs. First of all classes, see junit-platform.properties. */
@Order(Integer.MIN_VALUE)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class BackendTest {

    /** What the name of the fork promises. BackendsTested goes by this method's name. */
    @Test
    @Order(1)
    void expectedBackendIsActive() throws ReflectiveOperationException {
        String expected = System.getProperty("surprisal.test.expected");
        assumeTrue(expected != null, "no -Dsurprisal.test.expected: not started by the build");
        if (expected.equals("scalar")) {
            Backend active = Backend.active();
            assertEquals("scalar", active.name(), active.reason());
            assertEquals(1, active.lanes());
            assertTrue(active.reason().contains("--add-modules jdk.incubator.vector"), active.reason());
        } else {
            int bits = preferredBits();
            assumeTrue(expected.equals("simd-" + bits), "this host has vectors of " + bits + " bits with this fork's flags");
            Backend active = Backend.active();
            assertEquals(expected, active.name(), active.reason());
            assertEquals(bits / Float.SIZE, active.lanes());
            assertTrue(active.reason().contains(bits + " bits"), active.reason());
        }
    }

    /** Without a look at Backend; reflection, because the scalar fork has no such module. The library stops at 512. */
    private static int preferredBits() throws ReflectiveOperationException {
        Class<?> shape = Class.forName("jdk.incubator.vector.VectorShape");
        Object preferred = shape.getMethod("preferredShape").invoke(null);
        return Math.min(512, (int) shape.getMethod("vectorBitSize").invoke(preferred));
    }

    @Test
    void reasonIsOneSentence() {
        Backend active = Backend.active();
        String kind = active.lanes() == 1 ? "scalar" : "simd";
        assertTrue(active.reason().startsWith(kind + ", because "), active.reason());
        assertFalse(active.reason().contains("\n"), active.reason());
        assertTrue(active.toString().contains(active.name()), active.toString());
        assertTrue(active.toString().contains(active.reason()), active.toString());
    }

    @Test
    void activeIsAlwaysTheSame() {
        Backend before = Backend.active();
        Backend.warmUp();
        Backend after = Backend.active();
        assertEquals(before.name(), after.name());
        assertEquals(before.lanes(), after.lanes());
        assertEquals(before.reason(), after.reason());
    }

    @Test
    void warmUpReturnsAndChangesNoBits() {
        int before = LogSumExpBits.ofShapes(300);
        Backend.warmUp();
        Backend.warmUp();
        assertEquals(before, LogSumExpBits.ofShapes(300));
    }
}
