package io.github.surprisal.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Properties;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The machine and the JVM, for the report's header: best effort, never an error. */
final class HostInfo {

    private HostInfo() {
    }

    static String cpu() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        if (os.contains("mac")) {
            return command("sysctl", "-n", "machdep.cpu.brand_string");
        }
        if (os.contains("windows")) {
            return System.getenv().getOrDefault("PROCESSOR_IDENTIFIER", "unknown");
        }
        // ARM kernels name no model there
        return lines(Path.of("/proc/cpuinfo")).filter(line -> line.startsWith("model name")).findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .orElse("unknown " + System.getProperty("os.arch"));
    }

    /** Cache sizes where Linux shows them, as "L1 32K, L2 1024K, L3 32768K"; else "unknown". */
    static String caches() {
        var caches = new TreeSet<String>();
        for (int index = 0; index < 8; index++) {
            Path cache = Path.of("/sys/devices/system/cpu/cpu0/cache/index" + index);
            String level = lines(cache.resolve("level")).findFirst().orElse("");
            String type = lines(cache.resolve("type")).findFirst().orElse("Instruction");
            if (!type.equals("Instruction")) {
                caches.add("L" + level + " " + lines(cache.resolve("size")).findFirst().orElse("?"));
            }
        }
        return caches.isEmpty() ? "unknown" : String.join(", ", caches);
    }

    static int cores() {
        return Runtime.getRuntime().availableProcessors();
    }

    static String operatingSystem() {
        return "%s %s, %s".formatted(System.getProperty("os.name"), System.getProperty("os.version"),
                System.getProperty("os.arch"));
    }

    static String jdk() {
        return "%s %s (%s)".formatted(System.getProperty("java.vendor.version", System.getProperty("java.vendor")),
                System.getProperty("java.runtime.version"), System.getProperty("java.vm.name"));
    }

    /** How many threads wanted a core in the last minute: a busy machine explains a slow result. */
    static String load() {
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        return load < 0 ? "unknown" : String.format(Locale.ROOT, "%.2f", load);
    }

    /** Surprisal's version, from the metadata Maven puts into the jar. */
    static String surprisalVersion() {
        var metadata = new Properties();
        try (var in = HostInfo.class.getResourceAsStream(
                "/META-INF/maven/io.github.surprisal/surprisal-kernel/pom.properties")) {
            if (in != null) {
                metadata.load(in);
            }
        } catch (IOException e) {
            // the version stays unknown
        }
        return metadata.getProperty("version", "unpackaged classes");
    }

    private static Stream<String> lines(Path file) {
        try {
            return Files.readAllLines(file).stream();
        } catch (IOException e) {
            return Stream.empty();
        }
    }

    private static String command(String... words) {
        try {
            var process = new ProcessBuilder(words).redirectErrorStream(true).start();
            try (var reader = process.inputReader()) {
                String line = reader.readLine();
                return line == null ? "unknown" : line;
            }
        } catch (IOException e) {
            return "unknown";
        }
    }
}
