package io.github.surprisal.bench;

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;

/** One benchmark method on one shape, and how to name it: what runs, what a table row shows. */
record Job(String className, String method, String shape) {

    /** {@link Family#vectorOperations} of a sum of exponentials. */
    private static final int SUM_OPERATIONS = 10;
    /** Columns of the longest rows whose terms the library keeps. */
    private static final int LONGEST_KEPT = 131_072;

    /**
     * Related work side by side: shape by shape, the small ones first, and within a shape the variants in their order. The limit
     * of the arithmetic comes first of all: a run that is stopped can say how far from it the rest was.
     */
    static Comparator<Job> sideBySide() {
        return Comparator.comparing((Job job) -> !job.isArithmeticProbe())
                .thenComparing((Job job) -> new Shape(job.shape).elements()).thenComparing(Job::shape)
                .thenComparing(Job::className).thenComparing(Job::order).thenComparing(Job::method);
    }

    /** The job of a name in JMH's JSON. */
    static Job of(String benchmark, String shape) {
        int dot = benchmark.lastIndexOf('.');
        return new Job(benchmark.substring(0, dot), benchmark.substring(dot + 1), shape);
    }

    String benchmark() {
        return className + "." + method;
    }

    /** Its name in files. */
    String key() {
        return benchmark() + " " + shape;
    }

    boolean isProbe() {
        return isMemoryProbe() || isArithmeticProbe();
    }

    boolean isMemoryProbe() {
        return className.equals(MemoryBenchmark.class.getName());
    }

    boolean isArithmeticProbe() {
        return className.equals(FmaBenchmark.class.getName());
    }

    /** Whether it times first calls in fresh JVMs, and so has no rate. */
    boolean isCold() {
        return benchmarkClass().map(type -> type.getAnnotation(BenchmarkMode.class))
                .filter(modes -> modes.value()[0] == Mode.SingleShotTime).isPresent();
    }

    boolean isPeer() {
        return family().filter(Family::peers).isPresent();
    }

    int order() {
        return variant().map(Variant::order).orElse(Integer.MAX_VALUE);
    }

    String label() {
        return variant().map(Variant::label).orElse(method);
    }

    String call() {
        return variant().map(Variant::call).orElse("");
    }

    boolean isBaseline() {
        return variant().filter(Variant::baseline).isPresent();
    }

    List<String> against() {
        return variant().map(Variant::against).map(List::of).orElse(List.of());
    }

    String operation() {
        return family().map(Family::operation).orElse(simpleName());
    }

    String title() {
        return family().map(Family::title).orElse(simpleName());
    }

    int bytesPerElement() {
        return variant().map(Variant::bytesPerElement).filter(bytes -> bytes > 0).orElse(bytesOfFamily());
    }

    /** The traffic of an element in the probes that bound this job. */
    int bytesOfFamily() {
        return family().map(Family::bytesPerElement).orElse(Float.BYTES);
    }

    /** The family's; the terms of rows too long to be kept until they are written are computed twice, for the sum and to be written. */
    int vectorOperations() {
        int once = family().map(Family::vectorOperations).orElse(0);
        return once > SUM_OPERATIONS && new Shape(shape).columns() > LONGEST_KEPT ? SUM_OPERATIONS + once : once;
    }

    /** Whether several threads share an operation, which the limits of one do not bound. */
    boolean isShared() {
        return variant().filter(variant -> variant.threads() > 1).isPresent();
    }

    /** Whether the probe {@code probe} bounds this job. */
    boolean isBoundedBy(Job probe) {
        if (probe.isArithmeticProbe()) {
            return vectorOperations() > 0;
        }
        return probe.isMemoryProbe() && !isProbe() && !isCold() && probe.shape.equals(shape)
                && probe.method.startsWith(family().map(Family::roofline).orElse("read"));
    }

    /** Whether a quick run includes this job. Probes run with the jobs that they bound. */
    boolean isQuick() {
        return includes(family().map(Family::quick)) && includes(variant().map(Variant::quick));
    }

    /** Whether the regression gate measures this shape. */
    boolean isGated() {
        return family().filter(family -> List.of(family.gate()).contains(shape)).isPresent();
    }

    private boolean includes(Optional<String[]> shapes) {
        return shapes.filter(some -> some.length > 0 && !List.of(some).contains(shape)).isEmpty();
    }

    /** JVM start, data, compilation until nothing gets faster, check of the answers: measured with AVX2, two cores and neighbours. */
    Duration overhead() {
        long warmUp = usesSimd() ? 7_500 : 0;
        return Duration.ofMillis(1_600 + warmUp + new Shape(shape).elements() / 25_000);
    }

    /** Whether the fork begins with {@code Backend.warmUp()}, which compiles every kernel. */
    private boolean usesSimd() {
        return method.startsWith("surprisal") && !method.endsWith("Scalar") && !isCold();
    }

    private Optional<Family> family() {
        return benchmarkClass().map(type -> type.getAnnotation(Family.class));
    }

    private Optional<Variant> variant() {
        return benchmarkClass().stream().flatMap(type -> Stream.of(type.getMethods()))
                .filter(candidate -> candidate.getName().equals(method) && candidate.isAnnotationPresent(Variant.class))
                .findFirst().map(Job::variant);
    }

    private static Variant variant(Method method) {
        return method.getAnnotation(Variant.class);
    }

    private String simpleName() {
        return className.substring(className.lastIndexOf('.') + 1);
    }

    /** Empty for a result of another build, such as one with peers. */
    private Optional<Class<?>> benchmarkClass() {
        try {
            // not initialised: this JVM may lack what the fork has
            return Optional.of(Class.forName(className, false, Job.class.getClassLoader()));
        } catch (ClassNotFoundException | LinkageError e) {
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return "%s %s, %s".formatted(title(), new Shape(shape), label());
    }
}
