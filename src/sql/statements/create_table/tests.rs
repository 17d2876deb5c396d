//! CREATE TABLE: what the leader is asked for, what SHOW CREATE TABLE says of it, and what is refused.

use std::sync::Arc;

use super::*;
use crate::catalog::partition::{Partition, PartitionSpec};
use crate::catalog::table::{Medium, Table, TableSpec, WriteQuorum};
use crate::clock::Timestamp;
use crate::ids::{DbId, IndexId, PartitionId, TableId};
use crate::proc::testing;
use crate::sql::ddl::shown;
use crate::sql::script::{Limits, split};
use crate::sql::session::Session;

fn parse(text: &str) -> Result<CreateTable, Failure> {
    let limits = Limits {
        tokens: 10_000,
        chain: 100,
    };
    let script = split(text, limits)?.remove(0);
    let mut c = Cursor::new(&script.tokens, &script.source);
    let create = CreateTable::parse(&mut c)?;
    c.end()?;
    Ok(create)
}

/// The definition that the leader would be asked for, where every replica finds a backend.
fn made(text: &str) -> Result<(TableSpec, Vec<PartitionSpec>), Failure> {
    let create = parse(text)?;
    create.clauses.checked("t", &testing::view().config)
}

/// A catalog with the table in it.
fn created(spec: TableSpec, partitions: Vec<PartitionSpec>) -> (View, Table) {
    let mut view = testing::view();
    let mut table = Table {
        id: TableId(1),
        db: DbId(1001),
        name: "t".to_owned(),
        index: IndexId(2),
        spec,
        created: Timestamp::at(0),
        partitions: vec![],
    };
    for (i, spec) in partitions.into_iter().enumerate() {
        let id = PartitionId(100 + i as u64);
        table.partitions.push(id);
        let partition = Partition {
            id,
            table: table.id,
            spec,
            tablets: vec![],
            visible_version: 1,
            visible_time: Timestamp::at(0),
            next_version: 2,
        };
        view.catalog.partitions.insert(id, Arc::new(partition));
    }
    (view, table)
}

const FULL: &str = r#"
create table if not exists d.t (
    k1 date not null comment 'the ''day''',
    k2 varchar(20) not null default "a\\b",
    v1 decimal(9, 2) null default -1.5,
    v2 datetime default current_timestamp,
    v3 boolean, v4 tinyint(4), v5 smallint, v6 int, v7 bigint(20), v8 largeint, v9 float, v10 double precision,
    v11 char, v12 varchar, v13 string, v14 numeric
) engine = olap
duplicate key (K1, k2)
comment "all of it"
partition by range (k1) (
    partition p1 values less than ("2013-02-01"),
    partition `p 2` values [("2013-02-01"), ("2013-03-01")) ("replication_num" = "1", "storage_medium" = "SSD"),
    start ("2014-01-01") end ("2014-03-01") every (interval 1 month),
    partition pmax values less than maxvalue
)
distributed by hash (k2, k1) buckets 8
properties ("replication_num" = "2", "write_quorum" = "all", "storage_medium" = "hdd")
"#;

#[test]
fn what_show_create_table_prints_makes_an_equal_table() {
    for text in [
        FULL,
        "create table t (a int, b int)",
        "create table t (a int) distributed by random properties ('bucket_size' = '1024')",
        "create table t (a int, b bigint) partition by range (b) () distributed by hash(a)",
        "create table t (a int, b bigint) partition by range (b) (partition p values less than maxvalue)",
    ] {
        let (spec, partitions) = made(text).unwrap();
        let (view, table) = created(spec.clone(), partitions.clone());
        let shown = CreateTable {
            table: TableName {
                db: None,
                table: table.name.clone(),
            },
            if_not_exists: false,
            clauses: shown::clauses(&view.catalog, &table),
        };
        let printed = shown.to_string();
        assert_eq!(parse(&printed).unwrap(), shown, "{printed}");
        assert_eq!(made(&printed).unwrap(), (spec, partitions), "{printed}");
    }
}

#[test]
fn the_clauses_become_a_definition() {
    let (spec, partitions) = made(FULL).unwrap();
    assert_eq!(spec.key_columns, 2);
    assert_eq!(spec.columns.len(), 16);
    assert_eq!(spec.distribution.columns, [1, 0]);
    assert_eq!(spec.properties.write_quorum, WriteQuorum::All);
    let names: Vec<&str> = partitions.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["p1", "p 2", "p201401", "p201402", "pmax"]);
    assert_eq!(partitions[1].replication_num, 1);
    assert_eq!(partitions[1].medium, Medium::Ssd);
    assert_eq!(partitions[0].buckets, 8);
    let bounds = |p: &PartitionSpec| {
        let range = p.range.clone().unwrap();
        (
            range.lower.map(|b| b.to_string()),
            range.upper.map(|b| b.to_string()),
        )
    };
    assert_eq!(bounds(&partitions[0]), (None, Some("2013-02-01".into())));
    // LESS THAN begins where the partition below it ends.
    assert_eq!(bounds(&partitions[4]), (Some("2014-03-01".into()), None));
}

#[test]
fn the_key_that_nobody_chose_follows_the_rule() {
    for (columns, keys) in [
        ("a int", 1),
        ("a int, b int, c int, d int", 3),
        ("a int, b varchar(5), c int", 2),
        ("a int, b double, c int", 1),
        ("a largeint, b largeint, c largeint", 2),
        ("a char(200), b int", 1),
        ("a int, b string", 1),
        ("a string, b int", 1),
    ] {
        let (spec, _) = made(&format!("create table t ({columns})")).unwrap();
        assert_eq!(spec.key_columns, keys, "{columns}");
    }
}

/// Statement, code, and where the fault is.
const REFUSED: &[(&str, u16, &str)] = &[
    ("create table t (a int, A int)", 1060, "column 24"),
    ("create table t (a double)", 5064, ""),
    (
        "create table t (a int) duplicate key (b)",
        1072,
        "column 39",
    ),
    (
        "create table t (a int, b int) duplicate key (b)",
        5064,
        "column 46",
    ),
    (
        "create table t (a int, b int) duplicate key (a, a)",
        1060,
        "column 49",
    ),
    (
        "create table t (a float) duplicate key (a)",
        5064,
        "column 41",
    ),
    ("create table t (a int default 'x')", 1067, "column 31"),
    (
        "create table t (a int not null default null)",
        1067,
        "column 40",
    ),
    (
        "create table t (a date default current_timestamp)",
        1067,
        "column 32",
    ),
    ("create table t (a varchar(0))", 1074, "column 27"),
    ("create table t (a decimal(39, 1))", 1426, "column 27"),
    ("create table t (a decimal(2, 3))", 1427, "column 27"),
    (
        "create table t (a int) distributed by hash(b)",
        1072,
        "column 44",
    ),
    (
        "create table t (a int, b float) distributed by hash(b)",
        5064,
        "column 53",
    ),
    (
        "create table t (a int) distributed by hash(a) buckets 0",
        5064,
        "column 55",
    ),
    (
        "create table t (a int) properties ('x' = '1')",
        5803,
        "column 36",
    ),
    (
        "create table t (a int) properties ('replication_num' = '0')",
        5064,
        "column 56",
    ),
    (
        "create table t (a int) properties ('write_quorum' = 'TWO')",
        5064,
        "column 53",
    ),
    (
        "create table t (a int) properties ('storage_medium' = 'tape')",
        5064,
        "column 55",
    ),
    (
        "create table t (a int) distributed by hash(a) properties ('bucket_size' = '9')",
        5064,
        "column 75",
    ),
    (
        "create table t (a int) properties ('bucket_size' = '0')",
        5064,
        "column 52",
    ),
    (
        "create table t (a varchar(3)) partition by range (a) ()",
        5064,
        "column 51",
    ),
    (
        "create table t (a int) partition by range (b) ()",
        1072,
        "column 44",
    ),
    ("create table t (a int) order by (a)", 1235, ""),
    ("create table t (a int primary key)", 1235, ""),
    ("create table t (id int, primary key (id))", 1235, ""),
    ("create table t (a json)", 1235, ""),
    ("create table t like u", 1235, ""),
    ("create table t (a int", 1064, "column 22"),
    ("create table t ()", 1064, "column 17"),
    ("create table t (a)", 1064, "column 18"),
];

#[test]
fn what_can_not_be_is_refused_with_its_code_and_place() {
    for (text, code, place) in REFUSED {
        let error = made(text).expect_err(text);
        assert_eq!(error.code.mysql, *code, "{text}: {error}");
        assert!(error.message.contains(place), "{text}: {error}");
    }
}

#[test]
fn ranges_must_follow_each_other() {
    let by = |partitions: &str| {
        made(&format!(
            "create table t (a int) partition by range (a) ({partitions})"
        ))
    };
    for (partitions, code) in [
        (
            "partition p values less than ('1'), partition P values less than ('2')",
            1517,
        ),
        (
            "partition p values less than ('2'), partition q values less than ('1')",
            1493,
        ),
        (
            "partition p values less than ('2'), partition q values less than ('2')",
            1493,
        ),
        ("partition p values [('5'), ('5'))", 1493),
        (
            "partition p values [('1'), ('5')), partition q values [('4'), ('6'))",
            1493,
        ),
        (
            "partition p values less than maxvalue, partition q values less than ('1')",
            1493,
        ),
        ("partition p values less than ('x')", 1654),
        ("partition p values less than (minvalue)", 1654),
        ("partition p values [(maxvalue), ('1'))", 1654),
        ("partition p values [('2147483648'), (maxvalue))", 1654),
        ("start ('1') end ('1') every (1)", 1493),
        ("start ('1') end ('9') every (0)", 5064),
        ("start ('1') end ('9') every (interval 1 day)", 5064),
        ("start ('1') end ('9999') every (1)", 1499),
        ("partition `a/b` values less than ('1')", 1103),
        (
            "partition p values less than ('1') ('write_quorum' = 'ONE')",
            5803,
        ),
    ] {
        let error = by(partitions).expect_err(partitions);
        assert_eq!(error.code.mysql, code, "{partitions}: {error}");
    }
    let fine = by("partition p values [('5'), ('7')), partition q values less than ('3')").unwrap();
    assert_eq!(fine.1[0].name, "q");
}

#[test]
fn more_replicas_than_backends_name_the_backends() {
    let view = testing::view();
    let session = Session {
        db: Some("shop".to_owned()),
        ..Session::default()
    };
    let cx = Context {
        view: &view,
        session: &session,
    };
    let error = parse("create table t (a int)")
        .unwrap()
        .run(cx)
        .unwrap_err();
    assert!(error.message.contains("wants 3"), "{error}");
}
