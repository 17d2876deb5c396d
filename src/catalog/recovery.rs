//! What a frontend that was told to take the cluster over does not know yet: which partitions have versions that its journal
//! does not tell of.
//!
//! Such a partition is in doubt. Readers see it at the version that is known, nothing is loaded into it, and nothing is copied
//! or removed in it, until it is known that no backend holds more, or until it has been recovered. Owns what is in the journal of that;
//! what backends hold is seen in their reports.
//!
//! Ids: every take-over has a stretch of numbers of its own, [`STRETCH`] of them. A journal that was lost has given out
//! ids of the stretch of its own take-over, and the next one has a higher number than any that a backend obeyed. So no id is given
//! twice, whatever was lost and whoever does not answer, without waiting for anybody.

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{PartitionId, ReplicaId, TabletId, TxnId, Version};

/// Ids, and transaction ids, of one take-over: more than a cluster can put into a journal.
pub const STRETCH: u64 = 1 << 40;

/// A change of recovery, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RecoveryChange {
    /// The frontend was told to take the cluster over: every partition that there is, is in doubt.
    TakeOver {
        /// How often a frontend of this journal was told so.
        takeovers: u64,
    },
    /// Partitions are in doubt: how a checkpoint tells of them.
    Doubted {
        /// Each with the version above which its replicas are being cut, where that has been decided.
        partitions: Vec<(PartitionId, Option<Version>)>,
    },
    /// No backend holds more of these partitions than is known: they are as any other.
    Confirmed {
        /// The partitions.
        partitions: Vec<PartitionId>,
    },
    /// A partition goes on from another version: ADMIN RECOVER, ADMIN SET TABLE .. PARTITION VERSION.
    Recovered(Box<Recovered>),
    /// Data was lost and that was accepted: ADMIN REPAIR TABLE .. ACCEPT DATA LOSS.
    Accepted {
        /// The tablets that go on with what is left.
        tablets: Vec<TabletId>,
        /// Why, as the operator said.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// Tablets that the catalog does not know are not kept any more: ADMIN DROP UNKNOWN TABLETS.
    LetGo {
        /// Why, as the operator said.
        reason: String,
    },
}

/// A partition that goes on from another version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recovered {
    /// The partition.
    pub partition: PartitionId,
    /// What readers see from now on; the next load gets the version after it.
    pub version: Version,
    /// Replicas hold more than this, which nobody was ever told of: they are cut first.
    pub cut: bool,
    /// Replicas that do not hold all of it.
    pub missed: Vec<(TabletId, ReplicaId)>,
    /// Why, as the operator said.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// What is in the journal of recovery.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recovery {
    /// How often a frontend of this journal was told to take the cluster over.
    pub takeovers: u64,
    /// Replicas and loads that the catalog does not know are kept, if they are from before the take-over.
    pub keeps_unknown: bool,
    /// Partitions in doubt, each with the version above which its replicas are being cut.
    doubted: OrdMap<PartitionId, Option<Version>>,
}

impl Recovery {
    /// Whether a partition is in doubt.
    pub fn doubts(&self, partition: PartitionId) -> bool {
        self.doubted.contains_key(&partition)
    }

    /// The version above which replicas of a partition are being cut.
    pub fn cuts(&self, partition: PartitionId) -> Option<Version> {
        self.doubted.get(&partition).copied().flatten()
    }

    /// The partitions in doubt.
    pub fn doubted(&self) -> impl Iterator<Item = (PartitionId, Option<Version>)> + '_ {
        self.doubted.iter().map(|(id, cut)| (*id, *cut))
    }

    /// Whether nothing is in doubt.
    pub fn is_over(&self) -> bool {
        self.doubted.is_empty()
    }

    /// The first id of the take-over: what a lost journal gave out is below it.
    pub fn first_id(&self) -> u64 {
        self.takeovers.saturating_mul(STRETCH)
    }

    /// Whether a replica may have been made by the journal that was lost, and is kept for that.
    pub fn keeps(&self, replica: ReplicaId) -> bool {
        self.keeps_unknown && replica.0 < self.first_id()
    }

    /// The same of what a load has left.
    pub fn keeps_load(&self, txn: TxnId) -> bool {
        self.keeps_unknown && txn.0 < self.first_id()
    }

    pub(in crate::catalog) fn doubt(&mut self, partition: PartitionId, cut: Option<Version>) {
        self.doubted.insert(partition, cut);
    }

    pub(in crate::catalog) fn confirm(&mut self, partition: PartitionId) {
        self.doubted.remove(&partition);
    }
}
