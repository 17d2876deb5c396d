//! `SHOW PLUGINS`.

use std::fmt;

use crate::code::Failure;
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `SHOW PLUGINS`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowPlugins;

impl Spec for ShowPlugins {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "PLUGINS"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_plugins.ebnf");
    const HELP: &'static str = "Lists the ways to log in.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "PLUGINS"])?;
        Ok(ShowPlugins)
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(PluginRow::columns())
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        let rows = ["caching_sha2_password", "mysql_native_password"].map(|name| PluginRow {
            name,
            status: "ACTIVE",
            kind: "AUTHENTICATION",
            library: None,
            license: env!("CARGO_PKG_LICENSE"),
        });
        Ok(Outcome::Rows(Rows::of(rows)))
    }
}

impl fmt::Display for ShowPlugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SHOW PLUGINS")
    }
}

row! {
    /// One plugin.
    struct PluginRow {
        /// Name.
        name: &'static str => "Name" Text,
        /// Always ACTIVE.
        status: &'static str => "Status" Text,
        /// What it is for.
        kind: &'static str => "Type" Text,
        /// NULL: it is built in.
        library: Option<&'static str> => "Library" Text,
        /// Licence.
        license: &'static str => "License" Text,
    }
}
