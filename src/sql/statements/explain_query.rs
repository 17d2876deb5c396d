//! `EXPLAIN query`: the tables that a query reads, in MySQL's columns. There are no indexes that it could choose.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::ControlFlow;

use sqlparser::ast::{ObjectName, Query, SetExpr, Visit, Visitor};

use crate::code::{Code, Failure};
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::naming::is_system_database;
use crate::sql::outcome::Outcome;
use crate::sql::printed::Printed;
use crate::sql::statements::select::query;
use crate::sql::statements::{Context, Spec};

/// `EXPLAIN query`.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainQuery {
    /// What would be run.
    pub query: Box<Query>,
}

row! {
    /// One table that is read, or the line of a query that reads none.
    pub struct PlanRow {
        /// Number of the SELECT.
        id: i64 => "id" Int,
        /// `SIMPLE`, `PRIMARY` where there are others in it, `UNION`.
        select_type: &'static str => "select_type" Text,
        /// The table.
        table: Option<String> => "table" Text,
        /// Always NULL: which partitions are read is decided when they are.
        partitions: Option<String> => "partitions" Text,
        /// `ALL`: a table is read whole, but for what statistics rule out.
        access: Option<&'static str> => "type" Text,
        /// Always NULL.
        possible_keys: Option<String> => "possible_keys" Text,
        /// Always NULL.
        key: Option<String> => "key" Text,
        /// Always NULL.
        key_len: Option<String> => "key_len" Text,
        /// Always NULL.
        compared: Option<String> => "ref" Text,
        /// Always NULL: rows are counted when they are read.
        rows: Option<i64> => "rows" Int,
        /// Always NULL.
        filtered: Option<f64> => "filtered" Double,
        /// What else there is to say.
        extra: Option<&'static str> => "Extra" Text,
    }
}

impl Spec for ExplainQuery {
    const HEADS: &'static [&'static [&'static str]] = &[
        &["EXPLAIN", "SELECT"],
        &["EXPLAIN", "WITH"],
        &["DESCRIBE", "SELECT"],
        &["DESC", "SELECT"],
    ];
    const GRAMMAR: &'static str = include_str!("../../../grammar/explain_query.ebnf");
    const HELP: &'static str = "Lists the tables that a query reads, in MySQL's columns.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.bump();
        Ok(ExplainQuery { query: query(c)? })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(PlanRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let mut find = Find::default();
        let _ = self.query.visit(&mut find);
        let union = matches!(*self.query.body, SetExpr::SetOperation { .. });
        let kind = if union || find.queries > 1 {
            "PRIMARY"
        } else {
            "SIMPLE"
        };
        let mut rows = Vec::new();
        for name in &find.tables {
            if let Some(table) = known(cx, name, &find.named)? {
                rows.push(row(kind, Some(table)));
            }
        }
        if rows.is_empty() {
            rows.push(row(kind, None));
        }
        Ok(Outcome::Rows(Rows::of(rows)))
    }
}

fn row(select_type: &'static str, table: Option<String>) -> PlanRow {
    PlanRow {
        id: 1,
        select_type,
        access: table.as_ref().map(|_| "ALL"),
        extra: table.is_none().then_some("No tables used"),
        table,
        partitions: None,
        possible_keys: None,
        key: None,
        key_len: None,
        compared: None,
        rows: None,
        filtered: None,
    }
}

#[derive(Default)]
struct Find {
    tables: Vec<ObjectName>,
    /// Names that WITH defines.
    named: BTreeSet<String>,
    queries: usize,
}

impl Visitor for Find {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.queries += 1;
        let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
        self.named.extend(ctes.map(|cte| cte.alias.name.value.clone()));
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        self.tables.push(relation.clone());
        ControlFlow::Continue(())
    }
}

/// The table's own name; `None` for a name of WITH and for DUAL.
fn known(
    cx: Context<'_>,
    name: &ObjectName,
    named: &BTreeSet<String>,
) -> Result<Option<String>, Failure> {
    let parts = name.0.iter().filter_map(|part| part.as_ident());
    let parts: Vec<&str> = parts.map(|ident| ident.value.as_str()).collect();
    let (db, table) = match parts.as_slice() {
        [table] if named.contains(*table) || table.eq_ignore_ascii_case("dual") => return Ok(None),
        [table] => (None, *table),
        [.., db, table] => (Some(*db), *table),
        [] => return Ok(None),
    };
    let db = cx.db(db)?;
    let found = is_system_database(db) || cx.view.catalog.table(db, table).is_some();
    match found {
        true => Ok(Some(table.to_owned())),
        false => Err(Failure::new(
            Code::NO_SUCH_TABLE,
            format!("Table '{db}.{table}' doesn't exist"),
        )),
    }
}

impl fmt::Display for ExplainQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EXPLAIN {}", Printed(&self.query))
    }
}
