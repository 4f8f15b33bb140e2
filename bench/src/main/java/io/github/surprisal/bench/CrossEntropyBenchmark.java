package io.github.surprisal.bench;

import org.openjdk.jmh.annotations.Param;

/** From one row to the vocabulary of a language model. */
@Family(operation = "loss", title = "Cross-entropy loss", vectorOperations = 10,
        quick = {"1x128", "1x1024", "1x8192", "1x65536", "1x1048576", "1x16777216", "64x128256"}, gate = "1x8192")
public class CrossEntropyBenchmark extends LossTrial {

    @Param({"1x10", "1x64", "1x128", "1x1024", "1x8192", "1x65536", "1x262144", "1x1048576", "1x4194304", "1x16777216", "1x67108864",
            "64x1024", "1024x1000", "64x50257", "256x32000", "64x128256"})
    public String shape;

    @Override
    String shape() {
        return shape;
    }
}
