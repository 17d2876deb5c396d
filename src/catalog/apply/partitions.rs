//! Changes of partitions, and with them of tablets.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Delta, Misfit, Touched};
use crate::catalog::change::NewPartition;
use crate::catalog::partition::Partition;
use crate::catalog::state::Catalog;
use crate::catalog::table::Medium;
use crate::catalog::tablets::Tablets;
use crate::clock::Timestamp;
use crate::ids::{DbId, FIRST_VERSION, PartitionId, TableId};

impl Catalog {
    pub(super) fn add_partitions(
        &mut self,
        table: TableId,
        new: &[NewPartition],
        at: Timestamp,
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        let known = self.known_table(table)?;
        let (db, partitions) = (known.db, known.partitions.clone());
        self.partitions_fit(&partitions, new)?;
        for partition in new {
            self.put_partition(db, table, partition, at, touched);
        }
        let mut all = partitions;
        all.extend(new.iter().map(|partition| partition.id));
        let lower = |id: &PartitionId| {
            let range = self.partitions.get(id).and_then(|p| p.spec.range.as_ref());
            range.and_then(|range| range.lower)
        };
        all.sort_by_key(lower);
        self.with_table(table, |table| table.partitions = all);
        Ok(())
    }

    pub(super) fn drop_partition(
        &mut self,
        id: PartitionId,
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        let table = self.known_partition(id)?.table;
        let db = self.known_table(table)?.db;
        self.remove_partition(db, id, touched);
        self.with_table(table, |table| table.partitions.retain(|p| *p != id));
        Ok(())
    }

    pub(super) fn replace_partitions(
        &mut self,
        table: TableId,
        old: &[PartitionId],
        new: &[NewPartition],
        at: Timestamp,
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        let known = self.known_table(table)?;
        let (db, partitions) = (known.db, known.partitions.clone());
        if old.len() != new.len() || !old.iter().all(|id| partitions.contains(id)) {
            return Err(Misfit::Other(
                "the partitions to replace are not those of the table",
            ));
        }
        let stay: Vec<PartitionId> = partitions
            .iter()
            .copied()
            .filter(|id| !old.contains(id))
            .collect();
        self.partitions_fit(&stay, new)?;
        for (gone, partition) in old.iter().zip(new) {
            self.remove_partition(db, *gone, touched);
            self.put_partition(db, table, partition, at, touched);
        }
        let replaced = |id: &PartitionId| {
            let place = old.iter().position(|gone| gone == id);
            place.map_or(*id, |place| new[place].id)
        };
        self.with_table(table, |table| {
            table.partitions = table.partitions.iter().map(replaced).collect();
        });
        Ok(())
    }

    pub(super) fn set_partition(
        &mut self,
        id: PartitionId,
        replication_num: u16,
        medium: Medium,
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        self.known_partition(id)?;
        if let Some(partition) = self.partitions.get_mut(&id) {
            let partition = Arc::make_mut(partition);
            partition.spec.replication_num = replication_num;
            partition.spec.medium = medium;
            self.tablets.want(id, &partition.tablets, replication_num);
            touched.tablets.extend(&partition.tablets);
        }
        Ok(())
    }

    pub(super) fn known_partition(&self, id: PartitionId) -> Result<&Arc<Partition>, Misfit> {
        self.partitions
            .get(&id)
            .ok_or_else(|| Misfit::Missing("partition", id.to_string()))
    }

    /// Whether new partitions can stand beside those with the ids `beside`: names, ranges, ids, number of replicas.
    pub(super) fn partitions_fit(
        &self,
        beside: &[PartitionId],
        new: &[NewPartition],
    ) -> Result<(), Misfit> {
        let specs = beside
            .iter()
            .filter_map(|id| self.partitions.get(id))
            .map(|partition| &partition.spec);
        let mut names: BTreeSet<String> = specs.clone().map(|s| s.name.to_lowercase()).collect();
        let mut ranges: Vec<_> = specs.map(|spec| spec.range.clone()).collect();
        for partition in new {
            let spec = &partition.spec;
            if self.partitions.contains_key(&partition.id)
                || !names.insert(spec.name.to_lowercase())
            {
                return Err(Misfit::Exists("partition", spec.name.clone()));
            }
            let each = usize::from(spec.replication_num);
            if each == 0
                || spec.buckets == 0
                || partition.backends.len() != each * spec.buckets as usize
            {
                return Err(Misfit::Other(
                    "a partition's replicas are not those it should have",
                ));
            }
            self.reserved(partition.id.0)?;
            self.reserved(partition.first_tablet.0 + u64::from(spec.buckets) - 1)?;
            self.reserved(partition.first_replica.0 + partition.backends.len() as u64 - 1)?;
            let first = partition.first_tablet;
            if partition
                .tablets()
                .any(|(id, _)| self.tablets.view(id).is_some())
            {
                return Err(Misfit::Exists("tablet", first.to_string()));
            }
            ranges.push(spec.range.clone());
        }
        // In order of their lower ends, only neighbours can overlap.
        ranges.sort_by_key(|range| range.as_ref().and_then(|range| range.lower));
        let overlap = ranges.windows(2).any(|pair| match pair {
            [Some(a), Some(b)] => a.overlaps(b),
            _ => true,
        });
        match overlap {
            true => Err(Misfit::Other("ranges of partitions overlap")),
            false => Ok(()),
        }
    }

    pub(super) fn put_partition(
        &mut self,
        db: DbId,
        table: TableId,
        new: &NewPartition,
        at: Timestamp,
        touched: &mut Touched,
    ) {
        let partition = Partition {
            id: new.id,
            table,
            spec: new.spec.clone(),
            tablets: new.tablets().map(|(id, _)| id).collect(),
            visible_version: FIRST_VERSION,
            visible_time: at,
            next_version: FIRST_VERSION + 1,
        };
        assert_eq!(partition.tablets.len(), new.spec.buckets as usize);
        touched.tablets.extend(&partition.tablets);
        touched.count(
            db,
            Delta {
                partitions: 1,
                tablets: partition.tablets.len() as i64,
                replicas: new.backends.len() as i64,
                ..Delta::default()
            },
        );
        self.tablets.add_partition(db, new);
        self.partitions.insert(new.id, Arc::new(partition));
    }

    pub(super) fn remove_partition(&mut self, db: DbId, id: PartitionId, touched: &mut Touched) {
        let Some(partition) = self.partitions.remove(&id) else {
            return;
        };
        let replicas = self
            .tablets
            .of_partition(&partition)
            .map(|t| t.replicas().len() as i64);
        touched.count(
            db,
            Delta {
                partitions: -1,
                tablets: -(partition.tablets.len() as i64),
                replicas: -replicas.sum::<i64>(),
                ..Delta::default()
            },
        );
        touched
            .gone
            .extend(partition.tablets.iter().map(|tablet| (db, *tablet)));
        self.recovery.confirm(id);
        for tablet in &partition.tablets {
            self.checks.remove(tablet);
            self.lineages.remove(tablet);
            self.repairs.remove(tablet);
        }
        if let Some(ids) = Tablets::span(&partition.tablets) {
            self.tablets.remove(ids);
        }
    }
}
