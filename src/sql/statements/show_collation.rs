//! `SHOW COLLATION [LIKE ..] [WHERE ..]`.

use std::fmt;

use crate::code::Failure;
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::charset::{COLLATIONS, Collation};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `SHOW COLLATION [LIKE ..] [WHERE ..]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowCollation {
    /// LIKE, WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowCollation {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "COLLATION"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_collation.ebnf");
    const HELP: &'static str =
        "Lists the collations that clients may name; texts are UTF-8 whichever they name.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "COLLATION"])?;
        Ok(ShowCollation {
            tail: Tail::parse_with_like(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(CollationRow::columns())
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::Rows(
            self.tail.apply(Rows::of(COLLATIONS.map(row)))?,
        ))
    }
}

impl fmt::Display for ShowCollation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHOW COLLATION{}", self.tail)
    }
}

row! {
    /// One collation.
    struct CollationRow {
        /// Name.
        collation: &'static str => "Collation" Text,
        /// Its character set.
        charset: &'static str => "Charset" Text,
        /// MySQL's id.
        id: u32 => "Id" Int,
        /// `Yes` for the one that the character set takes when none is named.
        default: &'static str => "Default" Text,
        /// Always `Yes`.
        compiled: &'static str => "Compiled" Text,
        /// Always 1.
        sortlen: u32 => "Sortlen" Int,
        /// `PAD SPACE` or `NO PAD`.
        pad: &'static str => "Pad_attribute" Text,
    }
}

fn row(of: Collation) -> CollationRow {
    CollationRow {
        collation: of.name,
        charset: of.charset,
        id: of.id.into(),
        default: if of.default { "Yes" } else { "" },
        compiled: "Yes",
        sortlen: 1,
        pad: if of.no_pad { "NO PAD" } else { "PAD SPACE" },
    }
}
