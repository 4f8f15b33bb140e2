package io.github.surprisal.bench;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Tells what would run, and on what. */
@Command(name = "info", mixinStandardHelpOptions = true, description = "Prints the machine, the backend, and the operations and sizes there are.")
final class InfoCommand implements Callable<Integer> {

    @Mixin
    private ForkOptions forks;

    @Override
    public Integer call() {
        ForkOptions.requireVectorModule();
        var all = Jobs.all();
        var facts = HostInfo.facts("none", Instant.now().truncatedTo(ChronoUnit.SECONDS), forks.jvmArguments());
        facts.remove("Run");
        facts.put("Backend", BackendName.inFork(forks.jvmArguments()));
        facts.put("Peers", all.stream().anyMatch(Job::isPeer) ? "built in" : "not in this build, which -Ppeers adds");
        facts.forEach((name, value) -> System.out.printf("%-20s %s%n", name, value));
        System.out.printf("%noperation            sizes, a * for those of a quick run%n");
        var sizes = new LinkedHashMap<String, List<String>>();
        for (Job job : all) {
            sizes.computeIfAbsent(job.operation(), _ -> new ArrayList<>()).add(job.shape() + (job.isQuick() ? "*" : ""));
        }
        sizes.forEach((operation, some) -> System.out.printf("%-20s %s%n", operation, String.join(" ", once(some))));
        return 0;
    }

    /** A size is marked if any variant runs quickly on it. */
    private static List<String> once(List<String> sizes) {
        var all = new LinkedHashSet<>(sizes);
        return all.stream().filter(size -> size.endsWith("*") || !all.contains(size + "*")).toList();
    }
}
