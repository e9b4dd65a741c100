package dev.omnibus.spring.test;

import dev.omnibus.spring.OmnibusAutoConfiguration;
import dev.omnibus.spring.OmnibusConnectionDetails;
import dev.omnibus.transport.memory.InMemoryNetwork;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Primary;

/** The auto-configuration of a bus inside the JVM, and of a probe at it. */
@AutoConfiguration(before = OmnibusAutoConfiguration.class)
final class OmnibusTestAutoConfiguration {

    OmnibusTestAutoConfiguration() {}

    @Bean
    InMemoryNetwork omnibusNetwork() {
        return new InMemoryNetwork();
    }

    @Bean
    @Primary
    OmnibusConnectionDetails inMemoryConnectionDetails(InMemoryNetwork network) {
        return within -> network.open();
    }

    @Bean
    BusProbe busProbe(InMemoryNetwork network) {
        return new BusProbe(network);
    }
}
