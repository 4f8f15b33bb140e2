package io.github.surprisal.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What the report finds on the class path, and in which order it runs it. */
class JobsTest {

    private static final Pattern ANY = Pattern.compile("");

    @Test
    void variantsOfAShapeRunSideBySideInTheirOrder() {
        var jobs = RunBenchmarks.jobs(Pattern.compile("LogSumExp"), List.of("1x1024", "64x1024")::contains);
        assertEquals(List.of("1x1024 plainLoop", "1x1024 jdkExp", "1x1024 surprisalScalar", "1x1024 surprisalSimd",
                "64x1024 plainLoop", "64x1024 jdkExp", "64x1024 surprisalScalar", "64x1024 surprisalSimd"),
                jobs.stream().map(job -> job.shape() + " " + job.method()).toList());
    }

    @Test
    void everyShapeHasARoofline() {
        var jobs = RunBenchmarks.jobs(ANY, _ -> true);
        for (Job job : jobs) {
            if (!job.isRoofline()) {
                assertTrue(jobs.stream().anyMatch(job::isBoundedBy), "no roofline for " + job);
            }
        }
    }

    // 100 is what PlanTest shows to fit.
    @Test
    void quickRunIsEveryFamilyInLittleTime() {
        var all = RunBenchmarks.jobs(ANY, _ -> true);
        var quick = RunBenchmarks.withoutIdleProbes(RunBenchmarks.quick(all));
        assertTrue(quick.size() <= 100, quick.size() + " benchmarks");
        assertEquals(benchmarks(all), benchmarks(quick));
        for (Job job : quick) {
            assertTrue(job.isRoofline() || quick.stream().anyMatch(job::isBoundedBy), "no roofline for " + job);
            assertTrue(!job.isRoofline() || quick.stream().anyMatch(other -> other.isBoundedBy(job)), "idle: " + job);
        }
    }

    @Test
    void probesAloneCanRun() {
        var probes = RunBenchmarks.jobs(Pattern.compile("Roofline"), _ -> true);
        assertEquals(probes, RunBenchmarks.withoutIdleProbes(probes));
    }

    private static Set<String> benchmarks(List<Job> jobs) {
        return jobs.stream().map(Job::benchmark).collect(Collectors.toSet());
    }

    @Test
    void everyVariantHasItsOwnLabel() {
        var jobs = RunBenchmarks.jobs(ANY, _ -> true);
        assertFalse(jobs.isEmpty());
        assertEquals(jobs.size(), jobs.stream().map(job -> job.className() + job.shape() + job.label()).distinct().count());
    }
}
