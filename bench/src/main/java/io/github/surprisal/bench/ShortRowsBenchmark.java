package io.github.surprisal.bench;

import org.openjdk.jmh.annotations.Param;

/** Small classifiers: rows of less than a vector to a few of them, about as many logits in each shape. */
@Family(operation = "short-rows", title = "Cross-entropy loss, short rows", vectorOperations = 10, gate = "20000x10")
public class ShortRowsBenchmark extends LossTrial {

    @Param({"65536x2", "20000x10", "4096x32", "2048x64", "1310x100"})
    public String shape;

    @Override
    String shape() {
        return shape;
    }
}
