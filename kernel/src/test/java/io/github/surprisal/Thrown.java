package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.function.Executable;

/** Asserts what a call throws and what the message carries. */
final class Thrown {
    private Thrown() {}

    static void fails(Class<? extends Exception> type, Executable call, Object... parts) {
        Exception thrown = assertThrows(type, call);
        assertEquals(type, thrown.getClass());
        for (Object part : parts) {
            // A whole number or word: neither 16 nor -6 nor 0.6 is 6.
            boolean found = (" " + thrown.getMessage() + " ").matches("(?s).*[^\\w.-]" + part + "(?!\\w).*");
            assertTrue(found, () -> "\"" + part + "\" is not in: " + thrown.getMessage());
        }
    }

    static void illegal(Executable call, Object... parts) {
        fails(IllegalArgumentException.class, call, parts);
    }

    static void isNull(String name, Executable call) {
        NullPointerException thrown = assertThrows(NullPointerException.class, call);
        assertEquals(name, thrown.getMessage());
    }
}
