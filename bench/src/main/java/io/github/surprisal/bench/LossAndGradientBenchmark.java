package io.github.surprisal.bench;

/** The gradient goes into another matrix. */
@Family(title = "Loss and gradient, into another matrix", bytesPerElement = 2 * Float.BYTES, roofline = "copyNegated",
        quick = {"64x1024", "20000x10", "64x128256"})
public class LossAndGradientBenchmark extends LossAndGradientTrial {

    @Override
    boolean inPlace() {
        return false;
    }
}
