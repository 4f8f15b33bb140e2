package io.github.surprisal.bench;

import org.openjdk.jmh.annotations.Param;

/** The gradient goes into another matrix. */
@Family(operation = "gradient", title = "Loss and gradient, into another matrix", bytesPerElement = 2 * Float.BYTES, vectorOperations = 12,
        roofline = "copyNegated", quick = {"1x128", "20000x10", "64x128256"})
public class LossAndGradientBenchmark extends LossAndGradientTrial {

    @Param({"1x128", "64x1024", "20000x10", "1024x1000", "64x50257", "256x32000", "64x128256"})
    public String shape;

    @Override
    String shape() {
        return shape;
    }

    @Override
    boolean inPlace() {
        return false;
    }
}
