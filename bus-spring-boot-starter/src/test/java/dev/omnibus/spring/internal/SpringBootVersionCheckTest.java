package dev.omnibus.spring.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.core.io.support.SpringFactoriesLoader;

/** That it is understood by Spring Boot 3 itself is tried by the program in bus-examples/consumers/spring-boot-3. */
class SpringBootVersionCheckTest {

    @Test
    void anOlderSpringBootIsNamedAndSoIsWhatToDo() {
        assertThatThrownBy(() -> SpringBootVersionCheck.check("3.5.7"))
                .isInstanceOfSatisfying(
                        OmnibusStartException.class, e -> assertThat(e.action()).contains("dev.omnibus:bus-rpc"))
                .hasMessage("bus-spring-boot-starter needs Spring Boot 4.1 or newer, and this is Spring Boot 3.5.7.");
        assertThatThrownBy(() -> SpringBootVersionCheck.check("2.7.18")).isInstanceOf(OmnibusStartException.class);
    }

    @Test
    void thisOneAndThoseToComeArePassed() {
        for (String version : new String[] {"4.1.2", "4.2.0-SNAPSHOT", "10.0.0"}) {
            assertThatCode(() -> SpringBootVersionCheck.check(version)).doesNotThrowAnyException();
        }
    }

    @Test
    void everyApplicationIsChecked() {
        assertThat(SpringFactoriesLoader.forDefaultResourceLocation()
                        .load(ApplicationContextInitializer.class, (type, name, problem) -> {}))
                .hasAtLeastOneElementOfType(SpringBootVersionCheck.class);
    }
}
