//! The list of `/shard-repair/status`: tablets whose replicas differ, tablets in the queue of repairs, and those of them
//! that are being worked on.

use serde::{Deserialize, Serialize};

use crate::catalog::partition::{Bound, Partition};
use crate::catalog::state::Catalog;
use crate::catalog::tablets::TabletView;
use crate::ids::{BackendId, TabletId};
use crate::view::View;

/// The first and the last instant that InfluxDB knows, in nanoseconds since the epoch: the ends of an open range.
const FIRST_NANOS: i64 = i64::MIN + 2;
const LAST_NANOS: i64 = i64::MAX - 1;
const NANOS_PER_DAY: i128 = 86_400_000_000_000;

/// The list, in the seed's order of fields.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Status {
    /// Tablets whose replicas hold different rows, ascending.
    pub shards: Vec<Shard>,
    /// Tablets in the queue of repairs, those in work included.
    pub queued_shards: Vec<String>,
    /// Tablets that are being repaired.
    pub processing_shards: Vec<String>,
}

/// A tablet whose replicas differ. Ids and times are texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Tablet.
    pub id: String,
    /// Its database.
    pub database: String,
    /// `table.partition`.
    pub retention_policy: String,
    /// First instant of the partition, in nanoseconds since the epoch (UTC). A partition that is not one of time, or has
    /// no lower bound, begins with the first instant that there is.
    pub start_time: String,
    /// First instant behind it; the last that there is for an open end.
    pub end_time: String,
    /// `0`: partitions do not expire.
    pub expires: String,
    /// `diff`.
    pub status: String,
}

impl Status {
    /// What is so now; with a backend, of the tablets only that have a replica there.
    pub fn of(view: &View, on: Option<BackendId>) -> Status {
        let tablets = &view.catalog.tablets;
        let here = |id: &TabletId| {
            let tablet = tablets.view(*id)?;
            let there = on.is_none_or(|backend| tablet.on(backend).is_some());
            there.then_some(tablet)
        };
        let differ = view.census.all_inconsistent();
        let queued = || view.catalog.repairs.keys().filter(|id| here(id).is_some());
        Status {
            shards: differ
                .iter()
                .filter_map(|id| Shard::of(&view.catalog, &here(id)?))
                .collect(),
            queued_shards: queued().map(TabletId::to_string).collect(),
            processing_shards: queued()
                .filter(|id| view.healing.repairing.contains(*id))
                .map(TabletId::to_string)
                .collect(),
        }
    }
}

impl Shard {
    fn of(catalog: &Catalog, tablet: &TabletView<'_>) -> Option<Shard> {
        let partition = catalog.partitions.get(&tablet.partition())?;
        let table = catalog.tables.get(&partition.table)?;
        let database = catalog.databases.get(&table.db)?;
        let (start, end) = times(partition);
        Some(Shard {
            id: tablet.id().to_string(),
            database: database.name.clone(),
            retention_policy: format!("{}.{}", table.name, partition.spec.name),
            start_time: start.to_string(),
            end_time: end.to_string(),
            expires: "0".to_owned(),
            status: "diff".to_owned(),
        })
    }
}

/// The time that a partition covers.
fn times(partition: &Partition) -> (i64, i64) {
    let range = partition.spec.range.as_ref();
    let lower = range.and_then(|range| range.lower).and_then(nanos);
    let upper = range.and_then(|range| range.upper).and_then(nanos);
    (lower.unwrap_or(FIRST_NANOS), upper.unwrap_or(LAST_NANOS))
}

/// The instant of a bound, if it is one, held at the ends of what nanoseconds can tell (the years 1677 to 2262).
fn nanos(bound: Bound) -> Option<i64> {
    let nanos = match bound {
        Bound::Int(_) => return None,
        Bound::Date(days) => i128::from(days) * NANOS_PER_DAY,
        Bound::Datetime(micros) => i128::from(micros) * 1000,
    };
    let held = nanos.clamp(i128::from(FIRST_NANOS), i128::from(LAST_NANOS));
    i64::try_from(held).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_time_become_nanoseconds_and_others_say_nothing() {
        assert_eq!(nanos(Bound::Date(-3)), Some(-259_200_000_000_000));
        assert_eq!(nanos(Bound::Date(725)), Some(62_640_000_000_000_000));
        assert_eq!(nanos(Bound::Datetime(-1)), Some(-1000));
        assert_eq!(nanos(Bound::Date(i32::MAX)), Some(LAST_NANOS));
        assert_eq!(nanos(Bound::Datetime(i64::MIN)), Some(FIRST_NANOS));
        assert_eq!(nanos(Bound::Int(7)), None);
    }
}
