package io.github.surprisal.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run from its first fork to its pages, with a runner that measures nothing. */
class RunBenchmarksTest {

    @TempDir
    private Path folder;

    private final ByteArrayOutputStream console = new ByteArrayOutputStream();

    private static List<Job> quick() {
        var all = Jobs.select(Jobs.all(), List.of(), List.of(), Pattern.compile(""), false);
        return Jobs.withTheirProbes(Jobs.quick(all), Jobs.quick(all));
    }

    private RunBenchmarks benchmarks(Plan plan, Forker forker) {
        return new RunBenchmarks(plan, RunFolder.begin(folder), forker, new LinkedHashMap<>(Map.of("CPU", "a CPU")), out());
    }

    private PrintStream out() {
        return new PrintStream(console, true, StandardCharsets.UTF_8);
    }

    private String console() {
        return console.toString(StandardCharsets.UTF_8);
    }

    private static Plan plan(int rounds) {
        return Plan.quick(quick(), Duration.ofSeconds(1)).withRounds(rounds);
    }

    private String[] lines() {
        return console().split("\n");
    }

    @Test
    void everyJobIsMeasuredOnceARoundAndReadBack() {
        var forker = new FakeForker(_ -> 2);
        var jobs = quick();
        assertTrue(benchmarks(plan(3), forker).run(jobs));
        jobs.forEach(job -> assertEquals(3, forker.measured.get(job), job::toString));
        var run = Run.load(folder);
        assertEquals(jobs, run.results().stream().map(Result::job).toList());
        assertTrue(run.isComplete());
        run.results().forEach(result -> assertEquals(3, result.forks().size()));
        run.measurements().forEach(m -> assertEquals(2, m.rate(), 0.01));
        run.measurements().stream().filter(m -> !m.job().isProbe()).forEach(m -> assertEquals(0.5, m.maxUlps()));
        assertEquals("simd-512", run.backend().orElseThrow());
        assertTrue(lines()[0].startsWith("[1/" + 3 * jobs.size() + "] ") && lines()[0].endsWith(" left"), lines()[0]);
    }

    @Test
    void aStoppedRunLeavesWhatItMeasured() {
        var jobs = quick();
        var stopping = new RunBenchmarks[1];
        var forker = new FakeForker(_ -> 2);
        stopping[0] = benchmarks(plan(1), job -> {
            if (forker.measured.size() == 5) {
                // as by Ctrl-C, which the fork does not survive either
                stopping[0].stop();
                throw new JobFailed("killed");
            }
            return forker.measure(job);
        });
        assertFalse(stopping[0].run(jobs));
        var run = Run.load(folder);
        assertEquals(jobs.subList(0, 5), run.results().stream().map(Result::job).toList());
        assertEquals(Map.of(), run.info().failures());
        assertFalse(run.isComplete());
        Reports.write(new RunFolder(folder));
        assertTrue(new MarkdownReport(run).text().contains("**Stopped**: after 5 of " + jobs.size() + " measurements"));
    }

    @Test
    void aFailureIsReportedAndTheOthersRun() {
        var jobs = quick();
        Job wrong = jobs.get(3);
        var benchmarks = benchmarks(plan(2), new FakeForker(job -> job.equals(wrong) ? Double.NaN : 2));
        benchmarks.run(jobs);
        assertTrue(benchmarks.hasFailures());
        var run = Run.load(folder);
        assertEquals(jobs.size() - 1, run.results().size());
        assertEquals(Map.of(wrong.key(), "wrong answer"), run.info().failures());
        assertTrue(new MarkdownReport(run).console().contains("wrong answer"));
        assertTrue(new HtmlReport(run).text().contains("wrong answer"));
    }

    @Test
    void aRunWithoutAResultSaysWhyAndLeavesNoPageOfAnOlderOne() {
        var jobs = quick().subList(0, 2);
        var first = benchmarks(plan(1), new FakeForker(_ -> 2));
        first.run(jobs);
        assertEquals(0, RunCommand.report(first, new RunFolder(folder), out()));
        assertTrue(console().contains("Report, JMH JSON and log: "), this::console);
        assertTrue(Files.exists(folder.resolve("index.html")));

        console.reset();
        var second = benchmarks(plan(1), new FakeForker(_ -> Double.NaN));
        second.run(jobs);
        assertEquals(Main.FAILED, RunCommand.report(second, new RunFolder(folder), out()));
        assertTrue(console().contains("nothing was measured (" + jobs.getFirst() + ": wrong answer)"), this::console);
        assertFalse(console().contains("Report, JMH JSON"), this::console);
        assertFalse(Files.exists(folder.resolve("index.html")) || Files.exists(folder.resolve("report.md")), "an older run's page");
    }

    @Test
    void aRunStoppedBeforeItsFirstResultSaysSoAndLeavesNoOlderOnes() {
        benchmarks(plan(1), new FakeForker(_ -> 2)).run(quick().subList(0, 2));
        console.reset();
        var stopped = benchmarks(plan(1), new FakeForker(_ -> 2));
        stopped.stop();
        assertEquals(Main.FAILED, RunCommand.report(stopped, new RunFolder(folder), out()));
        assertTrue(console().contains("stopped before the first result"), this::console);
        assertFalse(Files.exists(folder.resolve(RunFolder.RESULTS)), "an older run's results");
    }

    @Test
    void aSecondRunOfSomeAddsRounds() {
        var jobs = quick();
        var benchmarks = benchmarks(plan(2), new FakeForker(_ -> 2));
        benchmarks.run(jobs);
        benchmarks.run(jobs.subList(4, 6));
        var results = Run.load(folder).results();
        assertEquals(jobs, results.stream().map(Result::job).toList());
        assertEquals(List.of(2, 4, 4, 2), results.subList(3, 7).stream().map(result -> result.forks().size()).toList());
    }

    @Test
    void thePageIsWholeAndNeedsNoNetwork() throws Exception {
        benchmarks(plan(1), new FakeForker(_ -> 2)).run(quick());
        Reports.write(new RunFolder(folder));
        String page = Files.readString(folder.resolve("index.html"));
        String own = page.replaceAll("(?s)<script>.*?</script>", "");
        assertFalse(own.contains("{{") || own.contains("src=") || own.contains("href=") || own.contains("url("), "refers to something else");
        assertTrue(page.contains("echarts") && page.contains("prefers-color-scheme"));
        assertTrue(own.contains("a &lt;test&gt; &amp; a fake"), "text is escaped");
        for (Job job : quick()) {
            assertTrue(job.isProbe() || job.isCold() || own.contains(job.title()), job::toString);
        }
        String report = Files.readString(folder.resolve("report.md"));
        for (String heading : List.of("## A call", "## Cold start", "## Arithmetic limit", "## Memory limit", "## Accuracy", "## Every measurement")) {
            assertTrue(report.contains(heading), heading);
        }
    }

    @Test
    void aRunOfProbesAloneShowsTheirRates() throws Exception {
        var probes = Jobs.select(Jobs.all(), List.of("memory", "fma"), List.of("1x1024", "2048x12"), Pattern.compile(""), false);
        benchmarks(plan(1), new FakeForker(job -> job.method().equals("readOneStream") ? 7 : 2)).run(probes);
        String console = Reports.write(new RunFolder(folder));
        String report = Files.readString(folder.resolve("report.md"));
        String page = Files.readString(folder.resolve("index.html"));
        assertTrue(console.contains("| 1 x 1024 |            7.01"), console);
        assertTrue(console.contains("| vector operations, 1e9/s "), console);
        assertTrue(report.contains(console.strip()), report);
        assertTrue(page.contains("<td>1 x 1024</td><td>7.01"), "no rates in the page");
        assertFalse(report.contains("## Accuracy") || report.contains("## Every measurement") || page.contains("max error, ulp"), "empty tables");
    }

    // JMH's scores are sums over the threads
    @Test
    void aCallOfOneOfTwoThreadsTakesTwiceTheTimeThatTheirRateSays() throws Exception {
        benchmarks(plan(1), new FakeForker(_ -> 4)).run(quick());
        Path results = folder.resolve(RunFolder.RESULTS);
        var one = Run.load(folder);
        Files.writeString(results, Files.readString(results).replaceAll("\"threads\" : 1,", "\"threads\" : 2,"));
        var two = Run.load(folder);
        for (int i = 0; i < one.measurements().size(); i++) {
            assertEquals(2 * one.measurements().get(i).nanosPerCall(), two.measurements().get(i).nanosPerCall());
        }
        // 128 logits at 4e9 a second, and at the bound: 4e9 vectors of 16, ten to an element
        String calls = Summaries.calls(two.measurements(), new Bounds(two.measurements(), 16)).markdown();
        assertTrue(calls.matches("(?s).*Log-sum-exp, Surprisal SIMD +\\| +63.9 \\| +39.9 \\|.*"), calls);
    }

    @Test
    void withoutRunJsonTheReportHasNoHeaderButAllRates() throws Exception {
        benchmarks(plan(1), new FakeForker(_ -> 2)).run(quick());
        Files.delete(folder.resolve(RunFolder.INFO));
        var run = Run.load(folder.resolve(RunFolder.RESULTS));
        assertTrue(new MarkdownReport(run).text().contains("## Log-sum-exp"));
    }
}
