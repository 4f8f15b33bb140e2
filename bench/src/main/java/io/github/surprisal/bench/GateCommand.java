package io.github.surprisal.bench;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
@Command(name = "gate")
final class GateCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        return 0;
    }
}
