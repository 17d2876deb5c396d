//! A backend at work: its storage paths and what it has learned from the frontend. Cheap to clone; every call of the
//! listener and every background task has one.

mod frontend;
mod node;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::sync::Semaphore;

use self::frontend::Frontend;
use crate::backend::api::SegmentsAnswer;
use crate::backend::clone::Copying;
use crate::backend::compact::Queue;
use crate::backend::doubts::Doubts;
use crate::backend::error::Error;
use crate::backend::meta;
use crate::backend::metrics::Metrics;
use crate::backend::options::{Options, Settings};
use crate::backend::pace::Pace;
use crate::backend::path::Path;
use crate::backend::report::Log;
use crate::backend::tablet::Tablet;
use crate::backend::turns::Turns;
use crate::backend::whereabouts::Whereabouts;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::ids::{NodeId, TabletId, TxnId};

/// Most ended transactions that are remembered, so that late rows of theirs are refused.
const ENDED_MAX: usize = 1 << 16;

/// A running backend.
#[derive(Debug, Clone)]
pub struct State(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    paths: Vec<Arc<Path>>,
    settings: Settings,
    clock: Arc<SystemClock>,
    started: Timestamp,
    log: Arc<Log>,
    node: NodeId,
    frontend: RwLock<Frontend>,
    /// One frontend at a time takes the place of another.
    obeying: tokio::sync::Mutex<()>,
    ended: Mutex<Ended>,
    creating: Mutex<BTreeMap<TabletId, usize>>,
    trash_expire_ms: AtomicU64,
    scans: Arc<Semaphore>,
    loads: Arc<Semaphore>,
    compaction: Queue,
    copying: Copying,
    digests: Semaphore,
    checks: Turns<(bool, bool), SegmentsAnswer>,
    doubts: Doubts,
    digest_pace: Pace,
    metrics: Metrics,
}

#[derive(Debug, Default)]
struct Ended {
    known: BTreeSet<TxnId>,
    order: VecDeque<TxnId>,
}

/// A storage path with what belongs there.
pub type OnPath<T> = (Arc<Path>, Vec<T>);

impl State {
    /// Opens the storage paths. Blocks.
    ///
    /// # Errors
    /// No path can be used, one is in use by another process, they belong to different clusters or nodes, or one is a copy.
    pub fn open(options: &Options) -> Result<State, Error> {
        options.check()?;
        let clock = Arc::new(SystemClock::new());
        let micros = clock.now().wall_ms().saturating_mul(1000);
        let log = Arc::new(Log::new(u64::try_from(micros).unwrap_or(0)));
        let paths = open_paths(options, &log)?;
        clock.resume(paths.iter().filter_map(|p| p.reached).max());
        let frontend = Frontend::remembered(&paths);
        let (frontend, node) = match frontend.and_then(|known| Ok((known, node::of(&paths)?))) {
            Ok(known) => known,
            Err(error) => {
                paths.iter().for_each(Path::close);
                return Err(error);
            }
        };
        let settings = options.settings.clone();
        let state = State(Arc::new(Inner {
            paths: paths.into_iter().map(Arc::new).collect(),
            started: clock.now(),
            clock,
            log,
            node,
            frontend: RwLock::new(frontend),
            obeying: tokio::sync::Mutex::default(),
            ended: Mutex::default(),
            creating: Mutex::default(),
            trash_expire_ms: AtomicU64::new(
                u64::try_from(settings.trash_expire.as_millis()).unwrap_or(u64::MAX),
            ),
            scans: Arc::new(Semaphore::new(settings.scans_max)),
            loads: Arc::new(Semaphore::new(settings.loads_max)),
            compaction: Queue::default(),
            digests: Semaphore::new(settings.digests_max.max(1)),
            checks: Turns::default(),
            doubts: Doubts::default(),
            digest_pace: Pace::new(settings.scrub_bytes_per_second),
            copying: Copying::new(&options.token, &settings)?,
            metrics: Metrics::default(),
            settings,
        }));
        state.speak_as_remembered();
        state.offer_all();
        Ok(state)
    }

    /// The storage paths, those that are offline as well.
    pub fn paths(&self) -> &[Arc<Path>] {
        &self.0.paths
    }

    /// How the background work behaves.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The present moment by the time of this backend.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// When the process started. No two processes of a backend have the same moment.
    pub fn started(&self) -> Timestamp {
        self.0.started
    }

    /// The order of changes.
    pub fn log(&self) -> &Log {
        &self.0.log
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Tablets that wait for compaction.
    pub fn compaction(&self) -> &Queue {
        &self.0.compaction
    }

    /// What is needed to copy replicas, and to let them be copied.
    pub fn copying(&self) -> &Copying {
        &self.0.copying
    }

    /// How fast files are read for digests, all together.
    pub fn digest_pace(&self) -> &Pace {
        &self.0.digest_pace
    }

    /// Room for digests.
    pub fn digests(&self) -> &Semaphore {
        &self.0.digests
    }

    /// Turns at looking for lost segments, by whether to repair and whether to compare checksums.
    pub fn checks(&self) -> &Turns<(bool, bool), SegmentsAnswer> {
        &self.0.checks
    }

    /// Replicas that are not marked bad though something is the matter with them.
    pub fn doubts(&self) -> &Doubts {
        &self.0.doubts
    }

    /// Scans that run now.
    pub fn running_scans(&self) -> u64 {
        let free = self.0.scans.available_permits();
        self.0.settings.scans_max.saturating_sub(free) as u64
    }

    /// Room for scans.
    pub fn scans(&self) -> &Arc<Semaphore> {
        &self.0.scans
    }

    /// Room for loads.
    pub fn loads(&self) -> &Arc<Semaphore> {
        &self.0.loads
    }

    /// The tablet and its path.
    ///
    /// # Errors
    /// It is not here.
    pub fn find(&self, tablet: TabletId) -> Result<(Arc<Path>, Arc<Tablet>), Error> {
        let found = Whereabouts::now(&self.0.paths).find(tablet);
        found.ok_or(Error::UnknownTablet(tablet))
    }

    /// Sorts items by the path of their tablet; those whose tablet is not here come back on their own.
    pub fn by_path<T>(
        &self,
        items: Vec<T>,
        tablet: impl Fn(&T) -> TabletId,
    ) -> (Vec<OnPath<T>>, Vec<T>) {
        let here = Whereabouts::now(&self.0.paths);
        let mut sorted: Vec<Vec<T>> = self.0.paths.iter().map(|_| Vec::new()).collect();
        let mut unknown = Vec::new();
        for item in items {
            let id = tablet(&item);
            match here.of(id).and_then(|(at, _)| sorted.get_mut(at)) {
                Some(own) => own.push(item),
                None => unknown.push(item),
            }
        }
        let found = self.0.paths.iter().cloned().zip(sorted);
        (
            found.filter(|(_, items)| !items.is_empty()).collect(),
            unknown,
        )
    }

    /// Remembers that a transaction has ended here.
    pub fn end(&self, txn: TxnId) {
        let ended = &mut *self.0.ended.lock();
        if ended.known.insert(txn) {
            ended.order.push_back(txn);
        }
        if ended.order.len() > ENDED_MAX
            && let Some(oldest) = ended.order.pop_front()
        {
            ended.known.remove(&oldest);
        }
    }

    /// Whether a transaction is known to have ended here.
    pub fn has_ended(&self, txn: TxnId) -> bool {
        self.0.ended.lock().known.contains(&txn)
    }

    /// Which tablets are being created, and on which path (its index), so that a repeated call takes the same one.
    pub fn creating(&self) -> &Mutex<BTreeMap<TabletId, usize>> {
        &self.0.creating
    }

    /// How long dropped replicas rest in the trash.
    pub fn trash_expire(&self) -> Duration {
        Duration::from_millis(self.0.trash_expire_ms.load(Ordering::Relaxed))
    }

    /// Closes the storage paths. Blocks until what waits is durable.
    pub fn close(&self) {
        for path in &self.0.paths {
            path.close();
        }
    }

    fn offer_all(&self) {
        let least = self.0.settings.compaction_rowsets_min;
        for path in &self.0.paths {
            let contents = path.shared.contents();
            let many = contents
                .tablets
                .values()
                .filter(|t| t.rowsets.len() >= least);
            self.0.compaction.offer(many.map(|t| t.id()));
        }
    }
}

fn open_paths(options: &Options, log: &Arc<Log>) -> Result<Vec<Path>, Error> {
    let mut paths: Vec<Path> = Vec::new();
    for wanted in &options.paths {
        let open = || Path::open(wanted.clone(), options.settings.disk_reserve, log.clone());
        match meta::fenced(&wanted.dir, open) {
            Ok(path) => paths.push(path),
            Err(error @ Error::Locked { .. }) => {
                paths.iter().for_each(Path::close);
                return Err(error);
            }
            Err(error) if options.paths.len() == 1 => return Err(error),
            Err(error) => paths.push(Path::broken(wanted.clone(), &error, log.clone())),
        }
    }
    if paths.iter().all(|p| p.shared.online().is_err()) {
        return Err(Error::Options(format!(
            "no storage path can be used: {}",
            paths
                .iter()
                .filter_map(|p| p.shared.online().err())
                .map(|e| e.to_string())
                .collect::<Vec<_>>()
                .join("; ")
        )));
    }
    Ok(paths)
}
