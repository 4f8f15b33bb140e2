package io.github.surprisal.bench;

/** Makes the pages of a run from its files. */
final class Reports {

    private Reports() {
    }

    /** Returns the short form, for the console. */
    static String write(RunFolder folder) {
        return write(Run.load(folder.results()), folder);
    }

    static String write(Run run, RunFolder folder) {
        var markdown = new MarkdownReport(run);
        folder.write(folder.markdown(), markdown.text());
        folder.write(folder.html(), new HtmlReport(run).text());
        return markdown.console();
    }
}
