//! `ADMIN SET REPLICA VERSION PROPERTIES ("tablet_id" = "..", "backend_id" = ".." [, "version" = ".."] [, "last_success_version" = ".."]
//! [, "last_failed_version" = ".."]) [DRY RUN] [REASON '..']` (Doris).
//!
//! There, it sets what the frontend believes, which does not stick where the backend says otherwise. Here versions follow what
//! backends report, so it only says whether the version is held, and refuses what would hide a loss.

use std::fmt;

use crate::code::{Code, Coded, Failure};
use crate::ids::{BackendId, TabletId, Version};
use crate::leader::request::recovery::{RecoveryRequest, ReplicaVersion, Terms};
use crate::rows::{Column, Typed};
use crate::sql::cursor::{Cursor, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::findings::FindingRow;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `ADMIN SET REPLICA VERSION ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminSetReplicaVersion {
    /// Keys and values as written.
    pub properties: Vec<(String, String)>,
    /// DRY RUN and REASON.
    pub terms: Terms,
}

/// What can be wrong with the properties.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Error {
    #[error(
        "Unsupported properties '{0}'; there are tablet_id, backend_id, version, last_success_version and last_failed_version"
    )]
    Unsupported(String),
    #[error("Missing necessary properties 'TABLET_ID and BACKEND_ID'")]
    Missing,
    #[error("Invalid {0} format '{1}'")]
    Id(&'static str, String),
    #[error("Invalid version '{0}'; it is a number of at least 1, and -1 for no failed version")]
    Version(String),
}

impl Coded for Error {
    fn code(&self) -> Code {
        Code::ANALYSIS
    }
}

impl Spec for AdminSetReplicaVersion {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "SET", "REPLICA", "VERSION"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_set_replica_version.ebnf");
    const HELP: &'static str = "Says whether a replica holds a version, as versions follow what backends report; what it does not hold is lost only by ADMIN REPAIR TABLE .. ACCEPT DATA LOSS.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "SET", "REPLICA", "VERSION", "PROPERTIES"])?;
        Ok(AdminSetReplicaVersion {
            properties: c.properties()?,
            terms: Terms::parse(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(FindingRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let wanted = read(&self.properties)?;
        cx.find_tablet(wanted.tablet.0)?;
        Ok(Outcome::Recovery(RecoveryRequest::SetReplicaVersion {
            wanted,
            terms: self.terms.clone(),
        }))
    }
}

fn read(properties: &[(String, String)]) -> Result<ReplicaVersion, Error> {
    let (mut tablet, mut backend) = (None, None);
    let (mut version, mut success, mut failed) = (None, None, None);
    let number = |value: &str, least_failed: bool| {
        let number: Option<Version> = value.parse().ok();
        let fits = number.filter(|of| *of > 0 || (least_failed && *of == -1));
        fits.ok_or_else(|| Error::Version(value.to_owned()))
    };
    for (key, value) in properties {
        let id = |name| value.parse().map_err(|_| Error::Id(name, value.clone()));
        match key.to_ascii_lowercase().as_str() {
            "tablet_id" => tablet = Some(TabletId(id("tablet id")?)),
            "backend_id" => backend = Some(BackendId(id("backend id")?)),
            "version" => version = Some(number(value, false)?),
            "last_success_version" => success = Some(number(value, false)?),
            "last_failed_version" => failed = Some(number(value, true)?),
            _ => return Err(Error::Unsupported(key.clone())),
        }
    }
    let (tablet, backend) = tablet.zip(backend).ok_or(Error::Missing)?;
    Ok(ReplicaVersion {
        tablet,
        backend,
        version,
        success,
        failed,
    })
}

impl fmt::Display for AdminSetReplicaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pair = |(key, value): &(String, String)| {
            format!("{} = {}", quoted_text(key), quoted_text(value))
        };
        let pairs: Vec<String> = self.properties.iter().map(pair).collect();
        write!(
            f,
            "ADMIN SET REPLICA VERSION PROPERTIES ({}){}",
            pairs.join(", "),
            self.terms
        )
    }
}
