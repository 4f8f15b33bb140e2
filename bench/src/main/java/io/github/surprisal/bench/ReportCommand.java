package io.github.surprisal.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes the report of a run that was measured before. */
@Command(name = "report", mixinStandardHelpOptions = true, description = "Writes index.html and report.md anew from the files of a run.")
final class ReportCommand implements Callable<Integer> {

    @Parameters(arity = "0..1", paramLabel = "RUN", defaultValue = "target/report",
            description = "the run's folder, or its " + RunFolder.RESULTS + ". Default: ${DEFAULT-VALUE}")
    private Path run;

    @Option(names = "--out", paramLabel = "FOLDER", description = "where to write; else beside the results")
    private Path out;

    @Override
    public Integer call() {
        var measured = Run.load(run);
        Path beside = Files.isDirectory(run) ? run : run.toAbsolutePath().getParent();
        var folder = RunFolder.create(out == null ? beside : out);
        Reports.write(measured, folder);
        System.out.println(folder.html());
        return 0;
    }
}
