//! Values of expressions: cells of a result, and how they compare.
//!
//! A cell of a SHOW has two faces, its typed value and the text that is printed. Numbers compare as numbers, and a
//! text compares with what is printed, so that `Status = 'N/A'` and `UsedPct > 50` both mean what the reader sees.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::rows::{Cell, Column};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// The typed value.
    pub cell: Cell,
    /// What is printed; `None` is SQL NULL.
    pub shown: Option<Cow<'static, str>>,
}

impl Value {
    /// NULL.
    pub const NULL: Value = Value {
        cell: Cell::Null,
        shown: None,
    };

    /// The value of a cell in its column.
    pub fn of(cell: &Cell, column: &Column) -> Value {
        Value {
            cell: cell.clone(),
            shown: cell.show(column),
        }
    }

    /// A text.
    pub fn text(text: impl Into<Cow<'static, str>>) -> Value {
        let text = text.into();
        Value {
            cell: Cell::Text(text.clone()),
            shown: Some(text),
        }
    }

    /// A whole number.
    pub fn int(n: i64) -> Value {
        Value {
            cell: Cell::Int(n),
            shown: Some(n.to_string().into()),
        }
    }

    /// A number; whole ones become integers only if written so.
    pub fn double(x: f64) -> Value {
        Value {
            cell: Cell::Double(x),
            shown: Some(x.to_string().into()),
        }
    }

    /// A truth value, 1 or 0 as in MySQL; unknown is NULL.
    pub fn truth(value: Option<bool>) -> Value {
        match value {
            Some(b) => Value::int(b.into()),
            None => Value::NULL,
        }
    }

    /// Whether it is NULL; a cell whose column prints a word for NULL is NULL as well.
    pub fn is_null(&self) -> bool {
        self.cell == Cell::Null
    }

    /// The number that it is or reads as; `None` for NULL and for texts that are none.
    pub fn number(&self) -> Option<Number> {
        match &self.cell {
            Cell::Int(n) => Some(Number::Int(*n)),
            Cell::Double(x) => Some(Number::Double(*x)),
            Cell::Bool(b) => Some(Number::Int((*b).into())),
            Cell::Text(text) => Number::read(text),
            Cell::Null | Cell::Time(_) => None,
        }
    }

    /// The truth of it: not zero. NULL is unknown, a text counts by the number at its start (MySQL).
    pub fn is_true(&self) -> Option<bool> {
        match &self.cell {
            Cell::Null => None,
            Cell::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            _ => Some(self.number().is_some_and(|n| n.as_f64() != 0.0)),
        }
    }

    /// How two values compare; `None` when one of them is NULL.
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        let typed = !matches!((&self.cell, &other.cell), (Cell::Text(_), Cell::Text(_)));
        if typed && let (Some(a), Some(b)) = (self.number(), other.number()) {
            return Some(a.compare(b));
        }
        let (a, b) = (self.shown.as_ref()?, other.shown.as_ref()?);
        Some(folded(a).cmp(&folded(b)))
    }
}

/// A text without case.
pub fn folded(text: &str) -> String {
    text.to_lowercase()
}

/// A number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Whole.
    Int(i64),
    /// Not whole, or too large.
    Double(f64),
}

impl Number {
    /// The number that a text is, blanks around it aside.
    pub fn read(text: &str) -> Option<Number> {
        let text = text.trim();
        if let Ok(n) = text.parse() {
            return Some(Number::Int(n));
        }
        // `inf` and `nan` are words, not numbers.
        let numeric = text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
        text.parse().ok().filter(|_| numeric).map(Number::Double)
    }

    /// As a double; large whole numbers lose digits.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Int(n) => n as f64,
            Number::Double(x) => x,
        }
    }

    /// A total order: by value, whole numbers exactly.
    pub fn compare(self, other: Number) -> Ordering {
        let exact = |n| match n {
            Number::Int(n) => n,
            Number::Double(_) => 0,
        };
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => a.cmp(&b),
            _ => {
                let order = self.as_f64().partial_cmp(&other.as_f64());
                order.unwrap_or_else(|| exact(self).cmp(&exact(other)))
            }
        }
    }
}
