package io.github.surprisal.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.ModuleFinder;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is wrong with the input is said in one line that tells what to do, with exit status 2. */
class CommandLineTest {

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int execute(String... arguments) {
        return Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(arguments);
    }

    private void refused(String part, String... arguments) {
        assertEquals(Main.BAD_INPUT, execute(arguments));
        String message = err.toString().strip();
        assertTrue(message.contains(part), message);
        assertEquals(1, message.lines().count(), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "run", "report", "compare", "gate", "info"})
    void helpIsThereForAll(String command) {
        assertEquals(0, command.isEmpty() ? execute("--help") : execute(command, "--help"));
        assertTrue(out.toString().contains("Usage: surprisal-bench"), out::toString);
    }

    @Test
    void aCommandIsNeeded() {
        refused("a command is missing");
    }

    @Test
    void unknownOptionsAndCommands() {
        refused("--frobnicate", "run", "--frobnicate");
    }

    @Test
    void valuesThatAreNone() {
        refused("--seconds must be at least 1", "run", "--seconds", "0");
    }

    @Test
    void expressionsThatAreNone() {
        refused("--include is no regular expression", "run", "--include", "(", "--out", folder.toString());
    }

    @Test
    void selectionsOfNothing() {
        refused("no benchmark matches", "run", "--operations", "softmax", "--include", "rowMajor", "--out", folder.toString());
    }

    @Test
    void unknownOperations() {
        refused("there is no operation 'sofmax'", "run", "--operations", "sofmax", "--out", folder.toString());
    }

    @Test
    void folderThatIsAFile() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        refused("choose another folder with --out", "run", "--operations", "fma", "--out", file.toString());
    }

    @Test
    void whyAFileCannotBeWrittenIsSaid() {
        var out = new RunFolder(folder);
        assertTrue(out.notWritable(new IOException("No space left on device")).getMessage().contains("(No space left on device)"));
        var full = new FileSystemException(folder.toString(), null, "Disk quota exceeded");
        assertTrue(out.notWritable(full).getMessage().contains(folder + " (Disk quota exceeded): "), () -> out.notWritable(full).getMessage());
        // whose message is the file's name once more
        assertTrue(out.notWritable(new AccessDeniedException(folder.toString())).getMessage().contains("(AccessDeniedException)"));
    }

    @Test
    void jvmArgumentsThatNoJvmTakes() {
        refused("correct --jvm-args", "run", "--operations", "fma", "--jvm-args", "-XX:+NoSuchFlag", "--out", folder.toString());
    }

    @Test
    void whatTheEnvironmentAddsIsNotWhyAJvmDoesNotStart() {
        assertEquals("Unrecognized VM option 'NoSuchFlag'", BackendName.complaint("""
                NOTE: Picked up JDK_JAVA_OPTIONS: -Dx=y
                Picked up JAVA_TOOL_OPTIONS: -Dx=y
                OpenJDK 64-Bit Server VM warning: UseAVX=3 is not supported on this CPU, setting it to UseAVX=2
                WARNING: Using incubator modules: jdk.incubator.vector
                Unrecognized VM option 'NoSuchFlag'
                Error: Could not create the Java Virtual Machine.
                """));
    }

    @Test
    void resultsThatAreNotThere() {
        refused("cannot read", "report", folder.resolve("none").toString());
    }

    @Test
    void resultsOfAnotherBenchmarkSet() throws Exception {
        Path other = Files.writeString(folder.resolve("other.json"), """
                [{"benchmark": "org.example.SortBenchmark.sort", "mode": "thrpt", "params": {"shape": "1x8"},
                  "primaryMetric": {"score": 1, "scoreError": "NaN", "rawData": [[1.0]]}}]
                """);
        refused("holds no result of these benchmarks", "compare", other.toString(), other.toString());
    }

    @Test
    void resultsThatAreNoJson() throws Exception {
        Path other = Files.writeString(folder.resolve("other.json"), "<html>");
        refused("holds no result of these benchmarks", "report", other.toString());
    }

    @Test
    void runsWithoutACommonBenchmark() {
        Path a = run("a", "softmax", 2);
        Path b = run("b", "loss", 2);
        refused("no benchmark in common", "compare", a.toString(), b.toString());
    }

    @Test
    void aGateWithoutABaseline() {
        refused("make one with --update", "gate", run("a", "softmax", 2).toString(), "--baselines", folder.resolve("none").toString(),
                "--out", folder.resolve("gate").toString());
    }

    @Test
    void aGateOnARunWithItsOwnBaselinePassesAndOnASlowerOneFails() {
        String baselines = folder.resolve("baselines").toString();
        String gate = folder.resolve("gate").toString();
        Path a = run("a", "softmax", 2);
        assertEquals(0, execute("gate", a.toString(), "--update", "--baselines", baselines, "--out", gate));
        assertEquals(0, execute("gate", a.toString(), "--baselines", baselines, "--out", gate));
        assertEquals(Main.FAILED, execute("gate", run("b", "softmax", 1.6).toString(), "--baselines", baselines, "--out", gate));
        assertTrue(Files.exists(Path.of(gate, "gate.md")));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aGateOnAQuickRunSaysThatItHasTooFewRounds(int rounds) throws Exception {
        String baselines = folder.resolve("baselines").toString();
        String gate = folder.resolve("gate").toString();
        assertEquals(0, execute("gate", run("a", "softmax", 2).toString(), "--update", "--baselines", baselines, "--out", gate));
        String quick = run("b", "softmax", 0.1, rounds).toString();
        String few = "the run has " + rounds + " round";
        refused(few, "gate", quick, "--baselines", baselines, "--out", gate);
        err.getBuffer().setLength(0);
        refused(few, "gate", quick, "--update", "--baselines", baselines, "--out", gate);
        err.getBuffer().setLength(0);
        refused("--rounds must be at least 3", "gate", "--rounds", Integer.toString(rounds));
    }

    @Test
    void aBaselineOfTooFewRoundsIsRefused() {
        new Baseline("simd-512", new LinkedHashMap<>(), new LinkedHashMap<>(Map.of("softmax 1x8192 / plain loop", new double[] {2})))
                .write(folder.resolve("simd-512.json"));
        refused("simd-512.json has 1 round, ", "gate", run("a", "softmax", 1).toString(), "--baselines", folder.toString(),
                "--out", folder.resolve("gate").toString());
    }

    @Test
    void reportsCanBeWrittenElsewhere() {
        Path elsewhere = folder.resolve("elsewhere");
        assertEquals(0, execute("report", run("a", "softmax", 2).toString(), "--out", elsewhere.toString()));
        assertTrue(Files.exists(elsewhere.resolve("index.html")) && Files.exists(elsewhere.resolve("report.md")));
    }

    @Test
    void pagesWrittenAnewLeaveTheLogOfTheRun() throws Exception {
        Path a = run("a", "softmax", 2);
        Path log = Files.writeString(a.resolve("jmh.log"), "# JMH version");
        assertEquals(0, execute("report", a.toString()));
        assertEquals(0, execute("gate", a.toString(), "--update", "--baselines", folder.toString(), "--out", a.toString()));
        assertEquals(0, execute("gate", a.toString(), "--baselines", folder.toString(), "--out", a.toString()));
        assertEquals("# JMH version", Files.readString(log));
    }

    @Test
    void javaRuntimesWithoutTheModule() {
        String message = assertThrows(BadInput.class, () -> ForkOptions.requireVectorModule(ModuleFinder.of())).getMessage();
        assertTrue(message.contains("start this program with a full JDK 25"), message);
    }

    /** The files of a run of one operation in which ours has the given rate and all else 1 Gelem/s. */
    private Path run(String name, String operation, double rate) {
        return run(name, operation, rate, Plan.full().rounds());
    }

    private Path run(String name, String operation, double rate, int rounds) {
        var path = folder.resolve(name);
        var all = Jobs.all();
        var jobs = Jobs.withTheirProbes(Jobs.select(all, List.of(operation), List.of("1x8192"), Pattern.compile(""), false), all);
        new RunBenchmarks(Plan.full().withRounds(rounds), RunFolder.begin(path), new FakeForker(job -> job.label().equals("Surprisal SIMD") ? rate : 1),
                new LinkedHashMap<>(Map.of()), new PrintStream(PrintStream.nullOutputStream())).run(jobs);
        return path;
    }
}
