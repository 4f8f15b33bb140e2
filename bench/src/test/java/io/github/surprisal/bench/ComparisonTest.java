package io.github.surprisal.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What `compare` says of two runs. */
class ComparisonTest {

    private static final Job LOSS = new Job(CrossEntropyBenchmark.class.getName(), "surprisalSimd", "1x8192");
    private static final Job COLD = new Job(ColdStartBenchmark.class.getName(), "surprisalAuto", "1x32768");

    private static Result result(Job job, double... forks) {
        return new Result(job, 1, List.of(), Arrays.stream(forks).mapToObj(fork -> new double[] {fork, 1.001 * fork}).toList(), 0);
    }

    private static Run run(Result... results) {
        return run(Map.of(), "simd-512", results);
    }

    private static Run run(Map<String, String> facts, String backend, Result... results) {
        var notes = Arrays.stream(results).collect(Collectors.toMap(result -> result.job().key(), _ -> List.of(Map.of(Notes.BACKEND, backend))));
        return new Run(List.of(results), new RunInfo(new LinkedHashMap<>(facts), new LinkedHashMap<>(), notes, new LinkedHashMap<>(), 1, 1));
    }

    private static String compare(Result before, Result after) {
        return new Comparison(run(before), run(after)).markdown();
    }

    @Test
    void aClearDifferenceIsNamed() {
        assertTrue(compare(result(LOSS, 100, 101, 99), result(LOSS, 60, 61, 59)).contains("slower |"));
        assertTrue(compare(result(LOSS, 60, 61, 59), result(LOSS, 100, 101, 99)).contains("faster |"));
    }

    @Test
    void aDifferenceWithinTheNoiseIsNone() {
        assertTrue(compare(result(LOSS, 100, 110, 90), result(LOSS, 95, 105, 88)).contains("same |"));
    }

    @Test
    void ofTimesTheShorterIsFaster() {
        assertTrue(compare(result(COLD, 100, 101, 99), result(COLD, 50, 51, 49)).contains("faster |"));
    }

    @Test
    void fewForksAreSaidToProveLess() {
        assertTrue(compare(result(LOSS, 100), result(LOSS, 100)).contains("what differs between JVMs is not in them"));
    }

    @Test
    void whatOnlyOneRunHasIsCounted() {
        String text = new Comparison(run(result(LOSS, 1, 1, 1), result(COLD, 1, 1, 1)), run(result(LOSS, 1, 1, 1))).markdown();
        assertTrue(text.contains("Only in the old run: 1; only in the new: 0."), text);
    }

    private static Result withFlags(String... flags) {
        return new Result(LOSS, 1, List.of(flags), List.of(new double[] {1}), 0);
    }

    @Test
    void whatDiffersBesidesTheCodeIsSaidInALine() {
        var old = run(Map.of("CPU", "a CPU", "JDK", "25"), "simd-512", withFlags("-Xms2g", Notes.argument(Path.of("a"))));
        var now = run(Map.of("CPU", "another CPU", "JDK", "25"), "simd-256", withFlags("-Xms2g", "-XX:UseAVX=2", Notes.argument(Path.of("b"))));
        String text = new Comparison(old, now).markdown();
        assertEquals("More than the code differs: CPU a CPU, then another CPU; backend simd-512, then simd-256; JVM flags none, then -XX:UseAVX=2.",
                text.lines().toList().getLast());
    }

    @Test
    void runsOfOneMachineAndOfUnknownOnesAreNotSaidToDiffer() {
        var old = run(Map.of("CPU", "a CPU"), "simd-512", withFlags("-Xms2g", Notes.argument(Path.of("a"))));
        var now = run(Map.of("CPU", "a CPU"), "simd-512", withFlags("-Xms2g", Notes.argument(Path.of("b"))));
        assertFalse(new Comparison(old, now).markdown().contains("differs: "));
        var unknown = run(Map.of(), "simd-512", withFlags("-Xms2g"));
        assertFalse(new Comparison(old, unknown).markdown().contains("differs: "));
    }
}
