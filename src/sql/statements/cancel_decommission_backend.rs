//! `CANCEL DECOMMISSION BACKEND "host:port", ..`: storage nodes that were to be emptied stay.

use std::fmt;

use crate::code::Failure;
use crate::leader::request::{HealRequest, Request};
use crate::sql::address::Address;
use crate::sql::cursor::{Cursor, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `CANCEL DECOMMISSION BACKEND "host:port", ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct CancelDecommissionBackend {
    /// Addresses as written.
    pub backends: Vec<String>,
}

impl Spec for CancelDecommissionBackend {
    const HEADS: &'static [&'static [&'static str]] = &[&["CANCEL", "DECOMMISSION", "BACKEND"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/cancel_decommission_backend.ebnf");
    const HELP: &'static str =
        "Lets storage nodes stay that were to be emptied; what has been moved stays moved.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["CANCEL", "DECOMMISSION", "BACKEND"])?;
        Ok(CancelDecommissionBackend {
            backends: c.list(Cursor::string)?,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let backends = Address::parse_known(&self.backends, cx.view)?;
        Ok(Outcome::Request(Request::Heal(HealRequest::Decommission {
            backends: Address::of(&backends),
            on: false,
        })))
    }
}

impl fmt::Display for CancelDecommissionBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let backends: Vec<String> = self.backends.iter().map(|b| quoted_text(b)).collect();
        write!(f, "CANCEL DECOMMISSION BACKEND {}", backends.join(", "))
    }
}
