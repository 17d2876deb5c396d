//! What may follow a SHOW: `[LIKE 'pattern'] [WHERE expr] [ORDER BY item, ..] [LIMIT n [OFFSET m] | m, n]`.
//!
//! One helper for every statement that shows rows. It works on typed cells: columns are named without regard to
//! case, sizes and times compare by value, NULL comes first. Owns nothing of any statement's columns.

use std::cmp::Ordering;
use std::fmt;

use sqlparser::tokenizer::Token;

use crate::code::{Code, Failure};
use crate::rows::{Cell, Column, Row, Rows};
use crate::sql::cursor::{Cursor, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::expr::eval::{Names, eval};
use crate::sql::expr::value::{Number, Value, folded};
use crate::sql::expr::{self, Expr};
use crate::sql::like::like;

/// The tail of a SHOW.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tail {
    /// LIKE: the pattern that the first column must match.
    pub like: Option<String>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// ORDER BY.
    pub order: Vec<SortItem>,
    /// LIMIT: rows to skip, and rows to keep.
    pub limit: Option<(u64, u64)>,
}

/// An item of ORDER BY.
#[derive(Debug, Clone, PartialEq)]
pub struct SortItem {
    /// What to sort by: an expression over columns, or the number of a column.
    pub by: Expr,
    /// DESC.
    pub descending: bool,
    /// NULLS FIRST (true), NULLS LAST (false); `None`: first when ascending, last when descending.
    pub nulls_first: Option<bool>,
}

impl Tail {
    /// Reads `[WHERE ..] [ORDER BY ..] [LIMIT ..]`.
    pub fn parse(c: &mut Cursor<'_>) -> Result<Tail, SyntaxError> {
        let mut tail = Tail::default();
        if c.eat(&["WHERE"]) {
            tail.filter = Some(expr::parse(c)?);
        }
        if c.eat(&["ORDER", "BY"]) {
            tail.order = c.list(SortItem::parse)?;
        }
        if c.eat(&["LIMIT"]) {
            tail.limit = Some(limit(c)?);
        }
        Ok(tail)
    }

    /// Reads the same with `[LIKE 'pattern']` before it.
    pub fn parse_with_like(c: &mut Cursor<'_>) -> Result<Tail, SyntaxError> {
        let like = match c.eat(&["LIKE"]) {
            true => Some(c.string()?),
            false => None,
        };
        let rest = Tail::parse(c)?;
        Ok(Tail { like, ..rest })
    }

    /// Whether `name` passes LIKE; for statements that would otherwise make rows in vain, or match other columns.
    pub fn likes(&self, name: &str) -> bool {
        self.like.as_ref().is_none_or(|p| like(p, name))
    }

    /// Filters, sorts and cuts `rows`. LIKE tests the first column.
    ///
    /// # Errors
    /// 1054 for a column of WHERE and 1166 for one of ORDER BY that the result does not have, even if it is empty.
    pub fn apply(&self, mut rows: Rows) -> Result<Rows, Failure> {
        if self.like.is_some() {
            let first = rows.columns.first().cloned();
            rows.rows.retain(|row| match (row.first(), &first) {
                (Some(cell), Some(column)) => {
                    cell.show(column).is_some_and(|text| self.likes(&text))
                }
                _ => false,
            });
        }
        self.filter_and_sort(rows)
    }

    /// The same as [`Tail::apply`] without LIKE, for statements that have used it themselves.
    pub fn filter_and_sort(&self, mut rows: Rows) -> Result<Rows, Failure> {
        if let Some(filter) = &self.filter {
            check(filter, &rows.columns, Code::BAD_FIELD, "WHERE")?;
            let columns = &rows.columns;
            let mut kept = Vec::new();
            for row in rows.rows {
                if eval(filter, &OneRow { columns, row: &row })?.is_true() == Some(true) {
                    kept.push(row);
                }
            }
            rows.rows = kept;
        }
        if !self.order.is_empty() {
            self.sort(&mut rows)?;
        }
        if let Some((skip, keep)) = self.limit {
            let skip = usize::try_from(skip).unwrap_or(usize::MAX);
            let keep = usize::try_from(keep).unwrap_or(usize::MAX);
            rows.rows = rows.rows.into_iter().skip(skip).take(keep).collect();
        }
        Ok(rows)
    }

    fn sort(&self, rows: &mut Rows) -> Result<(), Failure> {
        let items = self
            .order
            .iter()
            .map(|item| item.resolved(&rows.columns))
            .collect::<Result<Vec<_>, _>>()?;
        let columns = &rows.columns;
        let mut keyed = Vec::with_capacity(rows.rows.len());
        for row in std::mem::take(&mut rows.rows) {
            let names = OneRow { columns, row: &row };
            let keys = items
                .iter()
                .map(|by| Ok(Key::of(&eval(by, &names)?)))
                .collect::<Result<Vec<_>, Failure>>()?;
            keyed.push((keys, row));
        }
        keyed.sort_by(|(a, _), (b, _)| {
            let each = self.order.iter().zip(a.iter().zip(b));
            each.map(|(item, (a, b))| item.order(a, b))
                .find(|o| o.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        rows.rows = keyed.into_iter().map(|(_, row)| row).collect();
        Ok(())
    }
}

fn limit(c: &mut Cursor<'_>) -> Result<(u64, u64), SyntaxError> {
    let first = c.number()?;
    if c.eat_token(&Token::Comma) {
        Ok((first, c.number()?))
    } else if c.eat(&["OFFSET"]) {
        Ok((c.number()?, first))
    } else {
        Ok((0, first))
    }
}

fn check(expr: &Expr, columns: &[Column], code: Code, clause: &str) -> Result<(), Failure> {
    let known = |name: &str| columns.iter().any(|c| c.name.eq_ignore_ascii_case(name));
    match expr.names().into_iter().find(|name| !known(name)) {
        None => Ok(()),
        Some(name) => {
            let all: Vec<&str> = columns.iter().map(|c| &*c.name).collect();
            let all = all.join(", ");
            let message = format!("Unknown column '{name}' in {clause}; the columns are {all}");
            Err(Failure::new(code, message))
        }
    }
}

impl SortItem {
    fn parse(c: &mut Cursor<'_>) -> Result<SortItem, SyntaxError> {
        let by = expr::parse(c)?;
        let descending = c.eat(&["DESC"]);
        if !descending {
            c.eat(&["ASC"]);
        }
        let nulls_first = match c.eat(&["NULLS"]) {
            false => None,
            true if c.eat(&["FIRST"]) => Some(true),
            true => {
                c.expect(&["LAST"])?;
                Some(false)
            }
        };
        Ok(SortItem {
            by,
            descending,
            nulls_first,
        })
    }

    /// The expression with the number of a column replaced by its name.
    fn resolved(&self, columns: &[Column]) -> Result<Expr, Failure> {
        let Expr::Number(digits) = &self.by else {
            check(&self.by, columns, Code::WRONG_COLUMN_NAME, "ORDER BY")?;
            return Ok(self.by.clone());
        };
        let position = digits.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
        match position.and_then(|n| columns.get(n)) {
            Some(column) => Ok(Expr::Name(column.name.clone().into_owned())),
            None => {
                let count = columns.len();
                let message =
                    format!("unknown column {digits} in ORDER BY; the result has {count}");
                Err(Failure::new(Code::WRONG_COLUMN_NAME, message))
            }
        }
    }

    fn order(&self, a: &Key, b: &Key) -> Ordering {
        let nulls_first = self.nulls_first.unwrap_or(!self.descending);
        match (a, b) {
            (Key::Null, Key::Null) => Ordering::Equal,
            (Key::Null, _) if nulls_first => Ordering::Less,
            (Key::Null, _) => Ordering::Greater,
            (_, Key::Null) if nulls_first => Ordering::Greater,
            (_, Key::Null) => Ordering::Less,
            _ if self.descending => b.compare(a),
            _ => a.compare(b),
        }
    }
}

/// What is sorted: numbers by value before texts without case, so that any mixture has one order.
enum Key {
    Null,
    Number(f64, i64),
    Text(String),
}

impl Key {
    fn of(value: &Value) -> Key {
        match (&value.cell, value.number(), &value.shown) {
            (Cell::Null, ..) | (_, None, None) => Key::Null,
            (Cell::Time(at), ..) => Key::Number(at.wall_ms() as f64, at.wall_ms()),
            (_, Some(Number::Int(n)), _) => Key::Number(n as f64, n),
            (_, Some(Number::Double(x)), _) => Key::Number(x, 0),
            (_, None, Some(text)) => Key::Text(folded(text)),
        }
    }

    fn compare(&self, other: &Key) -> Ordering {
        match (self, other) {
            (Key::Number(a, exact_a), Key::Number(b, exact_b)) => {
                a.total_cmp(b).then(exact_a.cmp(exact_b))
            }
            (Key::Text(a), Key::Text(b)) => a.cmp(b),
            (Key::Number(..), _) => Ordering::Less,
            (_, Key::Number(..)) => Ordering::Greater,
            _ => Ordering::Equal,
        }
    }
}

struct OneRow<'a> {
    columns: &'a [Column],
    row: &'a Row,
}

impl Names for OneRow<'_> {
    fn column(&self, name: &str) -> Result<Value, Failure> {
        let mut pairs = self.columns.iter().zip(self.row);
        match pairs.find(|(column, _)| column.name.eq_ignore_ascii_case(name)) {
            Some((column, cell)) => Ok(Value::of(cell, column)),
            None => Ok(Value::NULL),
        }
    }
}

impl fmt::Display for Tail {
    /// With a blank before each part, so that it can be put behind any statement.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(pattern) = &self.like {
            write!(f, " LIKE {}", quoted_text(pattern))?;
        }
        if let Some(filter) = &self.filter {
            write!(f, " WHERE {filter}")?;
        }
        if !self.order.is_empty() {
            write!(f, " ORDER BY {}", expr::Joined(&self.order, ", "))?;
        }
        match self.limit {
            None => Ok(()),
            Some((0, keep)) => write!(f, " LIMIT {keep}"),
            Some((skip, keep)) => write!(f, " LIMIT {keep} OFFSET {skip}"),
        }
    }
}

impl fmt::Display for SortItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.by)?;
        f.write_str(if self.descending { " DESC" } else { "" })?;
        f.write_str(match self.nulls_first {
            None => "",
            Some(true) => " NULLS FIRST",
            Some(false) => " NULLS LAST",
        })
    }
}

#[cfg(test)]
mod tests;
