//! Replicas that missed the version of a visible load and need nothing but its publish: they hold the rows, or their
//! tablet got none. What else is missing has to be cloned.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Core;
use crate::backend::api::{Publish, PublishTablet, TabletReport};
use crate::ids::{BackendId, PartitionId, ReplicaId, TabletId, TxnId, Version};
use crate::leader::action::BackendRequest;

/// Ended loads that are kept for replicas to catch up with; beyond that the oldest are left to repair.
const KEPT_MAX: usize = 2_000;
/// Milliseconds between two looks for those that are not needed any more.
const SWEEP_MS: u64 = 5_000;
/// Versions that a replica is taken forward by one report.
const STEPS_MAX: i64 = 100;

impl Core {
    /// Publishes again what the replicas of a backend lack, as far as that brings them forward without a gap.
    pub(in super::super) fn catch_up(&mut self, backend: BackendId, reported: &[TabletReport]) {
        let mut owed: BTreeMap<TxnId, Vec<PublishTablet>> = BTreeMap::new();
        for of in reported {
            let Some(view) = self.head.tablets.view(of.tablet) else {
                continue;
            };
            let Some(replica) = view.on(backend).filter(|replica| replica.id == of.replica) else {
                continue;
            };
            let (partition, visible) = (view.partition(), view.visible());
            let last = visible.min(replica.version.saturating_add(STEPS_MAX));
            for version in replica.version + 1..=last {
                let Some((txn, order)) = self.late(partition, of.tablet, replica.id, version)
                else {
                    break;
                };
                owed.entry(txn).or_default().push(order);
            }
        }
        for (txn, tablets) in owed {
            if !self.is_settling(txn, backend) {
                let request = BackendRequest::Publish(Publish { txn, tablets });
                self.send_settling(txn, backend, request);
            }
        }
    }

    /// The publish that gives a replica a version which it missed, if it can be given.
    fn late(
        &self,
        partition: PartitionId,
        tablet: TabletId,
        replica: ReplicaId,
        version: Version,
    ) -> Option<(TxnId, PublishTablet)> {
        let txn = self.loads.versions.get(&(partition, version))?;
        let writes = self.head.writes.get(txn)?;
        let rows = writes.has_rows(tablet);
        let can = writes.can_publish(tablet, replica);
        can.then_some((
            *txn,
            PublishTablet {
                tablet,
                replica,
                version,
                rows,
            },
        ))
    }

    /// Publishes a visible load on a backend that still holds rows of it, also behind a gap. Says whether there is
    /// anything to publish.
    pub(in super::super) fn publish_late(&mut self, id: TxnId, backend: BackendId) -> bool {
        let Some(txn) = self
            .head
            .txns
            .get(&id)
            .filter(|_| self.head.writes.contains_key(&id))
        else {
            return false;
        };
        let mut tablets = self.orders(txn).remove(&backend).unwrap_or_default();
        tablets.retain(|of| {
            let view = self.head.tablets.view(of.tablet);
            let replica = view.and_then(|view| view.on(backend));
            of.rows && replica.is_some_and(|replica| replica.version < of.version)
        });
        if tablets.is_empty() {
            return false;
        }
        let request = BackendRequest::Publish(Publish { txn: id, tablets });
        self.send_settling(id, backend, request);
        true
    }

    /// Lets go of ended loads that no replica can catch up with any more.
    pub(in super::super) fn forget_caught_up(&mut self) {
        if self.now < self.loads.sweep_at {
            return;
        }
        self.loads.sweep_at = self.now.plus_ms(SWEEP_MS);
        let partitions: BTreeSet<PartitionId> = self
            .loads
            .versions
            .keys()
            .map(|(partition, _)| *partition)
            .collect();
        let mut over = Vec::new();
        for partition in partitions {
            let floor = self.lowest_that_can_move(partition);
            let versions = self
                .loads
                .versions
                .range((partition, 0)..=(partition, floor));
            over.extend(versions.map(|(of, _)| *of));
        }
        for of in over {
            self.loads.versions.remove(&of);
        }
        let needed: BTreeSet<TxnId> = self.loads.versions.values().copied().collect();
        let ended = |id: &TxnId| {
            self.head
                .txns
                .get(id)
                .is_none_or(|txn| txn.state.finished())
        };
        let mut kept: Vec<TxnId> = self.head.writes.keys().copied().filter(ended).collect();
        let surplus = kept.len().saturating_sub(KEPT_MAX);
        let beyond: BTreeSet<TxnId> = kept.iter().copied().take(surplus).collect();
        kept.retain(|id| !needed.contains(id) || beyond.contains(id));
        for id in kept {
            if let Some(txn) = self.head.txns.get(&id).cloned() {
                self.loads.forget_versions(&txn);
            }
            self.head.forget_writes(id);
        }
    }

    /// The lowest version of a partition's replicas that can be taken forward by a publish; what readers see when there
    /// is none.
    fn lowest_that_can_move(&self, id: PartitionId) -> Version {
        let Some(partition) = self.head.partitions.get(&id) else {
            return Version::MAX;
        };
        let laggards = self.head.tablets.laggards_of(&partition.tablets);
        let movable = laggards.filter(|(tablet, replica, versions)| {
            self.late(id, *tablet, *replica, versions.version + 1)
                .is_some()
        });
        let lowest = movable.map(|(_, _, versions)| versions.version).min();
        lowest
            .unwrap_or(partition.visible_version)
            .min(partition.visible_version)
    }
}
