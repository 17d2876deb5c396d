//! `ALTER SYSTEM ADD BACKEND "host:port", ..`: lets storage nodes join.

use std::fmt;

use crate::code::Failure;
use crate::leader::request::Request;
use crate::sql::address::{self, Address};
use crate::sql::cursor::{Cursor, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `ALTER SYSTEM ADD BACKEND "host:port", ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterSystemAddBackend {
    /// Addresses as written.
    pub backends: Vec<String>,
}

impl Spec for AlterSystemAddBackend {
    const HEADS: &'static [&'static [&'static str]] = &[&["ALTER", "SYSTEM", "ADD", "BACKEND"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/alter_system_add_backend.ebnf");
    const HELP: &'static str = "Lets storage nodes join, each by host and HTTP port.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ALTER", "SYSTEM", "ADD", "BACKEND"])?;
        Ok(AlterSystemAddBackend {
            backends: c.list(Cursor::string)?,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let backends = Address::parse_all(&self.backends)?;
        for backend in &backends {
            if backend.find(cx.view).is_some() {
                return Err(address::Error::Exists(backend.clone()).into());
            }
        }
        Ok(Outcome::Request(Request::AddBackends(Address::pairs(
            backends,
        ))))
    }
}

impl fmt::Display for AlterSystemAddBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let backends: Vec<String> = self.backends.iter().map(|b| quoted_text(b)).collect();
        write!(f, "ALTER SYSTEM ADD BACKEND {}", backends.join(", "))
    }
}
