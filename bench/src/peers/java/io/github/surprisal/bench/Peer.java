package io.github.surprisal.bench;

/**
 * Another library, on one thread, with the trial's logits inside it: no timed call carries them across. Outputs stay there too
 * unless {@code out} is given, which only checks do; the few numbers of a log-sum-exp or a loss are always fetched.
 */
interface Peer extends AutoCloseable {

    void logSumExp(float[] out);

    /** The mean cross-entropy. */
    float loss();

    void softmax(float[] out);

    /** The mean cross-entropy, with its gradient. */
    float lossAndGradient(float[] out);

    @Override
    void close();
}
