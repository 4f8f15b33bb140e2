package io.github.surprisal.bench;

import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Setup;

/** The gradient overwrites the logits. */
@Family(title = "Loss and gradient, in place", bytesPerElement = 2 * Float.BYTES, roofline = "negateInPlace",
        quick = {"64x1024", "20000x10", "64x128256"})
public class LossAndGradientInPlaceBenchmark extends LossAndGradientTrial {

    @Override
    boolean inPlace() {
        return true;
    }

    // Gradients taken for logits are soon all equal, and exp(0) is not the work to time. JMH leaves the copy out of the
    // time: two clock readings, some 50 ns, remain of it. Just written is also what logits are in training.
    @Setup(Level.Invocation)
    public void refreshLogits() {
        refresh();
    }
}
