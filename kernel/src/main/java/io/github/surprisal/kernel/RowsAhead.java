package io.github.surprisal.kernel;

/** Rows known to be {@link RowKernel#inRange}, because it was found out while those before them were summed. Of one call: later, anything may be in its place. */
final class RowsAhead {
    private int from;
    private int count;
    private int exponent;

    void forget() {
        count = 0;
    }

    /** The rows from that place in their array on are in the range of that exponent. */
    void set(int from, int count, int exponent) {
        this.from = from;
        this.count = count;
        this.exponent = exponent;
    }

    boolean are(int from, int count, int exponent) {
        return this.count == count && this.from == from && this.exponent == exponent;
    }
}
