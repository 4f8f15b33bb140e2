package io.github.surprisal.bench;

import java.io.IOException;
import java.nio.file.FileSystemException;

/** What the user can put right. The message is one sentence that says how; the program prints it and exits with status 2. */
final class BadInput extends RuntimeException {

    private static final long serialVersionUID = 1;

    BadInput(String message) {
        super(message);
    }

    /** What was wrong with a file, without its name, which the sentence around has: the system's words, else the kind of exception. */
    static String cause(IOException e) {
        String words = e instanceof FileSystemException system ? system.getReason() : e.getMessage();
        return words == null ? e.getClass().getSimpleName() : words;
    }
}
