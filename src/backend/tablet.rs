//! A tablet at one moment: an immutable value that readers keep for as long as they need it.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use serde::{Deserialize, Serialize};

use crate::backend::api::{TabletReport, TabletSpec};
use crate::backend::error::Error;
use crate::backend::rowset::{Rowset, RowsetRecord};
use crate::backend::segment::{Segment, SegmentRecord};
use crate::catalog::schema::ColumnDef;
use crate::clock::Timestamp;
use crate::ids::{TabletId, Version};

/// Most characters of a cause that frontends are told.
const CAUSE_CHARS: usize = 500;

/// A replica with its rowsets.
#[derive(Debug, Clone)]
pub struct Tablet {
    /// Identity, and what it was created for.
    pub spec: TabletSpec,
    /// Columns of its table.
    pub columns: Arc<Columns>,
    /// When it was created here.
    pub created: Timestamp,
    /// What of its files is lost or wrong.
    pub damage: Option<Damage>,
    /// Ascending, without overlap; gaps are loads that were missed.
    pub rowsets: Vec<Arc<Rowset>>,
    /// The highest version without a gap below it.
    pub version: Version,
}

/// Columns of a table, shared by its tablets.
#[derive(Debug, PartialEq)]
pub struct Columns {
    /// The columns.
    pub columns: Vec<ColumnDef>,
    /// How many leading ones form the key.
    pub key_columns: usize,
    /// The same as Arrow sees them.
    pub schema: SchemaRef,
    /// Names them in metadata.
    pub key: u64,
}

/// What is wrong with a replica's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Damage {
    /// A file is not there; it is well again when all files are back at a start.
    Lost(String),
    /// A file's bytes are wrong.
    Corrupt(String),
}

impl Damage {
    /// What is lost or wrong.
    pub fn text(&self) -> &str {
        match self {
            Damage::Lost(text) | Damage::Corrupt(text) => text,
        }
    }
}

/// A tablet as metadata keeps it; its rowsets are records of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TabletRecord {
    /// See [`Tablet::spec`].
    pub spec: TabletSpec,
    /// See [`Columns::key`].
    pub columns: u64,
    /// See [`Tablet::created`].
    pub created: Timestamp,
    /// See [`Tablet::damage`].
    pub damage: Option<Damage>,
}

/// Columns as metadata keeps them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnsRecord {
    /// See [`Columns::columns`].
    pub columns: Vec<ColumnDef>,
    /// See [`Columns::key_columns`].
    pub key_columns: usize,
}

/// The rows that a load wrote to a tablet, durable, without a version yet.
#[derive(Debug)]
pub struct Pending {
    /// When they were durable.
    pub created: Timestamp,
    /// The files, in the order of their rows.
    pub segments: Vec<Arc<Segment>>,
}

/// Pending rows as metadata keeps them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PendingRecord {
    /// See [`Pending::created`].
    pub created: Timestamp,
    /// See [`Pending::segments`].
    pub segments: Vec<SegmentRecord>,
}

/// A dropped replica.
#[derive(Debug)]
pub struct Trash {
    /// When it was dropped.
    pub dropped: Timestamp,
    /// The replica as it was.
    pub tablet: Arc<Tablet>,
}

/// A dropped replica as metadata keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrashRecord {
    /// See [`Trash::dropped`].
    pub dropped: Timestamp,
    /// The replica.
    pub tablet: TabletRecord,
    /// Its rowsets.
    pub rowsets: Vec<RowsetRecord>,
}

impl Tablet {
    /// The tablet with these rowsets, sorted by version.
    pub fn with_rowsets(&self, rowsets: Vec<Arc<Rowset>>) -> Tablet {
        Tablet {
            spec: self.spec.clone(),
            columns: self.columns.clone(),
            created: self.created,
            damage: self.damage.clone(),
            version: contiguous(&rowsets),
            rowsets,
        }
    }

    /// Its identity.
    pub fn id(&self) -> TabletId {
        self.spec.tablet
    }

    /// The highest version held at all.
    pub fn max_version(&self) -> Version {
        self.rowsets.last().map_or(0, |r| r.end)
    }

    /// The rowset that holds `version`.
    pub fn holding(&self, version: Version) -> Option<&Arc<Rowset>> {
        let at = self.rowsets.partition_point(|r| r.end < version);
        self.rowsets.get(at).filter(|r| r.start <= version)
    }

    /// The rowsets up to `version`, each with how many of its rows belong to that version.
    ///
    /// # Errors
    /// The replica is bad, or does not hold that version.
    pub fn at(&self, version: Version) -> Result<Vec<(Arc<Rowset>, u64)>, Error> {
        if let Some(damage) = &self.damage {
            return Err(Error::Bad {
                tablet: self.id(),
                why: damage.text().to_owned(),
            });
        }
        let not_held = || Error::NotHeld {
            tablet: self.id(),
            asked: version,
            held: self.version,
        };
        if version > self.version {
            return Err(not_held());
        }
        self.rowsets
            .iter()
            .take_while(|r| r.start <= version)
            .map(|r| Ok((r.clone(), r.rows_at(version).ok_or_else(not_held)?)))
            .collect()
    }

    /// Rows up to the version that is held without a gap.
    pub fn rows(&self) -> u64 {
        self.rowsets
            .iter()
            .filter(|r| r.end <= self.version)
            .map(|r| r.rows())
            .sum()
    }

    /// Bytes of its files.
    pub fn bytes(&self) -> u64 {
        self.rowsets.iter().map(|r| r.bytes()).sum()
    }

    /// The versions that are missing below the highest one, as closed ranges.
    pub fn missing(&self) -> Vec<(Version, Version)> {
        self.rowsets
            .windows(2)
            .filter_map(|pair| match pair {
                [a, b] if b.start > a.end + 1 => Some((a.end + 1, b.start - 1)),
                _ => None,
            })
            .collect()
    }

    /// What the frontend is told.
    pub fn report(&self, path_hash: i64) -> TabletReport {
        TabletReport {
            tablet: self.id(),
            replica: self.spec.replica,
            epoch: self.spec.epoch,
            version: self.version,
            max_version: self.max_version(),
            bad: self.damage.is_some(),
            why: self.damage.as_ref().map(|damage| said(damage.text())),
            data_size: self.bytes(),
            row_count: self.rows(),
            version_count: u32::try_from(self.rowsets.len()).unwrap_or(u32::MAX),
            path_hash,
            dropped: false,
        }
    }

    /// What metadata keeps.
    pub fn record(&self) -> TabletRecord {
        TabletRecord {
            spec: self.spec.clone(),
            columns: self.columns.key,
            created: self.created,
            damage: self.damage.clone(),
        }
    }
}

/// A cause as frontends are told it: not longer than people read.
pub fn said(cause: &str) -> String {
    match cause.char_indices().nth(CAUSE_CHARS) {
        Some((end, _)) => format!("{}..", cause.get(..end).unwrap_or_default()),
        None => cause.to_owned(),
    }
}

/// The highest version without a gap below it: rowsets begin at version 0.
fn contiguous(rowsets: &[Arc<Rowset>]) -> Version {
    let mut next = 0;
    for rowset in rowsets {
        if rowset.start != next {
            break;
        }
        next = rowset.end + 1;
    }
    next - 1
}
