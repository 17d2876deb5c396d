//! Names: of result columns, of columns in any case, of tables in their own case, and what is said when they are unknown.

use super::check;

#[tokio::test]
async fn columns_are_named_by_the_text_of_the_statement() {
    check(&[
        ("SELECT 1", "1\n1"),
        (
            "select  1 +  1 , 'a;b' , \"x\"",
            "1 +  1\ta;b\tx\n2\ta;b\tx",
        ),
        (
            "SELECT 1 AS One, 2 two, 3 AS `Th ree`",
            "One\ttwo\tTh ree\n1\t2\t3",
        ),
        ("SELECT 1, 1, 1", "1\t1\t1\n1\t1\t1"),
        (
            "SELECT COUNT(*), cOuNt(*) FROM Orders",
            "COUNT(*)\tcOuNt(*)\n0\t0",
        ),
        ("SELECT NULL", "NULL\nNULL"),
        ("SELECT -1, (2)", "-1\t(2)\n-1\t2"),
        (
            "SELECT * FROM (SELECT 1 AS Foo, 2 AS bAr UNION SELECT 3, 4) t ORDER BY foo",
            "Foo\tbAr\n1\t2\n3\t4",
        ),
        ("SELECT * FROM Orders", "Id\tday\tName\tprice\tpaid"),
        (
            "SELECT Orders.*, 1 FROM Orders",
            "Id\tday\tName\tprice\tpaid\t1",
        ),
        (
            "SELECT schemata.* FROM information_schema.SCHEMATA LIMIT 0",
            "CATALOG_NAME\tSCHEMA_NAME\tDEFAULT_CHARACTER_SET_NAME\tDEFAULT_COLLATION_NAME\tSQL_PATH\tDEFAULT_ENCRYPTION",
        ),
        (
            "SELECT EXISTS(SELECT 1) AS e, NOT EXISTS(SELECT 1 FROM Orders) AS n",
            "e\tn\n1\t1",
        ),
        (
            "SELECT o.*, id FROM Orders o",
            "Id\tday\tName\tprice\tpaid\tid",
        ),
        (
            "SELECT ID, `NAME`, o.Price FROM Orders AS o",
            "ID\tNAME\tPrice",
        ),
        ("SELECT 'it''s', /* c */ 'b'", "it's\tb\nit's\tb"),
    ])
    .await;
}

#[tokio::test]
async fn names_of_columns_have_no_case_and_names_of_tables_have() {
    check(&[
        (
            "SELECT orders.id FROM Orders",
            "ERROR 1054: Unknown column 'orders.id'; did you mean 'Orders.id'?",
        ),
        (
            "SELECT Orders.ID FROM shop.Orders WHERE orders.iD = 1",
            "ERROR 1054: Unknown column 'orders.ID'; did you mean 'Orders.id'?",
        ),
        ("SELECT shop.Orders.ID FROM Orders", "ID"),
        (
            "SELECT 1 FROM orders",
            "ERROR 1146: Table 'shop.orders' doesn't exist",
        ),
        (
            "SELECT 1 FROM Shop.Orders",
            "ERROR 1049: Unknown database 'Shop'",
        ),
        (
            "SELECT COUNT(*) FROM INFORMATION_SCHEMA.schemata",
            "COUNT(*)\n3",
        ),
        (
            "SELECT TABLES.table_name FROM information_schema.TABLES WHERE Table_Schema = 'shop'",
            "table_name\nOrders",
        ),
        (
            "SELECT X FROM (SELECT 1 AS x) t WHERE T.x = 1",
            "ERROR 1054: Unknown column 'T.X'; did you mean 't.x'?",
        ),
        ("WITH c AS (SELECT 1 AS A) SELECT a FROM c", "a\n1"),
        ("SELECT a.ID FROM Orders a JOIN Orders b USING (id)", "ID"),
        (
            "SELECT id FROM Orders a JOIN Orders b ON a.id = b.id",
            "ERROR 1052: column 'id' is ambiguous; write table.id",
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_is_unknown_is_told_in_mysqls_codes() {
    check(&[
        ("SELECT $$", "ERROR 1054: Unknown column '$$'"),
        (
            "SELECT Nope FROM Orders",
            "ERROR 1054: Unknown column 'Nope'",
        ),
        ("SELECT nope()", "ERROR 1305: function nope does not exist"),
        (
            "SELECT @@no_such",
            "ERROR 1193: Unknown system variable 'no_such'",
        ),
        (
            "SELECT IF(1)",
            "ERROR 1582: function if takes 3 arguments, not 1",
        ),
        (
            "SELECT CONCAT()",
            "ERROR 1582: incorrect parameter count in the call to function concat",
        ),
        (
            "SELECT * FROM Orders PARTITION (p1)",
            "ERROR 1235: FROM .. PARTITION is not supported",
        ),
        (
            "SELECT * FROM Orders WHERE day = 'nonsense'",
            "ERROR 1366: incorrect DATE value: 'nonsense'",
        ),
        (
            "INSERT INTO Orders VALUES (1)",
            "ERROR 1136: column count doesn't match value count at row 1: 5 columns, 1 values",
        ),
        (
            "INSERT INTO Orders (id, nope) VALUES (1, 2)",
            "ERROR 1054: Unknown column 'nope' in table 'Orders'",
        ),
        (
            "INSERT INTO Orders (id) SELECT 1, 2",
            "ERROR 1136: column count doesn't match value count: 1 columns, the query gives 2",
        ),
        (
            "INSERT INTO Nope VALUES (1)",
            "ERROR 1146: Table 'shop.Nope' doesn't exist",
        ),
        (
            "INSERT INTO Orders (day) VALUES (DEFAULT), (1, 2)",
            "ERROR 1136: column count doesn't match value count at row 2: 1 columns, 2 values",
        ),
    ])
    .await;
}

#[tokio::test]
async fn filters_on_columns_of_each_type_plan() {
    check(&[
        ("SELECT id FROM Orders WHERE id = '5' AND day >= '2013-01-01' AND day < '2013-01-01 12:00:00'", "id"),
        ("SELECT id FROM Orders WHERE paid = 1 AND paid AND NOT paid", "id"),
        ("SELECT id FROM Orders WHERE paid = TRUE AND price > 1.5 AND price < '2' AND name = 5", "id"),
        ("SELECT id FROM Orders WHERE name LIKE 'a%' OR id IN (1, '2') OR day IN ('2013-01-01')", "id"),
        ("SELECT id FROM Orders WHERE day BETWEEN '2013-01-01' AND NOW()", "id"),
        ("SELECT YEAR(day) y, SUM(price) / COUNT(*) FROM Orders GROUP BY y ORDER BY y", "y\tSUM(price) / COUNT(*)"),
        ("SELECT id FROM Orders WHERE id", "id"),
        ("SELECT DISTINCT Name FROM Orders ORDER BY name", "Name"),
    ])
    .await;
}
