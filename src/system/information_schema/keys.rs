//! `statistics`: the DUPLICATE KEY of each table, as an index that is not unique.

use crate::row;
use crate::rows::{Row, Typed};
use crate::system::information_schema::CATALOG;
use crate::system::sources::Sources;
use crate::system::tables::SystemTable;

row! {
    /// One column of a key.
    pub struct StatisticsRow {
        /// Always `def`.
        catalog: &'static str => "TABLE_CATALOG" Text,
        /// Database.
        schema: String => "TABLE_SCHEMA" Text,
        /// Table.
        table: String => "TABLE_NAME" Text,
        /// Always 1: rows may share a key.
        non_unique: i64 => "NON_UNIQUE" Int,
        /// Database of the index.
        index_schema: String => "INDEX_SCHEMA" Text,
        /// Name of the index.
        index: &'static str => "INDEX_NAME" Text,
        /// Place in the key, from 1.
        position: usize => "SEQ_IN_INDEX" Int,
        /// Column.
        column: String => "COLUMN_NAME" Text,
        /// Ascending.
        collation: &'static str => "COLLATION" Text,
        /// Not known.
        cardinality: Option<i64> => "CARDINALITY" Int,
        /// The whole column.
        sub_part: Option<i64> => "SUB_PART" Int,
        /// Not packed.
        packed: Option<String> => "PACKED" Text,
        /// `YES` where NULL is allowed.
        nullable: &'static str => "NULLABLE" Text,
        /// Kind of the index.
        index_type: &'static str => "INDEX_TYPE" Text,
        /// Empty.
        comment: &'static str => "COMMENT" Text,
        /// Empty.
        index_comment: &'static str => "INDEX_COMMENT" Text,
        /// `YES`.
        visible: &'static str => "IS_VISIBLE" Text,
        /// There is none.
        expression: Option<String> => "EXPRESSION" Text,
    }
}

/// The table.
pub const STATISTICS: SystemTable = SystemTable::of::<StatisticsRow>("statistics", rows);

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
            let key = table.spec.columns.iter().take(table.spec.key_columns);
            rows.extend(key.zip(1..).map(|(column, position)| {
                StatisticsRow {
                    catalog: CATALOG,
                    schema: db.clone(),
                    table: table.name.clone(),
                    non_unique: 1,
                    index_schema: db.clone(),
                    index: "DUPLICATE",
                    position,
                    column: column.name.clone(),
                    collation: "A",
                    cardinality: None,
                    sub_part: None,
                    packed: None,
                    nullable: if column.nullable { "YES" } else { "" },
                    index_type: "SORTED",
                    comment: "",
                    index_comment: "",
                    visible: "YES",
                    expression: None,
                }
                .cells()
            }));
        }
    }
    rows
}
