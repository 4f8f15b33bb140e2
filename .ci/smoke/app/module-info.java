/** The same program as a module. */
module smoke {
    requires io.github.surprisal;
}
