package io.github.surprisal;

import io.github.surprisal.kernel.Rows;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** The checks of arguments that several public types share; each throws before anything is written. */
final class Checks {
    private Checks() {}

    /** Of a loss of index targets, one of ints and longs; losses and gradient may be null. */
    static void requireIndexCall(String name, Matrix logits, int[] ints, long[] longs, float[] weights, float[] losses, Matrix gradient) {
        Objects.requireNonNull(logits, name);
        if (ints == null) Objects.requireNonNull(longs, "targets");
        requireLength("targets", ints != null ? ints.length : longs.length, name, logits);
        requireOutputs(name, logits, weights, losses, gradient);
        if (gradient != null && gradient.view.isIn(ints != null ? ints : longs) && gradient.rows() > 0 && gradient.columns() > 0) {
            throw new IllegalArgumentException("gradient (" + gradient + ") overlaps targets: both are in the same array");
        }
    }

    /** The weights of the classes, and outputs; each may be null. */
    static void requireOutputs(String name, Matrix logits, float[] weights, float[] losses, Matrix gradient) {
        if (weights != null && weights.length != logits.columns()) {
            throw new IllegalArgumentException("classWeights has " + weights.length + " elements, " + name + " has " + logits.columns() + " columns");
        }
        if (losses != null) {
            requireLength("losses", losses.length, name, logits);
            requireDisjoint("losses", losses, name, logits);
        }
        if (gradient != null) {
            requireSameShape("gradient", gradient, name, logits);
            requireSameOrDisjoint("gradient", gradient, name, logits);
        }
        requireAccess(name, logits);
        requireWritable("gradient", gradient);
    }

    private static void requireLength(String name, int length, String otherName, Matrix other) {
        if (length != other.rows()) {
            throw new IllegalArgumentException(name + " has " + length + " elements, " + otherName + " has " + other.rows() + " rows");
        }
    }

    static void requireSameShape(String name, Matrix m, String otherName, Matrix other) {
        Objects.requireNonNull(m, name);
        if (m.rows() != other.rows() || m.columns() != other.columns()) {
            throw new IllegalArgumentException(name + " is " + m.rows() + " x " + m.columns() + ", " + otherName + " is "
                    + other.rows() + " x " + other.columns());
        }
    }

    /** The memory must be there, and open to this thread; m may be null. */
    static void requireAccess(String name, Matrix m) {
        if (m != null && m.segment != null) requireAccess(name, m.segment);
    }

    static void requireAccess(String name, MemorySegment segment) {
        if (!segment.scope().isAlive()) throw new IllegalStateException(name + " is already closed"); // even an empty one
        if (!segment.isAccessibleBy(Thread.currentThread())) throw new WrongThreadException(name + " is confined to another thread");
    }

    /** An output, which may be null. */
    static void requireWritable(String name, Matrix out) {
        if (out == null || out.segment == null) return;
        if (out.segment.isReadOnly()) throw new IllegalArgumentException(name + " is a read-only segment");
        requireAccess(name, out.segment);
    }

    static void requireDisjoint(String name, float[] out, String inputName, Matrix input) {
        if (input.view.mayContain(out) && new Rows(out, 0, 1, out.length, out.length, 1).overlaps(input.view)) {
            throw new IllegalArgumentException(name + " overlaps " + inputName + " (" + input + "): both are in the same array");
        }
    }

    static void requireDisjoint(String name, Matrix out, String inputName, Matrix input) {
        if (out.view.overlaps(input.view)) {
            throw new IllegalArgumentException(name + " (" + out + ") overlaps " + inputName + " (" + input + ")");
        }
    }

    static void requireSameOrDisjoint(String name, Matrix out, String inputName, Matrix input) {
        if (!out.view.sameAs(input.view) && out.view.overlaps(input.view)) {
            throw new IllegalArgumentException(name + " (" + out + ") overlaps " + inputName + " (" + input + ") without being the same view");
        }
    }

    static float[] weights(String name, float[] weights) {
        Objects.requireNonNull(weights, "weights"); // what the parameter is called
        for (int i = 0; i < weights.length; i++) {
            if (!(weights[i] >= 0 && weights[i] < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(name + "[" + i + "] is " + weights[i] + ", not in [0, infinity)");
            }
        }
        return weights.clone();
    }

    static float requireRange(String name, float value, boolean valid, String range) {
        if (!valid) throw new IllegalArgumentException(name + " is " + value + ", not in " + range);
        return value;
    }
}
