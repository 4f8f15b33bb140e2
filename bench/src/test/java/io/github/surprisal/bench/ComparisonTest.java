package io.github.surprisal.bench;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What `compare` says of two runs. */
class ComparisonTest {

    private static final Job LOSS = new Job(CrossEntropyBenchmark.class.getName(), "surprisalSimd", "1x8192");
    private static final Job COLD = new Job(ColdStartBenchmark.class.getName(), "surprisalAuto", "1x32768");

    private static Result result(Job job, double... forks) {
        return new Result(job, 1, List.of(), Arrays.stream(forks).mapToObj(fork -> new double[] {fork, 1.001 * fork}).toList(), 0);
    }

    private static String compare(Result before, Result after) {
        return new Comparison(List.of(before), List.of(after)).markdown();
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
        String text = new Comparison(List.of(result(LOSS, 1, 1, 1), result(COLD, 1, 1, 1)), List.of(result(LOSS, 1, 1, 1))).markdown();
        assertTrue(text.contains("Only in the old run: 1; only in the new: 0."), text);
    }
}
