//! `columns`: the columns of user tables and of system tables.

use crate::catalog::schema::{ColumnDef, DefaultValue};
use crate::catalog::table::Table;
use crate::row;
use crate::rows::{Column, Row, Typed};
use crate::system::information_schema::mysql_type::MySqlType;
use crate::system::information_schema::tables::shown_name;
use crate::system::information_schema::{CATALOG, CHARSET, COLLATION};
use crate::system::sources::Sources;
use crate::system::tables::{INFORMATION_SCHEMA, SYS, SystemTable, of_schema};

row! {
    /// One column.
    pub struct ColumnsRow {
        /// Always `def`.
        catalog: &'static str => "TABLE_CATALOG" Text,
        /// Database.
        schema: String => "TABLE_SCHEMA" Text,
        /// Table.
        table: String => "TABLE_NAME" Text,
        /// Name.
        name: String => "COLUMN_NAME" Text,
        /// Place in the table, from 1.
        position: usize => "ORDINAL_POSITION" Int,
        /// DEFAULT; NULL when there is none.
        default: Option<String> => "COLUMN_DEFAULT" Text,
        /// `YES` or `NO`.
        nullable: &'static str => "IS_NULLABLE" Text,
        /// Type without widths.
        data_type: &'static str => "DATA_TYPE" Text,
        /// Most characters of a text.
        characters: Option<i64> => "CHARACTER_MAXIMUM_LENGTH" Int,
        /// Most bytes of a text.
        octets: Option<i64> => "CHARACTER_OCTET_LENGTH" Int,
        /// Digits of a number.
        precision: Option<i64> => "NUMERIC_PRECISION" Int,
        /// Digits behind the point.
        scale: Option<i64> => "NUMERIC_SCALE" Int,
        /// Digits behind the second.
        fraction: Option<i64> => "DATETIME_PRECISION" Int,
        /// Character set of a text.
        charset: Option<&'static str> => "CHARACTER_SET_NAME" Text,
        /// Collation of a text.
        collation: Option<&'static str> => "COLLATION_NAME" Text,
        /// Type with widths.
        column_type: String => "COLUMN_TYPE" Text,
        /// `DUP` for a column of the DUPLICATE KEY.
        key: &'static str => "COLUMN_KEY" Text,
        /// Empty.
        extra: &'static str => "EXTRA" Text,
        /// What may be done.
        privileges: &'static str => "PRIVILEGES" Text,
        /// COMMENT.
        comment: String => "COLUMN_COMMENT" Text,
        /// Digits of a number or characters of a text (StarRocks).
        size: Option<i64> => "COLUMN_SIZE" Int,
        /// Digits behind the point (StarRocks).
        digits: Option<i64> => "DECIMAL_DIGITS" Int,
        /// Empty: there are no generated columns.
        generation: &'static str => "GENERATION_EXPRESSION" Text,
        /// There is none.
        srs: Option<i64> => "SRS_ID" Int,
    }
}

/// The table.
pub const TABLE: SystemTable = SystemTable::of::<ColumnsRow>("columns", rows);

fn rows(sources: &Sources) -> Vec<Row> {
    let mut rows = Vec::new();
    for schema in [INFORMATION_SCHEMA, SYS] {
        for table in of_schema(schema).unwrap_or_default() {
            let columns = table.columns();
            let columns = columns.iter().zip(1..);
            rows.extend(columns.map(|(column, at)| system(schema, &table, column, at).cells()));
        }
    }
    let catalog = &sources.view.catalog;
    for (db, id) in &catalog.database_names {
        let tables = catalog.databases.get(id).map(|db| &db.tables);
        for id in tables.into_iter().flat_map(|tables| tables.values()) {
            if let Some(table) = catalog.tables.get(id) {
                let columns = table.spec.columns.iter().zip(1..);
                rows.extend(columns.map(|(column, at)| user(db, table, column, at).cells()));
            }
        }
    }
    rows
}

fn system(schema: &str, table: &SystemTable, column: &Column, position: usize) -> ColumnsRow {
    let base = base(MySqlType::from(column.kind), position);
    ColumnsRow {
        schema: schema.to_owned(),
        table: shown_name(schema, table.name),
        name: column.name.to_string(),
        nullable: "YES",
        privileges: "select",
        comment: column.doc.trim().to_owned(),
        ..base
    }
}

fn user(db: &str, table: &Table, column: &ColumnDef, position: usize) -> ColumnsRow {
    let base = base(MySqlType::from(column.data_type), position);
    ColumnsRow {
        schema: db.to_owned(),
        table: table.name.clone(),
        name: column.name.clone(),
        default: column.default.as_ref().map(|default| match default {
            DefaultValue::Text(text) => text.clone(),
            DefaultValue::CurrentTimestamp => "CURRENT_TIMESTAMP".to_owned(),
        }),
        nullable: if column.nullable { "YES" } else { "NO" },
        key: if position <= table.spec.key_columns {
            "DUP"
        } else {
            ""
        },
        privileges: "select,insert",
        comment: column.comment.clone(),
        ..base
    }
}

fn base(of: MySqlType, position: usize) -> ColumnsRow {
    let is_text = of.characters.is_some();
    ColumnsRow {
        catalog: CATALOG,
        schema: String::new(),
        table: String::new(),
        name: String::new(),
        position,
        default: None,
        nullable: "YES",
        data_type: of.word,
        characters: of.characters,
        octets: of.characters.map(|n| n.saturating_mul(4)),
        precision: of.precision,
        scale: of.scale,
        fraction: of.fraction,
        charset: is_text.then_some(CHARSET),
        collation: is_text.then_some(COLLATION),
        column_type: of.full,
        key: "",
        extra: "",
        privileges: "",
        comment: String::new(),
        size: of.precision.or(of.characters),
        digits: of.scale,
        generation: "",
        srs: None,
    }
}
