package io.github.surprisal.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Stream;

/** What the page's script draws, as JSON-like maps; it decides on colours and axes, this on numbers. */
final class ChartData {

    private static final String LIMIT = "limit";

    private final Run run;
    private final Bounds bounds;
    private final List<Measurement> all;
    private final List<Tables> families;

    ChartData(Run run, Bounds bounds) {
        this.run = run;
        this.bounds = bounds;
        this.all = run.measurements();
        this.families = Tables.families(all).values().stream().map(family -> new Tables(family, bounds)).toList();
    }

    Map<String, Object> all() {
        var charts = new LinkedHashMap<String, Object>();
        charts.put("lengths", families.stream().map(this::lengths).flatMap(Optional::stream).toList());
        charts.put("batches", families.stream().filter(family -> !family.anyJob().isPeer()).map(ChartData::bars).flatMap(Optional::stream).toList());
        charts.put("peers", families.stream().filter(family -> family.anyJob().isPeer()).map(ChartData::bars).flatMap(Optional::stream).toList());
        charts.put("roofline", roofline());
        charts.put("cold", cold());
        return charts;
    }

    /** Rate against the length of a single row, with the limits. */
    private Optional<Object> lengths(Tables family) {
        var rows = family.rows();
        if (rows.size() < 2 || family.anyJob().isPeer()) {
            return Optional.empty();
        }
        var series = new ArrayList<Object>();
        for (String label : family.labels()) {
            series.add(line(label, rows, shape -> family.find(shape, label).map(m -> OptionalDouble.of(m.rate())).orElse(OptionalDouble.empty())));
        }
        series.add(line("FMA bound", rows, shape -> bounds.arithmetic(family.job(shape))));
        series.add(line("memory", rows, shape -> bounds.memory(family.job(shape))));
        var caches = new ArrayList<Object>();
        run.info().caches().forEach((name, bytes) -> caches.add(Map.of("name", name, "length", bytes / family.anyJob().bytesPerElement())));
        return Optional.of(Map.of("title", family.anyJob().title(), "caches", caches, "series", series));
    }

    private static Map<String, Object> line(String name, List<String> shapes, Function<String, OptionalDouble> rate) {
        var points = new ArrayList<List<Number>>();
        for (String shape : shapes) {
            rate.apply(shape).ifPresent(value -> points.add(List.of(new Shape(shape).elements(), value)));
        }
        return Map.of("name", name, "points", points);
    }

    /** Rates of batches: a group of bars for each shape, the limit last. */
    private static Optional<Object> bars(Tables family) {
        var shapes = family.shapes().stream().filter(shape -> new Shape(shape).rows() > 1 || family.anyJob().isPeer()).toList();
        if (shapes.isEmpty()) {
            return Optional.empty();
        }
        var series = new ArrayList<Object>();
        for (String label : family.labels()) {
            series.add(bar(label, shapes.stream().map(shape -> family.find(shape, label).map(Measurement::rate).orElse(null))));
        }
        series.add(bar(LIMIT, shapes.stream().map(family::limit)
                .map(bound -> bound.isPresent() ? bound.getAsDouble() : null)));
        return Optional.of(Map.of("title", family.anyJob().title(), "series", series,
                "categories", shapes.stream().map(shape -> new Shape(shape).toString()).toList()));
    }

    private static Map<String, Object> bar(String name, Stream<Double> values) {
        return Map.of("name", name, "values", values.toList());
    }

    /** Arithmetic rate against operations per byte: our curves as points, the machine as lines. */
    private Map<String, Object> roofline() {
        var points = new ArrayList<Object>();
        for (Tables family : families) {
            Job any = family.anyJob();
            if (any.vectorOperations() == 0 || any.isPeer() || family.rows().size() < 2) {
                continue;
            }
            String ours = family.labels().getLast();
            family.rows().stream().flatMap(shape -> family.find(shape, ours).stream()).forEach(m -> points.add(Map.of(
                    "operation", any.title(), "size", bytes(m.job()), "shape", new Shape(m.job().shape()).toString(),
                    "intensity", (double) m.job().vectorOperations() / any.bytesPerElement(), "rate", m.rate() * m.job().vectorOperations())));
        }
        // the best plain read of each size of one row
        var memory = new LinkedHashMap<String, Double>();
        all.stream().filter(m -> m.job().isMemoryProbe() && m.job().method().startsWith("read") && new Shape(m.job().shape()).rows() == 1)
                .forEach(m -> memory.merge(bytes(m.job()), m.gigabytesPerSecond(), Math::max));
        var roofline = new LinkedHashMap<String, Object>();
        roofline.put("points", points);
        roofline.put("memory", memory);
        bounds.floatsPerSecond().ifPresent(rate -> roofline.put("arithmetic", rate));
        return roofline;
    }

    /** The size of the logits, such as "256 KB". */
    private static String bytes(Job job) {
        long bytes = (long) Float.BYTES * new Shape(job.shape()).elements();
        return bytes < 1 << 10 ? bytes + " B" : bytes < 1 << 20 ? (bytes >> 10) + " KB" : (bytes >> 20) + " MB";
    }

    /** Time of a call against its number, the median over the JVMs. */
    private List<Object> cold() {
        var series = new ArrayList<Object>();
        run.coldStarts().forEach((job, curves) -> {
            int size = curves.stream().mapToInt(ColdCurve::size).min().orElse(0);
            var points = new ArrayList<List<Number>>();
            for (int i = 0; i < size; i++) {
                int entry = i;
                points.add(List.of(curves.getFirst().firstCall(i), Summaries.median(curves, curve -> curve.nanosPerCall(entry) / 1e3)));
            }
            series.add(Map.of("name", job.label(), "points", points));
        });
        return series;
    }
}
