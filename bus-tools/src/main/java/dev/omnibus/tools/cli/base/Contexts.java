package dev.omnibus.tools.cli.base;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The contexts of a user: files of mode 0600 below the folder of configurations. */
public final class Contexts {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
    private static final String SUFFIX = ".json";
    private static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rw-------");

    private final Path folder;
    private final Path selected;

    Contexts(Terminal terminal) {
        folder = terminal.configuration().resolve("contexts");
        selected = terminal.configuration().resolve("context");
    }

    /** The one that is asked for, else the one that is selected. */
    public Optional<Context> chosen(Optional<String> wanted) {
        return wanted.or(this::selected).map(this::read);
    }

    public Optional<String> selected() {
        try {
            return Files.exists(selected)
                    ? Optional.of(Files.readString(selected).strip())
                    : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(selected + " cannot be read", e);
        }
    }

    public void select(String name) {
        Context unused = read(name);
        write(selected, name + "\n");
    }

    public List<String> names() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(SUFFIX))
                    .map(file -> file.substring(0, file.length() - SUFFIX.length()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(folder + " cannot be read", e);
        }
    }

    public Path file(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new Failures.UsageException("The name of a context has 1 to 64 letters, digits, '_', '-' and dots; \""
                    + name + "\" has others");
        }
        return folder.resolve(name + SUFFIX);
    }

    public Context read(String name) {
        String text = text(name);
        try {
            return Context.parse(name, text);
        } catch (Failures.UsageException e) {
            throw new Failures.UsageException(
                    "The context " + name + " cannot be used: " + e.getMessage() + "; omnibus context edit " + name
                            + " mends it",
                    e);
        }
    }

    private String text(String name) {
        Path file = file(name);
        if (!Files.exists(file)) {
            throw new Failures.UsageException("There is no context " + name + "; omnibus context ls lists them");
        }
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read", e);
        }
    }

    public void save(Context context) {
        write(file(context.name()), context.values().toPrettyString() + "\n");
    }

    /** A copy for an editor, beside the others and as private as they are; also of one that cannot be used. */
    public Path draft(String name) {
        Path draft = folder.resolve(name + ".edit");
        write(draft, text(name));
        return draft;
    }

    public boolean remove(String name) {
        try {
            if (selected().filter(name::equals).isPresent()) {
                Files.delete(selected);
            }
            return Files.deleteIfExists(file(name));
        } catch (IOException e) {
            throw new UncheckedIOException("The context " + name + " cannot be removed", e);
        }
    }

    /** Whether others can read it. */
    public static boolean isExposed(Path file) throws IOException {
        return Files.getFileStore(file).supportsFileAttributeView("posix")
                && !PRIVATE.containsAll(Files.getPosixFilePermissions(file));
    }

    /** Writes a file that was never readable for others, nor half written. */
    public static void write(Path file, String text) {
        try {
            Path parent = Objects.requireNonNull(file.toAbsolutePath().getParent(), "a file is in a folder");
            Files.createDirectories(parent);
            boolean posix = Files.getFileStore(parent).supportsFileAttributeView("posix");
            Path fresh = posix
                    ? Files.createTempFile(parent, ".omnibus", "", PosixFilePermissions.asFileAttribute(PRIVATE))
                    : Files.createTempFile(parent, ".omnibus", "");
            Files.writeString(fresh, text);
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be written", e);
        }
    }
}
