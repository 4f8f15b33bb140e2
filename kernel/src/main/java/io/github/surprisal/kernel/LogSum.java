package io.github.surprisal.kernel;

/**
 * A partial log-sum-exp: {@code e^anchor * (unit + rest)}. The anchor is a multiple of ln 2 with unit 0, or, with unit 1, an
 * element that dominates the sum and is counted by the unit instead of in the rest. A sum that hardly differs from its
 * largest element is then known to full relative accuracy: log-sum-exp(0, -40) is 4.25e-18, not 0.
 *
 * <p>anchor -infinity: nothing yet; +infinity and NaN: the sum is that, whatever else is added.
 */
public final class LogSum {
    /** How far (in e-folds) another anchor may be above a counted element before it takes over. */
    private static final double UNIT_PREFERENCE = 30;

    private double anchor;
    private double unit;
    private double rest;

    public LogSum() {
        clear();
    }

    public void clear() {
        set(Double.NEGATIVE_INFINITY, 0, 0);
    }

    public void set(double anchor, double unit, double rest) {
        this.anchor = anchor;
        this.unit = unit;
        this.rest = rest;
    }

    public double anchor() {
        return anchor;
    }

    public double unit() {
        return unit;
    }

    public double rest() {
        return rest;
    }

    boolean isSpecial() {
        return !(Math.abs(anchor) < Double.POSITIVE_INFINITY);
    }

    /** Adds other; which of two equal arguments comes first does not matter, the order of three may, in the last bits. */
    public void merge(LogSum other) {
        merge(other.anchor, other.unit, other.rest);
    }

    public void merge(double otherAnchor, double otherUnit, double otherRest) {
        if (Double.isNaN(anchor) || otherAnchor == Double.NEGATIVE_INFINITY) return;
        boolean otherSpecial = !(Math.abs(otherAnchor) < Double.POSITIVE_INFINITY);
        if (otherSpecial || anchor == Double.NEGATIVE_INFINITY) {
            set(otherAnchor, otherUnit, otherRest);
            return;
        }
        if (isSpecial()) return; // +infinity
        if (anchor + UNIT_PREFERENCE * unit >= otherAnchor + UNIT_PREFERENCE * otherUnit) {
            rest += scaled(otherUnit + otherRest, otherAnchor - anchor);
        } else {
            double mine = scaled(unit + rest, anchor - otherAnchor);
            set(otherAnchor, otherUnit, otherRest + mine);
        }
    }

    private static double scaled(double sum, double exponent) {
        return exponent == 0 ? sum : sum * DoubleMath.exp(exponent);
    }

    /** log(unit + rest) + anchor, not yet rounded to float. */
    public double value() {
        if (isSpecial()) return Double.isNaN(anchor) ? Double.NaN : anchor; // canonical, whatever NaN came in
        if (unit == 0) return anchor + DoubleMath.log(rest);
        return rest == 0 ? anchor : anchor + DoubleMath.log1p(rest); // the sign of a lone -0 survives
    }

    /** The value less any number, for finite sums; the difference is taken before the logarithm is added, which a huge value has no digits for. */
    double minus(double x) {
        return anchor - x + (unit == 0 ? DoubleMath.log(rest) : DoubleMath.log1p(rest));
    }

    /** The value less a number near the anchor, for finite sums: keeps the digits that a huge value has no room for. */
    double above(double reference) {
        return DoubleMath.log(scaled(unit + rest, anchor - reference));
    }
}
