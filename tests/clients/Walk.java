import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** The walk through MariaDB Connector/J: Walk PORT SERVER_SIDE_PREPARES. */
public class Walk {
    static int checks = 0;

    static void check(boolean right, Object what) {
        checks++;
        if (!right) {
            throw new AssertionError("check " + checks + ": " + what);
        }
    }

    static String url(String port, String prepares, String db) {
        return "jdbc:mariadb://127.0.0.1:" + port + "/" + db + "?user=root&useServerPrepStmts=" + prepares
            + "&allowMultiQueries=true";
    }

    public static void main(String[] args) throws Exception {
        String db = "walk_jdbc_" + args[1];
        try (Connection conn = DriverManager.getConnection(url(args[0], args[1], "")); Statement st = conn.createStatement()) {
            check(conn.getAutoCommit(), "autocommit");
            st.execute("DROP DATABASE IF EXISTS " + db + " FORCE");
            st.execute("CREATE DATABASE " + db);
            st.execute("USE " + db);
            st.execute("CREATE TABLE t (id BIGINT NOT NULL, name VARCHAR(20), price DECIMAL(10,2), at DATETIME) "
                + "DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 4 PROPERTIES ('replication_num' = '3')");
            load(conn);
            read(conn, st);
            show(conn, st);
            meta(conn, db);
            refuse(st);
            st.execute("DROP DATABASE " + db + " FORCE");
        }
        System.out.println(checks + " checks");
    }

    static void load(Connection conn) throws SQLException {
        try (PreparedStatement insert = conn.prepareStatement("INSERT INTO t VALUES (?, ?, ?, ?)")) {
            insert.setLong(1, 1);
            insert.setString(2, "ä'b");
            insert.setBigDecimal(3, new BigDecimal("1.50"));
            insert.setString(4, "2013-01-02 03:04:05");
            check(insert.executeUpdate() == 1, "one row");
            insert.setLong(1, 2);
            insert.setNull(2, java.sql.Types.VARCHAR);
            insert.setNull(3, java.sql.Types.DECIMAL);
            insert.setNull(4, java.sql.Types.TIMESTAMP);
            check(insert.executeUpdate() == 1, "one row again");
        }
    }

    static void read(Connection conn, Statement st) throws SQLException {
        try (PreparedStatement select = conn.prepareStatement("SELECT id, name, price, at FROM t WHERE id >= ? ORDER BY id")) {
            for (int round = 0; round < 3; round++) {
                select.setLong(1, 1);
                try (ResultSet rows = select.executeQuery()) {
                    check(rows.next() && rows.getLong(1) == 1 && "ä'b".equals(rows.getString("name")), "row 1");
                    check(new BigDecimal("1.50").equals(rows.getBigDecimal(3)), rows.getString(3));
                    check(rows.getString(4).startsWith("2013-01-02 03:04:05"), rows.getString(4));
                    check(rows.next() && rows.getString(2) == null && rows.getBigDecimal(3) == null, "row 2");
                    check(!rows.next(), "two rows");
                }
            }
        }
        boolean more = st.execute("SELECT 1; SELECT 2");
        check(more, "first of two results");
        check(st.getMoreResults(), "second of two results");
        try (ResultSet rows = st.executeQuery("SELECT 42")) {
            check(rows.next() && rows.getInt(1) == 42, "42");
        }
    }

    static void show(Connection conn, Statement st) throws SQLException {
        List<String> tablets = new ArrayList<>();
        try (ResultSet rows = st.executeQuery("ADMIN SHOW REPLICA STATUS FROM t")) {
            check("Status".equals(rows.getMetaData().getColumnLabel(12)), "the seed's last column");
            while (rows.next()) {
                check("OK".equals(rows.getString("Status")), rows.getString("Status"));
                tablets.add(rows.getString("TabletId"));
            }
        }
        check(tablets.size() == 12, tablets);
        String command;
        try (ResultSet rows = st.executeQuery("SHOW TABLET " + tablets.get(0))) {
            check(rows.next(), "a tablet");
            command = rows.getString("DetailCmd");
        }
        try (PreparedStatement detail = conn.prepareStatement(command.replace(";", "")); ResultSet rows = detail.executeQuery()) {
            int replicas = 0;
            while (rows.next()) {
                replicas++;
            }
            check(replicas == 3, command);
        }
    }

    static void meta(Connection conn, String db) throws SQLException {
        try (ResultSet tables = conn.getMetaData().getTables(db, null, "t", null)) {
            check(tables.next() && "t".equals(tables.getString("TABLE_NAME")), "getTables");
        }
        try (ResultSet columns = conn.getMetaData().getColumns(db, null, "t", null)) {
            List<String> names = new ArrayList<>();
            while (columns.next()) {
                names.add(columns.getString("COLUMN_NAME"));
            }
            check(names.equals(List.of("id", "name", "price", "at")), names);
        }
    }

    static void refuse(Statement st) throws SQLException {
        try {
            st.executeQuery("SELECT * FROM missing");
            check(false, "no error for a missing table");
        } catch (SQLException error) {
            check(error.getErrorCode() == 1146 && "42S02".equals(error.getSQLState()), error);
        }
    }
}
