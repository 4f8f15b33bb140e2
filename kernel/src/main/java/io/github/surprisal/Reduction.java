package io.github.surprisal;

/** How the losses of a batch become one number. */
public enum Reduction {
    /** The mean as torch takes it: the sum divided by the summed weights of the kept targets (for probability targets by the number of rows). */
    MEAN,
    /** The sum. */
    SUM
}
