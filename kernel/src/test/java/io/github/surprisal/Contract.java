package io.github.surprisal;

import io.github.surprisal.oracle.DoubleDouble;
import io.github.surprisal.oracle.Oracle;
import io.github.surprisal.oracle.Shape;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The accuracy contract of log-sum-exp: 1 ulp of the exact result, or, where that is larger, 6e-8 absolute, 2e-7 where many
 * elements tie or nearly do.
 *
 * <p>A term is off by up to 0.9 ulp = 1.07e-7 of itself, and that goes through the logarithm unchanged if all terms that
 * count are off alike, as equal ones are; adding up equal terms in fours is off by up to 2^-24 more, and rounding a result
 * below 2 by another 2^-24, but not all at their worst: 1.8e-7 was seen, 2e-7 is the bound. Terms that differ are off in both
 * directions, and where few of them make up a result near 0 the library adds them in double: 6e-8.
 */
final class Contract {
    static final double BOUND = 6e-8;
    static final double BOUND_FOR_TIES = 2e-7;

    private static final Set<Shape> TIES = EnumSet.of(
            Shape.TIES, Shape.EQUAL, Shape.SIGNED_ZEROS, Shape.INTEGERS, Shape.BFLOAT16, Shape.SUBNORMAL);

    private Contract() {}

    static double bound(Shape shape) {
        return TIES.contains(shape) ? BOUND_FOR_TIES : BOUND;
    }

    static boolean holds(float actual, DoubleDouble exact, double bound) {
        return Oracle.ulpError(actual, exact) <= 1 || Oracle.absoluteError(actual, exact) <= bound;
    }

    static void check(float actual, DoubleDouble exact, double bound, Supplier<String> where) {
        if (!holds(actual, exact, bound)) {
            throw new AssertionError(String.format("%s: %s instead of %.9g, off by %.3f ulp, %.3g absolute, above %.0e",
                    where.get(), actual, exact.hi(), Oracle.ulpError(actual, exact), Oracle.absoluteError(actual, exact), bound));
        }
    }
}
