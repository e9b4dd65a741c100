// tag::spring-first-service
package hello;

import dev.omnibus.spring.RpcService;

@RpcService
class PoliteGreeter implements Greeter {
    @Override
    public String greet(String name) {
        return "Hello, " + name;
    }
}
// end::spring-first-service
