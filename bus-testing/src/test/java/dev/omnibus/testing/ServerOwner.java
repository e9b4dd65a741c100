package dev.omnibus.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A JVM of its own that starts a server, reports it, and ends when told: by "exit" normally, or by being killed. */
final class ServerOwner implements AutoCloseable {
    final Process jvm;
    final long serverPid;
    final int serverPort;
    final Path serverFolder;

    private ServerOwner(Process jvm, String[] report) {
        this.jvm = jvm;
        this.serverPid = Long.parseLong(report[0]);
        this.serverPort = Integer.parseInt(report[1]);
        this.serverFolder = Path.of(report[2]);
    }

    static ServerOwner launch(Path home) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        ProcessBuilder builder = new ProcessBuilder(
                java, "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx64m", ServerOwner.class.getName());
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        builder.environment().put("XDG_CACHE_HOME", home.toString());
        Process jvm = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        BufferedReader reader = jvm.inputReader(StandardCharsets.UTF_8);
        String report = reader.readLine();
        if (report == null) {
            throw new IOException("The child JVM ended before it had a server");
        }
        return new ServerOwner(jvm, report.split(" ", 3));
    }

    public static void main(String[] args) throws IOException {
        RedisServer server = RedisServer.start();
        System.out.println(server.pid() + " " + server.port() + " " + RedisServerTest.folderOf(server));
        // Not closed: that is what the shutdown hook and the reaper are for.
        int told = System.in.read();
        System.exit(told == -1 ? 1 : 0);
    }

    void exitNormally() throws IOException {
        jvm.outputWriter(StandardCharsets.UTF_8).append("exit\n").close();
        jvm.onExit().join();
    }

    void kill() {
        jvm.destroyForcibly();
        jvm.onExit().join();
    }

    @Override
    public void close() {
        kill();
        ProcessHandle.of(serverPid).ifPresent(ProcessHandle::destroyForcibly);
    }
}
