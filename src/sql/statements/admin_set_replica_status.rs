//! `ADMIN SET REPLICA STATUS PROPERTIES ("tablet_id" = "..", "backend_id" = "..", "status" = "bad" | "ok") [FORCE]`.
//!
//! Wordings of the errors are StarRocks', except that a tablet or replica that does not exist is an error here; there it
//! is silence.

use std::fmt;

use crate::code::{Code, Coded, Failure};
use crate::ids::{BackendId, TabletId};
use crate::leader::request::{HealRequest, Request};
use crate::sql::cursor::{Cursor, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `ADMIN SET REPLICA STATUS PROPERTIES (..) [FORCE]`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminSetReplicaStatus {
    /// Keys and values as written.
    pub properties: Vec<(String, String)>,
    /// Even if nobody could read the tablet then.
    pub force: bool,
}

/// What can be wrong with the properties.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Error {
    #[error("Unsupported properties '{0}'; there are tablet_id, backend_id and status")]
    Unsupported(String),
    #[error("property '{0}' is there twice")]
    Twice(String),
    #[error("Missing necessary properties 'TABLET_ID, BACKEND_ID and STATUS'")]
    Missing,
    #[error("Invalid tablet id format '{0}'")]
    TabletId(String),
    #[error("Invalid backend id format '{0}'; SHOW BACKENDS has the ids")]
    BackendId(String),
    #[error("Invalid replica status value '{0}'; it is bad or ok")]
    Status(String),
    #[error("tablet {tablet} has no replica on backend {backend}; SHOW TABLET {tablet} leads to its replicas")]
    NoReplica { tablet: TabletId, backend: u64 },
}

impl Coded for Error {
    fn code(&self) -> Code {
        Code::ANALYSIS
    }
}

/// The properties, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    tablet: u64,
    backend: u64,
    bad: bool,
}

impl Spec for AdminSetReplicaStatus {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "SET", "REPLICA", "STATUS"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_set_replica_status.ebnf");
    const HELP: &'static str = "Marks a replica as bad, so that it is filled anew from others, or takes the mark back; FORCE even if it is the last that can be read.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "SET", "REPLICA", "STATUS", "PROPERTIES"])?;
        Ok(AdminSetReplicaStatus {
            properties: c.properties()?,
            force: c.eat(&["FORCE"]),
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let wanted = Wanted::read(&self.properties)?;
        let tablet = cx.find_tablet(wanted.tablet)?;
        let backend = BackendId(wanted.backend);
        if tablet.on(backend).is_none() {
            return Err(Error::NoReplica {
                tablet: tablet.id(),
                backend: wanted.backend,
            }
            .into());
        }
        Ok(Outcome::Request(Request::Heal(HealRequest::SetReplicaStatus {
            tablet: tablet.id(),
            backend,
            bad: wanted.bad,
            force: self.force,
        })))
    }
}

impl Wanted {
    fn read(properties: &[(String, String)]) -> Result<Wanted, Error> {
        let (mut tablet, mut backend, mut bad) = (None, None, None);
        for (key, value) in properties {
            let twice = match key.to_ascii_lowercase().as_str() {
                "tablet_id" => tablet.replace(
                    value
                        .parse()
                        .map_err(|_| Error::TabletId(value.clone()))?,
                )
                .is_some(),
                "backend_id" => backend.replace(
                    value
                        .parse()
                        .map_err(|_| Error::BackendId(value.clone()))?,
                )
                .is_some(),
                "status" => bad.replace(status(value)?).is_some(),
                _ => return Err(Error::Unsupported(key.clone())),
            };
            if twice {
                return Err(Error::Twice(key.clone()));
            }
        }
        match (tablet, backend, bad) {
            (Some(tablet), Some(backend), Some(bad)) => Ok(Wanted {
                tablet,
                backend,
                bad,
            }),
            _ => Err(Error::Missing),
        }
    }
}

fn status(value: &str) -> Result<bool, Error> {
    match value.to_ascii_lowercase().as_str() {
        "bad" => Ok(true),
        "ok" => Ok(false),
        _ => Err(Error::Status(value.to_owned())),
    }
}

impl fmt::Display for AdminSetReplicaStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pair = |(key, value): &(String, String)| {
            format!("{} = {}", quoted_text(key), quoted_text(value))
        };
        let pairs: Vec<String> = self.properties.iter().map(pair).collect();
        let force = if self.force { " FORCE" } else { "" };
        write!(
            f,
            "ADMIN SET REPLICA STATUS PROPERTIES ({}){force}",
            pairs.join(", ")
        )
    }
}
