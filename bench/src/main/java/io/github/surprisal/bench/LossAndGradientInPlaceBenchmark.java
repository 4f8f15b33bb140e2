package io.github.surprisal.bench;

import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** The gradient overwrites the logits. */
@Family(operation = "gradient-in-place", title = "Loss and gradient, in place", bytesPerElement = 2 * Float.BYTES, vectorOperations = 12,
        roofline = "negateInPlace", quick = {"1x1024", "1x8192", "1x65536", "1x1048576", "1x16777216", "64x128256"}, gate = {"1x8192", "1x16777216"})
public class LossAndGradientInPlaceBenchmark extends LossAndGradientTrial {

    @Param({"1x1024", "1x8192", "1x65536", "1x262144", "1x1048576", "1x4194304", "1x16777216", "1x67108864",
            "64x1024", "20000x10", "1024x1000", "64x50257", "256x32000", "64x128256"})
    public String shape;

    @Override
    String shape() {
        return shape;
    }

    @Override
    boolean inPlace() {
        return true;
    }

    // Gradients taken for logits are soon all equal, and exp(0) is not the work to time. JMH leaves the copy out of the
    // time: two clock readings, some 50 ns, remain of it. Just written is also what logits are in training.
    @Setup(Level.Invocation)
    public void refreshLogits() {
        beforeCall();
    }
}
