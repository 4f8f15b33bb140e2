package io.github.surprisal.oracle;

import java.util.Arrays;
import java.util.Objects;

/**
 * The exact answers, to some 1e-30: log-sum-exp, loss, softmax and log-softmax of one row, with the special values of
 * the library's contract, and the distance of a float from them. Shares no code with the library.
 *
 * <p>Terms below exp(-300) of the largest are left out of sums: 2^31 of them are 1e-121 of it, which no float can show.
 */
public final class Oracle {
    /*
     * Every logarithm is (m - reference) + log1p(rest), m a maximum and rest the sum of exp(x_j - m) over all elements
     * but that one. It keeps the relative accuracy of losses near 0, both terms being >= 0, and of a log-sum-exp near 0
     * as far as m and log1p(rest) do not cancel: then the error is 1e-30 of m.
     */

    private static final double NEGLIGIBLE = -300;
    /** Summed apart and then added, so that the rounding errors of 2^24 additions do not pile up in one sum. */
    private static final int BLOCK = 4096;

    private Oracle() {
    }

    /**
     * log(sum(exp(x))) over [from, to): -inf if empty or all -inf, else NaN if any is NaN, else +inf if any is +inf.
     */
    public static DoubleDouble logSumExp(float[] x, int from, int to) {
        Objects.checkFromToIndex(from, to, x.length);
        if (from == to) {
            return DoubleDouble.of(Double.NEGATIVE_INFINITY);
        }
        int top = top(x, from, to);
        if (to - from == 1 || !Float.isFinite(x[top])) {
            return DoubleDouble.of(x[top]);
        }
        return DoubleDouble.of(x[top]).add(rest(x, from, to, top).log1p());
    }

    /**
     * Cross-entropy of one row, logSumExp - logits[from + target]. The target is a class: 0 for the element at from.
     * NaN if the row holds NaN or +inf or is all -inf, else +inf if the target's logit is -inf.
     */
    public static DoubleDouble loss(float[] logits, int from, int to, int target) {
        Objects.checkFromToIndex(from, to, logits.length);
        int y = from + Objects.checkIndex(target, to - from);
        int top = top(logits, from, to);
        if (!Float.isFinite(logits[top])) {
            return DoubleDouble.of(Double.NaN);
        }
        if (logits[y] == logits[top]) {
            return rest(logits, from, to, y).log1p();
        }
        return DoubleDouble.difference(logits[top], logits[y]).add(rest(logits, from, to, top).log1p());
    }

    /** exp(x_j - logSumExp), one result per element; all NaN if the row is all -inf or holds NaN or +inf. */
    public static DoubleDouble[] softmax(float[] x, int from, int to) {
        return normalized(x, from, to, true);
    }

    /** x_j - logSumExp, one result per element; all NaN if the row is all -inf or holds NaN or +inf. */
    public static DoubleDouble[] logSoftmax(float[] x, int from, int to) {
        return normalized(x, from, to, false);
    }

    private static DoubleDouble[] normalized(float[] x, int from, int to, boolean probabilities) {
        Objects.checkFromToIndex(from, to, x.length);
        DoubleDouble[] result = new DoubleDouble[to - from];
        if (from == to) {
            return result;
        }
        int top = top(x, from, to);
        float m = x[top];
        if (!Float.isFinite(m)) {
            Arrays.fill(result, DoubleDouble.of(Double.NaN));
            return result;
        }
        DoubleDouble rest = rest(x, from, to, top);
        DoubleDouble sum = rest.add(DoubleDouble.ONE);
        DoubleDouble logSum = rest.log1p();
        for (int j = 0; j < result.length; j++) {
            DoubleDouble d = DoubleDouble.difference(x[from + j], m);
            result[j] = probabilities ? d.exp().div(sum) : d.sub(logSum);
        }
        return result;
    }

    /**
     * |actual - exact| in ulps of the float nearest to exact; 2^-149 is the smallest ulp. If actual or exact is NaN or
     * infinite: 0 if exact rounds to actual, else +inf. A finite actual where exact rounds to an infinity counts in
     * ulps of the largest float. Zeros of either sign are equal.
     */
    public static double ulpError(float actual, DoubleDouble exact) {
        float nearest = exact.toFloat();
        float ulp = Math.ulp(Float.isInfinite(nearest) ? Float.MAX_VALUE : nearest);
        double error = absoluteError(actual, exact);
        return error == 0 || error == Double.POSITIVE_INFINITY ? error : error / ulp;
    }

    /** |actual - exact|; if actual or exact is NaN or infinite: 0 if exact rounds to actual, else +inf. */
    public static double absoluteError(float actual, DoubleDouble exact) {
        if (Float.isFinite(actual) && Double.isFinite(exact.hi())) {
            return DoubleDouble.of(actual).sub(exact).abs().hi();
        }
        return Float.compare(actual, exact.toFloat()) == 0 ? 0 : Double.POSITIVE_INFINITY;
    }

    /** The lowest index of a maximum, or the first NaN if there is one; the range is not empty. */
    private static int top(float[] x, int from, int to) {
        int top = from;
        for (int i = from; i < to; i++) {
            if (Float.isNaN(x[i])) {
                return i;
            }
            if (x[i] > x[top]) {
                top = i;
            }
        }
        return top;
    }

    /** Sum of exp(x_j - x_top) over all j but top, x_top a finite maximum. */
    private static DoubleDouble rest(float[] x, int from, int to, int top) {
        DoubleDouble before = terms(x, from, top, x[top]);
        return before.add(terms(x, top + 1, to, x[top]));
    }

    private static DoubleDouble terms(float[] x, int from, int to, float m) {
        DoubleDoubleSum total = new DoubleDoubleSum();
        int end;
        for (int start = from; start < to; start = end) {
            end = start + Math.min(BLOCK, to - start);
            DoubleDouble block = block(x, start, end, m);
            total.add(block.hi(), block.lo());
        }
        return total.value();
    }

    private static DoubleDouble block(float[] x, int from, int to, double m) {
        DoubleDoubleSum sum = new DoubleDoubleSum();
        for (int i = from; i < to; i++) {
            if (x[i] - m >= NEGLIGIBLE) {
                DoubleDouble d = DoubleDouble.difference(x[i], m);
                sum.addExp(d.hi(), d.lo());
            }
        }
        return sum.value();
    }
}
