package io.github.surprisal.kernel;

/**
 * What follows for a target's logit x from the sum of the other classes, R = e^anchor * (unit + rest): with t = R / e^x the gap
 * log-sum-exp - x is log(1 + t), and the target's probability 1 / (1 + t). {@link LossBatch} does the same for many rows side by side, with the
 * same bits.
 */
final class TargetShare {
    /** e to more than this is left to logarithms. */
    static final double MAX_POWER = 600;

    double gap;
    double lse;
    /** The target's probability, and that of all others: each keeps its accuracy, however small. */
    double p;
    double notP;
    private double weight; // e^(anchor - x), negative where there are only logarithms
    private int exponent;

    /** False if there is no finite or infinite loss: NaN, +infinity, or nothing but -infinity. */
    boolean finish(LogSum others, double x) {
        boolean finite = Math.abs(others.anchor()) < Double.POSITIVE_INFINITY && Math.abs(x) < Double.POSITIVE_INFINITY;
        if (others.unit() == 0 && finite && x >= others.anchor() - MAX_POWER) {
            weight = DoubleMath.exp(others.anchor() - x);
            exponent = (int) Math.rint(others.anchor() / DoubleMath.LN2);
            double t = others.rest() * weight;
            gap = DoubleMath.log1p(t);
            lse = x + gap;
            p = 1 / (1 + t);
            notP = t * p;
            return true;
        }
        weight = -1;
        double rest = others.value();
        if (!(rest < Double.POSITIVE_INFINITY && x < Double.POSITIVE_INFINITY) || rest == x && x == Double.NEGATIVE_INFINITY) return false;
        double q = finite ? others.minus(x) : rest - x;
        gap = DoubleMath.softplus(q);
        lse = q > 0 ? rest + DoubleMath.softplus(-q) : x + gap; // the smaller part is added to the larger
        p = DoubleMath.exp(-gap);
        notP = q == Double.POSITIVE_INFINITY ? 1 : DoubleMath.exp(q - gap);
        return true;
    }

    /** e^{@link RowWriter#powerOf}(lse). */
    double power() {
        return weight < 0 ? DoubleMath.exp(RowWriter.powerOf(lse)) : Math.scalb(weight * p, RowWriter.exponentOf(lse) - exponent);
    }
}
