//! `partitions`: the partitions of user tables.

use crate::catalog::partition::{Bound, Partition};
use crate::catalog::table::{Partitioning, Table};
use crate::clock::Timestamp;
use crate::row;
use crate::rows::{Row, Typed};
use crate::system::functions::format::{date_time_text, day_text};
use crate::system::information_schema::CATALOG;
use crate::system::sources::Sources;
use crate::system::tables::SystemTable;

row! {
    /// One partition.
    pub struct PartitionsRow {
        /// Always `def`.
        catalog: &'static str => "TABLE_CATALOG" Text,
        /// Database.
        schema: String => "TABLE_SCHEMA" Text,
        /// Table.
        table: String => "TABLE_NAME" Text,
        /// Name.
        name: String => "PARTITION_NAME" Text,
        /// There are no subpartitions.
        subpartition: Option<String> => "SUBPARTITION_NAME" Text,
        /// Place in the order of ranges, from 1.
        position: usize => "PARTITION_ORDINAL_POSITION" Int,
        /// There are no subpartitions.
        sub_position: Option<i64> => "SUBPARTITION_ORDINAL_POSITION" Int,
        /// `RANGE`; NULL for the one partition of an unpartitioned table.
        method: Option<&'static str> => "PARTITION_METHOD" Text,
        /// `HASH` or `RANDOM`: how rows find their bucket.
        sub_method: &'static str => "SUBPARTITION_METHOD" Text,
        /// The partition column.
        expression: Option<String> => "PARTITION_EXPRESSION" Text,
        /// The distribution columns.
        sub_expression: Option<String> => "SUBPARTITION_EXPRESSION" Text,
        /// The first value outside; `MAXVALUE` when there is none.
        description: Option<String> => "PARTITION_DESCRIPTION" Text,
        /// Rows, as last reported.
        rows: u64 => "TABLE_ROWS" Int,
        /// Bytes of a row on the average.
        avg_row_length: u64 => "AVG_ROW_LENGTH" Int,
        /// Bytes of one replica of it, as last reported.
        data_length: u64 => "DATA_LENGTH" Int,
        /// No limit is set.
        max_data_length: Option<i64> => "MAX_DATA_LENGTH" Int,
        /// Indexes take no space of their own.
        index_length: Option<i64> => "INDEX_LENGTH" Int,
        /// Nothing is reserved.
        data_free: Option<i64> => "DATA_FREE" Int,
        /// Not known.
        create_time: Option<Timestamp> => "CREATE_TIME" Time,
        /// When its newest load became visible.
        update_time: Timestamp => "UPDATE_TIME" Time,
        /// Never checked by statement.
        check_time: Option<Timestamp> => "CHECK_TIME" Time,
        /// There is none.
        checksum: Option<i64> => "CHECKSUM" Int,
        /// Empty.
        comment: &'static str => "PARTITION_COMMENT" Text,
        /// There is none.
        nodegroup: Option<String> => "NODEGROUP" Text,
        /// There is none.
        tablespace: Option<String> => "TABLESPACE_NAME" Text,
    }
}

/// The table.
pub const TABLE: SystemTable = SystemTable::of::<PartitionsRow>("partitions", rows);

fn rows(sources: &Sources) -> Vec<Row> {
    let catalog = &sources.view.catalog;
    let mut rows = Vec::new();
    for (db, id) in &catalog.database_names {
        let tables = catalog.databases.get(id).map(|db| &db.tables);
        for table in tables
            .into_iter()
            .flat_map(|tables| tables.values())
            .filter_map(|id| catalog.tables.get(id))
        {
            let partitions = catalog.partitions_of(table).zip(1..);
            rows.extend(partitions.map(|(p, at)| line(sources, db, table, p, at).cells()));
        }
    }
    rows
}

fn line(
    sources: &Sources,
    db: &str,
    table: &Table,
    partition: &Partition,
    position: usize,
) -> PartitionsRow {
    let spec = &table.spec;
    let column = |at: &usize| spec.columns.get(*at).map(|column| column.name.clone());
    let ranged = match spec.partitioning {
        Partitioning::Range { column: at } => column(&at),
        Partitioning::None => None,
    };
    let hashed: Vec<String> = spec
        .distribution
        .columns
        .iter()
        .filter_map(column)
        .collect();
    let (mut rows, mut bytes) = (0_u64, 0_u64);
    for tablet in &partition.tablets {
        let replicas = sources
            .view
            .catalog
            .tablets
            .get(*tablet)
            .map(|t| t.replicas);
        let replicas = replicas.unwrap_or_default();
        rows += replicas.iter().map(|r| r.row_count).max().unwrap_or(0);
        bytes += replicas.iter().map(|r| r.data_size).max().unwrap_or(0);
    }
    PartitionsRow {
        catalog: CATALOG,
        schema: db.to_owned(),
        table: table.name.clone(),
        name: partition.spec.name.clone(),
        subpartition: None,
        position,
        sub_position: None,
        method: ranged.as_ref().map(|_| "RANGE"),
        sub_method: if hashed.is_empty() { "RANDOM" } else { "HASH" },
        expression: ranged,
        sub_expression: (!hashed.is_empty()).then(|| hashed.join(", ")),
        description: partition
            .spec
            .range
            .as_ref()
            .map(|range| range.upper.map_or_else(|| "MAXVALUE".to_owned(), bound)),
        rows,
        avg_row_length: bytes.checked_div(rows).unwrap_or(0),
        data_length: bytes,
        max_data_length: None,
        index_length: Some(0),
        data_free: None,
        create_time: None,
        update_time: partition.visible_time,
        check_time: None,
        checksum: None,
        comment: "",
        nodegroup: None,
        tablespace: None,
    }
}

fn bound(bound: Bound) -> String {
    let day = chrono::NaiveDate::default();
    match bound {
        Bound::Int(n) => n.to_string(),
        Bound::Date(days) => day
            .checked_add_signed(chrono::Duration::days(days.into()))
            .map(|day| format!("'{}'", day_text(day)))
            .unwrap_or_default(),
        Bound::Datetime(micros) => chrono::DateTime::from_timestamp_micros(micros)
            .map(|at| format!("'{}'", date_time_text(at.naive_utc())))
            .unwrap_or_default(),
    }
}
