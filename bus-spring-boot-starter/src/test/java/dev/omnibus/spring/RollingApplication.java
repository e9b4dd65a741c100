package dev.omnibus.spring;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** A node of a service that notes what it has executed, in a file that it writes when it ends. */
@Configuration(proxyBeanMethods = false)
@ImportAutoConfiguration(OmnibusAutoConfiguration.class)
class RollingApplication {

    interface Journal {
        int add(int entry) throws InterruptedException;
    }

    static class JournalService implements Journal, DisposableBean {
        private final Queue<String> entries = new ConcurrentLinkedQueue<>();
        private final Path file;

        JournalService(Path file) {
            this.file = file;
        }

        @Override
        public int add(int entry) throws InterruptedException {
            Thread.sleep(5); // so that some run when the application is told to end
            entries.add(String.valueOf(entry));
            return entry;
        }

        @Override
        public void destroy() throws IOException {
            Files.write(file, entries);
        }
    }

    @Bean
    @RpcService
    JournalService journal(@Value("${journal}") Path file) {
        return new JournalService(file);
    }

    public static void main(String[] arguments) {
        SpringApplication.run(RollingApplication.class, arguments);
        System.out.println("ready");
    }
}
