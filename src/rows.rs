//! Typed rows of administration results: columns declared once, cells that carry types.
//!
//! `SHOW` prints them as text in the seed's formats; system tables and JSON read the same cells as numbers, times and
//! NULL. Owns the printing of a cell. Does not own any column: each PROC path and statement declares its own by
//! [`row!`](crate::row).

use std::borrow::Cow;

use crate::clock::Timestamp;

/// The type of a column; it also fixes how `SHOW` prints the cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text as it is.
    Text,
    /// A signed 64-bit number.
    Int,
    /// A double, three decimals in SHOW.
    Double,
    /// `true` or `false`.
    Bool,
    /// An instant; SHOW prints `yyyy-MM-dd HH:mm:ss`.
    Time,
    /// A number of bytes, printed raw (`784`).
    Bytes,
    /// A number of bytes that SHOW prints with three decimals and a unit (`1.234 GB`).
    Size,
    /// A number of bytes that SHOW prints with at most one decimal, cut off, and a unit (`998.1MB`, `784B`).
    ShortSize,
    /// A percentage 0..100 that SHOW prints with two decimals (`7.29 %`).
    Percent,
}

/// One column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The name as the seed prints it.
    pub name: Cow<'static, str>,
    /// Type and printed form.
    pub kind: Type,
    /// What SHOW prints for NULL: `N/A` in the seed's era; `None` sends SQL NULL.
    pub null_text: Option<&'static str>,
    /// One sentence for HELP and the reference.
    pub doc: &'static str,
}

impl Column {
    /// A column whose NULL stays NULL in SHOW.
    pub fn new(name: impl Into<Cow<'static, str>>, kind: Type) -> Column {
        Column {
            name: name.into(),
            kind,
            null_text: None,
            doc: "",
        }
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// No value.
    Null,
    /// Text.
    Text(Cow<'static, str>),
    /// A number.
    Int(i64),
    /// A double.
    Double(f64),
    /// A truth value.
    Bool(bool),
    /// An instant.
    Time(Timestamp),
}

/// A row: as many cells as the result has columns.
pub type Row = Vec<Cell>;

/// A whole small result.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// The header.
    pub columns: Vec<Column>,
    /// The rows, in the order in which they are shown.
    pub rows: Vec<Row>,
}

impl Cell {
    /// What `SHOW` sends for this cell in that column; `None` is SQL NULL.
    pub fn show(&self, column: &Column) -> Option<Cow<'static, str>> {
        Some(match (self, column.kind) {
            (Cell::Null, _) => return column.null_text.map(Cow::Borrowed),
            (Cell::Text(text), _) => text.clone(),
            (Cell::Bool(true), _) => Cow::Borrowed("true"),
            (Cell::Bool(false), _) => Cow::Borrowed("false"),
            (Cell::Time(at), _) => at.to_string().into(),
            (Cell::Int(n), Type::Size) => size(*n).into(),
            (Cell::Int(n), Type::ShortSize) => short_size(*n).into(),
            (Cell::Int(n), Type::Percent) => percent(*n as f64).into(),
            (Cell::Int(n), _) => n.to_string().into(),
            (Cell::Double(x), Type::Percent) => percent(*x).into(),
            (Cell::Double(x), _) => format!("{x:.3}").into(),
        })
    }
}

/// Bytes with three decimals, a blank and the largest unit not above the value (StarRocks; seed's era).
pub fn size(bytes: i64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value.abs() >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.3} {}", UNITS[unit])
}

/// Bytes with at most one decimal, cut off rather than rounded, and the largest unit not above the value (StarRocks:
/// partitions and JSON).
pub fn short_size(bytes: i64) -> String {
    const UNITS: [&str; 6] = ["B", "KB", "MB", "GB", "TB", "PB"];
    let mut unit = 0;
    let mut step = 1_i128;
    while i128::from(bytes).abs() >= step * 1024 && unit + 1 < UNITS.len() {
        step *= 1024;
        unit += 1;
    }
    let tenths = i128::from(bytes) * 10 / step;
    match tenths % 10 {
        0 => format!("{}{}", tenths / 10, UNITS[unit]),
        rest => format!("{}.{}{}", tenths / 10, rest.abs(), UNITS[unit]),
    }
}

/// A percentage with two decimals, half-even as the seed's samples need (`9.38 %`, `15.62 %`).
pub fn percent(value: f64) -> String {
    // Two-decimal ties are exact in binary only when they are; Rust rounds those half to even.
    format!("{value:.2} %")
}

macro_rules! from_cell {
    ($($from:ty => |$v:ident| $cell:expr;)+) => {$(
        impl From<$from> for Cell {
            fn from($v: $from) -> Cell { $cell }
        }
    )+};
}

from_cell! {
    String => |v| Cell::Text(v.into());
    &'static str => |v| Cell::Text(v.into());
    Cow<'static, str> => |v| Cell::Text(v);
    i64 => |v| Cell::Int(v);
    i32 => |v| Cell::Int(v.into());
    u32 => |v| Cell::Int(v.into());
    u16 => |v| Cell::Int(v.into());
    u64 => |v| Cell::Int(i64::try_from(v).unwrap_or(i64::MAX));
    usize => |v| Cell::Int(i64::try_from(v).unwrap_or(i64::MAX));
    f64 => |v| Cell::Double(v);
    bool => |v| Cell::Bool(v);
    Timestamp => |v| Cell::Time(v);
    crate::ids::DbId => |v| v.0.into();
    crate::ids::TableId => |v| v.0.into();
    crate::ids::PartitionId => |v| v.0.into();
    crate::ids::IndexId => |v| v.0.into();
    crate::ids::TabletId => |v| v.0.into();
    crate::ids::ReplicaId => |v| v.0.into();
    crate::ids::BackendId => |v| v.0.into();
    crate::ids::TxnId => |v| v.0.into();
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Null, Into::into)
    }
}

/// A struct of typed cells with its columns: name, [`Type`], and the text that SHOW prints for NULL.
pub trait Typed {
    /// The columns in order.
    fn columns() -> Vec<Column>;
    /// The cells in the same order.
    fn cells(self) -> Row;
}

/// Declares the columns of a result once: doc comment, field, Rust type, printed name, [`Type`], NULL text.
///
/// ```
/// quorate::row! {
///     /// One database.
///     pub struct DbRow {
///         /// Identity.
///         id: u64 => "DbId" Int,
///         /// Last check; never checked prints `N/A`.
///         checked: Option<quorate::clock::Timestamp> => "LastConsistencyCheckTime" Time or "N/A",
///     }
/// }
/// use quorate::rows::Typed;
/// assert_eq!(DbRow::columns()[1].name, "LastConsistencyCheckTime");
/// ```
#[macro_export]
macro_rules! row {
    ($(#[$doc:meta])* $vis:vis struct $name:ident {
        $(#[doc = $fdoc:literal] $field:ident : $ty:ty => $col:literal $kind:ident $(or $null:literal)?),+ $(,)?
    }) => {
        $(#[$doc])*
        $vis struct $name { $(#[doc = $fdoc] pub $field: $ty),+ }

        impl $crate::rows::Typed for $name {
            fn columns() -> Vec<$crate::rows::Column> {
                #[allow(unused_mut, unused_assignments)]
                fn null(text: Option<&'static str>) -> Option<&'static str> { text }
                vec![$($crate::rows::Column {
                    name: std::borrow::Cow::Borrowed($col),
                    kind: $crate::rows::Type::$kind,
                    null_text: null(None $(.or(Some($null)))?),
                    doc: $fdoc,
                }),+]
            }
            fn cells(self) -> $crate::rows::Row {
                vec![$(self.$field.into()),+]
            }
        }
    };
}

impl Rows {
    /// A result of typed rows.
    pub fn of<T: Typed>(rows: impl IntoIterator<Item = T>) -> Rows {
        Rows {
            columns: T::columns(),
            rows: rows.into_iter().map(T::cells).collect(),
        }
    }

    /// The printed cell at row `row` of the column called `name`, for tests and scripts.
    pub fn text(&self, row: usize, name: &str) -> Option<Cow<'static, str>> {
        let at = self
            .columns
            .iter()
            .position(|c| c.name.eq_ignore_ascii_case(name))?;
        self.rows.get(row)?.get(at)?.show(&self.columns[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_percentages_print_as_in_the_seed() {
        assert_eq!(size(784), "784.000 B");
        assert_eq!(size(1 << 30), "1.000 GB");
        assert_eq!(short_size(784), "784B");
        assert_eq!(short_size(1 << 20), "1MB");
        assert_eq!(short_size(1_046_583_706), "998.1MB");
        assert_eq!(percent(9.0 / 96.0 * 100.0), "9.38 %");
        assert_eq!(percent(15.0 / 96.0 * 100.0), "15.62 %");
        assert_eq!(percent(7.0 / 96.0 * 100.0), "7.29 %");
    }

    #[test]
    fn null_prints_as_its_column_says() {
        let mut column = Column::new("LstFailedTime", Type::Time);
        assert_eq!(Cell::Null.show(&column), None);
        column.null_text = Some("N/A");
        assert_eq!(Cell::Null.show(&column).as_deref(), Some("N/A"));
    }
}
