package io.github.surprisal.bench;

/** What the user can put right. The message is one sentence that says how; the program prints it and exits with status 2. */
final class BadInput extends RuntimeException {

    private static final long serialVersionUID = 1;

    BadInput(String message) {
        super(message);
    }
}
