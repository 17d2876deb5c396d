//! The rows of `INSERT .. VALUES`: constants go straight into arrays of text, which the load fits to the columns.
//!
//! No plan holds the rows: fifty thousand of them are fifty thousand short walks. Only what is not a constant is
//! computed by DataFusion, each different expression once.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema};
use sqlparser::ast::{Expr, Query, SetExpr, UnaryOperator, Value, Values};

use crate::catalog::schema::{ColumnDef, DataType as ColumnType, DefaultValue};
use crate::code::{Code, Failure};
use crate::system::control::Control;
use crate::system::error::failure;
use crate::system::functions::arguments::leading_number;
use crate::system::functions::doubles::double_text;
use crate::system::functions::format::date_time_text;
use crate::system::functions::numbers::rounded;
use crate::system::functions::session::local;
use crate::system::naming::Source;
use crate::system::planner::Planner;
use crate::system::sources::Sources;

/// Rows of one batch.
const BATCH_ROWS: usize = 8192;

/// The VALUES that a query is; `None` when it is another query.
pub fn of_query(query: &Query) -> Option<&Values> {
    match query.body.as_ref() {
        SetExpr::Values(values)
            if query.with.is_none() && query.order_by.is_none() && query.limit_clause.is_none() =>
        {
            Some(values)
        }
        _ => None,
    }
}

/// A value before its type matters.
enum Cell {
    Null,
    Text(String),
    /// The n-th expression that must be computed.
    Computed(usize),
}

/// Reads `values` for `columns`, one batch of texts after the other.
///
/// # Errors
/// A row of another length, and what computing an expression says.
pub fn batches(
    planner: &Planner,
    sources: &Sources,
    values: &Values,
    source: Source<'_>,
    columns: &[&ColumnDef],
    control: &Arc<Control>,
) -> Result<Vec<RecordBatch>, Failure> {
    let mut reader = Reader {
        sources,
        expressions: Vec::new(),
        known: HashMap::new(),
    };
    let mut rows: Vec<Vec<Cell>> = Vec::with_capacity(values.rows.len());
    for (row, number) in values.rows.iter().zip(1_usize..) {
        if row.len() != columns.len() {
            return Err(Failure::new(
                Code::WRONG_VALUE_COUNT,
                format!(
                    "column count doesn't match value count at row {number}: {} columns, {} values",
                    columns.len(),
                    row.len()
                ),
            ));
        }
        let cells = row.iter().zip(columns);
        rows.push(
            cells
                .map(|(expr, column)| reader.cell(expr, column))
                .collect::<Result<_, _>>()?,
        );
    }
    let computed = planner.evaluate(sources, reader.expressions, source, control)?;
    rows.chunks(BATCH_ROWS)
        .map(|rows| {
            control.check()?;
            let batch = batch(rows, columns, &computed, control)?;
            Ok(batch)
        })
        .collect()
}

struct Reader<'a> {
    sources: &'a Sources,
    expressions: Vec<Expr>,
    known: HashMap<Expr, usize>,
}

impl Reader<'_> {
    fn cell(&mut self, expr: &Expr, column: &ColumnDef) -> Result<Cell, Failure> {
        match constant(expr) {
            Some(Cell::Text(digits)) if is_number(expr) => {
                return Ok(Cell::Text(number_for(digits, column.data_type)));
            }
            Some(cell) => return Ok(cell),
            None => {}
        }
        if let Expr::Identifier(name) = expr
            && name.quote_style.is_none()
            && name.value.eq_ignore_ascii_case("default")
        {
            return self.default(column);
        }
        let next = self.expressions.len();
        let at = *self.known.entry(expr.clone()).or_insert(next);
        if at == next {
            self.expressions.push(expr.clone());
        }
        Ok(Cell::Computed(at))
    }

    fn default(&self, column: &ColumnDef) -> Result<Cell, Failure> {
        match &column.default {
            Some(DefaultValue::Text(text)) => Ok(Cell::Text(text.clone())),
            Some(DefaultValue::CurrentTimestamp) => {
                Ok(Cell::Text(date_time_text(local(self.sources))))
            }
            None if column.nullable => Ok(Cell::Null),
            None => Err(Failure::new(
                Code::NO_DEFAULT,
                format!("column '{}' doesn't have a default value", column.name),
            )),
        }
    }
}

/// The text of a constant, signs and brackets included.
fn constant(expr: &Expr) -> Option<Cell> {
    match expr {
        Expr::Nested(inner) => constant(inner),
        Expr::Value(value) => match &value.value {
            Value::Null => Some(Cell::Null),
            Value::Number(digits, _) => Some(Cell::Text(digits.clone())),
            Value::Boolean(yes) => Some(Cell::Text(u8::from(*yes).to_string())),
            Value::SingleQuotedString(text)
            | Value::DoubleQuotedString(text)
            | Value::NationalStringLiteral(text) => Some(Cell::Text(text.clone())),
            _ => None,
        },
        Expr::UnaryOp { op, expr } => match (op, constant(expr)?) {
            (UnaryOperator::Minus, Cell::Text(digits)) if is_number(expr) => {
                Some(Cell::Text(match digits.strip_prefix('-') {
                    Some(positive) => positive.to_owned(),
                    None => format!("-{digits}"),
                }))
            }
            (UnaryOperator::Plus, Cell::Text(digits)) if is_number(expr) => {
                Some(Cell::Text(digits))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The digits of a literal as its column takes them: a DOUBLE as it prints, and rounded where the column is of whole numbers.
fn number_for(digits: String, column: ColumnType) -> String {
    let digits = match digits.contains(['e', 'E']) {
        true => double_text(leading_number(&digits)),
        false => digits,
    };
    let whole = matches!(
        column,
        ColumnType::TinyInt
            | ColumnType::SmallInt
            | ColumnType::Int
            | ColumnType::BigInt
            | ColumnType::LargeInt
    );
    match whole && digits.contains('.') {
        true => rounded(&digits, 0),
        false => digits,
    }
}

fn is_number(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) | Expr::UnaryOp { expr: inner, .. } => is_number(inner),
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        _ => false,
    }
}

fn batch(
    rows: &[Vec<Cell>],
    columns: &[&ColumnDef],
    computed: &[Option<String>],
    control: &Control,
) -> Result<RecordBatch, Failure> {
    let long = |cell: &Cell| match cell {
        Cell::Computed(n) => computed
            .get(*n)
            .and_then(Option::as_ref)
            .map_or(0, String::len),
        Cell::Text(text) => text.len(),
        Cell::Null => 0,
    };
    let bytes: usize = rows.iter().flatten().map(long).sum();
    control.pool.hold(bytes as u64).map_err(|e| failure(&e))?;
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len());
    for at in 0..columns.len() {
        let mut array = StringBuilder::with_capacity(rows.len(), rows.len() * 8);
        for row in rows {
            match row.get(at) {
                Some(Cell::Text(text)) => array.append_value(text),
                Some(Cell::Computed(n)) => {
                    array.append_option(computed.get(*n).and_then(Option::as_deref));
                }
                Some(Cell::Null) | None => array.append_null(),
            }
        }
        arrays.push(Arc::new(array.finish()));
    }
    let fields: Vec<Field> = columns
        .iter()
        .map(|column| Field::new(&column.name, DataType::Utf8, true))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|e| Failure::new(Code::UNKNOWN, e.to_string()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::AsArray;

    use super::*;
    use crate::frontend::engine::testing::{control, engine, session, spec};
    use crate::frontend::service::Service;
    use crate::sql::cursor::Cursor;
    use crate::sql::statements::select::query;

    /// The rows of `VALUES ..` for the columns id, day and name, as texts.
    async fn read(text: &str) -> Result<Vec<Vec<Option<String>>>, Failure> {
        let engine = engine();
        let script = engine.split(text.to_owned()).await?.remove(0);
        let sources = engine.sources(&session());
        let planner = Arc::new(Planner::new(2));
        let control = control(&engine);
        let work = move || {
            let tokens = script.bind(&[]);
            let query = query(&mut Cursor::new(&tokens, &script.source)).unwrap();
            let source = Source {
                script: &script,
                tokens: &tokens,
            };
            let mut spec = spec();
            spec.columns[2].default = Some(DefaultValue::Text("nobody".into()));
            let columns: Vec<&ColumnDef> = spec.columns.iter().take(3).collect();
            let values = of_query(&query).unwrap();
            let read = batches(&planner, &sources, values, source, &columns, &control)?;
            let mut rows = Vec::new();
            for batch in read {
                for row in 0..batch.num_rows() {
                    let cell = |column: &ArrayRef| {
                        let texts = column.as_string::<i32>();
                        texts.iter().nth(row).flatten().map(str::to_owned)
                    };
                    rows.push(batch.columns().iter().map(cell).collect());
                }
            }
            Ok(rows)
        };
        tokio::task::spawn_blocking(work).await.unwrap()
    }

    #[tokio::test]
    async fn constants_keep_their_text_and_expressions_are_computed() {
        let rows = read(
            "VALUES (1, '2013-01-01', 'it''s'), (-2.50, NULL, DEFAULT), (+3, NOW(), CONCAT('a', 1 + 1)), \
             ((4), DATE('2013-01-05 10:00:00'), NOW())",
        );
        let text = |t: &str| Some(t.to_owned());
        assert_eq!(
            rows.await.unwrap(),
            [
                [text("1"), text("2013-01-01"), text("it's")],
                [text("-3"), None, text("nobody")],
                [text("3"), text("2013-01-05 10:11:12"), text("a2")],
                [text("4"), text("2013-01-05"), text("2013-01-05 10:11:12")],
            ]
        );
    }

    #[tokio::test]
    async fn a_column_without_a_default_has_none() {
        let failure = read("VALUES (DEFAULT, NULL, NULL)").await.unwrap_err();
        assert_eq!(failure.code, Code::NO_DEFAULT);
    }

    #[tokio::test]
    async fn fifty_thousand_rows_are_read_without_a_plan() {
        let rows: Vec<String> = (0..50_000).map(|n| format!("({n}, NULL, 'x')")).collect();
        let read = read(&format!("VALUES {}", rows.join(","))).await.unwrap();
        assert_eq!(read.len(), 50_000);
        assert_eq!(read[49_999][0].as_deref(), Some("49999"));
    }
}
