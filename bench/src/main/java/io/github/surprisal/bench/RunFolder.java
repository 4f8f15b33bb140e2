package io.github.surprisal.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;

/** The files of one run. JMH's JSON and run.json hold all there is to know; the report is made from them. */
record RunFolder(Path path) {

    static final String RESULTS = "jmh-result.json";
    static final String INFO = "run.json";

    /** Makes the folder, or says why it cannot. What is in it stays. */
    static RunFolder create(Path path) {
        var folder = new RunFolder(path);
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw folder.notWritable(e);
        }
        return folder;
    }

    /** Makes the folder for a new run. Whatever becomes of it, nothing that an older run left there must pass for its own. */
    static RunFolder begin(Path path) {
        var folder = create(path);
        try {
            Files.createDirectories(folder.notes());
            Files.writeString(folder.log(), "");
        } catch (IOException e) {
            throw folder.notWritable(e);
        }
        List.of(folder.results(), folder.info(), folder.markdown(), folder.html(), folder.gate()).forEach(folder::delete);
        return folder;
    }

    Path results() {
        return path.resolve(RESULTS);
    }

    Path info() {
        return path.resolve(INFO);
    }

    Path markdown() {
        return path.resolve("report.md");
    }

    Path html() {
        return path.resolve("index.html");
    }

    Path gate() {
        return path.resolve("gate.md");
    }

    Path log() {
        return path.resolve("jmh.log");
    }

    Path notes() {
        return path.resolve("notes");
    }

    void save(Collection<RunResult> results, RunInfo info) {
        var json = new ByteArrayOutputStream();
        ResultFormatFactory.getInstance(ResultFormatType.JSON, new PrintStream(json, true, StandardCharsets.UTF_8)).writeOut(results);
        write(results(), json.toString(StandardCharsets.UTF_8));
        write(info(), info.json());
    }

    /** Replaces a file as a whole: a run may be stopped at any moment. */
    void write(Path file, String text) {
        try {
            Path part = file.resolveSibling(file.getFileName() + ".part");
            Files.writeString(part, text);
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw notWritable(e);
        }
    }

    void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw notWritable(e);
        }
    }

    BadInput notWritable(IOException e) {
        return new BadInput("cannot write to %s (%s): choose another folder with --out or make it writable"
                .formatted(path.toAbsolutePath(), BadInput.cause(e)));
    }
}
