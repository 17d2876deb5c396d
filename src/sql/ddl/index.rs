//! Indexes as clients define them: understood, checked, and without effect, which a warning says. Rows are found by pruning
//! partitions, buckets and column statistics.

use std::fmt;

use sqlparser::tokenizer::Token;

use crate::catalog::schema::ColumnDef;
use crate::code::{Code, Failure};
use crate::sql::cursor::{Cursor, quoted_name};
use crate::sql::error::SyntaxError;

/// An index that a client wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexHint {
    /// Name, when it has one.
    pub name: Option<String>,
    /// UNIQUE.
    pub unique: bool,
    /// Its columns.
    pub columns: Vec<String>,
}

impl IndexHint {
    /// Reads an index where a column could stand, or behind ADD; `None` when none begins here.
    pub fn parse(c: &mut Cursor<'_>) -> Result<Option<IndexHint>, SyntaxError> {
        let constraint = constraint(c);
        let unique = constraint || c.sees(&["UNIQUE"]) && !is_column(c, 1);
        let plain = ["INDEX", "KEY"].iter().any(|w| c.sees(&[w])) && !is_column(c, 1);
        let special = ["FULLTEXT", "SPATIAL"].iter().any(|w| c.sees(&[w])) && !is_column(c, 1);
        if !unique && !plain && !special {
            return Ok(None);
        }
        if unique || special {
            c.bump();
        }
        if !c.eat(&["INDEX"]) {
            c.eat(&["KEY"]);
        }
        let name = match c.peek(0) {
            Some(Token::LParen) => None,
            _ if c.sees(&["USING"]) => None,
            _ => Some(c.ident()?),
        };
        using(c)?;
        let columns = columns(c)?;
        Ok(Some(IndexHint {
            name,
            unique,
            columns,
        }))
    }

    /// Whether its columns are there.
    ///
    /// # Errors
    /// 1072.
    pub fn check(&self, of: &[ColumnDef]) -> Result<(), Failure> {
        let known = |name: &String| of.iter().any(|c| c.name.eq_ignore_ascii_case(name));
        match self.columns.iter().find(|name| !known(name)) {
            None => Ok(()),
            Some(name) => {
                let message = format!("Key column '{name}' doesn't exist in table");
                Err(Failure::new(Code::KEY_COLUMN_MISSING, message))
            }
        }
    }

    /// What SHOW WARNINGS says of it.
    pub fn warning(&self) -> String {
        let shown = self.columns.join(", ");
        match self.unique {
            true => format!("UNIQUE ({shown}) is not enforced: tables have no unique keys"),
            false => format!("the index on ({shown}) is not made: tables need none"),
        }
    }
}

/// The columns of an index in brackets, and what may follow.
pub fn columns(c: &mut Cursor<'_>) -> Result<Vec<String>, SyntaxError> {
    let columns = c.parens(|c| {
        let name = c.ident()?;
        if c.eat_token(&Token::LParen) {
            c.number()?;
            c.expect_token(&Token::RParen)?;
        }
        if !c.eat(&["ASC"]) {
            c.eat(&["DESC"]);
        }
        Ok(name)
    })?;
    using(c)?;
    if c.eat(&["COMMENT"]) {
        c.string()?;
    }
    Ok(columns)
}

/// `USING BITMAP`.
pub fn using(c: &mut Cursor<'_>) -> Result<(), SyntaxError> {
    if c.eat(&["USING"]) {
        c.ident()?;
    }
    Ok(())
}

/// Takes `CONSTRAINT [name]` where UNIQUE follows.
fn constraint(c: &mut Cursor<'_>) -> bool {
    let named = c.sees(&["CONSTRAINT"])
        && matches!(c.peek(2), Some(Token::Word(w)) if w.value.eq_ignore_ascii_case("UNIQUE"));
    if !named && !c.sees(&["CONSTRAINT", "UNIQUE"]) {
        return false;
    }
    c.bump();
    if named {
        c.bump();
    }
    true
}

/// Whether a column begins whose name is one of these words: behind it stands its type, and no bracket, name and bracket.
fn is_column(c: &Cursor<'_>, behind: usize) -> bool {
    let mut at = behind;
    let word = |at: usize| match c.peek(at) {
        Some(Token::Word(w)) => Some(w.value.to_ascii_uppercase()),
        _ => None,
    };
    if matches!(word(at).as_deref(), Some("INDEX" | "KEY" | "USING")) {
        return false;
    }
    if c.peek(at) == Some(&Token::LParen) {
        return false;
    }
    at += 1;
    let using = word(at).as_deref() == Some("USING");
    // `key varchar(10)` is a column, and `key k (a)` is none.
    let bracket = c.peek(at) == Some(&Token::LParen);
    let width = matches!(c.peek(at + 1), Some(Token::Number(..)));
    !using && (!bracket || width)
}

impl fmt::Display for IndexHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.unique { "UNIQUE KEY" } else { "KEY" })?;
        if let Some(name) = &self.name {
            write!(f, " {}", quoted_name(name))?;
        }
        let columns: Vec<String> = self.columns.iter().map(|name| quoted_name(name)).collect();
        write!(f, " ({})", columns.join(", "))
    }
}
