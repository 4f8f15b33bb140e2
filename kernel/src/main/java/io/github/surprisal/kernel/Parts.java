package io.github.surprisal.kernel;

/** Threads to share work with, as the engine sees them. Null means that there are none. */
@FunctionalInterface
public interface Parts {
    /** Runs the part over disjoint ranges that make up 0 .. size; returns when all are done. A part does not wait for others. */
    void run(int size, Part part);

    /** Work over the half-open range from .. to. */
    @FunctionalInterface
    interface Part {
        void run(int from, int to);
    }
}
