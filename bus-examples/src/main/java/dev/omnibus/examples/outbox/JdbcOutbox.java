package dev.omnibus.examples.outbox;

import dev.omnibus.durable.OutboxRow;
import dev.omnibus.durable.OutboxSource;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

// tag::outbox-source
/** The outbox of the shop, as the relay reads it. */
record JdbcOutbox(String url) implements OutboxSource<OrderPlaced> {

    private static final String NEXT = "SELECT id, sku, pieces FROM outbox ORDER BY position LIMIT ?";
    private static final String DONE = "DELETE FROM outbox WHERE id = ?";

    @Override
    public List<OutboxRow<OrderPlaced>> next(int max) throws SQLException {
        try (Connection database = DriverManager.getConnection(url);
                PreparedStatement select = database.prepareStatement(NEXT)) {
            select.setInt(1, max);
            List<OutboxRow<OrderPlaced>> rows = new ArrayList<>();
            try (ResultSet found = select.executeQuery()) {
                while (found.next()) {
                    String id = found.getString("id");
                    rows.add(new OutboxRow<>(id, new OrderPlaced(id, found.getString("sku"), found.getInt("pieces"))));
                }
            }
            return rows;
        }
    }

    @Override
    public void done(Collection<String> ids) throws SQLException {
        try (Connection database = DriverManager.getConnection(url);
                PreparedStatement delete = database.prepareStatement(DONE)) {
            database.setAutoCommit(false);
            for (String id : ids) {
                delete.setString(1, id);
                delete.addBatch();
            }
            int[] unused = delete.executeBatch();
            database.commit();
        }
    }
}
// end::outbox-source
