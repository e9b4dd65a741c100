package dev.omnibus.spring.internal;

import org.springframework.boot.SpringBootVersion;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * A version check, which says in a sentence that the starter does not fit, where classes would be missing later. It
 * runs before anything else of the starter, and uses only what older versions of Spring Boot have as well.
 */
final class SpringBootVersionCheck implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    private static final int OLDEST = 4;

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        check(SpringBootVersion.getVersion());
    }

    static void check(String version) {
        if (Integer.parseInt(version.substring(0, version.indexOf('.'))) < OLDEST) {
            throw new OmnibusStartException(
                    "bus-spring-boot-starter needs Spring Boot 4.1 or newer, and this is Spring Boot " + version + ".",
                    "Use a newer Spring Boot. Or take dev.omnibus:bus-rpc in place of the starter, and make the bus"
                            + " yourself: @Bean Bus bus() { return Bus.builder(\"redis://localhost:6379\").build(); }");
        }
    }
}
