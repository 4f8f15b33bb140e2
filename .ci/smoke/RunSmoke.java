import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Compiles app/Smoke.java against the packaged jar and runs it as a dependant would: on the class path and on the module
 * path, each with and without the incubator module. All four must print the same bits, and the backend they should have.
 */
public final class RunSmoke {
    private static final String INCUBATOR = "--add-modules=jdk.incubator.vector";
    private static final Path JDK = Path.of(System.getProperty("java.home"), "bin");

    private record Outcome(String bits, String backend, String reason) {}

    private RunSmoke() {}

    /** Arguments: the jar, and the folder of app/. */
    public static void main(String[] args) throws Exception {
        String jar = args[0];
        Path app = Path.of(args[1], "app");
        Path work = Files.createTempDirectory("surprisal-smoke");
        try {
            String onClassPath = work.resolve("class-path").toString();
            String asModule = work.resolve("module-path").toString();
            // No --add-modules here: a dependant compiles without the incubator module.
            run("javac", "-Xlint:all", "-Werror", "-d", onClassPath, "-cp", jar, app.resolve("Smoke.java").toString());
            // A module that requires ours is told of the incubator module all the same: javac follows requires static.
            run("javac", "-Xlint:all,-incubating", "-Werror", "-d", asModule, "-p", jar,
                    app.resolve("Smoke.java").toString(), app.resolve("module-info.java").toString());

            String[] classPath = {"-cp", onClassPath + java.io.File.pathSeparator + jar, "smoke.Smoke"};
            String[] modulePath = {"-p", asModule + java.io.File.pathSeparator + jar, "-m", "smoke/smoke.Smoke"};
            List<String> bits = new ArrayList<>();
            bits.add(check("class path", false, classPath));
            bits.add(check("class path", true, classPath));
            bits.add(check("module path", false, modulePath));
            bits.add(check("module path", true, modulePath));
            if (bits.stream().distinct().count() != 1) {
                throw new IllegalStateException("the four results differ: " + bits);
            }
            System.out.println("Smoke test: four ways, one result.");
        } finally {
            delete(work);
        }
    }

    private static String check(String path, boolean incubator, String[] arguments) throws IOException, InterruptedException {
        List<String> lines = incubator ? run("java", prepend(INCUBATOR, arguments)) : run("java", arguments);
        if (lines.size() != 3) {
            throw new IllegalStateException("expected bits, backend and reason, got " + lines);
        }
        Outcome outcome = new Outcome(lines.get(0), lines.get(1), lines.get(2));
        System.out.printf("smoke  %-11s  %-18s  %s  %-8s  %s%n",
                path, incubator ? "with incubator" : "without incubator", outcome.bits, outcome.backend, outcome.reason);
        boolean expected = incubator ? outcome.backend.matches("simd-(128|256|512)") : outcome.backend.equals("scalar");
        if (!expected) {
            throw new IllegalStateException("expected " + (incubator ? "simd-<width>" : "scalar") + ", got " + outcome);
        }
        return outcome.bits;
    }

    /** Runs one tool of this JDK; its standard error goes to the console, its standard output is returned. */
    private static List<String> run(String tool, String... arguments) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(prepend(JDK.resolve(tool).toString(), arguments));
        // Options from outside would choose the backend for us.
        builder.environment().keySet().removeAll(List.of("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "JDK_JAVAC_OPTIONS"));
        Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        List<String> lines = new String(process.getInputStream().readAllBytes()).lines().toList();
        int exit = process.waitFor();
        if (exit != 0) {
            throw new IllegalStateException(tool + " " + Arrays.toString(arguments) + " exited with " + exit + ": " + lines);
        }
        return lines;
    }

    private static String[] prepend(String first, String[] rest) {
        return Stream.concat(Stream.of(first), Arrays.stream(rest)).toArray(String[]::new);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
