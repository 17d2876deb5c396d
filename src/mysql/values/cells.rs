//! Administration results: cells that print as their columns say.

use std::borrow::Cow;

use crate::frontend::answer::{ResultColumn, ValueKind};
use crate::mysql::values::Value;
use crate::rows;

/// Rows of cells.
pub struct Cells<'a> {
    /// What the header says of each column.
    pub kinds: &'a [ValueKind],
    /// How each column prints.
    pub columns: &'a [rows::Column],
    /// The rows.
    pub rows: &'a [rows::Row],
}

/// Brings a column's kind to one that cells have: 64-bit numbers, doubles, and text for all else.
pub fn settle_kind(column: &mut ResultColumn) {
    column.kind = match column.kind {
        ValueKind::TinyInt
        | ValueKind::SmallInt
        | ValueKind::Int
        | ValueKind::BigInt
        | ValueKind::UnsignedBigInt => ValueKind::BigInt,
        ValueKind::Float | ValueKind::Double => ValueKind::Double,
        text @ ValueKind::Text(_) => text,
        ValueKind::Null => ValueKind::Null,
        _ => ValueKind::Text(1024),
    };
}

impl<'a> Cells<'a> {
    /// One value; NULL where a row is too short or a cell is not what its column says.
    pub fn value(&self, row: usize, column: usize) -> Value<'a> {
        let cell = self.rows.get(row).and_then(|row| row.get(column));
        let (Some(cell), Some(kind)) = (cell, self.kinds.get(column)) else {
            return Value::Null;
        };
        let shown = || {
            self.columns
                .get(column)
                .and_then(|column| cell.show(column))
        };
        match (kind, cell) {
            (ValueKind::BigInt, rows::Cell::Int(n)) => Value::Big(*n),
            (ValueKind::BigInt, rows::Cell::Bool(truth)) => Value::Big((*truth).into()),
            (ValueKind::BigInt, _) => {
                let number = shown().and_then(|text| text.parse().ok());
                number.map_or(Value::Null, Value::Big)
            }
            (ValueKind::Double, rows::Cell::Double(x)) => Value::Double(*x),
            (ValueKind::Double, rows::Cell::Int(n)) => Value::Double(*n as f64),
            (ValueKind::Double | ValueKind::Null, _) => Value::Null,
            _ => match shown() {
                Some(Cow::Borrowed(text)) => Value::Bytes(text.as_bytes().into()),
                Some(Cow::Owned(text)) => Value::Bytes(text.into_bytes().into()),
                None => Value::Null,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Cell, Column, Type};

    #[test]
    fn a_cell_is_a_number_only_where_its_column_is_one() {
        let columns = [Column::new("n", Type::Int), Column::new("s", Type::Size)];
        let rows = [vec![Cell::Int(784), Cell::Int(784)], vec![Cell::Null]];
        let kinds = [ValueKind::BigInt, ValueKind::Text(1024)];
        let cells = Cells {
            kinds: &kinds,
            columns: &columns,
            rows: &rows,
        };
        assert_eq!(cells.value(0, 0), Value::Big(784));
        assert_eq!(cells.value(0, 1), Value::Bytes(b"784.000 B"[..].into()));
        assert_eq!(cells.value(1, 0), Value::Null);
        assert_eq!(cells.value(1, 1), Value::Null);
    }
}
