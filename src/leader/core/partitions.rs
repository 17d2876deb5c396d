//! ADD PARTITION, DROP PARTITION, TRUNCATE TABLE.

use super::make::Goal;
use super::{Answer, Core, Error};
use crate::catalog::change::{Change, NewPartition};
use crate::catalog::partition::PartitionSpec;
use crate::catalog::table::{Partitioning, Table, TableSpec};
use crate::catalog::tablets::TabletView;
use crate::code::Code;
use crate::ids::{BackendId, PartitionId, ReplicaId, TableId, TabletId};
use crate::leader::action::Token;
use crate::leader::request::Reply;
use crate::tablet::placement::{Placement, automatic_buckets, available, sized_buckets};
use crate::tablet::room::Room;

/// Replicas that one statement can make.
const REPLICAS_MAX: u64 = 1_000_000;

impl Core {
    pub(super) fn add_partitions(
        &mut self,
        token: Token,
        db: &str,
        name: &str,
        if_not_exists: bool,
        partitions: Vec<PartitionSpec>,
    ) -> Answer {
        let table = self.known_table(db, name)?;
        if table.spec.partitioning == Partitioning::None {
            return Err(Error::NotPartitioned(name.to_owned()));
        }
        let (id, spec) = (table.id, table.spec.clone());
        let existing: Vec<PartitionSpec> = self
            .head
            .partitions_of(table)
            .map(|partition| partition.spec.clone())
            .collect();
        let known = |new: &PartitionSpec| {
            existing
                .iter()
                .any(|old| old.name.eq_ignore_ascii_case(&new.name))
        };
        let (old, new): (Vec<_>, Vec<_>) = partitions
            .into_iter()
            .partition(|new| if_not_exists && known(new));
        if new.is_empty() {
            let exist = old
                .into_iter()
                .map(|spec| Error::PartitionExists(spec.name).to_string());
            return Ok(Some(Reply::Note(
                Code::UNKNOWN.mysql,
                exist.collect::<Vec<_>>().join("; "),
            )));
        }
        let mut new = new;
        if let Some(buckets) = self.buckets_by_size(table) {
            let open = new.iter_mut().filter(|partition| partition.buckets == 0);
            open.for_each(|partition| partition.buckets = buckets);
        }
        let mut changes = Vec::new();
        let partitions = self.new_partitions((Some(id), &spec), &existing, new, &mut changes)?;
        self.make(
            token,
            Goal::Partitions {
                table: id,
                partitions,
            },
            changes,
        )
    }

    /// Buckets of a new partition of a table whose rows go anywhere and whose number of buckets is open: as many as its
    /// largest partition would need (seed: bucket_size). None where that is not asked for, or no partition holds anything.
    fn buckets_by_size(&self, table: &Table) -> Option<u32> {
        let distribution = &table.spec.distribution;
        if distribution.buckets.is_some() || !distribution.columns.is_empty() {
            return None;
        }
        let bucket_size = match table.spec.properties.bucket_size {
            0 => self.config.default_automatic_bucket_size,
            set => set,
        };
        let bytes = |tablet: TabletView<'_>| tablet.replicas().map(|of| of.data_size).max();
        let partitions = self.head.partitions_of(table);
        let sizes = partitions.map(|partition| {
            let tablets = self.head.tablets.of_partition(partition);
            tablets.filter_map(bytes).fold(0, u64::saturating_add)
        });
        sized_buckets(sizes.max().unwrap_or(0), bucket_size)
    }

    pub(super) fn drop_partition(
        &mut self,
        db: &str,
        name: &str,
        partition: &str,
        if_exists: bool,
    ) -> Answer {
        let table = self.known_table(db, name)?;
        if table.spec.partitioning == Partitioning::None {
            return Err(Error::NotPartitioned(name.to_owned()));
        }
        let id = match self.known_partition(table, partition) {
            Ok(partition) => partition.id,
            Err(missing) if if_exists => return Ok(Some(Reply::noted(&missing))),
            Err(missing) => return Err(missing),
        };
        let doomed = self.tablets_of(&[id]);
        self.record(vec![Change::DropPartition { id }])?;
        self.drop_tablets(doomed);
        self.publish_again();
        Ok(Some(Reply::Done))
    }

    pub(super) fn truncate_table(
        &mut self,
        token: Token,
        db: &str,
        name: &str,
        partitions: &[String],
    ) -> Answer {
        let table = self.known_table(db, name)?;
        let mut old: Vec<PartitionId> = table.partitions.clone();
        if !partitions.is_empty() {
            let mut named = Vec::with_capacity(partitions.len());
            for partition in partitions {
                named.push(self.known_partition(table, partition)?.id);
            }
            old.retain(|id| named.contains(id));
        }
        let (id, spec) = (table.id, table.spec.clone());
        let specs = old.iter().filter_map(|id| self.head.partitions.get(id));
        let specs: Vec<PartitionSpec> = specs.map(|partition| partition.spec.clone()).collect();
        let mut changes = Vec::new();
        let new = self.new_partitions((Some(id), &spec), &[], specs, &mut changes)?;
        self.make(
            token,
            Goal::Replace {
                table: id,
                old,
                new,
            },
            changes,
        )
    }

    /// Gives new partitions their ids, buckets and places. They have to stand beside those that exist.
    pub(super) fn new_partitions(
        &mut self,
        (of, table): (Option<TableId>, &TableSpec),
        existing: &[PartitionSpec],
        specs: Vec<PartitionSpec>,
        changes: &mut Vec<Change>,
    ) -> Result<Vec<NewPartition>, Error> {
        let backends = available(&self.head, self.room()).count();
        let mut placement = self.placement(of);
        let mut made: Vec<NewPartition> = Vec::with_capacity(specs.len());
        let mut total: u64 = 0;
        for mut spec in specs {
            if spec.buckets == 0 {
                spec.buckets = table
                    .distribution
                    .buckets
                    .unwrap_or(automatic_buckets(backends));
            }
            let others = existing
                .iter()
                .chain(made.iter().map(|partition| &partition.spec));
            stands_beside(&spec, others)?;
            let replicas = u64::from(spec.buckets) * u64::from(spec.replication_num);
            total += replicas;
            if total > REPLICAS_MAX {
                return Err(Error::TooManyTablets {
                    partition: spec.name,
                    tablets: spec.buckets.into(),
                    replicas: spec.replication_num.into(),
                    max: REPLICAS_MAX,
                });
            }
            let backends = self.place(&mut placement, &spec)?;
            let count = 1 + u64::from(spec.buckets) + replicas;
            let first = self.numbers.ids(count, &self.head, changes);
            made.push(NewPartition {
                id: PartitionId(first),
                first_tablet: TabletId(first + 1),
                first_replica: ReplicaId(first + 1 + u64::from(spec.buckets)),
                spec,
                backends,
            });
        }
        Ok(made)
    }

    fn place(
        &self,
        placement: &mut Placement,
        spec: &PartitionSpec,
    ) -> Result<Vec<BackendId>, Error> {
        let wanted = spec.replication_num;
        self.replicas_fit(wanted)?;
        let placed = placement.place(spec.medium, spec.buckets, wanted);
        placed.map_err(|few| too_few(wanted, &few.available))
    }

    /// Where partitions of a table may go; of a new one where there is none.
    fn placement(&self, of: Option<TableId>) -> Placement {
        let table = of.and_then(|id| self.head.tables.get(&id));
        let load = &self.heal.healing().load;
        Placement::new(&self.head, self.room(), load, table.map(|table| &**table))
    }

    /// What storage paths have room for.
    fn room(&self) -> Room<'_> {
        Room {
            config: &self.config,
            refused: &self.heal.healing().refused,
        }
    }

    /// Whether so many replicas of a tablet can be asked for.
    pub(super) fn replicas_fit(&self, wanted: u16) -> Result<(), Error> {
        if wanted == 0 || wanted > i16::MAX as u16 {
            return Err(Error::ReplicationNum(wanted));
        }
        let available: Vec<BackendId> = available(&self.head, self.room())
            .map(|backend| backend.id)
            .collect();
        match available.len() >= usize::from(wanted) {
            true => Ok(()),
            false => Err(too_few(wanted, &available)),
        }
    }
}

fn too_few(wanted: u16, available: &[BackendId]) -> Error {
    let ids: Vec<String> = available.iter().map(BackendId::to_string).collect();
    let listed = match ids.is_empty() {
        true => String::new(),
        false => format!(" ({})", ids.join(", ")),
    };
    Error::TooFewBackends {
        wanted,
        available: available.len(),
        listed,
    }
}

fn stands_beside<'a>(
    new: &PartitionSpec,
    others: impl Iterator<Item = &'a PartitionSpec>,
) -> Result<(), Error> {
    for old in others {
        if old.name.eq_ignore_ascii_case(&new.name) {
            return Err(Error::PartitionExists(new.name.clone()));
        }
        let overlap = match (&old.range, &new.range) {
            (Some(old), Some(new)) => old.overlaps(new),
            _ => true,
        };
        if overlap {
            return Err(Error::RangeOverlaps {
                new: new.name.clone(),
                old: old.name.clone(),
            });
        }
    }
    Ok(())
}
