//! A model backend: what is on its disks survives a crash, what it was doing does not, or only in part.
//!
//! The rules are those of `src/backend/api.rs`: a publish is idempotent, gaps are kept, an acknowledged pending rowset is
//! durable, a pending rowset goes only by publish or abort, rows of a load that has ended here are refused until the
//! process forgets, and a replica other than the one meant is left alone.

mod clone;
mod files;
mod path;
mod replica;
mod report;
mod salvage;

use std::collections::{BTreeMap, BTreeSet};

use quorate::backend::api::{
    AdoptTablets, Adopted, CreateTablets, CutTablets, DropTablets, Leadership, Publish,
    PublishTablet, TabletSpec,
};
use quorate::catalog::table::Medium;
use quorate::ids::{NodeId, ReplicaId, TabletId, TxnId};

pub use self::clone::{CloneJob, Piece, Step};
pub use self::path::ModelPath;
pub use self::replica::{File, LoadNo, ModelReplica, Rowset};
pub use self::report::Changes;
use crate::net::Message;
use crate::work::Found;

/// What a backend says whose disk is full.
pub const NO_SPACE: &str = "no space left on device";

/// A backend's disks and mood.
#[derive(Debug, Default)]
pub struct ModelBackend {
    /// Which node it is.
    pub node: NodeId,
    /// The names that it is reached by: the last is what an operator knows.
    pub names: Vec<u16>,
    /// The frontend that it obeys.
    pub obeys: Option<Leadership>,
    /// Storage paths.
    pub paths: Vec<ModelPath>,
    /// Replicas.
    pub replicas: BTreeMap<TabletId, ModelReplica>,
    /// Replicas that were dropped or replaced, the oldest first.
    pub trash: Vec<(TabletId, ModelReplica)>,
    /// Replicas that were dropped: they never come again.
    pub dropped: BTreeSet<(TabletId, ReplicaId)>,
    /// Replicas in the place of which a copy was put.
    pub replaced: BTreeSet<ReplicaId>,
    /// Pending rowsets of each transaction.
    pub pending: BTreeMap<TxnId, BTreeMap<TabletId, LoadNo>>,
    /// Transactions that were published or aborted here since the start: late rows of them are refused.
    pub ended: BTreeSet<TxnId>,
    /// Messages being worked on.
    pub doing: BTreeMap<u64, Message>,
    /// Clones that run.
    pub clones: BTreeMap<TabletId, CloneJob>,
    /// Checks of segments that wait for the frontend.
    pub checking: BTreeMap<u64, Found>,
    /// What changed since the start.
    pub changes: Changes,
    /// Does not run.
    pub down: bool,
    /// Answers nothing before this time.
    pub paused_until_ms: u64,
    /// Refuses to write before this time.
    pub full_until_ms: u64,
    /// Tells of room all the same: a quota, or blocks that are kept for others.
    pub full_unsaid: bool,
    /// Its disks answer nothing before this time, though its process does.
    pub hung_until_ms: u64,
    /// Bytes that its disks and its network move in a millisecond.
    pub bytes_per_ms: u64,
    /// Milliseconds that it takes over a digest, beside what a message costs.
    pub digests_take_ms: u64,
    /// Tablets of which no copy to it succeeds: each fails at its end.
    pub cannot_fill: BTreeSet<TabletId>,
    /// When it last started.
    pub started: u64,
    /// How far its wall clock is off.
    pub skew_ms: i64,
    /// Drops whatever replica it has of a tablet, as no backend should.
    pub careless: bool,
}

impl ModelBackend {
    /// A backend with empty storage paths.
    pub fn with(paths: Vec<ModelPath>) -> ModelBackend {
        let first = paths.first().map_or(0, |path| path.hash);
        ModelBackend {
            node: NodeId(first.cast_unsigned()),
            names: vec![0],
            paths,
            bytes_per_ms: 50 << 10,
            ..ModelBackend::default()
        }
    }

    /// Makes empty replicas; says which could not be made.
    pub fn create(&mut self, now_ms: u64, request: &CreateTablets) -> Vec<(TabletId, String)> {
        let make = |spec: &TabletSpec| {
            let error = self.create_one(now_ms, spec).err()?;
            Some((spec.tablet, error))
        };
        request.tablets.iter().filter_map(make).collect()
    }

    fn create_one(&mut self, now_ms: u64, spec: &TabletSpec) -> Result<(), String> {
        if now_ms < self.full_until_ms {
            return Err(NO_SPACE.to_owned());
        }
        if self.replicas.contains_key(&spec.tablet) {
            return Ok(());
        }
        let path = self.choose_path(spec.medium)?;
        self.put(spec.tablet, ModelReplica::new(spec, path));
        Ok(())
    }

    /// The path that takes a new replica: online, of the medium if any is, with the fewest replicas.
    pub fn choose_path(&self, medium: Medium) -> Result<usize, String> {
        let works = self.paths.iter().enumerate().filter(|(_, of)| of.online);
        let best = works.min_by_key(|(at, of)| {
            let others = self.replicas.values().filter(|held| held.path == *at);
            (of.medium != medium, others.count())
        });
        best.map(|(at, _)| at)
            .ok_or_else(|| "no storage path of this backend is online and has room".to_owned())
    }

    /// Puts a replica in its place; another one that was there goes to the trash.
    fn put(&mut self, tablet: TabletId, replica: ModelReplica) {
        self.changes.touch(tablet, replica.id);
        if let Some(before) = self.replicas.insert(tablet, replica) {
            self.trash.push((tablet, before));
        }
    }

    /// Drops replicas whose identity fits.
    pub fn remove(&mut self, request: &DropTablets) -> Vec<(TabletId, String)> {
        let mut failed = Vec::new();
        for (tablet, replica, epoch) in &request.tablets {
            match self.replicas.get(tablet) {
                Some(held) if self.careless || (held.id == *replica && held.epoch == *epoch) => {
                    if let Some(held) = self.take(*tablet) {
                        self.dropped.insert((*tablet, held.id));
                        self.trash.push((*tablet, held));
                    }
                }
                Some(_) => failed.push((*tablet, "another replica is held".to_owned())),
                None => {}
            }
        }
        failed
    }

    /// Gives replicas new ids; those that have them already are as good.
    pub fn adopt(&mut self, request: &AdoptTablets) -> Adopted {
        let mut answer = Adopted::default();
        for (tablet, held, new) in &request.tablets {
            match self.replicas.get_mut(tablet) {
                Some(of) if of.id == *held || of.id == *new => {
                    of.id = *new;
                    self.changes.touch(*tablet, *new);
                    answer.tablets.extend(self.report_of(*tablet));
                }
                _ => answer
                    .failed
                    .push((*tablet, "another replica is held".to_owned())),
            }
        }
        answer
    }

    /// Takes away what replicas hold above versions.
    pub fn cut(&mut self, request: &CutTablets) -> Vec<(TabletId, String)> {
        let mut failed = Vec::new();
        for (tablet, replica, version) in &request.tablets {
            match self.replicas.get_mut(tablet) {
                Some(of) if of.id == *replica => {
                    of.published.retain(|at, _| at <= version);
                    self.changes.touch(*tablet, *replica);
                }
                _ => failed.push((*tablet, "another replica is held".to_owned())),
            }
        }
        failed
    }

    /// Takes a replica away, with the pending rows of it.
    pub fn take(&mut self, tablet: TabletId) -> Option<ModelReplica> {
        let held = self.replicas.remove(&tablet)?;
        self.changes.touch(tablet, held.id);
        for pending in self.pending.values_mut() {
            pending.remove(&tablet);
        }
        self.pending.retain(|_, tablets| !tablets.is_empty());
        Some(held)
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
        let (held, failed): (Vec<TabletId>, Vec<TabletId>) =
            tablets.iter().partition(|tablet| self.works(**tablet));
        if !held.is_empty() {
            let pending = self.pending.entry(txn).or_default();
            pending.extend(held.into_iter().map(|tablet| (tablet, load)));
        }
        failed
    }

    /// Whether there is a replica on a path that works.
    pub fn works(&self, tablet: TabletId) -> bool {
        let path = self.replicas.get(&tablet).map(|held| held.path);
        path.is_some_and(|path| self.paths[path].online)
    }

    /// Gives versions; says which tablets failed. A full disk fails all of them.
    pub fn publish(&mut self, now_ms: u64, request: &Publish) -> Vec<(TabletId, String)> {
        self.ended.insert(request.txn);
        let give = |item: &PublishTablet| {
            let error = self.publish_one(now_ms, request.txn, item).err()?;
            Some((item.tablet, error))
        };
        let failed = request.tablets.iter().filter_map(give).collect();
        self.pending.retain(|_, tablets| !tablets.is_empty());
        failed
    }

    fn publish_one(&mut self, now_ms: u64, txn: TxnId, item: &PublishTablet) -> Result<(), String> {
        let (tablet, version) = (item.tablet, item.version);
        if !self.works(tablet) {
            return Err("no such tablet, or its path is offline".to_owned());
        }
        let Some(replica) = self.replicas.get_mut(&tablet) else {
            return Err("no such tablet".to_owned());
        };
        if replica.id != item.replica {
            return Err("another replica is held".to_owned());
        }
        let mut pending = self.pending.get_mut(&txn);
        if let Some(held) = replica.published.get(&version) {
            assert_eq!(
                held.txn, txn,
                "version {version} of {tablet} was given twice"
            );
            pending.as_mut().and_then(|pending| pending.remove(&tablet));
            return Ok(());
        }
        if now_ms < self.full_until_ms {
            return Err(NO_SPACE.to_owned());
        }
        let rows = pending.as_mut().and_then(|of| of.remove(&tablet));
        if item.rows && rows.is_none() {
            return Err("no pending rowset".to_owned());
        }
        let load = rows.filter(|_| item.rows);
        replica.published.insert(version, Rowset::new(txn, load));
        self.changes.touch(tablet, replica.id);
        Ok(())
    }

    /// Forgets pending rowsets.
    pub fn abort(&mut self, txn: TxnId) {
        self.ended.insert(txn);
        self.pending.remove(&txn);
    }

    /// The process dies: its memory is gone. What it was working on is given back.
    pub fn die(&mut self) -> BTreeMap<u64, Message> {
        self.ended.clear();
        self.clones.clear();
        self.checking.clear();
        self.changes = Changes::default();
        self.down = true;
        std::mem::take(&mut self.doing)
    }
}
