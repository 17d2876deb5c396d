//! The Arrow type of each column type: what loads write, backends keep and queries read.
//!
//! Owns the one mapping that all three share. Does not own conversions: text is `text`'s, arrays are `cast`'s.

use std::sync::Arc;

use arrow::datatypes::{DataType as ArrowType, Field, Schema, SchemaRef, TimeUnit};

use crate::catalog::schema::{ColumnDef, DataType};

/// Digits of the largest LARGEINT (2^127), so the precision of the decimal that carries it.
pub const LARGEINT_PRECISION: u8 = 39;

/// The Arrow type whose arrays hold the values of a column of this type.
pub fn arrow_type(data_type: DataType) -> ArrowType {
    match data_type {
        DataType::Boolean => ArrowType::Boolean,
        DataType::TinyInt => ArrowType::Int8,
        DataType::SmallInt => ArrowType::Int16,
        DataType::Int => ArrowType::Int32,
        DataType::BigInt => ArrowType::Int64,
        DataType::LargeInt => ArrowType::Decimal256(LARGEINT_PRECISION, 0),
        DataType::Float => ArrowType::Float32,
        DataType::Double => ArrowType::Float64,
        DataType::Decimal(precision, scale) => {
            ArrowType::Decimal128(precision, i8::try_from(scale).unwrap_or(i8::MAX))
        }
        DataType::Char(_) | DataType::Varchar(_) | DataType::String => ArrowType::Utf8,
        DataType::Date => ArrowType::Date32,
        DataType::Datetime => ArrowType::Timestamp(TimeUnit::Microsecond, None),
    }
}

/// The Arrow field of a column: its name as written, its type, and whether NULL is allowed.
pub fn field(column: &ColumnDef) -> Field {
    Field::new(&column.name, arrow_type(column.data_type), column.nullable)
}

/// The Arrow schema of a table's columns, in their order.
pub fn schema(columns: &[ColumnDef]) -> SchemaRef {
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// Most bytes that a text column holds; `None` for other types.
pub fn max_bytes(data_type: DataType) -> Option<usize> {
    match data_type {
        DataType::Char(n) | DataType::Varchar(n) => Some(n as usize),
        DataType::String => Some(1 << 20),
        _ => None,
    }
}
