//! Columns and their types, as CREATE TABLE declares them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The type of a column. Widths and ranges are MySQL's and StarRocks'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataType {
    /// `BOOLEAN`: 0 or 1.
    Boolean,
    /// `TINYINT`: 8 bits, signed.
    TinyInt,
    /// `SMALLINT`: 16 bits, signed.
    SmallInt,
    /// `INT`: 32 bits, signed.
    Int,
    /// `BIGINT`: 64 bits, signed.
    BigInt,
    /// `LARGEINT`: 128 bits, signed.
    LargeInt,
    /// `FLOAT`: IEEE 754, 32 bits.
    Float,
    /// `DOUBLE`: IEEE 754, 64 bits.
    Double,
    /// `DECIMAL(precision, scale)`: precision 1..=38, scale 0..=precision.
    Decimal(u8, u8),
    /// `CHAR(n)`: at most n bytes, 1..=255.
    Char(u32),
    /// `VARCHAR(n)`: at most n bytes, 1..=1048576.
    Varchar(u32),
    /// `STRING`: at most 1048576 bytes.
    String,
    /// `DATE`: a day.
    Date,
    /// `DATETIME`: microseconds, without a time zone.
    Datetime,
}

impl fmt::Display for DataType {
    /// As SHOW CREATE TABLE prints it: lower case, with its widths.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataType::Boolean => f.write_str("boolean"),
            DataType::TinyInt => f.write_str("tinyint"),
            DataType::SmallInt => f.write_str("smallint"),
            DataType::Int => f.write_str("int"),
            DataType::BigInt => f.write_str("bigint"),
            DataType::LargeInt => f.write_str("largeint"),
            DataType::Float => f.write_str("float"),
            DataType::Double => f.write_str("double"),
            DataType::Decimal(precision, scale) => write!(f, "decimal({precision}, {scale})"),
            DataType::Char(n) => write!(f, "char({n})"),
            DataType::Varchar(n) => write!(f, "varchar({n})"),
            DataType::String => f.write_str("string"),
            DataType::Date => f.write_str("date"),
            DataType::Datetime => f.write_str("datetime"),
        }
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnDef {
    /// The name as written; names are compared without case.
    pub name: String,
    /// The type.
    pub data_type: DataType,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// What a load that leaves the column out puts in: `None` means NULL if nullable, else an error.
    pub default: Option<DefaultValue>,
    /// COMMENT; empty when there is none.
    pub comment: String,
}

/// DEFAULT of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DefaultValue {
    /// A constant, kept as the text that a CSV field would hold.
    Text(String),
    /// `CURRENT_TIMESTAMP`, taken at the start of the load.
    CurrentTimestamp,
}
