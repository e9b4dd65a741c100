// tag::spring-first-contract
package hello;

public interface Greeter {
    String greet(String name);
}
// end::spring-first-contract
