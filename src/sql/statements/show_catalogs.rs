//! `SHOW CATALOGS ..`: there is one, whose name StarRocks' clients write before those of databases.

use std::fmt;

use crate::code::Failure;
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::naming::CATALOG;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `SHOW CATALOGS ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowCatalogs {
    /// LIKE, WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

impl Spec for ShowCatalogs {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "CATALOGS"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_catalogs.ebnf");
    const HELP: &'static str = "Lists the catalogs: there is one, default_catalog.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "CATALOGS"])?;
        Ok(ShowCatalogs {
            tail: Tail::parse_with_like(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(CatalogRow::columns())
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        let rows = Rows::of([CatalogRow {
            catalog: CATALOG,
            kind: "Internal",
            comment: "The databases of this cluster",
        }]);
        Ok(Outcome::Rows(self.tail.apply(rows)?))
    }
}

impl fmt::Display for ShowCatalogs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHOW CATALOGS{}", self.tail)
    }
}

row! {
    /// One catalog.
    struct CatalogRow {
        /// Name.
        catalog: &'static str => "Catalog" Text,
        /// `Internal`.
        kind: &'static str => "Type" Text,
        /// What it is.
        comment: &'static str => "Comment" Text,
    }
}
