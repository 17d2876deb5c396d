//! `ALTER SYSTEM MODIFY BACKEND HOST "old" TO "new"`: a storage node listens elsewhere, and keeps its id and its replicas.

use std::fmt;

use crate::catalog::backend::Backend;
use crate::code::Failure;
use crate::leader::request::Request;
use crate::sql::address::{self, Address};
use crate::sql::cursor::{Cursor, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::view::View;

/// `ALTER SYSTEM MODIFY BACKEND HOST "host[:port]" TO "host[:port]"` (StarRocks), or `.. BACKEND "host[:port]" HOSTNAME
/// "host[:port]"` (Doris).
#[derive(Debug, Clone, PartialEq)]
pub struct AlterSystemModifyBackend {
    /// The address by which it is known, as written; the port may be missing where one backend has the host.
    pub from: String,
    /// Where it is now, as written; without a port, the port stays.
    pub to: String,
    /// In Doris' words.
    pub hostname: bool,
}

impl Spec for AlterSystemModifyBackend {
    const HEADS: &'static [&'static [&'static str]] = &[&["ALTER", "SYSTEM", "MODIFY", "BACKEND"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/alter_system_modify_backend.ebnf");
    const HELP: &'static str =
        "Tells where a storage node listens now; it keeps its id and its replicas.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ALTER", "SYSTEM", "MODIFY", "BACKEND"])?;
        let hostname = !c.eat(&["HOST"]);
        let from = c.string()?;
        c.expect(match hostname {
            true => &["HOSTNAME"],
            false => &["TO"],
        })?;
        let to = c.string()?;
        Ok(AlterSystemModifyBackend { from, to, hostname })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let backend = named(&self.from, cx.view)?;
        let to = Address::parse_near(&self.to, backend.port)?;
        let known = to.find(cx.view).filter(|there| there.node.is_some());
        if let Some(there) = known.filter(|there| there.id != backend.id) {
            return Err(address::Error::Taken(to, there.id).into());
        }
        Ok(Outcome::Request(Request::MoveBackend {
            from: (backend.host.clone(), backend.port),
            to: (to.host, to.port),
        }))
    }
}

/// The backend that is named by its address, or by its host alone where it is the only one there.
fn named<'a>(text: &str, view: &'a View) -> Result<&'a Backend, address::Error> {
    let Some(host) = Address::host_alone(text) else {
        let address = Address::parse(text)?;
        let found = address.find(view);
        return found.ok_or(address::Error::Unknown(address));
    };
    let all = view.catalog.backends.values();
    let mut there = all.filter(|backend| backend.host == host);
    match (there.next(), there.next()) {
        (Some(backend), None) => Ok(backend),
        (Some(first), Some(_)) => Err(address::Error::Several(host.to_owned(), first.port)),
        (None, _) => Err(address::Error::NoneThere(host.to_owned())),
    }
}

impl fmt::Display for AlterSystemModifyBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (quoted_text(&self.from), quoted_text(&self.to));
        match self.hostname {
            true => write!(f, "ALTER SYSTEM MODIFY BACKEND {from} HOSTNAME {to}"),
            false => write!(f, "ALTER SYSTEM MODIFY BACKEND HOST {from} TO {to}"),
        }
    }
}
