//! `PARTITION (p1, p2)` behind a table name, in the forms that operators write.

use std::collections::BTreeSet;
use std::fmt;

use sqlparser::tokenizer::Token;

use crate::sql::cursor::{Cursor, quoted_name};
use crate::sql::error::SyntaxError;

/// The partitions that a statement names; none means all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartitionList {
    /// Names as written, without those that repeat an earlier one.
    pub names: Vec<String>,
}

impl PartitionList {
    /// `[PARTITION | PARTITIONS] (p, ..)`, the same without brackets, names as words or as texts; nothing when it does
    /// not begin so.
    ///
    /// # Errors
    /// `TEMPORARY PARTITION`: there are no temporary partitions.
    pub fn parse(c: &mut Cursor<'_>) -> Result<PartitionList, SyntaxError> {
        if c.sees(&["TEMPORARY", "PARTITION"]) || c.sees(&["TEMPORARY", "PARTITIONS"]) {
            return Err(SyntaxError::NotSupported(
                "a temporary partition".to_owned(),
            ));
        }
        if !c.eat(&["PARTITION"]) && !c.eat(&["PARTITIONS"]) {
            return Ok(PartitionList::default());
        }
        let written = if c.peek(0) == Some(&Token::LParen) {
            c.parens(name)?
        } else {
            c.list(name)?
        };
        let mut seen = BTreeSet::new();
        let names = written.into_iter();
        let names = names.filter(|name| seen.insert(name.to_ascii_lowercase()));
        Ok(PartitionList {
            names: names.collect(),
        })
    }
}

fn name(c: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    match c.peek(0) {
        Some(Token::SingleQuotedString(_) | Token::DoubleQuotedString(_)) => c.string(),
        _ => c.ident(),
    }
}

impl fmt::Display for PartitionList {
    /// With a blank before it when there are names, so that it follows a table name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.names.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = self.names.iter().map(|name| quoted_name(name)).collect();
        write!(f, " PARTITION ({})", names.join(", "))
    }
}
