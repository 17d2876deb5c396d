//! Statements that clients send on their own.

use super::check;

#[tokio::test]
async fn the_greeting_of_clients() {
    let version = crate::sql::session::SERVER_VERSION;
    check(&[
        ("select DATABASE(), USER() limit 1", "DATABASE()\tUSER()\nshop\troot@127.0.0.1"),
        ("SELECT CONNECTION_ID()", "CONNECTION_ID()\n7"),
        ("SELECT VERSION() AS v, @@version AS w", &format!("v\tw\n{version}\t{version}")),
        ("SELECT CURRENT_USER, current_user()", "CURRENT_USER\tcurrent_user()\nroot@%\troot@%"),
        ("SELECT @@session.autocommit, @@global.autocommit, @@lower_case_table_names", "@@session.autocommit\t@@global.autocommit\t@@lower_case_table_names\n1\t1\t0"),
        ("SELECT @@transaction_isolation", "@@transaction_isolation\nREPEATABLE-READ"),
        ("SELECT @@session.auto_increment_increment AS auto_increment_increment, @@max_allowed_packet + 0 AS m", "auto_increment_increment\tm\n1\t67108864"),
        ("SELECT @nobody, @nobody IS NULL AS n", "@nobody\tn\nNULL\t1"),
        ("SELECT @a := 2 + 1 AS a, @a * 2 AS b", "a\tb\n3\t6"),
        ("SELECT SLEEP(0)", "SLEEP(0)\n0"),
        ("SELECT 1 FROM DUAL", "1\n1"),
        ("SELECT 1 LIMIT 0", "1"),
        ("(SELECT 1) UNION (SELECT 2) ORDER BY 1", "1\n1\n2"),
        ("SELECT SQL_NO_CACHE 1", "1\n1"),
        ("SELECT TIMEDIFF(NOW(), UTC_TIMESTAMP())", "TIMEDIFF(NOW(), UTC_TIMESTAMP())\n00:00:00"),
    ])
    .await;
}

#[tokio::test]
async fn tools_read_information_schema() {
    check(&[
        (
            "select schema_name as name from information_schema.schemata order by if(schema() = schema_name, 1, 2), schema_name",
            "name\nshop\ninformation_schema\nsys",
        ),
        (
            "select collation_name, character_set_name, is_default collate utf8_general_ci = 'Yes' as is_default from information_schema.collations where id = 255",
            "collation_name\tcharacter_set_name\tis_default\nutf8mb4_0900_ai_ci\tutf8mb4\t1",
        ),
        (
            "SELECT TABLE_NAME, CASE WHEN TABLE_TYPE='BASE TABLE' THEN 'TABLE' ELSE TABLE_TYPE END AS TABLE_TYPE FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'shop' HAVING TABLE_TYPE IN ('LOCAL TEMPORARY','TABLE','VIEW',null,null) ORDER BY TABLE_TYPE, TABLE_NAME",
            "TABLE_NAME\tTABLE_TYPE\nOrders\tTABLE",
        ),
        (
            "SELECT DISTINCT TABLE_SCHEMA from information_schema.TABLES where TABLE_TYPE != 'SYSTEM VIEW' ORDER BY TABLE_SCHEMA",
            "TABLE_SCHEMA\nshop",
        ),
        (
            "SELECT column_name, data_type, column_type, is_nullable, character_maximum_length, numeric_precision, column_key FROM information_schema.columns WHERE table_schema = 'shop' AND table_name = 'Orders' ORDER BY ordinal_position",
            "column_name\tdata_type\tcolumn_type\tis_nullable\tcharacter_maximum_length\tnumeric_precision\tcolumn_key\n\
             Id\tbigint\tbigint\tNO\tNULL\t19\tDUP\n\
             day\tdate\tdate\tYES\tNULL\tNULL\t\n\
             Name\tvarchar\tvarchar(20)\tYES\t20\tNULL\t\n\
             price\tdecimal\tdecimal(10,2)\tYES\tNULL\t10\t\n\
             paid\ttinyint\ttinyint(1)\tYES\tNULL\t3\t",
        ),
        ("SELECT COUNT(*) AS support_ndb FROM information_schema.ENGINES WHERE Engine = 'ndbcluster'", "support_ndb\n0"),
        ("SELECT * FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = 'nobody' AND t.TABLE_NAME = 'CHECK_CONSTRAINTS' LIMIT 1",
         "TABLE_CATALOG\tTABLE_SCHEMA\tTABLE_NAME\tTABLE_TYPE\tENGINE\tVERSION\tROW_FORMAT\tTABLE_ROWS\tAVG_ROW_LENGTH\tDATA_LENGTH\tMAX_DATA_LENGTH\tINDEX_LENGTH\tDATA_FREE\tAUTO_INCREMENT\tCREATE_TIME\tUPDATE_TIME\tCHECK_TIME\tTABLE_COLLATION\tCHECKSUM\tCREATE_OPTIONS\tTABLE_COMMENT"),
        ("SELECT CONCAT('x', routine_name) FROM information_schema.ROUTINES UNION ALL SELECT trigger_name FROM information_schema.triggers", "CONCAT('x', routine_name)"),
        ("SELECT partition_name, partition_method, partition_expression FROM information_schema.partitions", "partition_name\tpartition_method\tpartition_expression\np1\tRANGE\tday"),
        ("SELECT index_name, column_name FROM information_schema.statistics WHERE table_name = 'Orders'", "index_name\tcolumn_name\nDUPLICATE\tId"),
        ("USE Information_Schema; SELECT COUNT(*) > 20 AS many FROM `tables`; SELECT DATABASE()", "done 0\nmany\n1\nDATABASE()\ninformation_schema"),
    ])
    .await;
}

#[tokio::test]
async fn sys_holds_the_state_of_the_cluster() {
    check(&[(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'sys' AND table_name IN ('backends', 'replicas') ORDER BY 1",
        "table_name\nbackends\nreplicas",
    )])
    .await;
}
