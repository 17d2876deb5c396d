//! Types of columns on their three ways: the catalog's, Arrow's, and the wire's.
//!
//! Fields of a plan carry what Arrow has no place for as metadata: the name as it was declared (plans hold names in
//! lower case, because MySQL compares column names without case) and the width of texts.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType as Arrow, Field, IntervalUnit, Schema, SchemaRef, TimeUnit};

use crate::catalog::schema::{ColumnDef, DataType};
use crate::frontend::answer::ValueKind;
use crate::load::types::arrow_type;
use crate::rows::{Column, Type};

/// Metadata key: the column's name as it was declared.
pub const NAME: &str = "name";
/// Metadata key: the most characters of a text.
pub const WIDTH: &str = "width";

/// Characters of a text whose width is not declared.
const TEXT_WIDTH: u32 = 65_535;

/// The schema of a user table as plans see it.
pub fn table_schema(columns: &[ColumnDef]) -> SchemaRef {
    let fields: Vec<Field> = columns
        .iter()
        .map(|column| {
            let mut metadata = HashMap::from([(NAME.to_owned(), column.name.clone())]);
            if let DataType::Char(n) | DataType::Varchar(n) = column.data_type {
                metadata.insert(WIDTH.to_owned(), n.to_string());
            }
            Field::new(
                column.name.to_lowercase(),
                arrow_type(column.data_type),
                column.nullable,
            )
            .with_metadata(metadata)
        })
        .collect();
    Arc::new(Schema::new(fields))
}

/// The schema of a system table as plans see it.
pub fn rows_schema(columns: &[Column]) -> SchemaRef {
    let fields: Vec<Field> = columns
        .iter()
        .map(|column| {
            let arrow = match column.kind {
                Type::Text => Arrow::Utf8,
                Type::Int | Type::Bytes | Type::Size | Type::ShortSize => Arrow::Int64,
                Type::Double | Type::Percent => Arrow::Float64,
                Type::Bool => Arrow::Boolean,
                Type::Time => Arrow::Timestamp(TimeUnit::Second, None),
            };
            let metadata = HashMap::from([
                (NAME.to_owned(), column.name.to_string()),
                (WIDTH.to_owned(), "1024".to_owned()),
            ]);
            Field::new(column.name.to_lowercase(), arrow, true).with_metadata(metadata)
        })
        .collect();
    Arc::new(Schema::new(fields))
}

/// What the wire says of a result's column.
pub fn value_kind(field: &Field) -> ValueKind {
    match field.data_type() {
        Arrow::Null => ValueKind::Null,
        Arrow::Boolean | Arrow::Int8 => ValueKind::TinyInt,
        Arrow::Int16 | Arrow::UInt8 => ValueKind::SmallInt,
        Arrow::Int32 | Arrow::UInt16 => ValueKind::Int,
        Arrow::Int64 | Arrow::UInt32 => ValueKind::BigInt,
        Arrow::UInt64 => ValueKind::UnsignedBigInt,
        Arrow::Float16 | Arrow::Float32 => ValueKind::Float,
        Arrow::Float64 => ValueKind::Double,
        Arrow::Decimal32(p, s)
        | Arrow::Decimal64(p, s)
        | Arrow::Decimal128(p, s)
        | Arrow::Decimal256(p, s) => ValueKind::Decimal(*p, u8::try_from(*s).unwrap_or(0)),
        Arrow::Date32 | Arrow::Date64 => ValueKind::Date,
        Arrow::Timestamp(unit, _) => ValueKind::Datetime(digits(*unit)),
        Arrow::Time32(_) | Arrow::Time64(_) | Arrow::Duration(_) => ValueKind::Time,
        Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView | Arrow::FixedSizeBinary(_) => {
            ValueKind::Binary
        }
        Arrow::Interval(
            IntervalUnit::YearMonth | IntervalUnit::DayTime | IntervalUnit::MonthDayNano,
        ) => ValueKind::Text(64),
        _ => ValueKind::Text(
            field
                .metadata()
                .get(WIDTH)
                .and_then(|width| width.parse().ok())
                .unwrap_or(TEXT_WIDTH),
        ),
    }
}

fn digits(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond | TimeUnit::Nanosecond => 6,
    }
}
