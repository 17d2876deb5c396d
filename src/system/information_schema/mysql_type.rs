//! A column's type in the words of MySQL, for tools that read `information_schema.columns`.

use crate::catalog::schema::DataType;
use crate::rows::Type;

/// What MySQL says of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MySqlType {
    /// `DATA_TYPE`: the word alone.
    pub word: &'static str,
    /// `COLUMN_TYPE`: with its widths.
    pub full: String,
    /// Most characters of a text.
    pub characters: Option<i64>,
    /// Digits of a number.
    pub precision: Option<i64>,
    /// Digits behind the point.
    pub scale: Option<i64>,
    /// Digits behind the second.
    pub fraction: Option<i64>,
}

fn plain(word: &'static str) -> MySqlType {
    MySqlType {
        word,
        full: word.to_owned(),
        characters: None,
        precision: None,
        scale: None,
        fraction: None,
    }
}

fn whole(word: &'static str, digits: i64) -> MySqlType {
    MySqlType {
        precision: Some(digits),
        scale: Some(0),
        ..plain(word)
    }
}

fn text(word: &'static str, full: String, characters: i64) -> MySqlType {
    MySqlType {
        full,
        characters: Some(characters),
        ..plain(word)
    }
}

impl From<DataType> for MySqlType {
    fn from(data_type: DataType) -> MySqlType {
        match data_type {
            DataType::Boolean => MySqlType {
                full: "tinyint(1)".to_owned(),
                ..whole("tinyint", 3)
            },
            DataType::TinyInt => whole("tinyint", 3),
            DataType::SmallInt => whole("smallint", 5),
            DataType::Int => whole("int", 10),
            DataType::BigInt => whole("bigint", 19),
            // MySQL has no 128 bits; tools know this one as text-like `bigint(20) unsigned`, which would cut it.
            DataType::LargeInt => MySqlType {
                full: "decimal(39,0)".to_owned(),
                ..whole("decimal", 39)
            },
            DataType::Float => MySqlType {
                precision: Some(12),
                ..plain("float")
            },
            DataType::Double => MySqlType {
                precision: Some(22),
                ..plain("double")
            },
            DataType::Decimal(precision, scale) => MySqlType {
                full: format!("decimal({precision},{scale})"),
                precision: Some(precision.into()),
                scale: Some(scale.into()),
                ..plain("decimal")
            },
            DataType::Char(n) => text("char", format!("char({n})"), n.into()),
            DataType::Varchar(n) => text("varchar", format!("varchar({n})"), n.into()),
            DataType::String => text("varchar", "varchar(1048576)".to_owned(), 1_048_576),
            DataType::Date => plain("date"),
            DataType::Datetime => MySqlType {
                fraction: Some(0),
                ..plain("datetime")
            },
        }
    }
}

impl From<Type> for MySqlType {
    fn from(kind: Type) -> MySqlType {
        match kind {
            Type::Text => text("varchar", "varchar(1024)".to_owned(), 1024),
            Type::Int | Type::Bytes | Type::Size | Type::ShortSize => whole("bigint", 19),
            Type::Double | Type::Percent => MySqlType {
                precision: Some(22),
                ..plain("double")
            },
            Type::Bool => MySqlType {
                full: "tinyint(1)".to_owned(),
                ..whole("tinyint", 3)
            },
            Type::Time => MySqlType {
                fraction: Some(0),
                ..plain("datetime")
            },
        }
    }
}
