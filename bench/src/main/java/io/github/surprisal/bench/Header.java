package io.github.surprisal.bench;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The head of the report: all that one needs to compare it with another. */
record Header(Plan plan, Instant date, String loadBefore) {

    String markdown(Outcome outcome) {
        var text = new StringBuilder();
        line(text, "Surprisal", HostInfo.surprisalVersion());
        line(text, "Date", date.toString());
        line(text, "CPU", "%s, %d cores, caches %s".formatted(HostInfo.cpu(), HostInfo.cores(), HostInfo.caches()));
        line(text, "OS", HostInfo.operatingSystem() + "; load average before the run " + loadBefore);
        line(text, "JDK", HostInfo.jdk());
        backends(outcome).forEach((backend, labels) -> line(text, "Backend of " + String.join("; ", labels), backend));
        flags(outcome).forEach((flags, labels) -> line(text, "JVM flags of " + String.join("; ", labels), "`" + flags + "`"));
        line(text, "Data", "standard normal logits, seed " + Logits.SEED);
        line(text, "Run", plan.toString());
        return text.toString();
    }

    /** Name, lanes and reason as the forks said them, to the variants that ran on it. */
    private static Map<String, Set<String>> backends(Outcome outcome) {
        var backends = new LinkedHashMap<String, Set<String>>();
        outcome.notes().forEach((job, notes) -> {
            if (notes.containsKey(Notes.BACKEND)) {
                String backend = "%s (lanes: %s), %s".formatted(notes.getProperty(Notes.BACKEND),
                        notes.getProperty(Notes.LANES), notes.getProperty(Notes.REASON));
                backends.computeIfAbsent(backend, _ -> new LinkedHashSet<>()).add(job.label());
            }
        });
        return backends;
    }

    private static Map<String, Set<String>> flags(Outcome outcome) {
        var flags = new LinkedHashMap<String, Set<String>>();
        outcome.results().forEach((job, result) -> {
            List<String> arguments = result.getParams().getJvmArgs().stream()
                    .filter(argument -> !Notes.isArgument(argument)).toList();
            flags.computeIfAbsent(String.join(" ", arguments), _ -> new LinkedHashSet<>()).add(job.label());
        });
        return flags;
    }

    private static void line(StringBuilder text, String name, String value) {
        text.append("- **").append(name).append("**: ").append(value).append('\n');
    }
}
