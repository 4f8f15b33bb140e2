package io.github.surprisal;

import io.github.surprisal.kernel.InformationSum;
import io.github.surprisal.kernel.InformationSum.Measure;
import io.github.surprisal.kernel.Kernels;
import io.github.surprisal.kernel.ScalarInformation;
import java.util.Objects;

/**
 * Information measures of discrete distributions, in {@link InformationUnit}s.
 *
 * <p>An outcome of probability p surprises by -log p; the rest are means of that: {@code entropy(p) = -sum p log p} is what an outcome
 * tells, {@code crossEntropy(p, q) = -sum p log q} what it costs whoever expects q, {@code klDivergence(p, q) = sum p log(p / q)}
 * the difference. A distribution is a {@code float[]} of probabilities, or a range of one.
 *
 * <p><b>Error bound</b>: 2e-7 relative for any number of outcomes; the divergences near 0, where terms of both signs
 * cancel, 1e-7 of {@code sum p |log(p / q)|}. Measured 5e-16 of the sum of the absolute terms: all of it is computed in double.
 * Distributions of powers of two have exact results in bits, as far as a double holds them. The same input gives the same bits on
 * every backend and at every offset.
 *
 * <p><b>Special values</b>: 0 log 0 = 0. p > 0 where q = 0 gives +infinity, but for {@link #jensenShannonDivergence
 * jensenShannonDivergence}, which is always finite. A result of 0 is +0.
 *
 * <p><b>Checks</b>: unlike logits, probabilities can be seen to be wrong. An element that is NaN or outside [0, 1] is refused, and so is a
 * distribution whose sum is further than 1e-3 from 1. Closer to it the probabilities are used as they are, not normalised: the formulas
 * hold literally, and a divergence may come out below 0 by as much as the sums differ.
 *
 * <p>Runs on the calling thread and allocates nothing; thread-safe. Elements must not be changed by another thread during a call; if they
 * are, the result is unspecified.
 *
 * {@snippet class="io.github.surprisal.InformationSnippets" region="information"}
 *
 * @see <a href="https://doi.org/10.1002/j.1538-7305.1948.tb01338.x">Shannon: A Mathematical Theory of Communication</a>
 * @see <a href="https://doi.org/10.1214/aoms/1177729694">Kullback, Leibler: On Information and Sufficiency</a>
 * @see <a href="https://doi.org/10.1109/18.61115">Lin: Divergence Measures Based on the Shannon Entropy</a>
 */
public final class Information {
    private static final double SUM_TOLERANCE = 1e-3;

    private Information() {}

    /**
     * The information of one outcome, its surprisal: {@code -log(probability)}. Relative error below 1e-15.
     *
     * @param probability of the outcome; 1 gives +0, 0 gives +infinity
     * @param unit of the result
     * @return >= 0
     * @throws NullPointerException if unit is null
     * @throws IllegalArgumentException if probability is NaN or outside [0, 1]
     */
    public static double selfInformation(double probability, InformationUnit unit) {
        Objects.requireNonNull(unit, "unit");
        requireProbability("probability", probability);
        return ScalarInformation.surprisal(probability) * unit.perBit;
    }

    /**
     * The entropy of a coin: {@code -p log(p) - (1 - p) log(1 - p)}. Relative error below 2e-15, for p near 0 too.
     *
     * @param p probability of one of two outcomes; 1/2 gives exactly 1 bit, 0 and 1 give +0
     * @param unit of the result
     * @return from 0 to 1 bit
     * @throws NullPointerException if unit is null
     * @throws IllegalArgumentException if p is NaN or outside [0, 1]
     */
    public static double binaryEntropy(double p, InformationUnit unit) {
        Objects.requireNonNull(unit, "unit");
        requireProbability("p", p);
        return ScalarInformation.binaryEntropy(p) * unit.perBit;
    }

    /**
     * The mean surprisal: {@code -sum p[i] log p[i]}.
     *
     * @param p a distribution
     * @param unit of the result
     * @return from 0, for a sure outcome, to about the logarithm of the number of outcomes
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if p is no distribution, see the class
     */
    public static double entropy(float[] p, InformationUnit unit) {
        return entropy(p, 0, Objects.requireNonNull(p, "p").length, unit);
    }

    /**
     * The mean surprisal of a distribution in a range of an array: {@code -sum p[i] log p[i]}.
     *
     * @param p the array
     * @param fromIndex first outcome
     * @param toIndex behind the last outcome
     * @param unit of the result
     * @return from 0, for a sure outcome, to about the logarithm of the number of outcomes
     * @throws NullPointerException if an argument is null
     * @throws IndexOutOfBoundsException if the range is not inside the array
     * @throws IllegalArgumentException if the range is no distribution, see the class
     */
    public static double entropy(float[] p, int fromIndex, int toIndex, InformationUnit unit) {
        Objects.requireNonNull(p, "p");
        Objects.requireNonNull(unit, "unit");
        Objects.checkFromToIndex(fromIndex, toIndex, p.length);
        InformationSum sum = InformationSum.ofThread();
        boolean valid = sum.run(Kernels.current(toIndex - fromIndex), Measure.CROSS_ENTROPY, p, fromIndex, p, fromIndex, toIndex - fromIndex);
        if (!valid) requireProbabilities("p", p, fromIndex, toIndex);
        requireSum("p", sum.pSum());
        return sum.bits() * unit.perBit;
    }

    /**
     * The mean surprisal of whoever expects q when p is the truth: {@code -sum p[i] log q[i] = entropy(p) + klDivergence(p, q)}.
     *
     * @param p the distribution of the outcomes
     * @param q the distribution expected, of as many outcomes
     * @param unit of the result
     * @return >= 0; +infinity if p > 0 where q = 0
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the lengths differ, or p or q is no distribution, see the class
     */
    public static double crossEntropy(float[] p, float[] q, InformationUnit unit) {
        return crossEntropy(p, 0, length("p", p), q, 0, length("q", q), unit);
    }

    /**
     * {@link #crossEntropy(float[], float[], InformationUnit)} of distributions in ranges of arrays.
     *
     * @param p the array with the distribution of the outcomes
     * @param pFromIndex first outcome in p
     * @param pToIndex behind the last outcome in p
     * @param q the array with the distribution expected; may be p
     * @param qFromIndex first outcome in q
     * @param qToIndex behind the last outcome in q
     * @param unit of the result
     * @return >= 0; +infinity if p > 0 where q = 0
     * @throws NullPointerException if an argument is null
     * @throws IndexOutOfBoundsException if a range is not inside its array
     * @throws IllegalArgumentException if the lengths differ, or a range is no distribution, see the class
     */
    public static double crossEntropy(
            float[] p, int pFromIndex, int pToIndex, float[] q, int qFromIndex, int qToIndex, InformationUnit unit) {
        return measure(Measure.CROSS_ENTROPY, p, pFromIndex, pToIndex, q, qFromIndex, qToIndex, unit);
    }

    /**
     * The divergence of Kullback and Leibler, or relative entropy: {@code sum p[i] log(p[i] / q[i])}, what expecting q costs on top of
     * the entropy of p. Not symmetric. Exactly 0 for equal distributions, and good to some 1e-7 relative even where q differs from p by
     * single ulps and their sums do not.
     *
     * @param p the distribution of the outcomes
     * @param q the distribution expected, of as many outcomes
     * @param unit of the result
     * @return >= 0 if the sums are equal; +infinity if p > 0 where q = 0
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the lengths differ, or p or q is no distribution, see the class
     */
    public static double klDivergence(float[] p, float[] q, InformationUnit unit) {
        return klDivergence(p, 0, length("p", p), q, 0, length("q", q), unit);
    }

    /**
     * {@link #klDivergence(float[], float[], InformationUnit)} of distributions in ranges of arrays.
     *
     * @param p the array with the distribution of the outcomes
     * @param pFromIndex first outcome in p
     * @param pToIndex behind the last outcome in p
     * @param q the array with the distribution expected; may be p
     * @param qFromIndex first outcome in q
     * @param qToIndex behind the last outcome in q
     * @param unit of the result
     * @return >= 0 if the sums are equal; +infinity if p > 0 where q = 0
     * @throws NullPointerException if an argument is null
     * @throws IndexOutOfBoundsException if a range is not inside its array
     * @throws IllegalArgumentException if the lengths differ, or a range is no distribution, see the class
     */
    public static double klDivergence(
            float[] p, int pFromIndex, int pToIndex, float[] q, int qFromIndex, int qToIndex, InformationUnit unit) {
        return measure(Measure.DIVERGENCE, p, pFromIndex, pToIndex, q, qFromIndex, qToIndex, unit);
    }

    /**
     * The divergence of Jensen and Shannon: {@code (klDivergence(p, m) + klDivergence(q, m)) / 2} with {@code m = (p + q) / 2}, computed
     * without rounding m to float. Symmetric, bit for bit, and exactly 0 for equal distributions; its square root is a distance.
     *
     * @param p a distribution
     * @param q a distribution of as many outcomes
     * @param unit of the result
     * @return from 0 to 1 bit if both sums are 1
     * @throws NullPointerException if an argument is null
     * @throws IllegalArgumentException if the lengths differ, or p or q is no distribution, see the class
     */
    public static double jensenShannonDivergence(float[] p, float[] q, InformationUnit unit) {
        return jensenShannonDivergence(p, 0, length("p", p), q, 0, length("q", q), unit);
    }

    /**
     * {@link #jensenShannonDivergence(float[], float[], InformationUnit)} of distributions in ranges of arrays.
     *
     * @param p the array with a distribution
     * @param pFromIndex first outcome in p
     * @param pToIndex behind the last outcome in p
     * @param q the array with a distribution of as many outcomes; may be p
     * @param qFromIndex first outcome in q
     * @param qToIndex behind the last outcome in q
     * @param unit of the result
     * @return from 0 to 1 bit if both sums are 1
     * @throws NullPointerException if an argument is null
     * @throws IndexOutOfBoundsException if a range is not inside its array
     * @throws IllegalArgumentException if the lengths differ, or a range is no distribution, see the class
     */
    public static double jensenShannonDivergence(
            float[] p, int pFromIndex, int pToIndex, float[] q, int qFromIndex, int qToIndex, InformationUnit unit) {
        return measure(Measure.JENSEN_SHANNON, p, pFromIndex, pToIndex, q, qFromIndex, qToIndex, unit);
    }

    private static double measure(
            Measure measure, float[] p, int pFrom, int pTo, float[] q, int qFrom, int qTo, InformationUnit unit) {
        Objects.requireNonNull(p, "p");
        Objects.requireNonNull(q, "q");
        Objects.requireNonNull(unit, "unit");
        Objects.checkFromToIndex(pFrom, pTo, p.length);
        Objects.checkFromToIndex(qFrom, qTo, q.length);
        if (pTo - pFrom != qTo - qFrom) {
            throw new IllegalArgumentException("p has " + (pTo - pFrom) + " outcomes, q has " + (qTo - qFrom));
        }
        InformationSum sum = InformationSum.ofThread();
        // One pass checks and sums, block by block; nothing is written that a check could come too late for.
        if (!sum.run(Kernels.current(pTo - pFrom), measure, p, pFrom, q, qFrom, pTo - pFrom)) {
            requireProbabilities("p", p, pFrom, pTo);
            requireProbabilities("q", q, qFrom, qTo);
        }
        requireSum("p", sum.pSum());
        requireSum("q", sum.qSum());
        return sum.bits() * unit.perBit;
    }

    private static int length(String name, float[] x) {
        return Objects.requireNonNull(x, name).length;
    }

    private static void requireProbabilities(String name, float[] x, int from, int to) {
        for (int i = from; i < to; i++) {
            if (!(x[i] >= 0 && x[i] <= 1)) throw new IllegalArgumentException(name + "[" + i + "] = " + x[i] + " is not in [0, 1]");
        }
    }

    private static void requireProbability(String name, double x) {
        if (!(x >= 0 && x <= 1)) throw new IllegalArgumentException(name + " " + x + " is not in [0, 1]");
    }

    private static void requireSum(String name, double sum) {
        if (!(Math.abs(sum - 1) <= SUM_TOLERANCE)) {
            throw new IllegalArgumentException(name + " sums to " + sum + ", which is further than " + SUM_TOLERANCE + " from 1");
        }
    }
}
