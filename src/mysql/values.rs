//! Values on their way into rows, in the text and in the binary protocol.
//!
//! Owns how rows are handed to the crate's writer. Where the values come from is in [`arrays`] (queries) and [`cells`]
//! (administration results); how each looks is in [`forms`].

pub mod arrays;
pub mod cells;
mod forms;

use std::borrow::Cow;
use std::cell::Cell as Counter;
use std::io::{self, Cursor, Write};

use arrow::array::RecordBatch;
use chrono::{NaiveDate, NaiveDateTime};
use opensrv_mysql::{Column, RowWriter, ToMysqlValue};
use tokio::io::AsyncWrite;

use crate::code::Failure;
use crate::frontend::answer::ValueKind;
use crate::mysql::bytes::lenenc;
use crate::mysql::values::forms::{pack, print};
use crate::rows;

pub use cells::settle_kind;

/// The mark for NULL in the text protocol.
const NULL: u8 = 0xfb;

/// One value, as wide as its column on the wire.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// 8 bits.
    Tiny(i8),
    /// 16 bits.
    Short(i16),
    /// 32 bits.
    Int(i32),
    /// 64 bits.
    Big(i64),
    /// 64 bits without a sign.
    UnsignedBig(u64),
    /// 32-bit floating point.
    Float(f32),
    /// 64-bit floating point.
    Double(f64),
    /// Text, bytes, or a decimal's digits.
    Bytes(Cow<'a, [u8]>),
    /// A day.
    Date(NaiveDate),
    /// Date and time, with so many digits behind the second.
    Datetime(NaiveDateTime, u8),
    /// A span of time, in microseconds.
    Time(i64),
}

/// Rows that are ready to be written: nothing can go wrong with a value any more.
pub enum Block<'a> {
    /// Administration results.
    Cells(cells::Cells<'a>),
    /// A part of a query's result.
    Batch(arrays::Batch),
}

impl<'a> Block<'a> {
    /// Administration results, each column of its kind.
    pub fn cells(
        kinds: &'a [ValueKind],
        columns: &'a [rows::Column],
        rows: &'a [rows::Row],
    ) -> Block<'a> {
        Block::Cells(cells::Cells {
            kinds,
            columns,
            rows,
        })
    }

    /// Query results, each column brought to its kind; says which value can't be.
    pub fn batch(kinds: &[ValueKind], batch: &RecordBatch) -> Result<Block<'a>, Failure> {
        arrays::Batch::new(kinds, batch).map(Block::Batch)
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        match self {
            Block::Cells(cells) => cells.rows.len(),
            Block::Batch(batch) => batch.rows(),
        }
    }

    /// Writes the values of one row; answers the bytes of its packet.
    pub fn write_row<W: AsyncWrite + Unpin>(
        &self,
        row: usize,
        to: &mut RowWriter<'_, W>,
    ) -> io::Result<usize> {
        let size = Size::default();
        let width = match self {
            Block::Cells(cells) => cells.kinds.len(),
            Block::Batch(batch) => batch.width(),
        };
        for column in 0..width {
            let value = match self {
                Block::Cells(cells) => cells.value(row, column),
                Block::Batch(batch) => batch.value(row, column),
            };
            to.write_col(Field { value, size: &size })?;
        }
        // The binary protocol has a header byte and a bitmap of NULLs before the values.
        let extra = if size.binary.get() {
            1 + (width + 9) / 8
        } else {
            0
        };
        Ok(size.bytes.get() + extra)
    }
}

#[derive(Default)]
struct Size {
    bytes: Counter<usize>,
    binary: Counter<bool>,
}

impl Size {
    fn add(&self, bytes: usize) {
        self.bytes.set(self.bytes.get() + bytes);
    }
}

/// A value for the crate's row writer, which counts its bytes.
struct Field<'a> {
    value: Value<'a>,
    size: &'a Size,
}

impl ToMysqlValue for Field<'_> {
    fn to_mysql_text<W: Write>(&self, to: &mut W) -> io::Result<()> {
        let mut scratch = [0; 64];
        let mut cursor = Cursor::new(&mut scratch[..]);
        match &self.value {
            Value::Null => {
                self.size.add(1);
                return to.write_all(&[NULL]);
            }
            Value::Bytes(bytes) => return self.write_bytes(to, bytes),
            other => print(other, &mut cursor)?,
        }
        let printed = usize::try_from(cursor.position()).unwrap_or_default();
        self.write_bytes(to, scratch.get(..printed).unwrap_or_default())
    }

    fn to_mysql_bin<W: Write>(&self, to: &mut W, _column: &Column) -> io::Result<()> {
        let mut scratch = [0; 16];
        let mut cursor = Cursor::new(&mut scratch[..]);
        match &self.value {
            Value::Null => return Ok(()),
            Value::Bytes(bytes) => return self.write_bytes(to, bytes),
            other => pack(other, &mut cursor)?,
        }
        let packed = usize::try_from(cursor.position()).unwrap_or_default();
        self.size.add(packed);
        to.write_all(scratch.get(..packed).unwrap_or_default())
    }

    fn is_null(&self) -> bool {
        // Asked first of all, and only in the binary protocol.
        self.size.binary.set(true);
        self.value == Value::Null
    }
}

impl Field<'_> {
    fn write_bytes<W: Write>(&self, to: &mut W, bytes: &[u8]) -> io::Result<()> {
        let (prefix, length) = lenenc(bytes.len() as u64);
        self.size.add(length + bytes.len());
        to.write_all(prefix.get(..length).unwrap_or_default())?;
        to.write_all(bytes)
    }
}
