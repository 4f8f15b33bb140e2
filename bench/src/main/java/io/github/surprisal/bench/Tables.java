package io.github.surprisal.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** The measurements of one family, with the roofline probes of its shapes, as tables. */
final class Tables {

    private static final String UNKNOWN = "-";

    private final List<Measurement> family;
    private final List<Measurement> probes;

    /** {@code family} are the jobs of one benchmark class; {@code all} may hold any others. */
    Tables(List<Measurement> family, List<Measurement> all) {
        this.family = List.copyOf(family);
        this.probes = all.stream().filter(m -> m.job().isRoofline()).toList();
    }

    /** The families in {@code all}, which all but the roofline probes are: class name to measurements. */
    static Map<String, List<Measurement>> families(List<Measurement> all) {
        var families = new LinkedHashMap<String, List<Measurement>>();
        for (var measurement : all) {
            if (!measurement.job().isRoofline()) {
                families.computeIfAbsent(measurement.job().className(), _ -> new ArrayList<>()).add(measurement);
            }
        }
        return families;
    }

    List<String> shapes() {
        return List.copyOf(new LinkedHashSet<>(family.stream().map(m -> m.job().shape()).toList()));
    }

    /** The labels in their order; a variant may be missing from some shapes. */
    List<String> labels() {
        return family.stream().map(Measurement::job).sorted((a, b) -> Integer.compare(a.order(), b.order()))
                .map(Job::label).distinct().toList();
    }

    Optional<Measurement> find(String shape, String label) {
        return family.stream().filter(m -> m.job().shape().equals(shape) && m.job().label().equals(label)).findFirst();
    }

    /** The best of the shape's probes, in Gelem/s. */
    OptionalDouble roofline(String shape) {
        return probes(shape).stream().mapToDouble(Measurement::rate).max();
    }

    /** One line per shape, Gelem/s of every variant, and what the last variant, ours, makes of it. */
    String overview() {
        var labels = labels();
        String ours = labels.getLast();
        var header = new ArrayList<>(List.of("Gelem/s"));
        header.addAll(labels);
        header.add("roofline");
        baselines().forEach(baseline -> header.add("x of " + baseline));
        header.add("% of roofline");
        var table = new Markdown(header);
        for (String shape : shapes()) {
            var line = new ArrayList<>(List.of(new Shape(shape).toString()));
            for (String label : labels) {
                line.add(find(shape, label).map(m -> rate(m.rate())).orElse(UNKNOWN));
            }
            line.add(roofline(shape).isPresent() ? rate(roofline(shape).getAsDouble()) : UNKNOWN);
            var last = find(shape, ours);
            baselines().forEach(baseline -> line.add(last.map(m -> ratio(m, baseline)).orElse(UNKNOWN)));
            line.add(last.map(this::percentOfRoofline).orElse(UNKNOWN));
            table.add(line);
        }
        return table.toString();
    }

    /** Everything known about one shape. */
    String details(String shape) {
        var header = new ArrayList<>(List.of(new Shape(shape).toString(), "Gelem/s", "± error", "GB/s"));
        baselines().forEach(baseline -> header.add("x of " + baseline));
        header.addAll(List.of("% of roofline", "B/op", "max error, ulp"));
        var table = new Markdown(header);
        var measurements = new ArrayList<>(labels().stream().flatMap(label -> find(shape, label).stream()).toList());
        measurements.addAll(probes(shape));
        for (var m : measurements) {
            var line = new ArrayList<>(List.of(m.job().label(), rate(m.rate()), rate(m.error()),
                    format("%.1f", m.gigabytesPerSecond())));
            baselines().forEach(baseline -> line.add(ratio(m, baseline)));
            line.add(percentOfRoofline(m));
            line.add(format("%.1f", m.bytesPerOperation()));
            line.add(format("%.2f", m.maxUlps()));
            table.add(line);
        }
        return table.toString();
    }

    private List<String> baselines() {
        return family.stream().map(Measurement::job).filter(Job::isBaseline).sorted((a, b) -> Integer.compare(a.order(), b.order()))
                .map(Job::label).distinct().toList();
    }

    private List<Measurement> probes(String shape) {
        return family.stream().filter(m -> m.job().shape().equals(shape)).findFirst().stream()
                .flatMap(any -> probes.stream().filter(probe -> any.job().isBoundedBy(probe.job()))).toList();
    }

    private String ratio(Measurement m, String baseline) {
        if (m.job().isRoofline()) {
            return UNKNOWN;
        }
        return find(m.job().shape(), baseline).map(base -> format("%.2f", m.rate() / base.rate())).orElse(UNKNOWN);
    }

    private String percentOfRoofline(Measurement m) {
        var roofline = roofline(m.job().shape());
        return roofline.isPresent() ? format("%.1f %%", 100 * m.rate() / roofline.getAsDouble()) : UNKNOWN;
    }

    private static String rate(double rate) {
        return format("%.3f", rate);
    }

    private static String format(String format, double value) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, format, value) : UNKNOWN;
    }
}
