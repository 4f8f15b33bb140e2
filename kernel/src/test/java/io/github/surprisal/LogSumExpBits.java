package io.github.surprisal;

import io.github.surprisal.oracle.Shape;

/** Results as bits, and a program that prints them on whatever JVM it is started. */
final class LogSumExpBits {
    private LogSumExpBits() {}

    /** One number that changes when a bit of the log-sum-exp of any shape of length 1 .. n, in steps of 97, changes. */
    static int ofShapes(int n) {
        int hash = 0;
        for (Shape shape : Shape.values()) {
            for (int length = 1; length <= n; length += 97) {
                hash = 31 * hash + Float.floatToRawIntBits(LogSumExp.of(shape.fill(length, length)));
            }
        }
        return hash;
    }

    /** Three lines: name, reason, bits; or "refused" and the messages of Backend and LogSumExp. */
    public static void main(String[] args) {
        try {
            System.out.println(Backend.active().name());
            System.out.println(Backend.active().reason());
            System.out.println(Integer.toHexString(ofShapes(500)));
        } catch (IllegalStateException backend) {
            System.out.println("refused");
            System.out.println(backend.getMessage());
            try {
                System.out.println(LogSumExp.of(1f));
            } catch (IllegalStateException logSumExp) {
                System.out.println(logSumExp.getMessage());
            }
        }
    }
}
