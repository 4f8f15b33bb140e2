import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Reads the surefire reports and prints which backends the tests ran on, so that a skipped one cannot go unseen.
 *
 * <p>A backend ran if its fork passed the test method {@link #MARKER}. Other tests do not count: some do not depend on the
 * backend and pass in a fork whose width this machine does not have.
 */
public final class BackendsTested {
    private static final List<String> BACKENDS = List.of("simd-512", "simd-256", "simd-128", "simd-128-x86", "simd-256-unprofiled",
            "simd-128-unprofiled", "scalar");
    private static final String MARKER = "expectedBackendIsActive";

    private BackendsTested() {}

    /** Argument: the folder of the reports, whose files end in the name of the fork. */
    public static void main(String[] args) throws Exception {
        Path reports = Path.of(args[0]);
        int passed = 0;
        int failed = 0;
        int skipped = 0;
        StringBuilder table = new StringBuilder("Backends tested on this machine:\n");
        for (String backend : BACKENDS) {
            Fork fork = new Fork();
            File[] files = reports.toFile().listFiles((dir, name) -> name.startsWith("TEST-") && name.endsWith("-" + backend + ".xml"));
            for (File file : files == null ? new File[0] : files) {
                fork.add(file);
            }
            passed += fork.passed;
            failed += fork.failed;
            skipped += fork.skipped;
            table.append(fork.line(backend));
        }
        table.append(String.format("%d passed, %d failed, %d skipped%n", passed, failed, skipped));
        System.out.printf("%n%s%n", table);
        Files.writeString(Files.createDirectories(reports).resolve("backends.txt"), table);
    }

    private static final class Fork {
        private int passed;
        private int failed;
        private int skipped;
        private String state = "NOT RUN: no test " + MARKER;

        void add(File report) throws Exception {
            Element suite = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(report).getDocumentElement();
            NodeList tests = suite.getElementsByTagName("testcase");
            for (int i = 0; i < tests.getLength(); i++) {
                Element test = (Element) tests.item(i);
                String outcome;
                if (test.getElementsByTagName("skipped").item(0) instanceof Element skip) {
                    skipped++;
                    outcome = "NOT RUN: " + reason(skip);
                } else if (test.getElementsByTagName("failure").getLength() + test.getElementsByTagName("error").getLength() > 0) {
                    failed++;
                    outcome = "FAILED: another backend was active";
                } else {
                    passed++;
                    outcome = "ran";
                }
                if (test.getAttribute("name").startsWith(MARKER)) {
                    state = outcome;
                }
            }
        }

        String line(String backend) {
            return String.format("  %-19s %5d passed %3d failed %4d skipped   %s%n", backend, passed, failed, skipped, state);
        }

        /** The first line of "org.opentest4j.TestAbortedException: Assumption failed: this host has ...", without its head. */
        private static String reason(Element skip) {
            String text = skip.hasAttribute("message") ? skip.getAttribute("message") : skip.getTextContent();
            return text.strip().lines().findFirst().orElse("no reason given").replaceFirst("^.*Assumption failed: ", "");
        }
    }
}
