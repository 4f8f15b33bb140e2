package io.github.surprisal.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Ratios and layout of the tables, on made-up measurements. */
class TablesTest {

    private static final List<Measurement> ALL = List.of(
            logSumExp("plainLoop", "2x8", 0.125, 0.01, 0, 0.5),
            logSumExp("jdkExp", "2x8", 2, 0.1, 0, 3.25),
            logSumExp("surprisalSimd", "2x8", 4, 0.2, 0.04, 0.75),
            logSumExp("plainLoop", "4x4", 0.5, Double.NaN, 0, 0.5),
            probe("readOneStream", "2x8", 8),
            probe("readFourStreams", "2x8", 16));

    private static final Tables TABLES = new Tables(Tables.families(ALL).get(LogSumExpBenchmark.class.getName()), ALL);

    @Test
    void rooflineProbesAreNoFamily() {
        assertEquals(List.of(LogSumExpBenchmark.class.getName()), List.copyOf(Tables.families(ALL).keySet()));
    }

    @Test
    void detailsOfAShape() {
        assertEquals("""
                | 2 x 8              | Gelem/s | ± error | GB/s | x of plain loop | x of JDK EXP | % of roofline | B/op | max error, ulp |
                |--------------------|--------:|--------:|-----:|----------------:|-------------:|--------------:|-----:|---------------:|
                | plain loop         |   0.125 |   0.010 |  0.5 |            1.00 |         0.06 |         0.8 % |  0.0 |           0.50 |
                | JDK EXP            |   2.000 |   0.100 |  8.0 |           16.00 |         1.00 |        12.5 % |  0.0 |           3.25 |
                | Surprisal SIMD     |   4.000 |   0.200 | 16.0 |           32.00 |         2.00 |        25.0 % |  0.0 |           0.75 |
                | read, one stream   |   8.000 |   0.000 | 32.0 |               - |            - |        50.0 % |  0.0 |              - |
                | read, four streams |  16.000 |   0.000 | 64.0 |               - |            - |       100.0 % |  0.0 |              - |
                """, TABLES.details("2x8"));
    }

    @Test
    void overviewShowsWhatIsMissing() {
        assertEquals("""
                | Gelem/s | plain loop | JDK EXP | Surprisal SIMD | roofline | x of plain loop | x of JDK EXP | % of roofline |
                |---------|-----------:|--------:|---------------:|---------:|----------------:|-------------:|--------------:|
                | 2 x 8   |      0.125 |   2.000 |          4.000 |   16.000 |           32.00 |         2.00 |        25.0 % |
                | 4 x 4   |      0.500 |       - |              - |        - |               - |            - |             - |
                """, TABLES.overview());
    }

    private static Measurement logSumExp(String method, String shape, double rate, double error, double bytes, double ulps) {
        return new Measurement(new Job(LogSumExpBenchmark.class.getName(), method, shape), rate, error, bytes, ulps);
    }

    private static Measurement probe(String method, String shape, double rate) {
        return new Measurement(new Job(RooflineBenchmark.class.getName(), method, shape), rate, 0, 0, Double.NaN);
    }
}
