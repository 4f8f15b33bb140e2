/**
 * Log-sum-exp, softmax and cross-entropy of float logits, with the same bits on every machine.
 *
 * <p>The kernels run on the Vector API when the JVM is started with {@code --add-modules jdk.incubator.vector}, and on a
 * scalar fallback otherwise; {@link io.github.surprisal.Backend} tells which and why. Results do not depend on it.
 */
module io.github.surprisal {
    // Optional at run time: only io.github.surprisal.kernel.simd refers to it.
    requires static jdk.incubator.vector;

    exports io.github.surprisal;
}
