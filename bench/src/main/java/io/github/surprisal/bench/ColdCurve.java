package io.github.surprisal.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/** How long each call took since the JVM started: single calls first, blocks of calls later. */
final class ColdCurve {

    private static final int LAST = 10;
    private static final int LASTING = 3;

    private final int[] calls;
    private final long[] nanos;
    private int size;

    ColdCurve(int capacity) {
        calls = new int[capacity];
        nanos = new long[capacity];
    }

    // writes to arrays only: an allocation here would be part of what is timed
    void add(int calls, long nanos) {
        this.calls[size] = calls;
        this.nanos[size++] = nanos;
    }

    int size() {
        return size;
    }

    /** The number, from 1, of the first call of entry {@code index}. */
    int firstCall(int index) {
        return 1 + Arrays.stream(calls, 0, index).sum();
    }

    double nanosPerCall(int index) {
        return (double) nanos[index] / calls[index];
    }

    /** The time of the first {@code count} entries. */
    long nanosOfFirst(int count) {
        return Arrays.stream(nanos, 0, Math.min(count, size)).sum();
    }

    /** What a call takes in the end: the median of the last entries. */
    double steadyNanosPerCall() {
        int last = Math.min(LAST, size);
        double[] times = new double[last];
        for (int i = 0; i < last; i++) {
            times[i] = nanosPerCall(size - last + i);
        }
        Arrays.sort(times);
        return times[last / 2];
    }

    /** The first entry from which on calls take at most {@code nanosPerCall}; empty if they never do. */
    OptionalInt entryOfSpeed(double nanosPerCall) {
        int lasting = 0;
        for (int i = 0; i < size; i++) {
            lasting = nanosPerCall(i) <= nanosPerCall ? lasting + 1 : 0;
            if (lasting == LASTING) {
                return OptionalInt.of(i - LASTING + 1);
            }
        }
        return OptionalInt.empty();
    }

    /** {@code calls:nanos} pairs, for the notes. */
    String text() {
        List<String> entries = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            entries.add(calls[i] + ":" + nanos[i]);
        }
        return entries.stream().collect(Collectors.joining(","));
    }

    static ColdCurve parse(String text) {
        String[] entries = text.split(",");
        var curve = new ColdCurve(entries.length);
        for (String entry : entries) {
            int colon = entry.indexOf(':');
            curve.add(Integer.parseInt(entry.substring(0, colon)), Long.parseLong(entry.substring(colon + 1)));
        }
        return curve;
    }
}
