package io.github.surprisal.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Reading a curve of calls. */
class ColdCurveTest {

    // a slow first call, one fast by chance, then fast for good
    private static final ColdCurve CURVE = ColdCurve.parse("1:9000,1:100,1:900,1:100,1:110,1:90,10:1000,10:1000");

    @Test
    void textAndBack() {
        assertEquals("1:9000,1:100,1:900,1:100,1:110,1:90,10:1000,10:1000", CURVE.text());
    }

    @Test
    void callsAreCountedFromOneAcrossBlocks() {
        assertEquals(1, CURVE.firstCall(0));
        assertEquals(7, CURVE.firstCall(6));
        assertEquals(17, CURVE.firstCall(7));
        assertEquals(100, CURVE.nanosPerCall(7));
    }

    @Test
    void timeOfTheFirstCalls() {
        assertEquals(9000, CURVE.nanosOfFirst(1));
        assertEquals(10_000, CURVE.nanosOfFirst(3));
        assertEquals(12_300, CURVE.nanosOfFirst(100));
    }

    @Test
    void speedIsReachedWhenItLasts() {
        assertEquals(3, CURVE.entryOfSpeed(120).orElseThrow());
        assertEquals(0, CURVE.entryOfSpeed(10_000).orElseThrow());
        assertTrue(CURVE.entryOfSpeed(50).isEmpty());
        assertEquals(100, CURVE.steadyNanosPerCall());
    }
}
