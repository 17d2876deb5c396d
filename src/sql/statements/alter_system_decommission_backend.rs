//! `ALTER SYSTEM DECOMMISSION BACKEND "host:port", ..`: empties storage nodes of their replicas, and then forgets them.

use std::fmt;

use crate::code::Failure;
use crate::leader::request::{HealRequest, Request};
use crate::sql::address::Address;
use crate::sql::cursor::{Cursor, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `ALTER SYSTEM DECOMMISSION BACKEND "host:port", ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterSystemDecommissionBackend {
    /// Addresses as written.
    pub backends: Vec<String>,
}

impl Spec for AlterSystemDecommissionBackend {
    const HEADS: &'static [&'static [&'static str]] =
        &[&["ALTER", "SYSTEM", "DECOMMISSION", "BACKEND"]];
    const GRAMMAR: &'static str =
        include_str!("../../../grammar/alter_system_decommission_backend.ebnf");
    const HELP: &'static str =
        "Moves all replicas off storage nodes, then forgets them; TabletNum of SHOW BACKENDS counts down.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ALTER", "SYSTEM", "DECOMMISSION", "BACKEND"])?;
        Ok(AlterSystemDecommissionBackend {
            backends: c.list(Cursor::string)?,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let backends = Address::parse_known(&self.backends, cx.view)?;
        Ok(Outcome::Request(Request::Heal(HealRequest::Decommission {
            backends: Address::of(&backends),
            on: true,
        })))
    }
}

impl fmt::Display for AlterSystemDecommissionBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let backends: Vec<String> = self.backends.iter().map(|b| quoted_text(b)).collect();
        write!(
            f,
            "ALTER SYSTEM DECOMMISSION BACKEND {}",
            backends.join(", ")
        )
    }
}
