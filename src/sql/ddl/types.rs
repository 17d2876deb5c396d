//! Types of columns: reading, widths, and what each may be used for.

use sqlparser::tokenizer::Token;

use crate::catalog::schema::DataType;
use crate::code::Code;
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;

/// Bytes of a VARCHAR without a width.
const VARCHAR_DEFAULT: u32 = 65_533;
/// Bytes of the widest VARCHAR.
const VARCHAR_MAX: u64 = 1_048_576;
/// Bytes of the widest CHAR.
const CHAR_MAX: u64 = 255;
/// Digits of the widest DECIMAL.
const PRECISION_MAX: u64 = 38;

/// Reads a type with its widths.
pub fn parse(c: &mut Cursor<'_>) -> Result<DataType, SyntaxError> {
    if c.eat(&["DOUBLE", "PRECISION"]) {
        return Ok(DataType::Double);
    }
    for (word, data_type) in PLAIN {
        if c.eat(&[word]) {
            display_width(c)?;
            if c.sees(&["UNSIGNED"]) {
                return Err(SyntaxError::NotSupported(format!("{word} UNSIGNED")));
            }
            return Ok(data_type);
        }
    }
    for word in ["DECIMAL", "NUMERIC", "DEC", "DECIMALV3"] {
        if c.eat(&[word]) {
            return decimal(c);
        }
    }
    if c.eat(&["CHAR"]) || c.eat(&["CHARACTER"]) {
        return Ok(DataType::Char(width(c, 1, CHAR_MAX)?));
    }
    if c.eat(&["VARCHAR"]) {
        return Ok(DataType::Varchar(width(c, VARCHAR_DEFAULT, VARCHAR_MAX)?));
    }
    match c.peek(0) {
        Some(Token::Word(word)) if word.quote_style.is_none() && is_known(&word.value) => {
            let message = format!("type {}", word.value.to_ascii_uppercase());
            Err(SyntaxError::NotSupported(message))
        }
        _ => Err(c.expected("a type, such as BIGINT, DECIMAL(10, 2), VARCHAR(20) or DATE")),
    }
}

/// Types by their words; a display width behind an integer is MySQL's and means nothing.
const PLAIN: [(&str, DataType); 15] = [
    ("BOOLEAN", DataType::Boolean),
    ("BOOL", DataType::Boolean),
    ("TINYINT", DataType::TinyInt),
    ("SMALLINT", DataType::SmallInt),
    ("INTEGER", DataType::Int),
    ("INT", DataType::Int),
    ("BIGINT", DataType::BigInt),
    ("LARGEINT", DataType::LargeInt),
    ("FLOAT", DataType::Float),
    ("DOUBLE", DataType::Double),
    ("STRING", DataType::String),
    ("TEXT", DataType::String),
    ("DATETIME", DataType::Datetime),
    ("DATE", DataType::Date),
    ("REAL", DataType::Double),
];

/// Types of other systems, for a clear refusal.
fn is_known(word: &str) -> bool {
    const OTHERS: [&str; 16] = [
        "ARRAY",
        "BINARY",
        "BITMAP",
        "BLOB",
        "ENUM",
        "HLL",
        "JSON",
        "LONGBLOB",
        "LONGTEXT",
        "MAP",
        "MEDIUMINT",
        "STRUCT",
        "TIME",
        "TIMESTAMP",
        "VARBINARY",
        "YEAR",
    ];
    OTHERS.iter().any(|other| other.eq_ignore_ascii_case(word))
}

fn display_width(c: &mut Cursor<'_>) -> Result<(), SyntaxError> {
    if c.eat_token(&Token::LParen) {
        c.number()?;
        c.expect_token(&Token::RParen)?;
    }
    Ok(())
}

fn width(c: &mut Cursor<'_>, default: u32, max: u64) -> Result<u32, SyntaxError> {
    if !c.eat_token(&Token::LParen) {
        return Ok(default);
    }
    let at = c.place();
    let n = c.number()?;
    c.expect_token(&Token::RParen)?;
    match u32::try_from(n) {
        Ok(width) if (1..=max).contains(&n) => Ok(width),
        _ => {
            let message = format!("a width of {n} does not fit: 1 to {max}");
            Err(SyntaxError::wrong(Code::TOO_BIG_FIELD_LENGTH, message, at))
        }
    }
}

fn decimal(c: &mut Cursor<'_>) -> Result<DataType, SyntaxError> {
    if !c.eat_token(&Token::LParen) {
        return Ok(DataType::Decimal(10, 0));
    }
    let at = c.place();
    let precision = c.number()?;
    let scale = match c.eat_token(&Token::Comma) {
        true => c.number()?,
        false => 0,
    };
    c.expect_token(&Token::RParen)?;
    if !(1..=PRECISION_MAX).contains(&precision) {
        let message = format!("a precision of {precision} does not fit: 1 to {PRECISION_MAX}");
        return Err(SyntaxError::wrong(Code::TOO_BIG_PRECISION, message, at));
    }
    if scale > precision {
        let message = format!("a scale of {scale} is larger than the precision of {precision}");
        return Err(SyntaxError::wrong(Code::SCALE_ABOVE_PRECISION, message, at));
    }
    // Both are at most 38 here.
    let narrow = |n: u64| u8::try_from(n).unwrap_or(u8::MAX);
    Ok(DataType::Decimal(narrow(precision), narrow(scale)))
}

/// The least and the greatest value of an integer type.
pub fn int_range(data_type: DataType) -> Option<(i128, i128)> {
    Some(match data_type {
        DataType::TinyInt => (i8::MIN.into(), i8::MAX.into()),
        DataType::SmallInt => (i16::MIN.into(), i16::MAX.into()),
        DataType::Int => (i32::MIN.into(), i32::MAX.into()),
        DataType::BigInt => (i64::MIN.into(), i64::MAX.into()),
        DataType::LargeInt => (i128::MIN, i128::MAX),
        _ => return None,
    })
}

/// Whether a column of this type can be part of a key (StarRocks: no floating point).
pub fn can_be_key(data_type: DataType) -> bool {
    !matches!(data_type, DataType::Float | DataType::Double)
}

/// Whether rows can be spread by a column of this type.
pub fn can_distribute(data_type: DataType) -> bool {
    !matches!(data_type, DataType::Float | DataType::Double)
}

/// Bytes that a column takes in a short key (StarRocks), which decides how many columns make the default key.
pub fn key_bytes(data_type: DataType) -> u32 {
    match data_type {
        DataType::Boolean | DataType::TinyInt => 1,
        DataType::SmallInt => 2,
        DataType::Int | DataType::Float => 4,
        DataType::Date => 3,
        DataType::BigInt | DataType::Double | DataType::Datetime => 8,
        DataType::Decimal(..) | DataType::LargeInt => 16,
        DataType::Char(n) => n,
        DataType::Varchar(_) | DataType::String => 20,
    }
}
