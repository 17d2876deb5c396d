//! A clone on a model backend: the destination asks the source for what it has, then for one version after the other,
//! and publishes all of it at once at the end.

use std::collections::BTreeMap;

use quorate::backend::api::{CloneAnswer, CloneTablet};
use quorate::ids::{ReplicaId, TabletId, Version};
use quorate::leader::action::CallId;

use super::{ModelBackend, ModelReplica, NO_SPACE, Rowset};

/// A clone that runs.
#[derive(Debug)]
pub struct CloneJob {
    /// What is asked.
    pub request: Box<CloneTablet>,
    /// Calls that wait for it, each with the life of the frontend.
    pub callers: Vec<(u64, CallId)>,
    /// When it began.
    pub began_ms: u64,
    /// Names its outstanding question to the source; an answer to an earlier one is ignored.
    pub asked: u64,
    /// How often that question was asked.
    pub tries: u32,
    /// What it asks for.
    pub asks: Option<Version>,
    /// Bytes fetched.
    pub bytes: u64,
    files: u64,
    full: bool,
    base: Version,
    /// Where the source was when it began.
    reach: Version,
    missing: Vec<Version>,
    got: BTreeMap<Version, Rowset>,
}

/// What a source hands out.
#[derive(Debug, Clone)]
pub enum Piece {
    /// The versions that it has without a gap, from the first.
    Versions(Version, Vec<Version>),
    /// One of them.
    Rows(Version, Rowset),
}

/// What a clone does next.
#[derive(Debug)]
pub enum Step {
    /// Asks the source: `None` for what it has, else for one version.
    Ask(Option<Version>),
    /// It is over.
    Over(Result<CloneAnswer, String>),
}

impl ModelBackend {
    /// Begins a clone, or joins the one that runs.
    pub fn begin_clone(
        &mut self,
        now_ms: u64,
        request: Box<CloneTablet>,
        caller: (u64, CallId),
    ) -> Result<Option<Step>, String> {
        let (tablet, replica) = (request.spec.tablet, request.spec.replica);
        if let Some(job) = self.clones.get_mut(&tablet) {
            if job.request.spec.replica != replica {
                return Err(format!("another clone of tablet {tablet} runs"));
            }
            job.callers.push(caller);
            return Ok(None);
        }
        self.not_stale(tablet, replica)?;
        let named = self.path_of(request.path_hash);
        let stays = |held: &ModelReplica| named.is_none_or(|path| path == held.path);
        let whole = |held: &ModelReplica| held.id == replica && !held.bad && stays(held);
        let full = !self.replicas.get(&tablet).is_some_and(whole);
        let job = CloneJob {
            request,
            callers: vec![caller],
            began_ms: now_ms,
            asked: 0,
            tries: 0,
            asks: None,
            bytes: 0,
            files: 0,
            full,
            base: 0,
            reach: 0,
            missing: Vec::new(),
            got: BTreeMap::new(),
        };
        self.clones.insert(tablet, job);
        Ok(Some(Step::Ask(None)))
    }

    /// A later replica of the tablet is never replaced by an earlier one, and one that was dropped does not come again.
    fn not_stale(&self, tablet: TabletId, replica: ReplicaId) -> Result<(), String> {
        if self.dropped.contains(&(tablet, replica)) {
            return Err(format!("replica {replica} of tablet {tablet} was dropped"));
        }
        match self.replicas.get(&tablet) {
            Some(held) if held.id > replica => Err(format!(
                "tablet {tablet} is here as replica {}, which is newer than {replica}",
                held.id
            )),
            _ => Ok(()),
        }
    }

    /// What a source hands out, as it is now.
    pub fn hand_out(
        &mut self,
        tablet: TabletId,
        replica: ReplicaId,
        what: Option<Version>,
    ) -> Result<Piece, String> {
        if !self.works(tablet) {
            return Err("the source has no such tablet, or its path is offline".to_owned());
        }
        let held = self.replicas.get(&tablet).ok_or("no such tablet")?;
        if held.id != replica {
            return Err(format!("the source holds replica {}", held.id));
        }
        if held.bad {
            return Err("the source is bad".to_owned());
        }
        let Some(version) = what else {
            let versions = held.published.range(..=held.version());
            let versions = versions.map(|(version, _)| *version).collect();
            return Ok(Piece::Versions(held.base, versions));
        };
        let rowset = held.published.get(&version).copied();
        let rowset = rowset.ok_or("the source does not hold the version any more")?;
        if !rowset.whole() {
            self.read(tablet);
            return Err("a file of the source is lost or wrong".to_owned());
        }
        Ok(Piece::Rows(version, rowset))
    }

    /// Bytes of a version that a source is asked for.
    pub fn size_to_hand_out(&self, tablet: TabletId, what: Option<Version>) -> u64 {
        let held = self.replicas.get(&tablet);
        let rowset = held
            .zip(what)
            .and_then(|(held, version)| held.published.get(&version));
        rowset.map_or(0, Rowset::size)
    }

    /// The source has answered.
    pub fn fetched(
        &mut self,
        now_ms: u64,
        tablet: TabletId,
        result: Result<Piece, String>,
    ) -> Option<Step> {
        let held = self.replicas.get(&tablet);
        let job = self.clones.get_mut(&tablet)?;
        job.tries = 0;
        match result {
            Err(why) => return Some(Step::Over(Err(why))),
            Ok(Piece::Versions(base, versions)) => {
                job.base = base;
                job.reach = versions.last().copied().unwrap_or(base).max(base);
                if job.reach < job.request.version {
                    let why = format!("the source is at version {} only", job.reach);
                    return Some(Step::Over(Err(why)));
                }
                job.missing = versions;
                if let Some(held) = held.filter(|_| !job.full) {
                    job.missing.retain(|of| !held.published.contains_key(of));
                }
                job.missing.reverse();
            }
            Ok(Piece::Rows(version, rowset)) => {
                if job.missing.last() != Some(&version) {
                    return None;
                }
                job.missing.pop();
                job.bytes += rowset.size();
                job.files += u64::from(rowset.load.is_some());
                job.got.insert(version, rowset);
            }
        }
        match job.missing.last() {
            Some(version) => Some(Step::Ask(Some(*version))),
            None => Some(Step::Over(self.publish_clone(now_ms, tablet))),
        }
    }

    /// Makes what was fetched the replica, all at once.
    fn publish_clone(&mut self, now_ms: u64, tablet: TabletId) -> Result<CloneAnswer, String> {
        let job = self.clones.get_mut(&tablet).ok_or("no such clone")?;
        let (spec, path_hash) = (job.request.spec.clone(), job.request.path_hash);
        let (full, bytes, files, base) = (job.full, job.bytes, job.files, job.base);
        let (got, millis) = (std::mem::take(&mut job.got), now_ms - job.began_ms);
        if now_ms < self.full_until_ms {
            return Err(NO_SPACE.to_owned());
        }
        if self.cannot_fill.contains(&tablet) {
            return Err("a file of the copy can't be written".to_owned());
        }
        self.not_stale(tablet, spec.replica)?;
        let here = self
            .replicas
            .get(&tablet)
            .filter(|held| held.id == spec.replica);
        let path = match (here.map(|held| held.path), path_hash) {
            (Some(path), hash) => self.path_of(hash).unwrap_or(path),
            (None, -1) => self.choose_path(spec.medium)?,
            (None, hash) => self.path_of(hash).ok_or("no such storage path")?,
        };
        if !self.paths[path].online {
            return Err("the storage path is offline".to_owned());
        }
        if full {
            let mut made = ModelReplica::new(&spec, path);
            let end = got.keys().next_back().copied().unwrap_or(base).max(base);
            (made.base, made.published) = (base, got);
            // What was published behind the end of the copy stays.
            let later = here
                .into_iter()
                .flat_map(|held| held.published.range(end + 1..));
            made.published
                .extend(later.filter(|(_, of)| of.whole()).map(|(v, of)| (*v, *of)));
            match here.is_some() {
                // Pending rows of a replica that is filled anew stay.
                true => self.put(tablet, made),
                false => {
                    if let Some(before) = self.take(tablet) {
                        self.replaced.insert(before.id);
                        self.trash.push((tablet, before));
                    }
                    self.put(tablet, made);
                }
            }
        } else {
            let held = self.replicas.get_mut(&tablet);
            let held = held.filter(|held| held.id == spec.replica && !held.bad);
            let held = held.ok_or("the replica went while it was filled")?;
            for (version, rowset) in got {
                held.published.entry(version).or_insert(rowset);
            }
            self.changes.touch(tablet, spec.replica);
        }
        let tablet = self.report_of(tablet).ok_or("the replica is gone")?;
        Ok(CloneAnswer {
            tablet,
            full,
            bytes,
            files,
            millis,
        })
    }
}
