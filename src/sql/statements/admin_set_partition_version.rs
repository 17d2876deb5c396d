//! `ADMIN SET TABLE [db.]table PARTITION VERSION PROPERTIES ("partition_id" = "..", "visible_version" = "..") [ACCEPT DATA LOSS]
//! [DRY RUN] [REASON '..']`: a partition in doubt goes on from a version that an operator names (Doris).
//!
//! ADMIN RECOVER chooses the version itself. Here it is refused where a tablet has no whole copy of it, and where it takes away
//! what readers see.

use std::fmt;

use crate::code::{Code, Coded, Failure};
use crate::ids::{PartitionId, Version};
use crate::leader::request::recovery::{Parts, RecoveryRequest, Terms};
use crate::rows::{Column, Typed};
use crate::sql::cursor::{Cursor, TableName, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::findings::FindingRow;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `ADMIN SET TABLE .. PARTITION VERSION ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminSetPartitionVersion {
    /// Table.
    pub table: TableName,
    /// Keys and values as written.
    pub properties: Vec<(String, String)>,
    /// Though more is held, or may be.
    pub accept: bool,
    /// DRY RUN and REASON.
    pub terms: Terms,
}

/// What can be wrong with the properties.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Error {
    #[error("Unsupported properties '{0}'; there are partition_id and visible_version")]
    Unsupported(String),
    #[error("Missing necessary properties 'PARTITION_ID and VISIBLE_VERSION'")]
    Missing,
    #[error("Invalid partition id format '{0}'; SHOW PARTITIONS has the ids")]
    PartitionId(String),
    #[error("Invalid version '{0}'; it is a number of at least 1")]
    Version(String),
}

impl Coded for Error {
    fn code(&self) -> Code {
        Code::ANALYSIS
    }
}

impl Spec for AdminSetPartitionVersion {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "SET", "TABLE"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_set_partition_version.ebnf");
    const HELP: &'static str = "After --take-over: a partition in doubt goes on from the version that is named; refused where a tablet has no whole copy of it. ADMIN RECOVER chooses the version itself.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "SET", "TABLE"])?;
        let table = c.table_name()?;
        c.expect(&["PARTITION", "VERSION", "PROPERTIES"])?;
        Ok(AdminSetPartitionVersion {
            table,
            properties: c.properties()?,
            accept: c.eat(&["ACCEPT", "DATA", "LOSS"]),
            terms: Terms::parse(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(FindingRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let (partition, version) = read(&self.properties)?;
        let (db, table) = cx.find_table(&self.table)?;
        Ok(Outcome::Recovery(RecoveryRequest::SetPartitionVersion {
            parts: Parts {
                db: db.name.clone(),
                table: table.name.clone(),
                partitions: Vec::new(),
            },
            partition,
            version,
            accept: self.accept,
            terms: self.terms.clone(),
        }))
    }
}

fn read(properties: &[(String, String)]) -> Result<(PartitionId, Version), Error> {
    let (mut partition, mut version) = (None, None);
    for (key, value) in properties {
        match key.to_ascii_lowercase().as_str() {
            "partition_id" => {
                let id = value.parse().map_err(|_| Error::PartitionId(value.clone()))?;
                partition = Some(id);
            }
            "visible_version" => {
                let number = value.parse().ok().filter(|number| *number > 0);
                version = Some(number.ok_or_else(|| Error::Version(value.clone()))?);
            }
            _ => return Err(Error::Unsupported(key.clone())),
        }
    }
    partition.zip(version).ok_or(Error::Missing)
}

impl fmt::Display for AdminSetPartitionVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pair = |(key, value): &(String, String)| {
            format!("{} = {}", quoted_text(key), quoted_text(value))
        };
        let pairs: Vec<String> = self.properties.iter().map(pair).collect();
        let accept = if self.accept { " ACCEPT DATA LOSS" } else { "" };
        write!(
            f,
            "ADMIN SET TABLE {} PARTITION VERSION PROPERTIES ({}){accept}{}",
            self.table,
            pairs.join(", "),
            self.terms
        )
    }
}
