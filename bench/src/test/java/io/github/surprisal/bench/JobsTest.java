package io.github.surprisal.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What the program finds on the class path, what it selects, and in which order it runs it. */
class JobsTest {

    private static final Pattern ANY = Pattern.compile("");

    private static List<Job> ours() {
        return Jobs.select(Jobs.all(), List.of(), List.of(), ANY, false);
    }

    @Test
    void variantsOfAShapeRunSideBySideInTheirOrder() {
        var jobs = Jobs.select(Jobs.all(), List.of("log-sum-exp"), List.of("1x1024", "64x1024"), ANY, false);
        assertEquals(List.of("1x1024 plainLoop", "1x1024 jdkVectors", "1x1024 surprisalScalar", "1x1024 surprisalSimd",
                "64x1024 plainLoop", "64x1024 jdkVectors", "64x1024 surprisalScalar", "64x1024 surprisalSimd"),
                jobs.stream().map(job -> job.shape() + " " + job.method()).toList());
    }

    @Test
    void everyShapeHasItsMemoryProbe() {
        var jobs = ours();
        for (Job job : jobs) {
            if (!job.isProbe() && !job.isCold()) {
                assertTrue(jobs.stream().anyMatch(probe -> probe.isMemoryProbe() && job.isBoundedBy(probe)), "no probe for " + job);
            }
        }
    }

    @Test
    void quickRunIsEveryOperationAndEveryProbeOfItHasAUse() {
        var all = ours();
        var quick = Jobs.withTheirProbes(Jobs.quick(all), Jobs.quick(all));
        assertEquals(operations(all), operations(quick));
        for (Job job : quick) {
            assertTrue(!job.isProbe() || quick.stream().anyMatch(other -> other.isBoundedBy(job)), "idle: " + job);
        }
    }

    // A row that grows from one vector to beyond the caches, each operation with a baseline at both ends
    @Test
    void quickRunHasACurveOfEachOperation() {
        var quick = Jobs.quick(ours());
        for (String operation : List.of("log-sum-exp", "loss", "gradient-in-place", "softmax")) {
            var rows = quick.stream().filter(job -> job.operation().equals(operation) && job.shape().startsWith("1x")).toList();
            assertTrue(rows.stream().filter(job -> job.label().equals("Surprisal SIMD")).count() >= 5, operation);
            assertTrue(rows.stream().anyMatch(job -> job.label().equals("plain loop") && job.shape().equals("1x16777216")), operation);
        }
    }

    @Test
    void probesAloneCanRun() {
        var probes = Jobs.select(Jobs.all(), List.of("memory", "fma"), List.of(), ANY, false);
        assertEquals(probes, Jobs.withTheirProbes(probes, Jobs.all()));
    }

    @Test
    void anOperationBringsItsProbes() {
        var all = ours();
        var jobs = Jobs.withTheirProbes(Jobs.select(all, List.of("softmax"), List.of("1x8192"), ANY, false), all);
        assertEquals(Set.of("plainLoop", "jdkVectors", "surprisalSimd", "copyNegated", "fma"),
                jobs.stream().map(Job::method).collect(Collectors.toSet()));
    }

    @Test
    void unknownNamesAreBadInputThatListsTheKnown() {
        String operation = assertThrows(BadInput.class, () -> Jobs.select(Jobs.all(), List.of("sofmax"), List.of(), ANY, false)).getMessage();
        assertTrue(operation.contains("'sofmax'") && operation.contains("softmax"), operation);
        String size = assertThrows(BadInput.class, () -> Jobs.select(Jobs.all(), List.of(), List.of("3x3"), ANY, false)).getMessage();
        assertTrue(size.contains("'3x3'") && size.contains("64x1024"), size);
    }

    @Test
    void peersThatAreNotBuiltInAreBadInput() {
        String message = assertThrows(BadInput.class, () -> Jobs.select(ours(), List.of(), List.of(), ANY, true)).getMessage();
        assertTrue(message.contains("-Ppeers"), message);
    }

    private static Set<String> operations(List<Job> jobs) {
        return jobs.stream().map(Job::operation).collect(Collectors.toSet());
    }

    @Test
    void everyVariantHasItsOwnLabel() {
        var jobs = Jobs.all();
        assertFalse(jobs.isEmpty());
        assertEquals(jobs.size(), jobs.stream().map(job -> job.className() + job.shape() + job.label()).distinct().count());
    }

    @Test
    void whatAVariantIsComparedWithIsABaselineOfItsFamily() {
        var jobs = Jobs.all();
        for (Job job : jobs) {
            for (String label : job.against()) {
                assertTrue(jobs.stream().anyMatch(other -> other.isBaseline() && other.className().equals(job.className())
                        && other.shape().equals(job.shape()) && other.label().equals(label)), () -> job + " against " + label);
            }
        }
        assertTrue(jobs.stream().anyMatch(job -> !job.against().isEmpty()));
    }

    @Test
    void theGateHasAPlainLoopAndALimitForEachOfItsRatios() {
        var jobs = GateMetric.jobs(Jobs.all(), "simd-512");
        var names = GateMetric.of(jobs, "simd-512", 16).stream().map(GateMetric::name).toList();
        assertTrue(names.containsAll(List.of("log-sum-exp 1x8192 / plain loop", "log-sum-exp 1x8192 / FMA rate",
                "log-sum-exp 1x16777216 / memory", "gradient-in-place 1x16777216 / memory", "short-rows 20000x10 / plain loop")), names::toString);
        var scalar = GateMetric.of(GateMetric.jobs(Jobs.all(), "scalar"), "scalar", 1).stream().map(GateMetric::name).toList();
        assertTrue(scalar.contains("log-sum-exp 1x8192 / plain loop"), scalar::toString);
        assertTrue(scalar.stream().noneMatch(name -> name.contains("FMA")), scalar::toString);
    }

    // the recipe of the library: ten to sum, two more to write kept terms, twelve to compute and write others
    @Test
    void longRowsTakeTheirTermsTwice() {
        assertEquals(12, new Job(SoftmaxBenchmark.class.getName(), "surprisalSimd", "64x128256").vectorOperations());
        assertEquals(22, new Job(SoftmaxBenchmark.class.getName(), "surprisalSimd", "1x262144").vectorOperations());
        assertEquals(22, new Job(LossAndGradientInPlaceBenchmark.class.getName(), "surprisalSimd", "1x16777216").vectorOperations());
        assertEquals(10, new Job(LogSumExpBenchmark.class.getName(), "surprisalSimd", "1x16777216").vectorOperations());
    }
}
