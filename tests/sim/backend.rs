//! A model backend: what is on its disk survives a crash, what it was doing does not, or only in part.
//!
//! The rules are those of `src/backend`: a publish is idempotent, gaps are kept, an acknowledged pending rowset is
//! durable, a pending rowset goes only by publish or abort, rows of a load that has ended here are refused until the
//! process forgets.

use std::collections::{BTreeMap, BTreeSet};

use quorate::backend::api::{CreateTablets, DropTablets, Publish, ReportAnswer, TabletReport};
use quorate::ids::{FIRST_VERSION, ReplicaId, TabletId, TxnId, Version};

use crate::net::Message;

/// A load as rows carry it: the number that its client gave it.
pub type LoadNo = u64;

/// One replica on the model disk.
#[derive(Debug, Clone)]
pub struct ModelReplica {
    /// Replica.
    pub id: ReplicaId,
    /// Placement epoch.
    pub epoch: u64,
    /// Version that it began at.
    pub base: Version,
    /// What each published version holds; `None` for an empty one.
    pub published: BTreeMap<Version, Option<LoadNo>>,
    /// Which transaction each version came from.
    pub sources: BTreeMap<Version, TxnId>,
}

impl ModelReplica {
    /// Highest version without a gap below it.
    pub fn version(&self) -> Version {
        let mut version = self.base;
        while self.published.contains_key(&(version + 1)) {
            version += 1;
        }
        version
    }

    /// Highest version that is held at all.
    pub fn newest(&self) -> Version {
        let newest = self.published.keys().next_back().copied();
        newest.unwrap_or(self.base).max(self.base)
    }

    /// Loads that a reader at `version` sees, in order.
    pub fn content(&self, version: Version) -> Vec<LoadNo> {
        self.published
            .range(..=version)
            .filter_map(|(_, load)| *load)
            .collect()
    }
}

/// A backend's disk and mood.
#[derive(Debug, Default)]
pub struct ModelBackend {
    /// Replicas.
    pub replicas: BTreeMap<TabletId, ModelReplica>,
    /// Pending rowsets of each transaction.
    pub pending: BTreeMap<TxnId, BTreeMap<TabletId, LoadNo>>,
    /// Transactions that were published or aborted here since the start: late rows of them are refused.
    pub ended: BTreeSet<TxnId>,
    /// Messages being worked on.
    pub doing: BTreeMap<u64, Message>,
    /// Does not run.
    pub down: bool,
    /// Answers nothing before this time.
    pub paused_until_ms: u64,
    /// Refuses to write before this time.
    pub full_until_ms: u64,
    /// When it last started.
    pub started: u64,
}

impl ModelBackend {
    /// Makes empty replicas.
    pub fn create(&mut self, request: &CreateTablets) {
        for spec in &request.tablets {
            let fresh = ModelReplica {
                id: spec.replica,
                epoch: spec.epoch,
                base: spec.version.max(FIRST_VERSION),
                published: BTreeMap::new(),
                sources: BTreeMap::new(),
            };
            self.replicas.entry(spec.tablet).or_insert(fresh);
        }
    }

    /// Drops replicas whose identity fits.
    pub fn remove(&mut self, request: &DropTablets) -> Vec<(TabletId, String)> {
        let mut failed = Vec::new();
        for (tablet, replica, epoch) in &request.tablets {
            match self.replicas.get(tablet) {
                Some(held) if held.id == *replica && held.epoch == *epoch => {
                    self.replicas.remove(tablet);
                    for pending in self.pending.values_mut() {
                        pending.remove(tablet);
                    }
                }
                Some(_) => failed.push((*tablet, "another replica is held".to_owned())),
                None => {}
            }
        }
        self.pending.retain(|_, tablets| !tablets.is_empty());
        failed
    }

    /// Writes pending rowsets durably; says which tablets failed.
    pub fn write(
        &mut self,
        now_ms: u64,
        txn: TxnId,
        tablets: &[TabletId],
        load: LoadNo,
    ) -> Vec<TabletId> {
        if now_ms < self.full_until_ms || self.ended.contains(&txn) {
            return tablets.to_vec();
        }
        let here = |tablet: &TabletId| self.replicas.contains_key(tablet);
        let (held, failed): (Vec<TabletId>, Vec<TabletId>) = tablets.iter().partition(|t| here(t));
        if !held.is_empty() {
            let pending = self.pending.entry(txn).or_default();
            pending.extend(held.into_iter().map(|tablet| (tablet, load)));
        }
        failed
    }

    /// Gives versions; says which tablets failed. A full disk fails all of them.
    pub fn publish(&mut self, now_ms: u64, request: &Publish) -> Vec<(TabletId, String)> {
        self.ended.insert(request.txn);
        let mut failed = Vec::new();
        for item in &request.tablets {
            let Some(replica) = self.replicas.get_mut(&item.tablet) else {
                failed.push((item.tablet, "no such tablet".to_owned()));
                continue;
            };
            if replica.id != item.replica {
                failed.push((item.tablet, "another replica is held".to_owned()));
                continue;
            }
            let mut pending = self.pending.get_mut(&request.txn);
            if let Some(source) = replica.sources.get(&item.version) {
                let (tablet, version) = (item.tablet, item.version);
                assert_eq!(
                    *source, request.txn,
                    "version {version} of {tablet} was given twice"
                );
                pending.as_mut().and_then(|pending| pending.remove(&tablet));
                continue;
            }
            if now_ms < self.full_until_ms {
                failed.push((item.tablet, "no space left on device".to_owned()));
                continue;
            }
            let rows = pending
                .as_mut()
                .and_then(|pending| pending.remove(&item.tablet));
            if item.rows && rows.is_none() {
                failed.push((item.tablet, "no pending rowset".to_owned()));
                continue;
            }
            replica
                .published
                .insert(item.version, rows.filter(|_| item.rows));
            replica.sources.insert(item.version, request.txn);
        }
        self.pending.retain(|_, tablets| !tablets.is_empty());
        failed
    }

    /// Forgets pending rowsets.
    pub fn abort(&mut self, txn: TxnId) {
        self.ended.insert(txn);
        self.pending.remove(&txn);
    }

    /// Tablets (all, or those that `chosen` takes) and every pending transaction.
    pub fn report(&self, full: bool, chosen: impl Fn(TabletId) -> bool) -> ReportAnswer {
        let some = self
            .replicas
            .iter()
            .filter(|(tablet, _)| full || chosen(**tablet));
        let tablets = some.map(|(tablet, replica)| TabletReport {
            tablet: *tablet,
            replica: replica.id,
            epoch: replica.epoch,
            version: replica.version(),
            max_version: replica.newest(),
            bad: false,
            data_size: 100 * replica.published.len() as u64,
            row_count: replica.published.len() as u64,
            version_count: u32::try_from(replica.published.len()).unwrap_or(u32::MAX),
            path_hash: 7,
            dropped: false,
        });
        ReportAnswer {
            seq: 1,
            full,
            tablets: tablets.collect(),
            pending: self.pending.keys().copied().collect(),
        }
    }
}
