//! What the leader has found of partitions in doubt and of lost data: one set of columns for all statements about them.

use std::fmt;

use crate::ids::{BackendId, TabletId, Version};
use crate::leader::request::Reply;
use crate::leader::request::recovery::{Finding, Terms};
use crate::row;
use crate::rows::Rows;
use crate::sql::cursor::{Cursor, quoted_text};
use crate::sql::error::SyntaxError;

row! {
    /// Something that was found, or done.
    pub struct FindingRow {
        /// `db.table`; NULL for what this frontend does not know.
        table: Option<String> => "Table" Text,
        /// Partition.
        partition: Option<String> => "Partition" Text,
        /// Tablet, where the line is about one.
        tablet_id: Option<TabletId> => "TabletId" Int,
        /// Where its replica is.
        backend_id: Option<BackendId> => "BackendId" Int,
        /// The version that readers saw.
        known_version: Option<Version> => "KnownVersion" Int,
        /// The version that takes its place.
        new_version: Option<Version> => "NewVersion" Int,
        /// Rows that come, or are lost where it is negative; NULL where that is not known.
        rows: Option<i64> => "Rows" Int,
        /// Bytes on disk.
        bytes: Option<u64> => "Bytes" Int,
        /// CAN, DONE, BLOCKED, NEEDS ACCEPT DATA LOSS, or UNKNOWN.
        status: String => "Status" Text,
        /// In words.
        message: String => "Message" Text,
    }
}

/// The result set of what the leader answered; empty for any other answer.
pub fn rows(reply: Reply) -> Rows {
    let found = match reply {
        Reply::Recovery(found) => found,
        _ => Vec::new(),
    };
    Rows::of(found.into_iter().map(FindingRow::from))
}

impl From<Finding> for FindingRow {
    fn from(of: Finding) -> FindingRow {
        FindingRow {
            table: of.table,
            partition: of.partition,
            tablet_id: of.tablet,
            backend_id: of.backend,
            known_version: of.known,
            new_version: of.version,
            rows: of.rows,
            bytes: of.bytes,
            status: of.state.word().to_owned(),
            message: of.message,
        }
    }
}

impl Terms {
    /// `[DRY RUN] [REASON '..']`.
    ///
    /// # Errors
    /// Something else is written.
    pub fn parse(c: &mut Cursor<'_>) -> Result<Terms, SyntaxError> {
        let dry_run = c.eat(&["DRY", "RUN"]);
        let reason = match c.eat(&["REASON"]) {
            true => c.string()?,
            false => String::new(),
        };
        Ok(Terms { dry_run, reason })
    }
}

impl fmt::Display for Terms {
    /// With a blank before it where there is anything, so that it follows a statement.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dry_run {
            f.write_str(" DRY RUN")?;
        }
        match self.reason.is_empty() {
            true => Ok(()),
            false => write!(f, " REASON {}", quoted_text(&self.reason)),
        }
    }
}
