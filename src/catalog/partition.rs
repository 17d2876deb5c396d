//! A partition: a range of rows, its versions, and its tablets.

use std::fmt;

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use crate::catalog::table::Medium;
use crate::clock::Timestamp;
use crate::ids::{PartitionId, TableId, TabletId, Version};

/// A partition of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Partition {
    /// Identity; never given twice.
    pub id: PartitionId,
    /// The table.
    pub table: TableId,
    /// Its definition.
    pub spec: PartitionSpec,
    /// One tablet a bucket, in bucket order; ids ascend.
    pub tablets: Vec<TabletId>,
    /// What readers see.
    pub visible_version: Version,
    /// When `visible_version` became visible.
    pub visible_time: Timestamp,
    /// What the next commit gets; `next_version - 1` is the committed version.
    pub next_version: Version,
}

/// The definition of a partition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartitionSpec {
    /// Name, unique in its table without regard to case.
    pub name: String,
    /// The rows that belong here; `None` for the one partition of an unpartitioned table.
    pub range: Option<Range>,
    /// Number of buckets, so of tablets.
    pub buckets: u32,
    /// Replicas of each tablet.
    pub replication_num: u16,
    /// Where new replicas go first.
    pub medium: Medium,
}

/// A half-open range `[lower, upper)` of values of the partition column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// First value inside; `None` is MINVALUE, which also takes NULL.
    pub lower: Option<Bound>,
    /// First value outside; `None` is MAXVALUE.
    pub upper: Option<Bound>,
}

/// A value of a partition column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Bound {
    /// An integer of any width.
    Int(i128),
    /// DATE: days since 1970-01-01.
    Date(i32),
    /// DATETIME: microseconds since 1970-01-01, without a time zone.
    Datetime(i64),
}

impl fmt::Display for Bound {
    /// As a literal of its type: `42`, `2013-01-31`, `2013-01-31 23:59:59`, with microseconds where there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Bound::Int(n) => n.fmt(f),
            Bound::Date(days) => {
                let day = DateTime::from_timestamp(i64::from(days) * 86_400, 0);
                day.unwrap_or_default().format("%Y-%m-%d").fmt(f)
            }
            Bound::Datetime(micros) => {
                let at = DateTime::from_timestamp_micros(micros).unwrap_or_default();
                at.format("%Y-%m-%d %H:%M:%S%.f").fmt(f)
            }
        }
    }
}

impl Range {
    /// Whether `value` (NULL as `None`) belongs here.
    pub fn contains(&self, value: Option<Bound>) -> bool {
        match value {
            None => self.lower.is_none(),
            Some(v) => self.lower.is_none_or(|l| l <= v) && self.upper.is_none_or(|u| v < u),
        }
    }

    /// Whether some value belongs to both.
    pub fn overlaps(&self, other: &Range) -> bool {
        fn below(lower: Option<Bound>, upper: Option<Bound>) -> bool {
            match (lower, upper) {
                (Some(l), Some(u)) => l < u,
                _ => true,
            }
        }
        below(self.lower, other.upper) && below(other.lower, self.upper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_prints_as_a_literal_of_its_type() {
        assert_eq!(Bound::Int(-3).to_string(), "-3");
        assert_eq!(Bound::Date(15_706).to_string(), "2013-01-01");
        assert_eq!(Bound::Date(-1).to_string(), "1969-12-31");
        assert_eq!(Bound::Datetime(0).to_string(), "1970-01-01 00:00:00");
        assert_eq!(
            Bound::Datetime(-1).to_string(),
            "1969-12-31 23:59:59.999999"
        );
    }
}
