//! From partition clauses to partitions: ranges that follow each other without overlap, each name once.

use crate::catalog::partition::{Bound, PartitionSpec, Range};
use crate::catalog::schema::DataType;
use crate::catalog::table::Medium;
use crate::code::{Code, Failure};
use crate::sql::ddl::every;
use crate::sql::ddl::literal;
use crate::sql::ddl::partition::{Limit, PartitionClause, PartitionItem, Values};
use crate::sql::ddl::property::OF_PARTITION;
use crate::sql::naming::{self, Kind};
use crate::sql::place::{At, Place};

/// What partitions take from their table where they do not say it themselves.
#[derive(Debug, Clone, Copy)]
pub struct Defaults {
    /// Type of the partition column.
    pub data_type: DataType,
    /// Buckets; 0 is automatic.
    pub buckets: u32,
    /// Replicas of each tablet.
    pub replication_num: u16,
    /// Where new replicas go first.
    pub medium: Medium,
}

/// The partitions that `items` stand for, in range order, beside those that exist.
///
/// # Errors
/// 1517 for a name that is taken, 1493 for a range that is empty or overlaps another, 1654 for a bound that is no
/// value of the column, 1499 for too many, and what names and properties may not be.
pub fn checked(
    items: &[PartitionItem],
    existing: &[&PartitionSpec],
    defaults: Defaults,
) -> Result<Vec<PartitionSpec>, Failure> {
    let mut made = Made {
        existing,
        new: vec![],
    };
    for item in items {
        match item {
            PartitionItem::One(clause) if made.is_there_already(clause) => {}
            PartitionItem::One(clause) => {
                made.add(one(clause, &made, defaults)?, clause.name.place)?
            }
            PartitionItem::Steps(steps) => {
                for (name, range) in every::expand(steps, defaults.data_type)? {
                    made.add(spec(name, range, defaults), steps.start.place)?;
                }
            }
        }
        if made.new.len() > every::PARTITIONS_MAX {
            let max = every::PARTITIONS_MAX;
            let message = format!("more than {max} partitions in one statement");
            return Err(Failure::new(Code::TOO_MANY_PARTITIONS, message));
        }
    }
    let mut new = made.new;
    new.sort_by_key(|p| p.range.as_ref().and_then(|range| range.lower));
    Ok(new)
}

struct Made<'a> {
    existing: &'a [&'a PartitionSpec],
    new: Vec<PartitionSpec>,
}

impl Made<'_> {
    fn all(&self) -> impl Iterator<Item = &PartitionSpec> {
        self.existing.iter().copied().chain(&self.new)
    }

    fn named(&self, name: &str) -> Option<&PartitionSpec> {
        self.all().find(|p| p.name.eq_ignore_ascii_case(name))
    }

    fn is_there_already(&self, clause: &PartitionClause) -> bool {
        clause.if_not_exists && self.named(&clause.name.what).is_some()
    }

    /// The end of the last partition below `upper`: where a LESS THAN begins.
    fn end_below(&self, upper: Option<Bound>) -> Option<Bound> {
        let ends = self.all().filter_map(|p| p.range.as_ref()?.upper);
        ends.filter(|end| upper.is_none_or(|upper| *end < upper))
            .max()
    }

    fn add(&mut self, new: PartitionSpec, at: Place) -> Result<(), Failure> {
        let name = &new.name;
        naming::check(Kind::Partition, name).map_err(|e| at.failure(e.code, e.message))?;
        if self.named(name).is_some() {
            let message = format!("Duplicate partition name {name}");
            return Err(at.failure(Code::SAME_PARTITION, message));
        }
        if let Some(range) = &new.range {
            let overlaps = |p: &&PartitionSpec| p.range.as_ref().is_some_and(|r| r.overlaps(range));
            if let Some(other) = self.all().find(overlaps) {
                let message = format!(
                    "Range of partition {name} overlaps that of partition {}: {} and {}",
                    other.name,
                    shown(range),
                    other.range.as_ref().map(shown).unwrap_or_default()
                );
                return Err(at.failure(Code::RANGE_NOT_INCREASING, message));
            }
        }
        self.new.push(new);
        Ok(())
    }
}

fn shown(range: &Range) -> String {
    let end = |bound: Option<Bound>, none: &str| {
        bound.map_or_else(|| none.to_owned(), |bound| bound.to_string())
    };
    format!(
        "[{}, {})",
        end(range.lower, "MINVALUE"),
        end(range.upper, "MAXVALUE")
    )
}

fn one(
    clause: &PartitionClause,
    made: &Made<'_>,
    defaults: Defaults,
) -> Result<PartitionSpec, Failure> {
    let (lower, upper, last) = match &clause.values {
        Values::LessThan(limit) => {
            let upper = bound(limit, defaults.data_type, Limit::Max)?;
            (made.end_below(upper), upper, limit)
        }
        Values::Between(lower, upper) => (
            bound(lower, defaults.data_type, Limit::Min)?,
            bound(upper, defaults.data_type, Limit::Max)?,
            upper,
        ),
    };
    if let (Some(low), Some(high)) = (lower, upper)
        && low >= high
    {
        let message = format!(
            "Range of partition {} is empty: {high} is not above {low}",
            clause.name.what
        );
        return Err(last.failure(Code::RANGE_NOT_INCREASING, message));
    }
    let own = clause.properties.checked(&OF_PARTITION)?;
    let range = Range { lower, upper };
    let mut spec = spec(clause.name.what.clone(), range, defaults);
    spec.replication_num = own.replication_num.unwrap_or(spec.replication_num);
    spec.medium = own.storage_medium.unwrap_or(spec.medium);
    Ok(spec)
}

/// The bound that a limit stands for; `open` is the word that means "no bound" at this end.
fn bound(limit: &At<Limit>, data_type: DataType, open: Limit) -> Result<Option<Bound>, Failure> {
    let wrong = |message| Err(limit.failure(Code::PARTITION_VALUE_TYPE, message));
    match &limit.what {
        word if *word == open => Ok(None),
        Limit::Value(text) => match literal::bound(data_type, text) {
            Some(bound) => Ok(Some(bound)),
            None => wrong(format!("'{text}' is no value of type {data_type}")),
        },
        other => wrong(format!("{other} can't stand at this end of a range")),
    }
}

fn spec(name: String, range: Range, defaults: Defaults) -> PartitionSpec {
    PartitionSpec {
        name,
        range: Some(range),
        buckets: defaults.buckets,
        replication_num: defaults.replication_num,
        medium: defaults.medium,
    }
}
