package dev.omnibus.spring;

import dev.omnibus.transport.memory.InMemoryNetwork;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** An application whose Redis is inside the JVM. */
@Configuration(proxyBeanMethods = false)
class InMemoryConfiguration {

    static ApplicationContextRunner runner() {
        return new ApplicationContextRunner()
                .withConfiguration(
                        AutoConfigurations.of(OmnibusAutoConfiguration.class, OmnibusActuatorAutoConfiguration.class))
                .withUserConfiguration(InMemoryConfiguration.class);
    }

    @Bean
    InMemoryNetwork network() {
        return new InMemoryNetwork();
    }

    @Bean
    OmnibusConnectionDetails details(InMemoryNetwork network) {
        return within -> network.open();
    }
}
