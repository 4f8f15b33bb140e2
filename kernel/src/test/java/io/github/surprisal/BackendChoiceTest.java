package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which backend a JVM with certain flags has, what it says of it, and that its bits are the same. */
@Tag("once") // starts JVMs of its own, which have nothing of the fork's flags
class BackendChoiceTest {
    private static final String MODULE = "--add-modules=jdk.incubator.vector";
    private static final String REMEDY = "--add-modules jdk.incubator.vector";

    @TempDir
    private Path temp;

    @Test
    void simdWithTheModule() throws Exception {
        for (String mode : new String[] {"auto", "simd"}) {
            Child child = start(MODULE, "-Dsurprisal.backend=" + mode);
            assertTrue(child.name().matches("simd-(128|256|512)"), child.toString());
            assertTrue(child.reason().contains("jdk.incubator.vector is present"), child.toString());
            child.assertSameBitsAndLogs(0);
        }
    }

    @Test
    void scalarWithoutTheModuleIsNotWorthALogLine() throws Exception {
        Child child = start();
        child.assertScalarBecause(REMEDY);
        child.assertSameBitsAndLogs(0);
    }

    @Test
    void scalarOnDemand() throws Exception {
        Child child = start(MODULE, "-Dsurprisal.backend=scalar");
        child.assertScalarBecause("surprisal.backend=scalar");
        child.assertSameBitsAndLogs(0);
    }

    @Test
    void moduleThatIsOfNoUseIsLoggedOnce() throws Exception {
        Child interpreter = start(MODULE, "-Xint");
        interpreter.assertScalarBecause("-Xint");
        interpreter.assertSameBitsAndLogs(1);

        Child c1 = start(MODULE, "-XX:TieredStopAtLevel=1");
        c1.assertScalarBecause("C2");
        c1.assertSameBitsAndLogs(1);

        Child withoutFma = start(MODULE, "-XX:-UseFMA");
        withoutFma.assertScalarBecause("UseFMA");
        withoutFma.assertSameBitsAndLogs(1);
    }

    @Test
    void vectorsOf64BitsAreTooShort() throws Exception {
        assumeTrue(System.getProperty("os.arch").matches("amd64|x86_64"), "elsewhere the flag may not be heeded");
        Child child = start(MODULE, "-XX:MaxVectorSize=8");
        child.assertScalarBecause("vectors have only 64 bits");
        child.assertSameBitsAndLogs(1);
    }

    @Test
    void scalarOnDemandWithoutFmaHasTheSameBits() throws Exception {
        Child child = start("-XX:-UseFMA", "-Dsurprisal.backend=scalar");
        child.assertScalarBecause("surprisal.backend=scalar");
        child.assertSameBitsAndLogs(0);
    }

    @Test
    void strictSimdIsRefusedWithTheReason() throws Exception {
        start("-Dsurprisal.backend=simd").assertRefused("surprisal.backend=simd", REMEDY);
        start(MODULE, "-Xint", "-Dsurprisal.backend=simd").assertRefused("surprisal.backend=simd", "-Xint");
    }

    @Test
    void unknownModeIsRefused() throws Exception {
        start(MODULE, "-Dsurprisal.backend=nonsense").assertRefused("surprisal.backend=nonsense", "auto", "simd", "scalar");
    }

    private Child start(String... flags) throws IOException, InterruptedException, URISyntaxException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx256m", "-XX:+IgnoreUnrecognizedVMOptions")); // UseFMA is not in every build
        command.addAll(List.of(flags));
        command.add("-Djava.util.logging.SimpleFormatter.format=%5$s%n"); // one line a record, no date
        command.addAll(List.of("-cp", folder(LogSumExp.class) + File.pathSeparator + folder(LogSumExpBits.class)));
        command.add(LogSumExpBits.class.getName());
        Path out = temp.resolve("out");
        Path err = temp.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"));
        int status = builder.start().waitFor();
        List<String> log = new ArrayList<>(Files.readAllLines(err));
        log.removeIf(line -> line.startsWith("WARNING: Using incubator modules")); // the JVM's own
        Child child = new Child(List.of(flags), Files.readAllLines(out), log);
        assertEquals(0, status, child::toString);
        return child;
    }

    private static Path folder(Class<?> type) throws URISyntaxException {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }

    private record Child(List<String> flags, List<String> out, List<String> log) {
        String name() {
            return out.get(0);
        }

        String reason() {
            return out.get(1);
        }

        void assertScalarBecause(String cause) {
            assertEquals("scalar", name(), this::toString);
            assertTrue(reason().startsWith("scalar, because ") && reason().contains(cause), this::toString);
        }

        void assertSameBitsAndLogs(int lines) {
            assertEquals(Integer.toHexString(LogSumExpBits.ofShapes(500)), out.get(2), this::toString);
            assertEquals(lines, log.size(), this::toString);
            if (lines == 1) assertTrue(log.get(0).contains(reason()), this::toString);
        }

        void assertRefused(String... parts) {
            assertEquals("refused", name(), this::toString);
            for (String part : parts) assertTrue(reason().contains(part), () -> part + " is missing: " + this);
            assertEquals(reason(), out.get(2), this::toString);
            assertEquals(List.of(), log, this::toString);
        }
    }
}
