//! How an operator steers repair: hints, replicas said to be bad, the queue emptied.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::{Answer, Core, Error};
use crate::catalog::change::Change;
use crate::catalog::partition::Partition;
use crate::catalog::replica::Replica;
use crate::catalog::tablets::TabletView;
use crate::code::Code;
use crate::ids::{BackendId, DbId, PartitionId, TableId, TabletId};
use crate::leader::request::Reply;
use crate::tablet::healing::Hint;
use crate::tablet::health::{Priority, complete_without};
use crate::tablet::unseen::can_spare;

impl Core {
    /// ADMIN REPAIR TABLE and its CANCEL. Asking again does not make a hint last longer (StarRocks).
    pub(in super::super) fn repair_table(
        &mut self,
        db: &str,
        table: &str,
        partitions: &[String],
        on: bool,
    ) -> Answer {
        let known = self.known_table(db, table)?;
        let (db, table) = (known.db, known.id);
        let chosen: Vec<PartitionId> = match partitions.is_empty() {
            true => known.partitions.clone(),
            false => {
                let named = partitions.iter();
                let found: Result<Vec<&Partition>, Error> = named
                    .map(|name| self.known_partition(known, name))
                    .collect();
                found?.into_iter().map(|partition| partition.id).collect()
            }
        };
        match on {
            true => self.hint(db, table, &chosen),
            false => {
                for partition in &chosen {
                    self.heal.healing.hints.remove(partition);
                }
            }
        }
        Ok(Some(Reply::Done))
    }

    /// Tablets of these partitions come first, those that are queued already as well.
    fn hint(&mut self, db: DbId, table: TableId, partitions: &[PartitionId]) {
        let hint_ms = self.config.admin_repair_hint_second.saturating_mul(1000);
        let until = self.now.plus_ms(hint_ms);
        for partition in partitions {
            let hints = &mut self.heal.healing.hints;
            hints.entry(*partition).or_insert(Hint { db, table, until });
        }
        let chosen: BTreeSet<PartitionId> = partitions.iter().copied().collect();
        let queued = self.heal.healing.pending.values();
        let queued: Vec<_> = queued
            .filter(|task| chosen.contains(&task.partition))
            .cloned()
            .collect();
        for task in queued {
            let mut task = Arc::unwrap_or_clone(task);
            task.promote(Priority::VeryHigh);
            self.heal.put(task);
        }
        self.check_soon();
    }

    /// ADMIN SET REPLICA STATUS. A replica that is said to be bad is repaired at once. The last one that can be read is so by
    /// `force` only.
    pub(in super::super) fn set_replica_status(
        &mut self,
        (tablet, backend): (TabletId, BackendId),
        bad: bool,
        force: bool,
    ) -> Answer {
        let view = self.head.tablets.view(tablet);
        let view = view.ok_or(Error::UnknownTablet(tablet))?;
        let replica = view
            .on(backend)
            .ok_or(Error::UnknownReplica { tablet, backend })?;
        if bad && !force {
            self.is_not_the_last(&view, &replica)?;
        }
        let left = complete_without(self.census.cluster(), &view, replica.id);
        let spared = can_spare(&self.head, &view, &[replica.id]);
        let (db, partition) = (view.db(), view.partition());
        let table = self.head.partitions.get(&partition).map(|of| of.table);
        self.record(vec![Change::SetReplicaBad {
            tablet,
            replica: replica.id,
            bad,
        }])?;
        if !bad {
            self.content.take_back(tablet, replica.id);
            self.head.observe_loss(tablet, backend, false);
            self.census.look_at(&self.head, &[tablet]);
            return Ok(Some(Reply::Done));
        }
        if let Some(table) = table {
            self.hint(db, table, &[partition]);
        }
        if left > 0 && !spared {
            return Ok(Some(Reply::Note(
                Code::UNKNOWN.mysql,
                format!(
                    "no other replica of tablet {tablet} that can be read holds all loads that are committed: they become visible when this one is good again"
                ),
            )));
        }
        if left > 0 {
            return Ok(Some(Reply::Done));
        }
        Ok(Some(Reply::Note(
            Code::UNKNOWN.mysql,
            format!(
                "no other replica of tablet {tablet} can be read: nothing is removed, and nothing can be repaired until one is back"
            ),
        )))
    }

    /// Refuses a good replica without which nobody could read the tablet, or a load that has its version could not be seen.
    fn is_not_the_last(&self, tablet: &TabletView<'_>, replica: &Replica) -> Result<(), Error> {
        let good = replica.whole(tablet.visible());
        let goes = |other: &Replica| other.id == replica.id;
        if !good || self.does_without(tablet, goes) {
            return Ok(());
        }
        Err(Error::LastCopy {
            tablet: tablet.id(),
            table: self.table_name(tablet),
            backend: replica.backend,
            other: self.away(tablet, goes),
        })
    }

    /// ALTER SYSTEM CLEAN TABLET SCHEDULER QUEUE: nothing of it goes to the history (StarRocks). The checker queues again what
    /// it finds.
    pub(in super::super) fn clean_queue(&mut self) -> Answer {
        let pending: Vec<TabletId> = self.heal.healing.pending.keys().copied().collect();
        for tablet in pending {
            if let Some(task) = self.heal.take(tablet)
                && let Some((replica, _)) = task.retiring
            {
                self.unmark(tablet, replica);
            }
        }
        let running: Vec<TabletId> = self.heal.healing.running.keys().copied().collect();
        for tablet in running {
            self.undo_copy(tablet);
        }
        Ok(Some(Reply::Done))
    }

    fn unmark(&mut self, tablet: TabletId, replica: crate::ids::ReplicaId) {
        let view = self.head.tablets.view(tablet);
        if view.is_some_and(|view| view.replicas().any(|of| of.id == replica)) {
            self.record_own(vec![Change::RetireReplica {
                tablet,
                replica,
                on: false,
            }]);
        }
    }
}
