//! `tables`: user tables, and the system tables themselves.

use crate::catalog::table::Table;
use crate::clock::Timestamp;
use crate::row;
use crate::rows::{Row, Typed};
use crate::system::information_schema::{CATALOG, COLLATION};
use crate::system::sources::Sources;
use crate::system::tables::{INFORMATION_SCHEMA, SYS, SystemTable, of_schema};

row! {
    /// One table.
    pub struct TablesRow {
        /// Always `def`.
        catalog: &'static str => "TABLE_CATALOG" Text,
        /// Its database.
        schema: String => "TABLE_SCHEMA" Text,
        /// Name.
        name: String => "TABLE_NAME" Text,
        /// `BASE TABLE` or `SYSTEM VIEW`.
        kind: &'static str => "TABLE_TYPE" Text,
        /// `OLAP` or `MEMORY`.
        engine: Option<&'static str> => "ENGINE" Text,
        /// Version of the format; NULL for system tables.
        version: Option<i64> => "VERSION" Int,
        /// Never set.
        row_format: Option<String> => "ROW_FORMAT" Text,
        /// Rows, as backends last reported them.
        rows: Option<u64> => "TABLE_ROWS" Int,
        /// Bytes of a row on the average.
        avg_row_length: Option<u64> => "AVG_ROW_LENGTH" Int,
        /// Bytes of one replica of everything, as backends last reported them.
        data_length: Option<u64> => "DATA_LENGTH" Int,
        /// No limit is set.
        max_data_length: Option<i64> => "MAX_DATA_LENGTH" Int,
        /// Indexes take no space of their own.
        index_length: Option<i64> => "INDEX_LENGTH" Int,
        /// Nothing is reserved.
        data_free: Option<i64> => "DATA_FREE" Int,
        /// There is none.
        auto_increment: Option<i64> => "AUTO_INCREMENT" Int,
        /// When it was created.
        create_time: Option<Timestamp> => "CREATE_TIME" Time,
        /// When its newest load became visible.
        update_time: Option<Timestamp> => "UPDATE_TIME" Time,
        /// Never checked by statement.
        check_time: Option<Timestamp> => "CHECK_TIME" Time,
        /// Collation of its texts.
        collation: Option<&'static str> => "TABLE_COLLATION" Text,
        /// There is none.
        checksum: Option<i64> => "CHECKSUM" Int,
        /// Empty.
        create_options: &'static str => "CREATE_OPTIONS" Text,
        /// COMMENT.
        comment: String => "TABLE_COMMENT" Text,
    }
}

/// The table.
pub const TABLE: SystemTable = SystemTable::of::<TablesRow>("tables", rows);

fn rows(sources: &Sources) -> Vec<Row> {
    let mut rows = Vec::new();
    for schema in [INFORMATION_SCHEMA, SYS] {
        let tables = of_schema(schema).unwrap_or_default();
        rows.extend(tables.iter().map(|table| system(schema, table).cells()));
    }
    let catalog = &sources.view.catalog;
    for (db, id) in &catalog.database_names {
        let tables = catalog.databases.get(id).map(|db| &db.tables);
        for id in tables.into_iter().flat_map(|tables| tables.values()) {
            if let Some(table) = catalog.tables.get(id) {
                rows.push(user(sources, db, table).cells());
            }
        }
    }
    rows
}

fn system(schema: &str, table: &SystemTable) -> TablesRow {
    TablesRow {
        catalog: CATALOG,
        schema: schema.to_owned(),
        name: shown_name(schema, table.name),
        kind: "SYSTEM VIEW",
        engine: None,
        version: Some(10),
        row_format: None,
        rows: None,
        avg_row_length: None,
        data_length: None,
        max_data_length: None,
        index_length: None,
        data_free: None,
        auto_increment: None,
        create_time: None,
        update_time: None,
        check_time: None,
        collation: None,
        checksum: None,
        create_options: "",
        comment: String::new(),
    }
}

/// MySQL lists the tables of information_schema in capitals; they are found in any case.
pub(super) fn shown_name(schema: &str, name: &str) -> String {
    if schema == INFORMATION_SCHEMA {
        name.to_uppercase()
    } else {
        name.to_owned()
    }
}

fn user(sources: &Sources, db: &str, table: &Table) -> TablesRow {
    let catalog = &sources.view.catalog;
    let (mut rows, mut bytes) = (0_u64, 0_u64);
    let mut updated = None;
    for partition in catalog.partitions_of(table) {
        updated = updated.max(Some(partition.visible_time));
        for tablet in &partition.tablets {
            let replicas = catalog.tablets.get(*tablet).map(|t| t.replicas);
            let replicas = replicas.unwrap_or_default();
            rows += replicas.iter().map(|r| r.row_count).max().unwrap_or(0);
            bytes += replicas.iter().map(|r| r.data_size).max().unwrap_or(0);
        }
    }
    TablesRow {
        catalog: CATALOG,
        schema: db.to_owned(),
        name: table.name.clone(),
        kind: "BASE TABLE",
        engine: Some("OLAP"),
        version: None,
        row_format: None,
        rows: Some(rows),
        avg_row_length: Some(bytes.checked_div(rows).unwrap_or(0)),
        data_length: Some(bytes),
        max_data_length: None,
        index_length: Some(0),
        data_free: None,
        auto_increment: None,
        create_time: Some(table.created),
        update_time: updated,
        check_time: None,
        collation: Some(COLLATION),
        checksum: None,
        create_options: "",
        comment: table.spec.comment.clone(),
    }
}
