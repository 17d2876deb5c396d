//! `ALTER SYSTEM DROP BACKEND "host:port", .. [FORCE]`: forgets storage nodes and the replicas on them.

use std::fmt;

use crate::code::Failure;
use crate::leader::request::Request;
use crate::sql::address::{self, Address};
use crate::sql::cursor::{Cursor, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `ALTER SYSTEM DROP BACKEND "host:port", .. [FORCE]`.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterSystemDropBackend {
    /// Addresses as written.
    pub backends: Vec<String>,
    /// Even if one holds the last copy of a tablet that can be read.
    pub force: bool,
}

impl Spec for AlterSystemDropBackend {
    const HEADS: &'static [&'static [&'static str]] = &[&["ALTER", "SYSTEM", "DROP", "BACKEND"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/alter_system_drop_backend.ebnf");
    const HELP: &'static str =
        "Forgets storage nodes; FORCE even if one holds the last copy of a tablet that can be read.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ALTER", "SYSTEM", "DROP", "BACKEND"])?;
        Ok(AlterSystemDropBackend {
            backends: c.list(Cursor::string)?,
            force: c.eat(&["FORCE"]),
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let backends = Address::parse_all(&self.backends)?;
        for backend in &backends {
            if backend.find(cx.view).is_none() {
                return Err(address::Error::Missing(backend.clone()).into());
            }
        }
        Ok(Outcome::Request(Request::DropBackends {
            backends: Address::pairs(backends),
            force: self.force,
        }))
    }
}

impl fmt::Display for AlterSystemDropBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let backends: Vec<String> = self.backends.iter().map(|b| quoted_text(b)).collect();
        let force = if self.force { " FORCE" } else { "" };
        write!(
            f,
            "ALTER SYSTEM DROP BACKEND {}{force}",
            backends.join(", ")
        )
    }
}
