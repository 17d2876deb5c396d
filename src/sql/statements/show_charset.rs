//! `SHOW CHARSET | CHARACTER SET [LIKE ..] [WHERE ..]`.

use std::fmt;

use crate::code::Failure;
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::charset::{CHARSETS, Charset, default_collation};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `SHOW CHARSET | CHARACTER SET [LIKE ..] [WHERE ..]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowCharset {
    /// LIKE, WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowCharset {
    const HEADS: &'static [&'static [&'static str]] =
        &[&["SHOW", "CHARSET"], &["SHOW", "CHARACTER", "SET"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_charset.ebnf");
    const HELP: &'static str = "Lists the character sets that clients may name.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW"])?;
        if !c.eat(&["CHARSET"]) {
            c.expect(&["CHARACTER", "SET"])?;
        }
        Ok(ShowCharset {
            tail: Tail::parse_with_like(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(CharsetRow::columns())
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::Rows(self.tail.apply(Rows::of(CHARSETS.map(row)))?))
    }
}

impl fmt::Display for ShowCharset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHOW CHARACTER SET{}", self.tail)
    }
}

row! {
    /// One character set.
    struct CharsetRow {
        /// Name.
        charset: &'static str => "Charset" Text,
        /// What it is.
        description: &'static str => "Description" Text,
        /// The collation that it takes when none is named.
        collation: &'static str => "Default collation" Text,
        /// Bytes of the longest character.
        bytes_max: u32 => "Maxlen" Int,
    }
}

fn row(of: Charset) -> CharsetRow {
    CharsetRow {
        charset: of.name,
        description: of.description,
        collation: default_collation(of.name),
        bytes_max: of.bytes_max.into(),
    }
}
