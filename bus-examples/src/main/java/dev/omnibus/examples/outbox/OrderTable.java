package dev.omnibus.examples.outbox;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;

/** The orders of the shop, and the outbox beside them, in one database. Thread-safe. */
final class OrderTable {

    // tag::outbox-tables
    static final String TABLES = """
            CREATE TABLE IF NOT EXISTS orders (
              id      VARCHAR(40) PRIMARY KEY,
              sku     VARCHAR(40) NOT NULL,
              pieces  INT         NOT NULL
            );
            CREATE TABLE IF NOT EXISTS outbox (
              position  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
              id        VARCHAR(40) NOT NULL UNIQUE,
              sku       VARCHAR(40) NOT NULL,
              pieces    INT         NOT NULL
            );
            """;
    // end::outbox-tables

    private final String url;

    OrderTable(String url) throws SQLException {
        this.url = url;
        try (Connection database = DriverManager.getConnection(url);
                Statement create = database.createStatement()) {
            create.execute(TABLES);
        }
    }

    // tag::outbox-insert
    void place(OrderPlaced order) throws SQLException {
        try (Connection database = DriverManager.getConnection(url)) {
            database.setAutoCommit(false);
            insert(database, "INSERT INTO orders (id, sku, pieces) VALUES (?, ?, ?)", order);
            insert(database, "INSERT INTO outbox (id, sku, pieces) VALUES (?, ?, ?)", order);
            database.commit(); // both or neither
        }
    }
    // end::outbox-insert

    private static void insert(Connection database, String sql, OrderPlaced order) throws SQLException {
        try (PreparedStatement insert = database.prepareStatement(sql)) {
            insert.setString(1, order.id());
            insert.setString(2, order.sku());
            insert.setInt(3, order.pieces());
            int unused = insert.executeUpdate();
        }
    }
}
