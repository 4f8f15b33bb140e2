package io.github.surprisal.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.function.ToDoubleFunction;

/** The tables that cut across families. */
final class Summaries {

    private static final String CALL_SHAPE = "1x128";

    private Summaries() {
    }

    /** What the port-bound probe reached; null if it did not run. */
    static Table arithmetic(Run run, Bounds bounds) {
        var probe = run.measurements().stream().filter(m -> m.job().isArithmeticProbe()).findFirst();
        if (probe.isEmpty()) {
            return null;
        }
        var table = new Table(List.of("fused multiply-adds", "value"));
        table.add(List.of("vector operations, 1e9/s", Tables.rate(probe.get().rate())));
        table.add(List.of("floats per vector", Integer.toString(run.probeLanes())));
        double floats = bounds.floatsPerSecond().orElseThrow();
        table.add(List.of("bound of a sum of exponentials, 10 operations a vector, Gelem/s", Tables.rate(floats / 10)));
        table.add(List.of("bound of a gradient or softmax, 12 operations a vector, Gelem/s", Tables.rate(floats / 12)));
        table.add(List.of("bound of one whose terms are computed twice, 22 operations a vector, Gelem/s", Tables.rate(floats / 22)));
        return table;
    }

    /** What the memory probes of each shape reached; null if none ran. */
    static Table memory(List<Measurement> all, Bounds bounds) {
        var some = all.stream().filter(m -> m.job().isMemoryProbe()).toList();
        return some.isEmpty() ? null : new Tables(some, bounds).rates();
    }

    /** Time of a call on 128 logits: what is not arithmetic is overhead; null if none was measured. */
    static Table calls(List<Measurement> all, Bounds bounds) {
        var some = all.stream().filter(m -> m.job().shape().equals(CALL_SHAPE) && !m.job().isProbe()).toList();
        if (some.isEmpty()) {
            return null;
        }
        var table = new Table(List.of("1 x 128 logits", "ns/call", "FMA bound, ns", "x of plain loop", "B/op"));
        for (var family : Tables.families(some).values()) {
            var plain = family.stream().filter(m -> m.job().label().equals("plain loop")).findFirst();
            for (var m : family) {
                var bound = bounds.arithmetic(m.job());
                table.add(List.of(m.job().title() + ", " + m.job().label(), Tables.format("%.1f", m.nanosPerCall()),
                        Tables.format("%.1f", bound.isPresent() ? m.nanosPerCall(bound.getAsDouble()) : Double.NaN),
                        Tables.format("%.2f", plain.map(p -> m.rate() / p.rate()).orElse(Double.NaN)),
                        Tables.format("%.1f", m.bytesPerOperation())));
            }
        }
        return table;
    }

    /** The largest error of each operation and variant over all shapes of the run; null if nothing with an accuracy ran. */
    static Table accuracy(List<Measurement> all) {
        Map<String, Double> worst = new LinkedHashMap<>();
        for (var m : all) {
            if (!m.job().isProbe() && !Double.isNaN(m.maxUlps())) {
                worst.merge(m.job().title() + ", " + m.job().label(), m.maxUlps(), Math::max);
            }
        }
        if (worst.isEmpty()) {
            return null;
        }
        var table = new Table(List.of("operation", "max error, ulp"));
        worst.forEach((name, ulps) -> table.add(List.of(name, Tables.format("%.2f", ulps))));
        return table;
    }

    /** Medians over the forks; null if no cold start was measured. */
    static Table coldStart(Run run) {
        var starts = run.coldStarts();
        if (starts.isEmpty()) {
            return null;
        }
        var table = new Table(List.of("1 x 32768 logits, fresh JVM", "first call, ms", "first " + ColdStartBenchmark.CALLS + " calls, ms",
                "beyond 1 Gelem/s after, ms", "at call", "in the end, us/call", "JVMs"));
        starts.forEach((job, curves) -> table.add(List.of(job.label(),
                Tables.format("%.2f", median(curves, curve -> curve.nanosOfFirst(1) / 1e6)),
                Tables.format("%.1f", median(curves, curve -> curve.nanosOfFirst(ColdStartBenchmark.CALLS) / 1e6)),
                Tables.format("%.0f", median(curves, curve -> vectorSpeed(job, curve, entry -> curve.nanosOfFirst(entry) / 1e6))),
                Tables.format("%.0f", median(curves, curve -> vectorSpeed(job, curve, curve::firstCall))),
                Tables.format("%.1f", median(curves, curve -> curve.steadyNanosPerCall() / 1e3)),
                Integer.toString(curves.size()))));
        return table;
    }

    /** Of the entry from which on calls are faster than scalar code can be; infinity, so that a median is still one, if none is. */
    private static double vectorSpeed(Job job, ColdCurve curve, IntToDoubleFunction value) {
        var entry = curve.entryOfSpeed(ColdStartBenchmark.NANOS_OF_SLOW_ELEMENT * new Shape(job.shape()).elements());
        return entry.isPresent() ? value.applyAsDouble(entry.getAsInt()) : Double.POSITIVE_INFINITY;
    }

    /** The calls of other libraries; null if there are none. */
    static Table peerCalls(List<Measurement> all) {
        var seen = new LinkedHashMap<String, String>();
        all.stream().map(Measurement::job).filter(job -> !job.call().isEmpty())
                .forEach(job -> seen.put(job.title() + ", " + job.label(), job.call()));
        if (seen.isEmpty()) {
            return null;
        }
        var table = new Table(List.of("peer", "call"));
        seen.forEach((name, call) -> table.add(List.of(name, call)));
        return table;
    }

    static double median(List<ColdCurve> curves, ToDoubleFunction<ColdCurve> value) {
        return Result.median(curves.stream().mapToDouble(value).toArray());
    }

    /** The facts of the header, then which backend and flags each variant had. */
    static List<Map.Entry<String, String>> header(Run run) {
        var lines = new ArrayList<Map.Entry<String, String>>();
        run.info().facts().forEach((name, value) -> lines.add(Map.entry(name, value)));
        run.backends().forEach((backend, labels) -> lines.add(Map.entry("Backend of " + String.join("; ", labels), backend)));
        run.flags().forEach((flags, labels) -> lines.add(Map.entry("JVM flags of " + String.join("; ", labels), flags)));
        if (!run.isComplete()) {
            lines.add(Map.entry("Stopped", "after %d of %d measurements".formatted(run.info().measured(), run.info().planned())));
        }
        return lines;
    }
}
