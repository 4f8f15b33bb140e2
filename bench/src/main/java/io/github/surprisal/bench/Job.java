package io.github.surprisal.bench;

import java.lang.reflect.Method;
import java.util.Comparator;
import java.util.List;

/** One benchmark method on one shape, and how to name it: what runs, what a table row shows. */
record Job(String className, String method, String shape) {

    /** Related work side by side: shape by shape, the small ones first, and within a shape the variants in their order. */
    static Comparator<Job> sideBySide() {
        return Comparator.comparingInt((Job job) -> new Shape(job.shape).elements()).thenComparing(Job::shape)
                .thenComparing(Job::className).thenComparing(Job::order).thenComparing(Job::method);
    }

    String benchmark() {
        return className + "." + method;
    }

    boolean isRoofline() {
        return className.equals(RooflineBenchmark.class.getName());
    }

    int order() {
        var variant = variant();
        return variant == null ? Integer.MAX_VALUE : variant.order();
    }

    String label() {
        var variant = variant();
        return variant == null ? method : variant.label();
    }

    boolean isBaseline() {
        var variant = variant();
        return variant != null && variant.baseline();
    }

    String title() {
        var family = family();
        return family == null ? benchmarkClass().getSimpleName() : family.title();
    }

    int bytesPerElement() {
        var family = family();
        return family == null ? Float.BYTES : family.bytesPerElement();
    }

    /** Whether the roofline probe {@code probe} bounds this job. */
    boolean isBoundedBy(Job probe) {
        var family = family();
        return probe.isRoofline() && probe.shape.equals(shape)
                && probe.method.startsWith(family == null ? "read" : family.roofline());
    }

    /** Whether a quick run includes this job. Probes run with the jobs that they bound. */
    boolean isQuick() {
        var family = family();
        return family == null || family.quick().length == 0 || List.of(family.quick()).contains(shape);
    }

    private Family family() {
        return benchmarkClass().getAnnotation(Family.class);
    }

    private Variant variant() {
        for (Method candidate : benchmarkClass().getMethods()) {
            if (candidate.getName().equals(method)) {
                return candidate.getAnnotation(Variant.class);
            }
        }
        return null;
    }

    private Class<?> benchmarkClass() {
        try {
            return Class.forName(className);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String toString() {
        return "%s %s, %s".formatted(title(), new Shape(shape), label());
    }
}
