package io.github.surprisal.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.SequencedMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The machine, the JVM and the commit, for the report's header: best effort, never an error. */
final class HostInfo {

    private static final List<String> EXTENSIONS = List.of("sse4_2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512vl",
            "avx512_bf16", "avx512_fp16", "asimd", "sve", "sve2", "bf16");
    private static final Pattern CACHE = Pattern.compile("(L\\d) (\\d+)([KM])");

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
        return cpuOfLinux(lines(Path.of("/proc/cpuinfo")).toList(), System.getProperty("os.arch"));
    }

    /**
     * The first CPU of /proc/cpuinfo. A hypervisor may name generations alike, as "AMD EPYC", so what identifies the design goes
     * with the name: family, model and stepping on x86; implementer and part on ARM, whose kernels mostly know no name.
     */
    static String cpuOfLinux(List<String> cpuinfo, String architecture) {
        String name = field(cpuinfo, "model name").orElse(architecture);
        var numbers = Stream.of("cpu family", "model", "stepping", "CPU implementer", "CPU part")
                .flatMap(key -> field(cpuinfo, key).map(value -> key.substring(key.indexOf(' ') + 1) + " " + value).stream()).toList();
        return numbers.isEmpty() ? name : name + ", " + String.join(" ", numbers);
    }

    private static Optional<String> field(List<String> cpuinfo, String key) {
        return cpuinfo.stream().filter(line -> line.matches(key + "\\s*:.*")).findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).strip());
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

    /** The data caches in bytes, "L1" first; empty where unknown. */
    static SequencedMap<String, Long> cacheSizes() {
        var sizes = new LinkedHashMap<String, Long>();
        for (String cache : caches().split(", ")) {
            var matcher = CACHE.matcher(cache);
            if (matcher.matches()) {
                sizes.put(matcher.group(1), Long.parseLong(matcher.group(2)) * (matcher.group(3).equals("M") ? 1 << 20 : 1 << 10));
            }
        }
        return sizes;
    }

    /** The vector and arithmetic extensions that matter here, as Linux names them; else the architecture. */
    static String instructionSet() {
        var all = field(lines(Path.of("/proc/cpuinfo")).toList(), "(flags|Features)").map(flags -> List.of(flags.split(" "))).orElse(List.of());
        String some = EXTENSIONS.stream().filter(all::contains).collect(Collectors.joining(" "));
        return some.isEmpty() ? System.getProperty("os.arch") : System.getProperty("os.arch") + " " + some;
    }

    /** The commit under test, from the CI's variable or from git, with a mark for changed files. */
    static String commit() {
        String ci = System.getenv("GITHUB_SHA");
        return ci != null ? ci : command("git", "describe", "--always", "--abbrev=12", "--dirty", "--exclude=*");
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

    /** The head of a report: all that one needs to compare it with another. */
    static SequencedMap<String, String> facts(String plan, Instant date, List<String> jvmArguments) {
        var facts = new LinkedHashMap<String, String>();
        facts.put("Surprisal", surprisalVersion());
        facts.put("Commit", commit());
        facts.put("Date", date.toString());
        facts.put("CPU", "%s, %d cores".formatted(cpu(), cores()));
        facts.put("Caches", caches());
        facts.put("Instructions", instructionSet());
        facts.put("OS", operatingSystem() + "; load average before the run " + load());
        facts.put("JDK", jdk());
        if (!jvmArguments.isEmpty()) {
            facts.put("More JVM arguments", String.join(" ", jvmArguments));
        }
        facts.put("Data", "standard normal logits, seed " + Logits.SEED);
        facts.put("Run", plan);
        return facts;
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
                return line == null || process.waitFor() != 0 ? "unknown" : line;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "unknown";
        } catch (IOException e) {
            return "unknown";
        }
    }
}
