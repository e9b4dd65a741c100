package dev.omnibus.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.BusState;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.rpc.CallContext;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.ClientInterceptor;
import dev.omnibus.rpc.Directory;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServerInterceptor;
import dev.omnibus.spring.internal.OmnibusLifecycle;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.BeanCreationException;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;

class OmnibusAutoConfigurationTest {

    private final ApplicationContextRunner runner = InMemoryConfiguration.runner();

    @Test
    void thereIsABusAndWhatIsBuiltOnIt() {
        runner.run(context -> {
            assertThat(context).hasSingleBean(Bus.class);
            assertThat(context).hasSingleBean(RpcClient.class);
            assertThat(context).hasSingleBean(RpcServer.class);
            assertThat(context).hasSingleBean(Directory.class);
            assertThat(context).hasSingleBean(DurableTopics.class);
            assertThat(context).hasSingleBean(TopicListenerRegistry.class);
            assertThat(context.getBean(Bus.class).state()).isEqualTo(BusState.UP);
            assertThat(context.getBean(OmnibusLifecycle.class).isRunning()).isTrue();
        });
    }

    @Test
    void theBusIsClosedWithTheApplication() {
        Bus[] bus = new Bus[1];
        runner.run(context -> bus[0] = context.getBean(Bus.class));
        assertThat(bus[0].state()).isEqualTo(BusState.CLOSED);
    }

    @Test
    void nothingOfItIsThereWhenItIsDisabled() {
        runner.withPropertyValues("omnibus.enabled=false").run(context -> {
            assertThat(context).doesNotHaveBean(Bus.class);
            assertThat(context).doesNotHaveBean(RpcServer.class);
            assertThat(context).doesNotHaveBean(OmnibusLifecycle.class);
            assertThat(context).doesNotHaveBean("omnibusHealthIndicator");
        });
    }

    @Test
    void aBusOfTheApplicationTakesThePlaceOfOurs() {
        runner.withUserConfiguration(OwnBus.class).run(context -> {
            assertThat(context).hasSingleBean(Bus.class);
            assertThat(context.getBean(Bus.class).node()).startsWith("own-");
            assertThat(context.getBean(RpcClient.class)).isSameAs(RpcClient.on(context.getBean(Bus.class)));
        });
    }

    @Test
    void twoBusesOfTheApplicationWithoutAPrimaryOneLeaveTheRestOut() {
        runner.withUserConfiguration(OwnBus.class, SecondBus.class).run(context -> {
            assertThat(context.getBeansOfType(Bus.class)).hasSize(2);
            assertThat(context).doesNotHaveBean(RpcClient.class);
            assertThat(context).doesNotHaveBean(OmnibusLifecycle.class);
            assertThat(context).doesNotHaveBean("omnibusHealthIndicator");
        });
    }

    @Test
    void whatIsBuiltOnTheBusStepsBackForBeansOfTheApplication() {
        runner.withUserConfiguration(OwnParts.class).run(context -> {
            assertThat(context).hasSingleBean(RpcClient.class).hasBean("ownClient");
            assertThat(context).hasSingleBean(RpcServer.class).hasBean("ownServer");
            assertThat(context).hasSingleBean(Directory.class).hasBean("ownDirectory");
            assertThat(context).hasSingleBean(DurableTopics.class).hasBean("ownTopics");
        });
    }

    @Test
    void theNodeIsNamedAfterTheApplication() {
        runner.withPropertyValues("spring.application.name=Order Desk (EU)")
                .run(context -> assertThat(context.getBean(Bus.class).node()).startsWith("Order-Desk--EU--"));
        runner.withPropertyValues("spring.application.name=desk", "omnibus.name=shop")
                .run(context -> assertThat(context.getBean(Bus.class).node()).startsWith("shop-"));
        runner.run(context -> assertThat(context.getBean(Bus.class).node()).startsWith("node-"));
    }

    @Test
    void customizersAndListenersAreAppliedInTheirOrder() {
        runner.withUserConfiguration(Ordered.class).run(context -> {
            assertThat(context.getBean(Bus.class).node()).startsWith("second-");
            assertThat(context.getBean(Ordered.class).states).startsWith("first UP", "second UP");
        });
    }

    @Test
    void interceptorsAreAddedInTheirOrder() {
        runner.withUserConfiguration(Ordered.class).run(context -> {
            context.getBean(RpcServer.class)
                    .serve("echo.say", String[].class, words -> words[0])
                    .ready()
                    .join();
            assertThat(context.getBean(RpcClient.class)
                            .call("echo.say", String.class, "hello")
                            .join())
                    .isEqualTo("hello");
            assertThat(context.getBean(Ordered.class).intercepted)
                    .containsExactly("client outer", "client inner", "server outer", "server inner");
        });
    }

    /** As Java itself says it: of a virtual thread, {@code VirtualThread[#29,omnibus-1]/…}. */
    private static String threadOfServices(ApplicationContext context) {
        context.getBean(RpcServer.class)
                .serve("thread.name", params -> Thread.currentThread().toString())
                .ready()
                .join();
        return context.getBean(RpcClient.class)
                .call("thread.name", String.class)
                .join();
    }

    @Test
    void virtualThreadsAreSwitchedOnAndOffAsEverywhereInSpringBoot() {
        boolean have = Runtime.version().feature() >= 21;
        runner.withPropertyValues("spring.threads.virtual.enabled=true")
                .run(context -> assertThat(threadOfServices(context)).startsWith(have ? "VirtualThread" : "Thread"));
        runner.withPropertyValues("spring.threads.virtual.enabled=false")
                .run(context -> assertThat(threadOfServices(context)).startsWith("Thread"));
        boolean byDefault = Runtime.version().feature() >= 24;
        runner.run(context -> assertThat(threadOfServices(context)).startsWith(byDefault ? "VirtualThread" : "Thread"));
    }

    @Test
    void aValueThatIsOutOfRangeIsExplained() {
        runner.withPropertyValues("omnibus.heartbeat=2m")
                .run(context -> assertThat(context.getStartupFailure())
                        .isInstanceOf(BeanCreationException.class)
                        .rootCause()
                        .hasMessageContaining("heartbeat is PT2M"));
    }

    @Test
    void itWorksWithoutWhatIsOptional() {
        runner.withClassLoader(new FilteredClassLoader(
                        "org.springframework.boot.health",
                        "org.springframework.boot.actuate",
                        "org.springframework.boot.data.redis",
                        "org.springframework.data.redis",
                        "io.micrometer"))
                .run(context -> {
                    assertThat(context).hasSingleBean(Bus.class);
                    assertThat(context).doesNotHaveBean("omnibusHealthIndicator");
                    assertThat(context).doesNotHaveBean("omnibusEndpoint");
                });
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnBus {
        @Bean
        Bus ownBus(InMemoryNetwork network) {
            return Bus.builder(network.open()).name("own").build();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class SecondBus {
        @Bean
        Bus secondBus(InMemoryNetwork network) {
            return Bus.builder(network.open()).name("second").build();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnParts {
        @Bean
        RpcClient ownClient(Bus bus) {
            return RpcClient.on(bus);
        }

        @Bean
        RpcServer ownServer(Bus bus) {
            return RpcServer.on(bus);
        }

        @Bean
        Directory ownDirectory(Bus bus) {
            return Directory.on(bus);
        }

        @Bean
        DurableTopics ownTopics(Bus bus) {
            return DurableTopics.on(bus);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Ordered {

        final List<String> states = new CopyOnWriteArrayList<>();
        final List<String> intercepted = new CopyOnWriteArrayList<>();

        private BusListener listener(String name) {
            return new BusListener() {
                @Override
                public void onState(BusState state) {
                    if (state == BusState.UP) {
                        states.add(name + " " + state);
                    }
                }
            };
        }

        @Bean
        @Order(2)
        BusListener secondListener() {
            return listener("second");
        }

        @Bean
        @Order(1)
        BusListener firstListener() {
            return listener("first");
        }

        @Bean
        @Order(2)
        BusCustomizer secondCustomizer() {
            return builder -> builder.name("second");
        }

        @Bean
        @Order(1)
        BusCustomizer firstCustomizer() {
            return builder -> builder.name("first");
        }

        @Bean
        @Order(2)
        ClientInterceptor innerClient() {
            return (String method, CallOptions options, ClientInterceptor.Next next) -> {
                intercepted.add("client inner");
                next.proceed(options);
            };
        }

        @Bean
        @Order(1)
        ClientInterceptor outerClient() {
            return (String method, CallOptions options, ClientInterceptor.Next next) -> {
                intercepted.add("client outer");
                next.proceed(options);
            };
        }

        @Bean
        @Order(2)
        ServerInterceptor innerServer() {
            return (CallContext call, ServerInterceptor.Next next) -> {
                intercepted.add("server inner");
                next.proceed();
            };
        }

        @Bean
        @Order(1)
        ServerInterceptor outerServer() {
            return (CallContext call, ServerInterceptor.Next next) -> {
                intercepted.add("server outer");
                next.proceed();
            };
        }
    }
}
