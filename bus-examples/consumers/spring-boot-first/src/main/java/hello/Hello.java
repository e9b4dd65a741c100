// tag::spring-first
package hello;

import dev.omnibus.bus.Bus;
import dev.omnibus.spring.*;
import org.springframework.boot.*;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

@SpringBootApplication
@ImportRpcClients(Greeter.class)
public class Hello {

    public static void main(String[] arguments) {
        SpringApplication.run(Hello.class, arguments);
    }

    @Bean
    CommandLineRunner demo(Bus bus, @Remote Greeter greeter) {
        return arguments -> {
            System.out.println(greeter.greet("Ada")); // any node may answer
            bus.publish("names", "Grace"); // every node hears it
        };
    }

    @TopicListener("names")
    void heard(String name) {
        System.out.println("heard of " + name);
    }
}
// end::spring-first
