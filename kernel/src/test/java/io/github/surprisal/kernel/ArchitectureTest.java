package io.github.surprisal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.reflect.AccessFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Who may refer to whom, read from the compiled classes: public types to the engine, the simd package to the vector module, never back. */
@Tag("once")
class ArchitectureTest {
    private static final String PUBLIC = "io/github/surprisal/";
    private static final String ENGINE = "io/github/surprisal/kernel/";
    private static final String SIMD = "io/github/surprisal/kernel/simd/";
    private static final String VECTOR = "jdk/incubator/vector/";
    private static final Pattern TYPE = Pattern.compile("(?:io/github/surprisal|jdk/incubator/vector)/[\\w/$]+");
    private static final Pattern VECTOR_OBJECT = Pattern.compile(VECTOR + "\\w*(?:Vector|VectorMask|VectorShuffle);");

    private static final List<ClassModel> CLASSES = new ArrayList<>();

    @BeforeAll
    static void readClasses() throws Exception {
        Path root = Path.of(ChunkSum.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        try (Stream<Path> files = Files.walk(root)) {
            files.filter(file -> file.toString().endsWith(".class") && !file.endsWith("module-info.class")).forEach(file -> CLASSES.add(parse(file)));
        }
        assertTrue(names(CLASSES.stream()).contains(SIMD + "SimdKernel"), "no classes in " + root);
    }

    private static ClassModel parse(Path file) {
        try {
            return ClassFile.of().parse(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Set<String> names(Stream<ClassModel> classes) {
        Set<String> names = new TreeSet<>();
        classes.forEach(c -> names.add(name(c)));
        return names;
    }

    private static String name(ClassModel c) {
        return c.thisClass().asInternalName();
    }

    @Test
    void onlyTheSimdPackageRefersToTheVectorModule() {
        Set<String> packages = new TreeSet<>();
        for (ClassModel c : CLASSES) {
            if (references(c).stream().anyMatch(type -> type.startsWith(VECTOR))) packages.add(name(c).substring(0, name(c).lastIndexOf('/') + 1));
        }
        assertEquals(Set.of(SIMD), packages);
    }

    @Test
    void nobodyRefersToTheSimdPackage() { // but by name, once it is known that it can be loaded
        for (ClassModel c : CLASSES) {
            if (!name(c).startsWith(SIMD)) assertNone(references(c), SIMD, name(c) + " refers to");
        }
    }

    /** Where C2 does not inline such a method it puts the vector into an object, and whether it does depends on what else it compiles. */
    @Test
    void vectorsStayWithinTheirMethod() {
        int seen = 0;
        for (ClassModel c : CLASSES) {
            if (!name(c).startsWith(SIMD)) continue;
            for (MethodModel m : c.methods()) {
                for (CodeElement e : m.code().stream().flatMap(CodeModel::elementStream).toList()) {
                    if (!(e instanceof InvokeInstruction call) || !call.owner().asInternalName().startsWith(SIMD)) continue;
                    if (!VECTOR_OBJECT.matcher(call.type().stringValue()).find()) continue;
                    seen++;
                    String caller = name(c) + "." + m.methodName().stringValue();
                    assertEquals("<clinit>", m.methodName().stringValue(), () -> caller + " hands vectors to or from " + call.name());
                }
            }
        }
        assertTrue(seen >= 6, "only " + seen + " constants of SimdColumns seen");
    }

    @Test
    void theEngineKnowsNoPublicType() {
        for (ClassModel c : CLASSES) {
            if (!name(c).startsWith(ENGINE)) continue;
            for (String type : references(c)) {
                assertFalse(type.startsWith(PUBLIC) && !type.startsWith(ENGINE), () -> name(c) + " refers to " + type);
            }
        }
    }

    @Test
    void publicSignaturesMentionNeitherEngineNorVectors() {
        int seen = 0;
        for (ClassModel c : CLASSES) {
            if (name(c).startsWith(ENGINE) || !isVisible(c.flags().flags())) continue;
            seen++;
            List<String> signatures = signatures(c);
            Set<String> types = new TreeSet<>();
            for (String signature : signatures) addTypes(signature, types);
            assertNone(types, ENGINE, "the public " + name(c) + " mentions");
            assertNone(types, VECTOR, "the public " + name(c) + " mentions");
        }
        assertTrue(seen >= 5, "only " + seen + " public types");
    }

    @Test
    void theModuleExportsOnePackage() throws IOException {
        Path descriptor = Path.of(ChunkSum.class.getProtectionDomain().getCodeSource().getLocation().getPath(), "module-info.class");
        List<String> exported = new ArrayList<>();
        ClassFile.of().parse(descriptor).findAttribute(Attributes.module()).orElseThrow()
                .exports().forEach(export -> exported.add(export.exportedPackage().name().stringValue()));
        assertEquals(List.of("io/github/surprisal"), exported);
    }

    /** Every type of interest that the constant pool names, in classes, descriptors and signatures alike. */
    private static Set<String> references(ClassModel c) {
        Set<String> types = new TreeSet<>();
        for (PoolEntry entry : c.constantPool()) {
            if (entry instanceof Utf8Entry text) addTypes(text.stringValue(), types);
        }
        return types;
    }

    /** What a caller of a public class can see: its supertypes, and its visible members' types and exceptions. */
    private static List<String> signatures(ClassModel c) {
        List<String> all = new ArrayList<>();
        c.superclass().ifPresent(type -> all.add(type.asInternalName()));
        for (ClassEntry type : c.interfaces()) all.add(type.asInternalName());
        c.findAttribute(Attributes.signature()).ifPresent(s -> all.add(s.signature().stringValue()));
        c.fields().stream().filter(f -> isVisible(f.flags().flags())).forEach(f -> {
            all.add(f.fieldType().stringValue());
            f.findAttribute(Attributes.signature()).ifPresent(s -> all.add(s.signature().stringValue()));
        });
        c.methods().stream().filter(m -> isVisible(m.flags().flags())).forEach(m -> {
            all.add(m.methodType().stringValue());
            m.findAttribute(Attributes.signature()).ifPresent(s -> all.add(s.signature().stringValue()));
            m.findAttribute(Attributes.exceptions()).ifPresent(e -> e.exceptions().forEach(type -> all.add(type.asInternalName())));
        });
        return all;
    }

    private static boolean isVisible(Set<AccessFlag> flags) {
        return flags.contains(AccessFlag.PUBLIC) || flags.contains(AccessFlag.PROTECTED);
    }

    private static void addTypes(String text, Set<String> types) {
        Matcher matcher = TYPE.matcher(text);
        while (matcher.find()) types.add(matcher.group());
    }

    private static void assertNone(Set<String> types, String prefix, String what) {
        for (String type : types) assertFalse(type.startsWith(prefix), () -> what + " " + type);
    }
}
