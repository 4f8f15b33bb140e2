package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The code that readers see is the code that runs here, and its comments tell its results. */
class ReadmeTest {
    private static final Path KERNEL = Path.of(System.getProperty("basedir", "."));
    private static final Path SNIPPETS = KERNEL.resolve("src/test/java/io/github/surprisal/ReadmeSnippets.java");
    private static final Path EXAMPLE = SNIPPETS.resolveSibling("examples/SoftmaxRegression.java");
    private static final Pattern REGION = Pattern.compile("(?s)// @start region=\"([^\"]+)\"\\R(.*?)// @end");
    private static final Pattern JAVA_BLOCK = Pattern.compile("(?s)```java\\R(.*?)```");

    @Test
    void everyJavaBlockOfTheReadmeIsARegion() throws IOException {
        Path readme = KERNEL.resolve("../README.md");
        if (Files.notExists(readme)) return; // a kernel folder on its own
        Matcher block = JAVA_BLOCK.matcher(Files.readString(readme));
        List<String> regions = new ArrayList<>(regions(SNIPPETS, 3));
        regions.addAll(regions(EXAMPLE, 1));
        int blocks = 0;
        for (; block.find(); blocks++) {
            String code = normalized(block.group(1));
            assertTrue(regions.contains(code), () -> "README.md has\n" + code + "the tests have\n" + String.join("and\n", regions));
        }
        assertEquals(2, blocks, "java blocks in README.md");
    }

    private static List<String> regions(Path source, int count) throws IOException {
        List<String> regions = new ArrayList<>();
        Matcher region = REGION.matcher(Files.readString(source));
        while (region.find()) regions.add(normalized(region.group(2)));
        assertEquals(count, regions.size(), "regions in " + source);
        return regions;
    }

    /** Without common indentation, trailing blanks and the line of the end marker. */
    private static String normalized(String code) {
        return code.stripTrailing().stripIndent() + "\n";
    }

    @Test
    void commentsTellTheResults() {
        PrintStream standard = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        float[] results;
        try {
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            results = ReadmeSnippets.logSumExp();
        } finally {
            System.setOut(standard);
        }
        assertEquals("1.5255", decimals(results[0]));
        assertEquals("3.4076", decimals(results[1]));
        assertEquals("3.0986", decimals(results[2]));
        assertEquals(Backend.active().toString(), printed.toString(StandardCharsets.UTF_8).strip());

        float[] loss = ReadmeSnippets.crossEntropy();
        assertEquals("1.5893", decimals(loss[0]));
        assertEquals(0f, loss[2] + loss[3] + loss[4], 2e-7f, "a gradient row sums to 0 but for rounding");

        float[] merged = ReadmeSnippets.accumulator();
        assertEquals("4.4402", decimals(merged[0]));
        assertEquals("4.4402", decimals(merged[1]));
    }

    private static String decimals(float x) {
        return String.format(Locale.ROOT, "%.4f", x);
    }
}
