package io.github.surprisal.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** The measurements of one family, with the limits of its shapes, as tables. */
final class Tables {

    private static final String UNKNOWN = "-";

    private final List<Measurement> family;
    private final Bounds bounds;

    /** {@code family} are the jobs of one benchmark class. */
    Tables(List<Measurement> family, Bounds bounds) {
        this.family = List.copyOf(family);
        this.bounds = bounds;
    }

    /** The families in {@code all}, which all but the probes are: class name to measurements. */
    static Map<String, List<Measurement>> families(List<Measurement> all) {
        var families = new LinkedHashMap<String, List<Measurement>>();
        for (var measurement : all) {
            if (!measurement.job().isProbe()) {
                families.computeIfAbsent(measurement.job().className(), _ -> new ArrayList<>()).add(measurement);
            }
        }
        return families;
    }

    Job anyJob() {
        return family.getFirst().job();
    }

    List<String> shapes() {
        return List.copyOf(new LinkedHashSet<>(family.stream().map(m -> m.job().shape()).toList()));
    }

    /** The shapes of a single row; two of them make a curve. */
    List<String> rows() {
        return shapes().stream().filter(shape -> new Shape(shape).rows() == 1).toList();
    }

    /** The labels in their order; a variant may be missing from some shapes. */
    List<String> labels() {
        return jobs().stream().map(Job::label).distinct().toList();
    }

    List<String> baselines() {
        return jobs().stream().filter(Job::isBaseline).map(Job::label).distinct().toList();
    }

    private List<Job> jobs() {
        return family.stream().map(Measurement::job).sorted(Comparator.comparingInt(Job::order)).toList();
    }

    Optional<Measurement> find(String shape, String label) {
        return family.stream().filter(m -> m.job().shape().equals(shape) && m.job().label().equals(label)).findFirst();
    }

    /** A job of the shape, to ask for its bounds. */
    Job job(String shape) {
        return family.stream().map(Measurement::job).filter(job -> job.shape().equals(shape)).findFirst().orElseThrow();
    }

    /** What no variant can exceed on the shape: the highest of their limits, if each has one. */
    OptionalDouble limit(String shape) {
        var limits = family.stream().map(Measurement::job).filter(job -> job.shape().equals(shape)).map(bounds::lowest).toList();
        return limits.stream().allMatch(OptionalDouble::isPresent) ? limits.stream().mapToDouble(OptionalDouble::getAsDouble).max()
                : OptionalDouble.empty();
    }

    /** What the overview compares: each that names its baselines, else the last, ours, with every baseline. */
    private List<Pair> pairs() {
        var measured = baselines();
        var pairs = jobs().stream().flatMap(job -> job.against().stream().filter(measured::contains)
                .map(baseline -> new Pair(job.label(), baseline))).distinct().toList();
        String last = labels().getLast();
        return namesBaselines() ? pairs
                : measured.stream().filter(baseline -> !baseline.equals(last)).map(baseline -> new Pair(last, baseline)).toList();
    }

    private boolean namesBaselines() {
        return family.stream().anyMatch(m -> !m.job().against().isEmpty());
    }

    private record Pair(String ours, String baseline) {
    }

    /** One line per shape, Gelem/s of every variant, what ours make of their baselines, and of the limits if ours is but one. */
    Table overview() {
        var labels = labels();
        var pairs = pairs();
        boolean single = pairs.stream().map(Pair::ours).distinct().count() <= 1;
        String ours = pairs.isEmpty() ? labels.getLast() : pairs.getLast().ours();
        var header = new ArrayList<>(List.of("Gelem/s"));
        header.addAll(labels);
        header.addAll(List.of("FMA bound", "memory"));
        pairs.forEach(pair -> header.add(single ? "x of " + pair.baseline() : pair.ours() + " / " + pair.baseline()));
        if (single) {
            header.addAll(List.of("% of FMA bound", "% of memory"));
        }
        var table = new Table(header);
        for (String shape : shapes()) {
            var line = rates(shape, labels);
            line.add(rate(bounds.arithmetic(job(shape))));
            line.add(rate(bounds.memory(job(shape))));
            pairs.forEach(pair -> line.add(find(shape, pair.ours()).map(m -> ratio(m, pair.baseline())).orElse(UNKNOWN)));
            if (single) {
                var only = find(shape, ours);
                line.add(only.map(m -> percent(m, bounds.arithmetic(m.job()))).orElse(UNKNOWN));
                line.add(only.map(m -> percent(m, bounds.memory(m.job()))).orElse(UNKNOWN));
            }
            table.add(line);
        }
        return table;
    }

    /** One line per shape, Gelem/s of every variant and nothing else. */
    Table rates() {
        var labels = labels();
        var header = new ArrayList<>(List.of("Gelem/s"));
        header.addAll(labels);
        var table = new Table(header);
        for (String shape : shapes()) {
            table.add(rates(shape, labels));
        }
        return table;
    }

    private List<String> rates(String shape, List<String> labels) {
        var line = new ArrayList<>(List.of(new Shape(shape).toString()));
        labels.forEach(label -> line.add(find(shape, label).map(m -> rate(m.rate())).orElse(UNKNOWN)));
        return line;
    }

    /** Everything known about one shape. */
    Table details(String shape) {
        var header = new ArrayList<>(List.of(new Shape(shape).toString(), "Gelem/s", "± error", "GB/s", "ns/call"));
        baselines().forEach(baseline -> header.add("x of " + baseline));
        header.addAll(List.of("% of FMA bound", "% of memory", "B/op", "max error, ulp"));
        var table = new Table(header);
        var measurements = new ArrayList<>(labels().stream().flatMap(label -> find(shape, label).stream()).toList());
        measurements.addAll(bounds.probes(job(shape)));
        for (var m : measurements) {
            var line = new ArrayList<>(List.of(m.job().label(), rate(m.rate()), rate(m.error()),
                    format("%.1f", m.gigabytesPerSecond()), format("%.0f", m.nanosPerCall())));
            baselines().forEach(baseline -> line.add(ratio(m, baseline)));
            line.add(percent(m, bounds.arithmetic(m.job())));
            line.add(percent(m, bounds.memory(m.job().isProbe() ? job(shape) : m.job())));
            line.add(format("%.1f", m.bytesPerOperation()));
            line.add(format("%.2f", m.maxUlps()));
            table.add(line);
        }
        return table;
    }

    private String ratio(Measurement m, String baseline) {
        boolean alike = m.job().label().equals(baseline) || !namesBaselines() || m.job().against().contains(baseline);
        if (m.job().isProbe() || !alike) {
            return UNKNOWN;
        }
        return find(m.job().shape(), baseline).map(base -> format("%.2f", m.rate() / base.rate())).orElse(UNKNOWN);
    }

    static String percent(Measurement m, OptionalDouble bound) {
        return bound.isPresent() ? format("%.1f %%", 100 * m.rate() / bound.getAsDouble()) : UNKNOWN;
    }

    private static String rate(OptionalDouble rate) {
        return rate.isPresent() ? rate(rate.getAsDouble()) : UNKNOWN;
    }

    static String rate(double rate) {
        return format("%.3f", rate);
    }

    static String format(String format, double value) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, format, value) : UNKNOWN;
    }
}
