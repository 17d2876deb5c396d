//! Rowsets: the rows of one version, or of a run of versions that were compacted.
//!
//! A compacted rowset remembers after how many rows each of its versions ended, so that a reader of an older version
//! still gets exactly the rows of that version: they are its first rows.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::backend::segment::{Segment, SegmentRecord};
use crate::backend::shelf::Shelf;
use crate::clock::Timestamp;
use crate::ids::{TabletId, TxnId, Version};

/// Most ends of versions that a compacted rowset remembers; older versions can't be read on their own any more.
pub const MARKS_MAX: usize = 1024;

/// The rows of the versions `start..=end`, in files.
#[derive(Debug)]
pub struct Rowset {
    /// First version.
    pub start: Version,
    /// Last version.
    pub end: Version,
    /// When it was published or compacted.
    pub created: Timestamp,
    /// The load that wrote it; none when it is empty or compacted.
    pub txn: Option<TxnId>,
    /// Its files, in the order of their rows.
    pub segments: Vec<Arc<Segment>>,
    /// The oldest version that can be read on its own; `start` unless ends were forgotten.
    pub exact_from: Version,
    /// Version and rows up to its end, for each version that has rows, ascending.
    pub marks: Vec<(Version, u64)>,
}

/// A rowset as metadata keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowsetRecord {
    /// See [`Rowset::start`].
    pub start: Version,
    /// See [`Rowset::end`].
    pub end: Version,
    /// See [`Rowset::created`].
    pub created: Timestamp,
    /// See [`Rowset::txn`].
    pub txn: Option<TxnId>,
    /// See [`Rowset::segments`].
    pub segments: Vec<SegmentRecord>,
    /// See [`Rowset::exact_from`].
    pub exact_from: Version,
    /// See [`Rowset::marks`].
    pub marks: Vec<(Version, u64)>,
}

impl Rowset {
    /// Versions without rows.
    pub fn empty(start: Version, end: Version, created: Timestamp) -> Rowset {
        Rowset {
            start,
            end,
            created,
            txn: None,
            segments: Vec::new(),
            exact_from: start,
            marks: Vec::new(),
        }
    }

    /// The rows of one load.
    pub fn loaded(
        version: Version,
        txn: TxnId,
        segments: Vec<Arc<Segment>>,
        created: Timestamp,
    ) -> Rowset {
        let rows = segments.iter().map(|s| s.record.rows).sum();
        Rowset {
            start: version,
            end: version,
            created,
            txn: Some(txn),
            segments,
            exact_from: version,
            marks: if rows > 0 {
                vec![(version, rows)]
            } else {
                Vec::new()
            },
        }
    }

    /// What stands for a run of neighbouring rowsets, whose rows, one after the other, are in `segments`.
    pub fn merged(run: &[Arc<Rowset>], segments: Vec<Arc<Segment>>, created: Timestamp) -> Rowset {
        let start = run.first().map_or(0, |r| r.start);
        let mut exact_from = start;
        let mut marks = Vec::new();
        let mut before = 0;
        for rowset in run {
            if rowset.exact_from > rowset.start {
                exact_from = rowset.exact_from;
            }
            marks.extend(rowset.marks.iter().map(|(v, rows)| (*v, before + rows)));
            before += rowset.rows();
        }
        if marks.len() > MARKS_MAX {
            marks.drain(..marks.len() - MARKS_MAX);
            exact_from = marks.first().map_or(exact_from, |(v, _)| *v);
        }
        Rowset {
            start,
            end: run.last().map_or(start, |r| r.end),
            created,
            txn: None,
            segments,
            exact_from,
            marks,
        }
    }

    /// The same rows, where the last versions hold none and are left out.
    pub fn ending(&self, end: Version) -> Rowset {
        Rowset {
            start: self.start,
            end,
            created: self.created,
            txn: self.txn,
            segments: self.segments.clone(),
            exact_from: self.exact_from.min(end),
            marks: self.marks.clone(),
        }
    }

    /// All rows.
    pub fn rows(&self) -> u64 {
        self.marks.last().map_or(0, |(_, rows)| *rows)
    }

    /// Rows up to the end of `version`; `None` when that is no longer known.
    pub fn rows_at(&self, version: Version) -> Option<u64> {
        if version >= self.end {
            return Some(self.rows());
        }
        if version < self.start {
            return Some(0);
        }
        if version < self.exact_from {
            return None;
        }
        let after = self.marks.partition_point(|(v, _)| *v <= version);
        Some(
            after
                .checked_sub(1)
                .and_then(|i| self.marks.get(i))
                .map_or(0, |(_, rows)| *rows),
        )
    }

    /// Bytes of its files.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|s| s.record.bytes).sum()
    }

    /// What metadata keeps.
    pub fn record(&self) -> RowsetRecord {
        RowsetRecord {
            start: self.start,
            end: self.end,
            created: self.created,
            txn: self.txn,
            segments: self.segments.iter().map(|s| s.record.clone()).collect(),
            exact_from: self.exact_from,
            marks: self.marks.clone(),
        }
    }

    /// The rowset that metadata names.
    pub fn from_record(record: RowsetRecord, shelf: &Arc<Shelf>, tablet: TabletId) -> Rowset {
        Rowset {
            start: record.start,
            end: record.end,
            created: record.created,
            txn: record.txn,
            segments: record
                .segments
                .into_iter()
                .map(|s| Segment::kept(shelf, tablet, s))
                .collect(),
            exact_from: record.exact_from,
            marks: record.marks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(version: Version, rows: u64) -> Arc<Rowset> {
        let mut rowset = Rowset::empty(version, version, Timestamp::at(0));
        if rows > 0 {
            rowset.marks.push((version, rows));
        }
        Arc::new(rowset)
    }

    #[test]
    fn a_compacted_rowset_still_knows_the_rows_of_its_versions() {
        let run = [rows(2, 10), rows(3, 0), rows(4, 5)];
        let first = Arc::new(Rowset::merged(&run, Vec::new(), Timestamp::at(0)));
        let both = Rowset::merged(&[first, rows(5, 7)], Vec::new(), Timestamp::at(0));
        let at: Vec<_> = (1..=6).map(|v| both.rows_at(v)).collect();
        assert_eq!(
            at,
            [Some(0), Some(10), Some(10), Some(15), Some(22), Some(22)]
        );
    }

    #[test]
    fn versions_whose_end_was_forgotten_can_not_be_read_on_their_own() {
        let run: Vec<_> = (2..2 + MARKS_MAX as Version + 3)
            .map(|v| rows(v, 1))
            .collect();
        let merged = Rowset::merged(&run, Vec::new(), Timestamp::at(0));
        assert_eq!(merged.marks.len(), MARKS_MAX);
        assert_eq!(merged.rows_at(4), None);
        assert_eq!(merged.rows_at(5), Some(4));
        let again = Rowset::merged(
            &[Arc::new(merged), rows(2000, 1)],
            Vec::new(),
            Timestamp::at(0),
        );
        assert_eq!(again.rows_at(5), None);
        assert_eq!(again.rows_at(6), Some(5));
    }
}
