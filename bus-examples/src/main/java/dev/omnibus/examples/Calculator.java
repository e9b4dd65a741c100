package dev.omnibus.examples;

import dev.omnibus.rpc.ServiceName;
import java.util.List;

/** The contract {@code calc}: a calculator with one number in its memory, and four methods to try calls with. */
@ServiceName("calc")
public interface Calculator {

    /**
     * Forgets the number.
     *
     * @return 0
     */
    double clr();

    /**
     * Adds to the number.
     *
     * @param x what to add
     * @return the number
     */
    double add(double x);

    /**
     * Subtracts from the number.
     *
     * @param x what to subtract
     * @return the number
     */
    double sub(double x);

    /**
     * Multiplies the number.
     *
     * @param x by what
     * @return the number
     */
    double mul(double x);

    /**
     * Divides the number.
     *
     * @param x by what; dividing by zero is a fault
     * @return the number
     */
    double div(double x);

    /**
     * The number.
     *
     * @return the number
     */
    double val();

    /**
     * Gives back what it is given.
     *
     * @param text any text
     * @return the same
     */
    String echo(String text);

    /**
     * Adds numbers, without touching the one in memory.
     *
     * @param numbers what to add
     * @return their sum
     */
    double sum(List<Double> numbers);

    /**
     * Takes its time.
     *
     * @param ms for so many milliseconds, unless it is cancelled
     * @return the same
     */
    long sleep(long ms);

    /**
     * Fails.
     *
     * @param message with this text
     */
    void fail(String message);
}
