//! `tables_config`: keys and buckets of user tables, by StarRocks' names. Its SQLAlchemy dialect reads it for each table.

use crate::catalog::table::{Partitioning, Table};
use crate::row;
use crate::rows::{Row, Typed};
use crate::system::sources::Sources;
use crate::system::tables::SystemTable;

row! {
    /// One table.
    pub struct ConfigRow {
        /// Its database.
        schema: String => "TABLE_SCHEMA" Text,
        /// Name.
        name: String => "TABLE_NAME" Text,
        /// `OLAP`.
        engine: &'static str => "TABLE_ENGINE" Text,
        /// `DUP_KEYS`.
        model: &'static str => "TABLE_MODEL" Text,
        /// Empty: there are none.
        primary: &'static str => "PRIMARY_KEY" Text,
        /// The partition column in backquotes; empty where there is none.
        partition: String => "PARTITION_KEY" Text,
        /// The columns that spread rows, in backquotes.
        distribution: String => "DISTRIBUTE_KEY" Text,
        /// `HASH` or `RANDOM`.
        kind: &'static str => "DISTRIBUTE_TYPE" Text,
        /// Buckets; 0 where their number is left to the server.
        buckets: u64 => "DISTRIBUTE_BUCKET" Int,
        /// The columns of the DUPLICATE KEY, in backquotes.
        sort: String => "SORT_KEY" Text,
        /// As JSON.
        properties: String => "PROPERTIES" Text,
        /// Its id.
        id: u64 => "TABLE_ID" Int,
    }
}

/// The table.
pub const TABLE: SystemTable = SystemTable::of::<ConfigRow>("tables_config", rows);

fn rows(sources: &Sources) -> Vec<Row> {
    let catalog = &sources.view.catalog;
    let mut rows = Vec::new();
    for (db, id) in &catalog.database_names {
        let tables = catalog.databases.get(id).map(|db| &db.tables);
        for id in tables.into_iter().flat_map(|tables| tables.values()) {
            if let Some(table) = catalog.tables.get(id) {
                rows.push(row(db, table).cells());
            }
        }
    }
    rows
}

fn row(db: &str, table: &Table) -> ConfigRow {
    let spec = &table.spec;
    let quoted = |columns: &mut dyn Iterator<Item = usize>| {
        let names = columns.filter_map(|at| spec.columns.get(at));
        let names: Vec<String> = names.map(|c| format!("`{}`", c.name)).collect();
        names.join(", ")
    };
    let partition = match spec.partitioning {
        Partitioning::None => None,
        Partitioning::Range { column } => Some(column),
    };
    let replicas = spec.properties.replication_num;
    ConfigRow {
        schema: db.to_owned(),
        name: table.name.clone(),
        engine: "OLAP",
        model: "DUP_KEYS",
        primary: "",
        partition: quoted(&mut partition.into_iter()),
        distribution: quoted(&mut spec.distribution.columns.iter().copied()),
        kind: match spec.distribution.columns.is_empty() {
            true => "RANDOM",
            false => "HASH",
        },
        buckets: spec.distribution.buckets.unwrap_or(0).into(),
        sort: quoted(&mut (0..spec.key_columns)),
        properties: format!("{{\"replication_num\":\"{replicas}\"}}"),
        id: table.id.0,
    }
}
