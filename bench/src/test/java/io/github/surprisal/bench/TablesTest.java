package io.github.surprisal.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Ratios and layout of the tables, on made-up measurements. */
class TablesTest {

    private static final List<Measurement> ALL = List.of(
            logSumExp("plainLoop", "2x8", 0.125, 0.01, 0, 0.5),
            logSumExp("jdkVectors", "2x8", 2, 0.1, 0, 3.25),
            logSumExp("surprisalSimd", "2x8", 4, 0.2, 0.04, 0.75),
            logSumExp("plainLoop", "4x4", 0.5, Double.NaN, 0, 0.5),
            probe("readOneStream", "2x8", 8),
            probe("readFourStreams", "2x8", 16),
            // 5e9 vectors of 16 a second: 80 Gop/s, ten to an element
            new Measurement(new Job(FmaBenchmark.class.getName(), "fma", "2x12"), 1, 5, 0, 0, Double.NaN));

    private static final Tables TABLES = new Tables(Tables.families(ALL).get(LogSumExpBenchmark.class.getName()), new Bounds(ALL, 16));

    @Test
    void probesAreNoFamily() {
        assertEquals(List.of(LogSumExpBenchmark.class.getName()), List.copyOf(Tables.families(ALL).keySet()));
    }

    @Test
    void detailsOfAShape() {
        assertEquals("""
                | 2 x 8              | Gelem/s | ± error | GB/s | ns/call | x of plain loop | x of JDK vectors | % of FMA bound | % of memory | B/op | max error, ulp |
                |--------------------|--------:|--------:|-----:|--------:|----------------:|-----------------:|---------------:|------------:|-----:|---------------:|
                | plain loop         |   0.125 |   0.010 |  0.5 |     128 |            1.00 |             0.06 |          1.6 % |       0.8 % |  0.0 |           0.50 |
                | JDK vectors        |   2.000 |   0.100 |  8.0 |       8 |           16.00 |             1.00 |         25.0 % |      12.5 % |  0.0 |           3.25 |
                | Surprisal SIMD     |   4.000 |   0.200 | 16.0 |       4 |           32.00 |             2.00 |         50.0 % |      25.0 % |  0.0 |           0.75 |
                | read, one stream   |   8.000 |   0.000 | 32.0 |       2 |               - |                - |              - |      50.0 % |  0.0 |              - |
                | read, four streams |  16.000 |   0.000 | 64.0 |       1 |               - |                - |              - |     100.0 % |  0.0 |              - |
                """, TABLES.details("2x8").markdown());
    }

    @Test
    void overviewShowsWhatIsMissing() {
        assertEquals("""
                | Gelem/s | plain loop | JDK vectors | Surprisal SIMD | FMA bound | memory | x of plain loop | x of JDK vectors | % of FMA bound | % of memory |
                |---------|-----------:|------------:|---------------:|----------:|-------:|----------------:|-----------------:|---------------:|------------:|
                | 2 x 8   |      0.125 |       2.000 |          4.000 |     8.000 | 16.000 |           32.00 |             2.00 |         50.0 % |      25.0 % |
                | 4 x 4   |      0.500 |           - |              - |     8.000 |      - |               - |                - |              - |           - |
                """, TABLES.overview().markdown());
    }

    private static Tables tables(Class<?> family, String... methods) {
        var rates = IntStream.range(0, methods.length)
                .mapToObj(i -> new Measurement(new Job(family.getName(), methods[i], "2x8"), 1, 1 << i, 0, 0, Double.NaN)).toList();
        return new Tables(rates, new Bounds(rates, 16));
    }

    @Test
    void likeIsComparedWithLike() {
        var threads = tables(ThreadsBenchmark.class, "surprisalLossSerial", "surprisalSerial", "surprisalLossShared", "surprisalShared");
        assertEquals("""
                | Gelem/s | loss, 1 thread | loss, 2 threads | log-sum-exp, 1 thread | log-sum-exp, 2 threads | FMA bound | memory \
                | loss, 2 threads / loss, 1 thread | log-sum-exp, 2 threads / log-sum-exp, 1 thread |
                """, firstLines(threads.overview(), 1));
        assertTrue(threads.overview().markdown().matches("(?s).* 4.00 \\| +4.00 \\|\n"), threads.overview()::markdown);
        var loss = line(threads.details("2x8"), "loss, 2 threads");
        assertEquals(List.of("4.00", "-"), loss.subList(5, 7), loss::toString);

        var masked = tables(MaskedBenchmark.class,
                "plainLoopInfinite", "plainLoopLarge", "surprisalUnmasked", "surprisalLarge", "surprisalInfinite", "surprisalFew");
        var few = line(masked.details("2x8"), "Surprisal SIMD, a few -inf");
        assertEquals(List.of("-", "-", "8.00"), few.subList(5, 8), few::toString);
        var large = line(masked.details("2x8"), "Surprisal SIMD, -1e9");
        assertEquals(List.of("-", "4.00", "2.00"), large.subList(5, 8), large::toString);
    }

    @Test
    void oneThatNamesItsBaselineIsOursAlone() {
        var threads = tables(ThreadsBenchmark.class, "surprisalSerial", "surprisalShared");
        assertEquals("""
                | Gelem/s | log-sum-exp, 1 thread | log-sum-exp, 2 threads | FMA bound | memory | x of log-sum-exp, 1 thread | % of FMA bound | % of memory |
                """, firstLines(threads.overview(), 1));
    }

    private static String firstLines(Table table, int count) {
        return table.markdown().lines().limit(count).map(line -> line + "\n").collect(Collectors.joining());
    }

    /** The cells of the line that begins with {@code label}. */
    private static List<String> line(Table table, String label) {
        return table.markdown().lines().filter(line -> line.startsWith("| " + label + " "))
                .map(line -> List.of(line.substring(2).split(" *\\| *"))).findFirst().orElseThrow();
    }

    @Test
    void halfTheBytesAreTwiceTheMemoryLimit() {
        var bounds = new Bounds(ALL, 16);
        var array = new Job(StorageBenchmark.class.getName(), "surprisalFloatArray", "2x8");
        var half = new Job(StorageBenchmark.class.getName(), "surprisalNativeBfloat16", "2x8");
        assertEquals(16, bounds.memory(array).orElseThrow());
        assertEquals(32, bounds.memory(half).orElseThrow());
        assertEquals(2, new Measurement(half, 1, 1, 0, 0, 0).gigabytesPerSecond());
    }

    @Test
    void theMemoryOfOneThreadIsNoLimitOfTwo() {
        var one = new Measurement(new Job(ThreadsBenchmark.class.getName(), "surprisalSerial", "2x8"), 1, 12, 0, 0, 0);
        var two = new Measurement(new Job(ThreadsBenchmark.class.getName(), "surprisalShared", "2x8"), 1, 20, 0, 0, 0);
        var bounds = new Bounds(ALL, 16);
        assertEquals(16, new Tables(List.of(one), bounds).limit("2x8").orElseThrow());
        assertTrue(new Tables(List.of(one, two), bounds).limit("2x8").isEmpty());
        var details = new Tables(List.of(one, two), bounds).details("2x8");
        assertEquals("75.0 %", line(details, one.job().label()).get(7), details::markdown);
        assertEquals("-", line(details, two.job().label()).get(7), details::markdown);
    }

    // 16 bits move at twice the rate of floats: a limit drawn beside both is theirs
    @Test
    void theLimitOfAShapeIsThatOfTheVariantThatMovesLeast() {
        var bounds = new Bounds(ALL.stream().filter(m -> m.job().isMemoryProbe()).toList(), 0);
        var storage = Stream.of("surprisalFloatArray", "surprisalNativeBfloat16")
                .map(method -> new Measurement(new Job(StorageBenchmark.class.getName(), method, "2x8"), 1, 1, 0, 0, 0)).toList();
        assertEquals(32, new Tables(storage, bounds).limit("2x8").orElseThrow());
    }

    @Test
    void cellsOfAPageAreEscaped() {
        var table = new Table(List.of("a < b"));
        table.add(List.of("\"x\" & y"));
        assertTrue(table.html().contains("<th>a &lt; b</th>") && table.html().contains("<td>&quot;x&quot; &amp; y</td>"), table.html());
    }

    private static Measurement logSumExp(String method, String shape, double rate, double error, double bytes, double ulps) {
        return new Measurement(new Job(LogSumExpBenchmark.class.getName(), method, shape), 1, rate, error, bytes, ulps);
    }

    private static Measurement probe(String method, String shape, double rate) {
        return new Measurement(new Job(MemoryBenchmark.class.getName(), method, shape), 1, rate, 0, 0, Double.NaN);
    }
}
