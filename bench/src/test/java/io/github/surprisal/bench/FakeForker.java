package io.github.surprisal.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.BenchmarkResultMetaData;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.IterationResultMetaData;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ResultRole;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.SingleShotResult;
import org.openjdk.jmh.results.ThroughputResult;
import org.openjdk.jmh.runner.IterationType;
import org.openjdk.jmh.runner.WorkloadParams;
import org.openjdk.jmh.runner.options.TimeValue;

/** Runs nothing: gives each job the rate that it is told, in Gelem/s, or milliseconds for a cold start. */
final class FakeForker implements Forker {

    private static final int ITERATIONS = 4;
    private static final long SECOND = 1_000_000_000;

    private final ToDoubleFunction<Job> rate;
    final Map<Job, Integer> measured = new HashMap<>();

    FakeForker(ToDoubleFunction<Job> rate) {
        this.rate = rate;
    }

    @Override
    public Fork measure(Job job) throws JobFailed {
        double value = rate.applyAsDouble(job);
        measured.merge(job, 1, Integer::sum);
        if (Double.isNaN(value)) {
            throw new JobFailed("wrong answer");
        }
        var iteration = new IterationParams(IterationType.MEASUREMENT, ITERATIONS, TimeValue.seconds(1), 1);
        var shape = new WorkloadParams();
        shape.put("shape", job.shape(), 0);
        var params = new BenchmarkParams(job.benchmark(), job.benchmark(), false, 1, new int[] {1}, List.of(), 1, 0, iteration, iteration,
                job.isCold() ? Mode.SingleShotTime : Mode.Throughput, shape, TimeUnit.SECONDS, 1, "java", List.of("-Xms2g"),
                "25", "a VM", "25", "1.37", TimeValue.minutes(10));
        var iterations = IntStream.range(0, job.isCold() ? 1 : ITERATIONS).mapToObj(i -> {
            var result = new IterationResult(params, iteration, new IterationResultMetaData(1, 1));
            result.addResult(result(job, value * (1 + 0.001 * i)));
            return result;
        }).toList();
        return new Fork(new RunResult(params, List.of(new BenchmarkResult(params, iterations, new BenchmarkResultMetaData(0, 0, 0, 0, 1)))), notes(job));
    }

    private static Result<?> result(Job job, double value) {
        return job.isCold() ? new SingleShotResult(ResultRole.PRIMARY, "shot", (long) (value * 1e6), 1, TimeUnit.MILLISECONDS)
                : new ThroughputResult(ResultRole.PRIMARY, "rate", value * 1e9 / new Shape(job.shape()).elements(), SECOND, TimeUnit.SECONDS);
    }

    private static Properties notes(Job job) {
        var notes = new Properties();
        notes.setProperty(Notes.MAX_ULPS, "0.5");
        notes.setProperty(Notes.BYTES_PER_OPERATION, "0.0");
        if (job.isArithmeticProbe() || job.method().startsWith("surprisal")) {
            notes.setProperty(Notes.LANES, "16");
        }
        if (job.method().startsWith("surprisal")) {
            notes.setProperty(Notes.BACKEND, "simd-512");
            notes.setProperty(Notes.REASON, "a <test> & a fake");
        }
        if (job.isCold()) {
            notes.setProperty(Notes.CURVE, "1:90000000,1:30000,1:30000,1:30000,50:1500000");
        }
        return notes;
    }
}
