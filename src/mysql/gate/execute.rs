//! The parameters of COM_STMT_EXECUTE, checked against the statement before anything uses them.

use std::fmt::{Display, LowerExp};

use crate::code::{Code, Failure};
use crate::mysql::bytes::Reader;
use crate::mysql::gate::prepared::Statement;
use crate::sql::script::Param;

/// Set in the second byte of a type that has no sign.
const UNSIGNED: u8 = 0x80;
/// 2^53: up to here a double is exact.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Reads what follows the statement's id. Remembers the types, which a client may leave out the next time.
pub fn params(bytes: &[u8], statement: &mut Statement) -> Result<Vec<Param>, Failure> {
    if let Some(failure) = statement.long_failure.take() {
        return Err(failure);
    }
    let mut reader = Reader::new(bytes);
    // Flags and the number of iterations, of which there is always one.
    reader.take(5).ok_or_else(|| wrong("it ends too early"))?;
    let count = usize::from(statement.params);
    if count == 0 {
        return Ok(Vec::new());
    }
    let nulls = reader
        .take(count.div_ceil(8))
        .ok_or_else(|| wrong("the bitmap of NULLs is cut off"))?;
    match reader.u8() {
        Some(0) if statement.types.len() == count => {}
        Some(0) => return Err(wrong("no parameter types were ever sent")),
        Some(1) => {
            statement.types = types(&mut reader, count)?;
        }
        _ => return Err(wrong("it says neither that types follow nor that none do")),
    }
    let mut params = Vec::with_capacity(count);
    for (at, (kind, unsigned)) in statement.types.iter().enumerate() {
        let null = nulls
            .get(at / 8)
            .is_some_and(|byte| byte >> (at % 8) & 1 == 1);
        let long = u16::try_from(at)
            .ok()
            .and_then(|at| statement.long_data.get(at));
        let param = match long {
            Some(data) => text_or_bytes(data),
            None if null => Param::Null,
            None => value(&mut reader, *kind, *unsigned)
                .ok_or_else(|| wrong(&format!("the value of parameter {} is cut off", at + 1)))?,
        };
        params.push(param);
    }
    Ok(params)
}

fn wrong(what: &str) -> Failure {
    let message = format!("Incorrect arguments to mysqld_stmt_execute: {what}");
    Failure::new(Code::WRONG_ARGUMENTS, message)
}

fn types(reader: &mut Reader<'_>, count: usize) -> Result<Vec<(u8, bool)>, Failure> {
    let bytes = reader
        .take(count * 2)
        .ok_or_else(|| wrong("the parameter types are cut off"))?;
    let pairs = bytes.chunks_exact(2).enumerate();
    pairs
        .map(|(at, pair)| match pair {
            [kind, flags] if is_known(*kind) => Ok((*kind, flags & UNSIGNED != 0)),
            _ => Err(wrong(&format!(
                "parameter {} has a type that does not exist",
                at + 1
            ))),
        })
        .collect()
}

mod kind {
    pub const TINY: u8 = 1;
    pub const SHORT: u8 = 2;
    pub const LONG: u8 = 3;
    pub const FLOAT: u8 = 4;
    pub const DOUBLE: u8 = 5;
    pub const NULL: u8 = 6;
    pub const TIMESTAMP: u8 = 7;
    pub const LONGLONG: u8 = 8;
    pub const INT24: u8 = 9;
    pub const DATE: u8 = 10;
    pub const TIME: u8 = 11;
    pub const DATETIME: u8 = 12;
    pub const YEAR: u8 = 13;
    pub const DECIMAL: u8 = 0;
    pub const NEWDECIMAL: u8 = 246;
}

fn is_known(kind: u8) -> bool {
    // The second range is JSON, NEWDECIMAL, ENUM, SET, the four BLOBs, VAR_STRING, STRING, GEOMETRY; 15 is VARCHAR, 16 BIT.
    matches!(kind, 0..=13 | 15 | 16 | 245..=255)
}

fn value(reader: &mut Reader<'_>, kind: u8, unsigned: bool) -> Option<Param> {
    let number = |text: String| Some(Param::Number(text));
    match kind {
        kind::NULL => Some(Param::Null),
        kind::TINY if unsigned => number(reader.u8()?.to_string()),
        kind::TINY => number(i8::from_le_bytes(reader.array()?).to_string()),
        kind::SHORT | kind::YEAR if unsigned => number(reader.u16()?.to_string()),
        kind::SHORT | kind::YEAR => number(i16::from_le_bytes(reader.array()?).to_string()),
        kind::LONG | kind::INT24 if unsigned => number(reader.u32()?.to_string()),
        kind::LONG | kind::INT24 => number(i32::from_le_bytes(reader.array()?).to_string()),
        kind::LONGLONG if unsigned => number(u64::from_le_bytes(reader.array()?).to_string()),
        kind::LONGLONG => number(i64::from_le_bytes(reader.array()?).to_string()),
        kind::FLOAT => float(f32::from_le_bytes(reader.array()?)),
        kind::DOUBLE => float(f64::from_le_bytes(reader.array()?)),
        kind::DATE | kind::DATETIME | kind::TIMESTAMP => datetime(reader),
        kind::TIME => time(reader),
        kind::DECIMAL | kind::NEWDECIMAL => reader.lenenc_bytes().map(decimal),
        _ => reader.lenenc_bytes().map(text_or_bytes),
    }
}

/// A floating number as a literal. A whole one is written as an integer: mysql2 sends every number as a double, and an
/// id must stay an id. NaN and the infinities have no literal; they are NULL, as in MySQL.
fn float<F: Into<f64> + Copy + Display + LowerExp>(x: F) -> Option<Param> {
    let wide = x.into();
    Some(if !wide.is_finite() {
        Param::Null
    } else if wide.fract() == 0.0 && wide.abs() <= WHOLE_MAX {
        Param::Number(format!("{x}"))
    } else {
        Param::Number(format!("{x:e}"))
    })
}

fn decimal(digits: &[u8]) -> Param {
    let unsigned = digits.strip_prefix(b"-").unwrap_or(digits);
    let is_number = unsigned.iter().any(u8::is_ascii_digit)
        && unsigned.iter().all(|b| b.is_ascii_digit() || *b == b'.')
        && unsigned.iter().filter(|b| **b == b'.').count() <= 1;
    match std::str::from_utf8(digits) {
        Ok(text) if is_number => Param::Number(text.to_owned()),
        _ => text_or_bytes(digits),
    }
}

fn text_or_bytes(bytes: &[u8]) -> Param {
    match std::str::from_utf8(bytes) {
        Ok(text) => Param::Text(text.to_owned()),
        Err(_) => Param::Bytes(bytes.to_vec()),
    }
}

/// 0, 4, 7 or 11 bytes: nothing, the day, the time, the microseconds.
fn datetime(reader: &mut Reader<'_>) -> Option<Param> {
    let length = reader.u8()?;
    let mut part = Reader::new(reader.take(length.into())?);
    if length == 0 {
        return Some(Param::Text("0000-00-00".to_owned()));
    }
    let (year, month, day) = (part.u16()?, part.u8()?, part.u8()?);
    let mut text = format!("{year:04}-{month:02}-{day:02}");
    if !part.is_empty() {
        let (hour, minute, second) = (part.u8()?, part.u8()?, part.u8()?);
        text += &format!(" {hour:02}:{minute:02}:{second:02}");
    }
    if !part.is_empty() {
        text += &format!(".{:06}", part.u32()?);
    }
    part.is_empty().then_some(Param::Text(text))
}

/// 0, 8 or 12 bytes: nothing, sign, days and time, the microseconds.
fn time(reader: &mut Reader<'_>) -> Option<Param> {
    let length = reader.u8()?;
    let mut part = Reader::new(reader.take(length.into())?);
    if length == 0 {
        return Some(Param::Text("00:00:00".to_owned()));
    }
    let sign = if part.u8()? == 0 { "" } else { "-" };
    let days = u64::from(part.u32()?);
    let (hour, minute, second) = (u64::from(part.u8()?), part.u8()?, part.u8()?);
    let mut text = format!("{sign}{:02}:{minute:02}:{second:02}", days * 24 + hour);
    if !part.is_empty() {
        text += &format!(".{:06}", part.u32()?);
    }
    part.is_empty().then_some(Param::Text(text))
}
