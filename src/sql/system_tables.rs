//! SHOW over system tables: a query of `information_schema`, which knows them.
//!
//! This layer knows user tables only. The text of the query is put together here from quoted names and texts, and read
//! like any other.

use std::fmt::Write;

use crate::code::Failure;
use crate::sql::cursor::{Cursor, quoted_name, quoted_text};
use crate::sql::outcome::Outcome;
use crate::sql::script::{Limits, split};
use crate::sql::tail::Tail;

/// A SHOW as a query: `columns` of an `information_schema` table, each with the name that SHOW gives it.
pub struct Shown<'a> {
    /// Name in the system table, and name in the result.
    pub columns: &'a [(&'a str, String)],
    /// The table of `information_schema`.
    pub from: &'a str,
    /// Columns that must equal a text.
    pub equal: &'a [(&'a str, &'a str)],
    /// Column that orders the rows when the tail does not.
    pub order: &'a str,
}

impl Shown<'_> {
    /// The query, with the tail applied to the names of the result.
    pub fn query(&self, tail: &Tail) -> Result<Outcome, Failure> {
        let list: Vec<String> = self
            .columns
            .iter()
            .map(|(from, to)| format!("{from} AS {}", quoted_name(to)))
            .collect();
        // Aliases again, because a name that differs from its column's by case alone would give way to it.
        let names: Vec<String> = self
            .columns
            .iter()
            .map(|(_, to)| format!("{0} AS {0}", quoted_name(to)))
            .collect();
        let equal: Vec<String> = self
            .equal
            .iter()
            .map(|(column, text)| {
                format!("lower({column}) = {}", quoted_text(&text.to_lowercase()))
            })
            .collect();
        let mut text = format!(
            "SELECT {} FROM (SELECT {} FROM information_schema.{} WHERE {} ORDER BY {}) AS shown",
            names.join(", "),
            list.join(", "),
            self.from,
            equal.join(" AND "),
            self.order
        );
        self.filter(tail, &mut text);
        let rest = Tail {
            like: None,
            filter: None,
            ..tail.clone()
        };
        text.push_str(&rest.to_string());
        let limits = Limits {
            tokens: u64::MAX,
            chain: u64::MAX,
        };
        let mut scripts = split(&text, limits)?;
        let script = scripts.remove(0);
        let mut cursor = Cursor::new(&script.tokens, &script.source);
        let query = cursor.standard(|parser| parser.parse_query())?;
        Ok(Outcome::Select(query))
    }

    /// LIKE tests the first column.
    fn filter(&self, tail: &Tail, text: &mut String) {
        let mut clauses = Vec::new();
        if let (Some(pattern), Some((_, first))) = (&tail.like, self.columns.first()) {
            let pattern = quoted_text(&pattern.to_lowercase());
            clauses.push(format!("lower({}) LIKE {pattern}", quoted_name(first)));
        }
        if let Some(filter) = &tail.filter {
            clauses.push(format!("({filter})"));
        }
        if !clauses.is_empty() {
            // Writing to a String can't fail.
            let _ = write!(text, " WHERE {}", clauses.join(" AND "));
        }
    }
}
