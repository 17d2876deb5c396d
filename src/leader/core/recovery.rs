//! Recovery after a take-over: what backends hold beyond the journal, and how partitions in doubt go on.
//!
//! A partition in doubt is confirmed by itself where every backend has shown all that it has and nobody holds more than is
//! known. Else ADMIN RECOVER takes it to the newest version of which each of its tablets has a whole copy. [`planning`] works
//! out which that is and what speaks against it, [`performing`] does it, [`cutting`] takes away what nobody was ever told of,
//! [`naming`] takes a version that an operator names, [`rescue`] goes on with what is left where something is lost for good,
//! [`listing`] tells operators. What is in the journal of it is [`catalog::recovery`](crate::catalog::recovery)'s.

mod cutting;
mod listing;
mod naming;
mod performing;
mod planning;
mod rescue;

use std::collections::{BTreeMap, BTreeSet};

use self::rescue::Rescues;
use super::{Answer, Core, Error};
use crate::backend::api::TabletReport;
use crate::catalog::change::Change;
use crate::catalog::partition::Partition;
use crate::catalog::recovery::RecoveryChange;
use crate::clock::Timestamp;
use crate::ids::{BackendId, PartitionId, TabletId, Version};
use crate::leader::action::Token;
use crate::leader::notice::{Notice, OfRecovery};
use crate::leader::request::recovery::RecoveryRequest;

/// Milliseconds between two looks at what is in doubt.
const LOOK_MS: u64 = 1_000;

/// What backends have shown of partitions in doubt since the start.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    /// The last report of each replica that the catalog knows.
    held: BTreeMap<TabletId, BTreeMap<BackendId, TabletReport>>,
    /// Something was shown since the last look.
    news: bool,
    looked_at: Option<Timestamp>,
    /// Replicas that are being cut.
    cutting: BTreeSet<(BackendId, TabletId)>,
    cut_at: Option<Timestamp>,
    rescues: Rescues,
}

impl Recovery {
    /// A backend has shown a replica.
    pub(super) fn note(&mut self, backend: BackendId, of: &TabletReport) {
        let held = self.held.entry(of.tablet).or_default();
        self.news |= held.insert(backend, of.clone()).as_ref() != Some(of);
    }

    /// A backend does not have a replica any more.
    pub(super) fn forget(&mut self, backend: BackendId, tablet: TabletId) {
        if let Some(held) = self.held.get_mut(&tablet) {
            self.news |= held.remove(&backend).is_some();
        }
    }

    /// A backend tells anew of everything that it has.
    pub(super) fn forget_backend(&mut self, backend: BackendId) {
        for held in self.held.values_mut() {
            held.remove(&backend);
        }
        self.news = true;
    }
}

impl Core {
    /// A statement about what is in doubt or lost.
    pub(super) fn recovery_request(&mut self, token: Token, request: &RecoveryRequest) -> Answer {
        match request {
            RecoveryRequest::Recover {
                parts,
                accept,
                terms,
            } => self.recover_partitions(parts.as_ref(), *accept, terms),
            RecoveryRequest::DropUnknown { terms } => self.drop_unknown(terms),
            RecoveryRequest::SetPartitionVersion {
                parts,
                partition,
                version,
                accept,
                terms,
            } => self.set_partition_version(parts, (*partition, *version), *accept, terms),
            RecoveryRequest::SetReplicaVersion { wanted, terms } => {
                self.set_replica_version(wanted, terms)
            }
            RecoveryRequest::AcceptLoss { parts, terms } => self.accept_loss(token, parts, terms),
        }
    }

    /// Refuses loads into a partition whose next version a backend may hold already, with other rows.
    pub(super) fn takes_loads(&self, partition: &Partition) -> Result<(), Error> {
        if !self.head.recovery.doubts(partition.id) {
            return Ok(());
        }
        let table = self.head.tables.get(&partition.table);
        let db = table.and_then(|table| self.head.databases.get(&table.db));
        let name = match (db, table) {
            (Some(db), Some(table)) => format!("{}.{}", db.name, table.name),
            _ => partition.table.to_string(),
        };
        Err(Error::InDoubt {
            table: name,
            partition: partition.spec.name.clone(),
            known: partition.visible_version,
            newest: self.newest(partition),
        })
    }

    /// The newest version that a backend has shown of a partition in doubt, if it is more than is known.
    fn newest(&self, partition: &Partition) -> Option<Version> {
        let tablets = partition.tablets.iter();
        let held = tablets.filter_map(|tablet| self.recovery.held.get(tablet));
        let newest = held.flat_map(|of| of.values()).map(|of| of.max_version);
        newest
            .max()
            .filter(|newest| *newest >= partition.next_version)
    }

    /// Time has passed: partitions of which nobody holds more than is known are in doubt no longer.
    pub(super) fn recovery_tick(&mut self) {
        if self.head.recovery.is_over() {
            self.recovery.held.clear();
            return;
        }
        self.cut_again();
        let due = self
            .recovery
            .looked_at
            .is_none_or(|at| self.now.since_ms(at) >= LOOK_MS);
        if due {
            self.recovery.looked_at = Some(self.now);
            // Who is heard changes without news of any replica.
            self.confirm();
        }
    }

    fn confirm(&mut self) {
        let silent = self.silent_backends();
        let doubted: Vec<(PartitionId, Option<Version>)> = self.head.recovery.doubted().collect();
        let sound = |(id, cut): &(PartitionId, Option<Version>)| {
            let partition = self.head.partitions.get(id)?;
            let plan = self.recovery_plan(partition, None);
            let clear = match cut {
                Some(_) => plan.cut.is_empty(),
                None => silent.is_empty() && plan.adds_nothing(),
            };
            clear.then_some(*id)
        };
        let partitions: Vec<PartitionId> = doubted.iter().filter_map(sound).collect();
        self.recovery.news = false;
        if partitions.is_empty() {
            return;
        }
        let count = partitions.len() as u64;
        let left = doubted.len() as u64 - count;
        let change = RecoveryChange::Confirmed { partitions };
        self.record_own(vec![Change::Recovery(change)]);
        self.say(Notice::Recovery(OfRecovery::Confirmed { count, left }));
        self.check_soon();
    }

    /// Backends that have not shown yet since the start what they have.
    fn silent_backends(&self) -> Vec<BackendId> {
        let all = self.head.backends.keys().copied();
        all.filter(|id| !self.reports.heard(*id)).collect()
    }
}
