package io.github.surprisal.bench;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Prints how the speeds of two runs differ. */
@Command(name = "compare", mixinStandardHelpOptions = true,
        description = "Prints the ratios of two runs' speeds, with 99 %% confidence intervals, for each benchmark that both have.")
final class CompareCommand implements Callable<Integer> {

    @Parameters(index = "0", paramLabel = "OLD", description = "a run's folder, or its " + RunFolder.RESULTS)
    private Path before;

    @Parameters(index = "1", paramLabel = "NEW", description = "another")
    private Path after;

    @Override
    public Integer call() {
        System.out.print(new Comparison(Run.load(before), Run.load(after)).markdown());
        return 0;
    }
}
