package hello;

// tag::spring-first-contract
public interface Greeter {
    String greet(String name);
}
// end::spring-first-contract
