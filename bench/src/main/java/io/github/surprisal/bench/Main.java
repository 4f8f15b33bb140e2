package io.github.surprisal.bench;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The program: measures, reports, compares and judges. Exit status 0 is well, 1 a failure or a regression, 2 bad input. */
@Command(name = "surprisal-bench", mixinStandardHelpOptions = true, versionProvider = Main.Version.class,
        description = "Benchmarks of Surprisal: measures them, writes the report, compares runs, guards against regressions.",
        subcommands = {RunCommand.class, ReportCommand.class, CompareCommand.class, GateCommand.class, InfoCommand.class, HelpCommand.class})
public final class Main implements Runnable {

    static final int FAILED = 1;
    static final int BAD_INPUT = 2;

    @Spec
    private CommandSpec spec;

    private Main() {
    }

    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true)
                .setParameterExceptionHandler((e, _) -> {
                    var command = e.getCommandLine();
                    command.getErr().println(e.getMessage() + "; `" + command.getCommandSpec().qualifiedName() + " --help` lists what there is");
                    return BAD_INPUT;
                })
                .setExecutionExceptionHandler((e, command, _) -> {
                    if (!(e instanceof BadInput)) {
                        throw e;
                    }
                    command.getErr().println(e.getMessage());
                    return BAD_INPUT;
                });
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing, such as `run`");
    }

    static final class Version implements CommandLine.IVersionProvider {

        @Override
        public String[] getVersion() {
            return new String[] {"Surprisal " + HostInfo.surprisalVersion()};
        }
    }
}
