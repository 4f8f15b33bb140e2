package io.github.surprisal.bench;

import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.SequencedMap;
import org.openjdk.jmh.results.RunResult;

/** All that a run yields: JMH's results with the notes of their forks, and why other jobs failed. */
record Outcome(SequencedMap<Job, RunResult> results, Map<Job, Properties> notes, SequencedMap<Job, String> failures) {

    List<Measurement> measurements() {
        return results.keySet().stream().map(this::measurement).toList();
    }

    private Measurement measurement(Job job) {
        var result = results.get(job);
        var primary = result.getPrimaryResult();
        double scale = new Shape(job.shape()).elements() / 1e9;
        // the notes are those of the last round
        long operations = List.copyOf(result.getBenchmarkResults()).getLast().getMetadata().getMeasurementOps();
        // The median, because other users of a shared machine slow some iterations down and speed none up.
        return new Measurement(job, primary.getStatistics().getPercentile(50) * scale, primary.getScoreError() * scale,
                note(job, Notes.ALLOCATED_BYTES) / operations, note(job, Notes.MAX_ULPS));
    }

    private double note(Job job, String key) {
        return Double.parseDouble(notes.get(job).getProperty(key, "NaN"));
    }
}
