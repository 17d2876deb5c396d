//! Which rowsets of a source a replica needs. Pure.
//!
//! Rowsets of two replicas have the same rows for the same versions, but may be cut differently, because each compacts on
//! its own. A rowset of the source can be taken when it lies beside or around whole rowsets that are held.

use crate::backend::rowset::{Rowset, RowsetRecord};
use crate::ids::Version;

/// No version is higher; leaves room for sums.
const VERSION_MAX: Version = Version::MAX / 4;

/// The versions `start..=end` of one rowset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First version.
    pub start: Version,
    /// Last version.
    pub end: Version,
}

/// How a rowset stands to those that are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// All of its versions are held.
    Held,
    /// It fills a hole, and takes the place of whole rowsets at most.
    Fits,
    /// It fills a hole, and overlaps a part of a held rowset.
    Crosses,
}

impl From<&Rowset> for Span {
    fn from(rowset: &Rowset) -> Span {
        Span {
            start: rowset.start,
            end: rowset.end,
        }
    }
}

impl From<&RowsetRecord> for Span {
    fn from(record: &RowsetRecord) -> Span {
        Span {
            start: record.start,
            end: record.end,
        }
    }
}

/// What is wrong with the rowsets that a source tells of; none when they can be what a replica consists of. Nothing is
/// built on a description that contradicts itself.
pub fn contradiction(rowsets: &[RowsetRecord]) -> Option<&'static str> {
    let mut before = -1;
    for rowset in rowsets {
        if rowset.start <= before || rowset.end < rowset.start || rowset.end > VERSION_MAX {
            return Some("its rowsets overlap, or have no versions");
        }
        before = rowset.end;
        let (mut version, mut rows) = (rowset.start - 1, 0);
        for (marked, end) in &rowset.marks {
            if *marked <= version || *marked > rowset.end || *end < rows {
                return Some("the versions within a rowset do not ascend");
            }
            (version, rows) = (*marked, *end);
        }
        let mut files = rowset.segments.iter().map(|s| s.rows);
        if files.try_fold(0_u64, u64::checked_add) != Some(rows) {
            return Some("the files of a rowset do not hold as many rows as the rowset");
        }
    }
    None
}

/// How `new` stands to `held`, which ascends without overlap.
pub fn fit(held: &[Span], new: Span) -> Fit {
    let first = held.partition_point(|h| h.end < new.start);
    let touching = || {
        let rest = held.get(first..).unwrap_or_default();
        rest.iter().take_while(|h| h.start <= new.end)
    };
    let common: Version = touching()
        .map(|h| h.end.min(new.end) - h.start.max(new.start) + 1)
        .sum();
    if common == new.end - new.start + 1 {
        Fit::Held
    } else if touching().all(|h| h.start >= new.start && h.end <= new.end) {
        Fit::Fits
    } else {
        Fit::Crosses
    }
}

/// Positions of the source's rowsets that fill holes of `held`; `None` when one of them does not line up.
pub fn missing(held: &[Span], source: &[Span]) -> Option<Vec<usize>> {
    let mut wanted = Vec::new();
    for (at, span) in source.iter().enumerate() {
        match fit(held, *span) {
            Fit::Held => {}
            Fit::Fits => wanted.push(at),
            Fit::Crosses => return None,
        }
    }
    Some(wanted)
}

/// The highest version at which a rowset of both sides ends and below which nothing is missing: what lies above it can
/// be taken from the source whole, however differently it is cut. `None` when there is none.
pub fn common_cut(held: &[Span], source: &[Span]) -> Option<Version> {
    let whole = reach(held.iter().copied());
    let lies_within = |cut: Version| source.iter().any(|s| s.start <= cut && s.end > cut);
    let ends = held.iter().map(|h| h.end).filter(|end| *end <= whole);
    ends.filter(|end| !lies_within(*end)).max()
}

/// The highest version without a gap below it, when all of these are held. They may overlap.
pub fn reach(spans: impl IntoIterator<Item = Span>) -> Version {
    let mut spans: Vec<Span> = spans.into_iter().collect();
    spans.sort_unstable();
    let mut next = 0;
    for span in spans {
        if span.start > next {
            break;
        }
        next = next.max(span.end + 1);
    }
    next - 1
}

/// `held` with `new` in it, which takes the place of what lies within its range.
pub fn insert<T>(held: &mut Vec<T>, new: T, span: impl Fn(&T) -> Span) {
    let range = span(&new);
    held.retain(|h| span(h).start < range.start || span(h).end > range.end);
    let at = held.partition_point(|h| span(h).end < range.start);
    held.insert(at, new);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::segment::SegmentRecord;

    fn spans(all: &[(Version, Version)]) -> Vec<Span> {
        let span = |(start, end): &(Version, Version)| Span {
            start: *start,
            end: *end,
        };
        all.iter().map(span).collect()
    }

    #[test]
    fn holes_are_filled_by_rowsets_that_line_up() {
        let held = spans(&[(0, 1), (2, 2), (5, 5), (8, 9)]);
        for (source, expect) in [
            (spans(&[(0, 1), (2, 2), (5, 5)]), Some(vec![])),
            (
                spans(&[(0, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6)]),
                Some(vec![2, 3, 5]),
            ),
            (spans(&[(0, 5), (6, 7)]), Some(vec![0, 1])),
            (spans(&[(0, 9)]), Some(vec![0])),
            (spans(&[(0, 3), (4, 8)]), None),
            (spans(&[(1, 3)]), None),
            (spans(&[(1, 2), (9, 9)]), Some(vec![])),
            (spans(&[(9, 12)]), None),
        ] {
            assert_eq!(missing(&held, &source), expect, "{source:?}");
        }
        assert_eq!(missing(&[], &spans(&[(0, 4), (6, 6)])), Some(vec![0, 1]));
    }

    #[test]
    fn what_is_cut_differently_is_taken_from_the_last_common_cut_on() {
        let held = spans(&[(0, 40), (41, 44), (45, 46), (50, 50)]);
        for (source, expect) in [
            (spans(&[(0, 40), (41, 45), (46, 51)]), Some(40)),
            (spans(&[(0, 20), (21, 40), (41, 44), (45, 51)]), Some(44)),
            (spans(&[(0, 51)]), None),
            (spans(&[(0, 40), (41, 46), (47, 51)]), Some(46)),
        ] {
            assert_eq!(common_cut(&held, &source), expect, "{source:?}");
        }
    }

    #[test]
    fn a_description_that_contradicts_itself_is_seen() {
        let record = |start, end, marks: &[(Version, u64)], rows: u64| RowsetRecord {
            start,
            end,
            created: crate::clock::Timestamp::at(0),
            txn: None,
            segments: vec![SegmentRecord {
                file: "f".to_owned(),
                rows,
                bytes: 1,
                crc: 0,
                sums: Vec::new(),
            }],
            exact_from: start,
            marks: marks.to_vec(),
        };
        let good = || record(0, 4, &[(2, 5), (4, 9)], 9);
        assert_eq!(contradiction(&[good(), record(6, 6, &[(6, 1)], 1)]), None);
        for bad in [
            record(4, 6, &[(5, 1)], 1),
            record(6, 5, &[], 0),
            record(5, Version::MAX, &[(5, 1)], 1),
            record(5, 6, &[(5, 1)], 2),
            record(5, 6, &[(7, 1)], 1),
            record(5, 6, &[(5, 2), (6, 1)], 1),
            record(5, 6, &[(6, 1), (5, 2)], 2),
        ] {
            let text = format!("{bad:?}");
            assert!(contradiction(&[good(), bad]).is_some(), "{text}");
        }
        let negative = record(-3, 1, &[(1, 1)], 1);
        assert!(contradiction(&[negative]).is_some());
    }

    #[test]
    fn what_is_reached_ends_at_the_first_gap() {
        assert_eq!(reach(spans(&[])), -1);
        assert_eq!(reach(spans(&[(1, 4)])), -1);
        assert_eq!(reach(spans(&[(3, 4), (0, 1), (2, 2), (0, 3), (6, 6)])), 4);
    }

    #[test]
    fn a_later_rowset_takes_the_place_of_those_within_it() {
        let mut held = spans(&[(0, 1), (2, 2), (3, 3), (6, 6)]);
        for new in spans(&[(2, 5), (7, 7)]) {
            insert(&mut held, new, |s| *s);
        }
        assert_eq!(held, spans(&[(0, 1), (2, 5), (6, 6), (7, 7)]));
    }
}
