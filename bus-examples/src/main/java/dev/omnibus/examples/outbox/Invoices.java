package dev.omnibus.examples.outbox;

import dev.omnibus.bus.Event;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/** The database of the billing, which is another one than that of the shop. Thread-safe. */
final class Invoices {

    // tag::outbox-invoices
    static final String TABLES = """
            CREATE TABLE handled (event_id VARCHAR(256) PRIMARY KEY);
            CREATE TABLE billed (sku VARCHAR(40) PRIMARY KEY, orders INT NOT NULL, pieces INT NOT NULL);
            """;
    // end::outbox-invoices

    private static final String ADD = "UPDATE billed SET orders = orders + 1, pieces = pieces + ? WHERE sku = ?";
    private static final String FIRST = "INSERT INTO billed (orders, pieces, sku) VALUES (1, ?, ?)";
    private static final String SUM = "SELECT COALESCE(SUM(orders), 0), COALESCE(SUM(pieces), 0) FROM billed";

    private final String url;

    Invoices(String url) throws SQLException {
        this.url = url;
        try (Connection database = DriverManager.getConnection(url);
                Statement create = database.createStatement()) {
            boolean unused = create.execute(TABLES);
        }
    }

    // tag::outbox-consumer
    void bill(Event<OrderPlaced> event) throws SQLException {
        String once = "INSERT INTO handled (event_id) VALUES (?) ON CONFLICT DO NOTHING";
        try (Connection database = DriverManager.getConnection(url);
                PreparedStatement insert = database.prepareStatement(once)) {
            database.setAutoCommit(false);
            insert.setString(1, event.id()); // that of the row in the outbox
            if (insert.executeUpdate() == 1) {
                add(database, event.data()); // what must not be done twice
            }
            database.commit(); // both or neither
        }
    }
    // end::outbox-consumer

    private static void add(Connection database, OrderPlaced order) throws SQLException {
        for (String sql : List.of(ADD, FIRST)) {
            try (PreparedStatement change = database.prepareStatement(sql)) {
                change.setInt(1, order.pieces());
                change.setString(2, order.sku());
                if (change.executeUpdate() == 1) {
                    return;
                }
            }
        }
    }

    /** How many orders were billed, and how many pieces. */
    Totals totals() throws SQLException {
        try (Connection database = DriverManager.getConnection(url);
                PreparedStatement select = database.prepareStatement(SUM);
                ResultSet found = select.executeQuery()) {
            boolean unused = found.next();
            return new Totals(found.getInt(1), found.getInt(2));
        }
    }

    /** What was billed. */
    record Totals(int orders, int pieces) {}
}
