package io.github.surprisal.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs every benchmark method once, in this JVM, as JMH does, on the smallest of its shapes and one of another kind. Its own check
 * compares the result with the oracle and throws, or notes the error that it found.
 */
class EveryBenchmarkTest {

    // beyond it the check takes seconds
    private static final int SMALL = 1 << 18;

    @TempDir
    private Path notes;

    @BeforeEach
    void notesGoToTheFolder() {
        String argument = Notes.argument(notes);
        System.setProperty(argument.substring(2, argument.indexOf('=')), notes.toString());
        System.setProperty("jmh.ignoreLock", "true");
    }

    /** Of each method its smallest shape with one row and its smallest with several, or simply its smallest. */
    static Stream<Job> jobs() {
        var seen = new HashSet<String>();
        var methods = new HashSet<String>();
        return Jobs.all().stream().filter(job -> {
            boolean first = methods.add(job.benchmark());
            return seen.add(job.benchmark() + (new Shape(job.shape()).rows() == 1)) && (first || new Shape(job.shape()).elements() <= SMALL);
        });
    }

    @ParameterizedTest
    @MethodSource("jobs")
    void givesTheRightAnswer(Job job) throws Exception {
        run(job);
        try (var files = Files.list(notes)) {
            var noted = files.toList();
            assertEquals(1, noted.size(), "the check has run");
            var properties = new Properties();
            try (var reader = Files.newBufferedReader(noted.getFirst())) {
                properties.load(reader);
            }
            double ulps = Double.parseDouble(properties.getProperty(Notes.MAX_ULPS));
            assertTrue(job.isProbe() ? Double.isNaN(ulps) : ulps >= 0, "error in ulp: " + ulps);
        }
    }

    @Test
    void everyMethodRuns() {
        var run = jobs().map(Job::benchmark).distinct().sorted().toList();
        assertEquals(Jobs.all().stream().map(Job::benchmark).distinct().sorted().toList(), run);
        assertFalse(run.isEmpty());
    }

    private static void run(Job job) throws RunnerException {
        var results = new Runner(new OptionsBuilder()
                .include("^" + Pattern.quote(job.benchmark()) + "$")
                .param("shape", job.shape())
                .mode(Mode.SingleShotTime)
                .forks(0).warmupIterations(0).measurementIterations(1)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .build()).run();
        assertEquals(List.of(job.benchmark()), results.stream().map(result -> result.getParams().getBenchmark()).toList());
    }
}
