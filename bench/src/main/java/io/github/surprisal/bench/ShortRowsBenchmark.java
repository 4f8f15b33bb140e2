package io.github.surprisal.bench;

import org.openjdk.jmh.annotations.Param;

/** Small classifiers: rows of less than a vector to a few of them, some 200 000 logits. */
@Family(operation = "short-rows", title = "Cross-entropy loss, short rows", vectorOperations = 10, gate = "20000x10")
public class ShortRowsBenchmark extends LossTrial {

    @Param({"64000x2", "20000x10", "6300x32", "3200x64", "2100x100"})
    public String shape;

    @Override
    String shape() {
        return shape;
    }
}
