//! What running a statement gives, in the terms of the MySQL protocol but not in its bytes.

use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::stream::BoxStream;

use crate::code::Failure;
use crate::rows::{Column, Row, Rows, Type};
use crate::system::control::Control;

/// The answer to one statement.
pub enum Answer {
    /// No rows: an OK packet.
    Done {
        /// Rows inserted.
        affected: u64,
        /// Lines that SHOW WARNINGS has.
        warnings: u16,
    },
    /// A result set, even if it is empty.
    Rows(ResultSet),
}

/// Columns and rows.
pub struct ResultSet {
    /// The header.
    pub columns: Vec<ResultColumn>,
    /// The rows.
    pub rows: RowSource,
    /// Lines that SHOW WARNINGS has.
    pub warnings: u16,
    /// Where further ones are found when the last row has been read.
    pub late: Option<Arc<Control>>,
}

/// Where rows come from.
pub enum RowSource {
    /// Administration results, small; printed as their [`Column`] says.
    Cells(Vec<Column>, Vec<Row>),
    /// Query results, as they come. Dropping the stream ends the query. An error in it ends the result set.
    Batches(BoxStream<'static, Result<RecordBatch, Failure>>),
}

/// One column of a result set, as column definition packets describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultColumn {
    /// Name or alias, as written.
    pub name: String,
    /// Table it comes from, by the name that the query gives it; empty for an expression.
    pub table: String,
    /// The table's own name.
    pub org_table: String,
    /// The column's own name; empty for an expression.
    pub org_name: String,
    /// Database it comes from; empty for an expression.
    pub db: String,
    /// Kind of values.
    pub kind: ValueKind,
    /// Whether NULL occurs.
    pub nullable: bool,
}

/// The kind of a column's values on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// 8 bits (also BOOLEAN).
    TinyInt,
    /// 16 bits.
    SmallInt,
    /// 32 bits.
    Int,
    /// 64 bits.
    BigInt,
    /// 64 bits, unsigned.
    UnsignedBigInt,
    /// 32-bit floating point.
    Float,
    /// 64-bit floating point.
    Double,
    /// Precision and scale (also LARGEINT).
    Decimal(u8, u8),
    /// Text of at most so many characters.
    Text(u32),
    /// Bytes.
    Binary,
    /// A day.
    Date,
    /// Date and time with so many digits behind the second.
    Datetime(u8),
    /// Time of day or a span of time.
    Time,
    /// Only NULL.
    Null,
}

impl From<&Column> for ResultColumn {
    fn from(column: &Column) -> ResultColumn {
        let kind = match (column.kind, column.null_text) {
            (Type::Int | Type::Bytes, None) => ValueKind::BigInt,
            _ => ValueKind::Text(1024),
        };
        ResultColumn {
            name: column.name.to_string(),
            table: String::new(),
            org_table: String::new(),
            org_name: String::new(),
            db: String::new(),
            kind,
            nullable: true,
        }
    }
}

impl From<Rows> for Answer {
    fn from(rows: Rows) -> Answer {
        let columns = rows.columns.iter().map(ResultColumn::from).collect();
        Answer::Rows(ResultSet {
            columns,
            rows: RowSource::Cells(rows.columns, rows.rows),
            warnings: 0,
            late: None,
        })
    }
}
