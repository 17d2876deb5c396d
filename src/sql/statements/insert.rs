//! `INSERT INTO [db.]table [PARTITION (p, ..)] [WITH LABEL label] [(column, ..)] VALUES .. | SELECT .. | SET column = value, ..`.

use std::fmt;

use sqlparser::ast::Query;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan};

use crate::code::{Code, Failure};
use crate::sql::cursor::{Cursor, TableName, quoted_name};
use crate::sql::error::SyntaxError;
use crate::sql::naming;
use crate::sql::outcome::{self, Outcome};
use crate::sql::printed::Printed;
use crate::sql::statements::select::query;
use crate::sql::statements::{Context, Spec};

/// `INSERT INTO`.
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    /// The table.
    pub table: TableName,
    /// Only these partitions; empty means all.
    pub partitions: Vec<String>,
    /// WITH LABEL.
    pub label: Option<String>,
    /// The columns that are given; empty means all in order.
    pub columns: Vec<String>,
    /// VALUES or a query.
    pub source: Box<Query>,
}

impl Spec for Insert {
    const HEADS: &'static [&'static [&'static str]] = &[&["INSERT"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/insert.ebnf");
    const HELP: &'static str = "Loads rows into a table as one load: all of them or none.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["INSERT"])?;
        for word in ["OVERWRITE", "IGNORE"] {
            if c.sees(&[word]) {
                return Err(SyntaxError::NotSupported(format!("INSERT {word}")));
            }
        }
        c.eat(&["INTO"]);
        c.eat(&["TABLE"]);
        let table = c.table_name()?;
        let partitions = if c.eat(&["PARTITION"]) || c.eat(&["PARTITIONS"]) {
            c.parens(|c| c.ident())?
        } else {
            Vec::new()
        };
        let label = if c.eat(&["WITH", "LABEL"]) {
            Some(c.word_or_text()?)
        } else {
            None
        };
        let columns = if c.peek(0) == Some(&Token::LParen) && !query_in_brackets(c) {
            c.parens(|c| c.ident())?
        } else {
            Vec::new()
        };
        let (columns, source) = match columns.is_empty() && c.eat(&["SET"]) {
            true => assignments(c)?,
            false => (columns, query(c)?),
        };
        if c.sees(&["ON", "DUPLICATE"]) {
            return Err(SyntaxError::NotSupported("ON DUPLICATE KEY UPDATE".into()));
        }
        Ok(Insert {
            table,
            partitions,
            label,
            columns,
            source,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let db = cx.db(self.table.db.as_deref())?;
        naming::not_system(db)?;
        if cx.view.catalog.database(db).is_none() {
            return Err(Failure::new(
                Code::BAD_DB,
                format!("Unknown database '{db}'"),
            ));
        }
        if cx.view.catalog.table(db, &self.table.table).is_none() {
            return Err(Failure::new(
                Code::NO_SUCH_TABLE,
                format!("Table '{db}.{}' doesn't exist", self.table.table),
            ));
        }
        Ok(Outcome::Insert(Box::new(outcome::Insert {
            db: db.to_owned(),
            table: self.table.table.clone(),
            partitions: self.partitions.clone(),
            label: self.label.clone(),
            columns: self.columns.clone(),
            source: self.source.clone(),
        })))
    }
}

/// `a = 1, b = 2` as columns and VALUES.
fn assignments(c: &mut Cursor<'_>) -> Result<(Vec<String>, Box<Query>), SyntaxError> {
    let here = |token: Token, c: &Cursor<'_>| {
        let place = c.location();
        TokenWithSpan::new(token, Span::new(place, place))
    };
    let mut values = vec![here(Token::make_keyword("VALUES"), c), here(Token::LParen, c)];
    let columns = c.list(|c| {
        let name = c.ident()?;
        c.expect_token(&Token::Eq)?;
        if values.len() > 2 {
            values.push(here(Token::Comma, c));
        }
        let (before, mut depth) = (values.len(), 0_u64);
        loop {
            match c.peek(0) {
                Some(Token::LParen) => depth += 1,
                Some(Token::RParen) => depth = depth.saturating_sub(1),
                Some(Token::Comma) if depth == 0 => break,
                None => break,
                Some(_) if depth == 0 && c.sees(&["ON", "DUPLICATE"]) => break,
                Some(_) => {}
            }
            values.extend(c.bump().cloned());
        }
        match values.len() == before {
            true => Err(c.expected("a value")),
            false => Ok(name),
        }
    })?;
    values.push(here(Token::RParen, c));
    let mut inner = Cursor::new(&values, c.source());
    let source = query(&mut inner)?;
    inner.end()?;
    Ok((columns, source))
}

/// Whether the bracket that comes next holds a query and not a list of columns.
fn query_in_brackets(c: &Cursor<'_>) -> bool {
    let mut at = 0;
    while c.peek(at) == Some(&Token::LParen) {
        at += 1;
    }
    matches!(c.peek(at), Some(Token::Word(w)) if w.quote_style.is_none()
        && ["SELECT", "WITH", "VALUES"].iter().any(|head| w.value.eq_ignore_ascii_case(head)))
}

fn names(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| quoted_name(name)).collect();
    quoted.join(", ")
}

impl fmt::Display for Insert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("INSERT INTO ")?;
        if let Some(db) = &self.table.db {
            write!(f, "{}.", quoted_name(db))?;
        }
        f.write_str(&quoted_name(&self.table.table))?;
        if !self.partitions.is_empty() {
            write!(f, " PARTITION ({})", names(&self.partitions))?;
        }
        if let Some(label) = &self.label {
            write!(f, " WITH LABEL {}", quoted_name(label))?;
        }
        if !self.columns.is_empty() {
            write!(f, " ({})", names(&self.columns))?;
        }
        write!(f, " {}", Printed(&self.source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::script::{Limits, split};

    fn parse(text: &str) -> Result<Insert, SyntaxError> {
        let limits = Limits {
            tokens: 1000,
            chain: 1000,
        };
        let scripts = split(text, limits).unwrap();
        let mut c = Cursor::new(&scripts[0].tokens, text);
        let insert = Insert::parse(&mut c)?;
        c.end()?;
        Ok(insert)
    }

    #[test]
    fn all_clauses_print_as_they_were_read() {
        let insert =
            parse("insert into d.t partition (p1, p2) with label l1 (a, `b c`) values (1, 'x')")
                .unwrap();
        assert_eq!(
            insert.to_string(),
            "INSERT INTO `d`.`t` PARTITION (`p1`, `p2`) WITH LABEL `l1` (`a`, `b c`) VALUES (1, 'x')"
        );
        assert_eq!(parse(&insert.to_string()).unwrap(), insert);
    }

    #[test]
    fn assignments_are_columns_and_values() {
        let insert = parse("insert t set a = f(1, (2)), `b c` = default").unwrap();
        let columns = "insert into t (a, `b c`) values (f(1, (2)), default)";
        assert_eq!(insert, parse(columns).unwrap());
        for wrong in ["insert t set", "insert t set a =", "insert t set a = 1 2", "insert t set a = )"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_query_in_brackets_is_no_list_of_columns() {
        let insert = parse("insert into t (select 1, 2)").unwrap();
        assert!(insert.columns.is_empty());
    }
}
