//! Clones: a replica gets what it lacks from a peer, whole or not at all.
//!
//! Owns one clone from its call to its answer. `running` knows which ones run, `plan` which rowsets are needed, `fetch`
//! brings their files, `install` makes them a part of the replica in one change, and `source` is the peer's side.
//!
//! What keeps a clone right: a rowset's rows never change, so what was fetched stays valid whatever source and
//! destination do meanwhile; files have no metadata until the one change that names them all, so that a clone which ends
//! early leaves nothing; and that change looks at the replica as it is then, not as it was at the beginning.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::backend::api::{
    CloneAnswer, CloneTablet, DescribeReplica, ReleaseReplica, ReplicaRowsets,
};
use crate::backend::client::{Call, Client};
use crate::backend::clone::fetch::{Fetch, Fetched};
use crate::backend::clone::install::Install;
use crate::backend::clone::plan::{Span, reach};
use crate::backend::clone::running::{Clones, Progress};
use crate::backend::clone::source::Holds;
use crate::backend::error::Error;
use crate::backend::open;
use crate::backend::options::Settings;
use crate::backend::path::Path;
use crate::backend::publish::interrupted;
use crate::backend::state::State;
use crate::backend::tablet::{Columns, Tablet};
use crate::backend::whereabouts::{self, Whereabouts};
use crate::fault;
use crate::ids::{ReplicaId, TabletId, Version};

mod fetch;
mod install;
mod place;
pub mod plan;
pub mod running;
pub mod source;

/// How long a source may take to describe a replica.
const DESCRIBE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a source is asked what is new; then what was fetched is published, and the rest is left to a later clone.
const ROUNDS_MAX: usize = 10;

/// What a backend needs to copy replicas and to let them be copied.
#[derive(Debug)]
pub struct Copying {
    /// Makes the calls to sources.
    pub client: Client,
    /// The clones that run here.
    pub running: Clones,
    /// What others copy from here.
    pub holds: Holds,
    room: Arc<Semaphore>,
}

impl Copying {
    /// Nothing is copied yet.
    ///
    /// # Errors
    /// The token can't be sent.
    pub fn new(token: &str, settings: &Settings) -> Result<Copying, Error> {
        Ok(Copying {
            client: Client::new(token).map_err(|e| Error::Options(e.to_string()))?,
            running: Clones::default(),
            holds: Holds::default(),
            room: Arc::new(Semaphore::new(settings.clones_max)),
        })
    }

    fn room(&self) -> Result<OwnedSemaphorePermit, Error> {
        let room = self.room.clone().try_acquire_owned();
        room.map_err(|_| Error::Busy("as many clones run as this backend takes".to_owned()))
    }
}

/// Clones a replica, or waits for the clone of it that runs. It goes on when the caller goes away.
///
/// # Errors
/// Why the replica is as it was before.
pub async fn clone(state: &State, request: CloneTablet) -> Result<CloneAnswer, Error> {
    if request.columns.is_empty() || request.key_columns > request.columns.len() {
        return Err(Error::Request(
            "a tablet needs columns, and no more key columns than those".to_owned(),
        ));
    }
    let replica = request.spec.replica;
    let mut result = running::enter(state, request)?;
    let answer = match result.wait_for(Option::is_some).await {
        Ok(answer) => answer.clone().unwrap_or(Err(Error::Stopping)),
        Err(_) => Err(Error::Stale(format!(
            "the clone of replica {replica} was given up: a newer one began, the replica was dropped, or the backend stops"
        ))),
    };
    fault::hit("backend::before_clone_answer").map_err(interrupted)?;
    answer
}

/// One clone under way.
struct Cloning {
    state: State,
    request: CloneTablet,
    columns: Arc<Columns>,
    fetch: Fetch,
    progress: Arc<Progress>,
    /// The source may hold files for this clone.
    held: AtomicBool,
}

/// What a clone begins from.
struct Base {
    /// The copy of the tablet that is here, with its path.
    held: Option<(Arc<Path>, Arc<Tablet>)>,
    /// It is the replica that is asked for, and can be read: only what it lacks is fetched.
    sound: bool,
}

impl Cloning {
    fn new(state: &State, request: CloneTablet, progress: Arc<Progress>) -> Result<Cloning, Error> {
        let columns = open::columns_of(request.columns.clone(), request.key_columns)?;
        Ok(Cloning {
            state: state.clone(),
            columns: Arc::new(columns),
            fetch: Fetch::new(state, &request, progress.clone()),
            request,
            progress,
            held: AtomicBool::new(false),
        })
    }

    /// Runs it to its end.
    async fn run(&self) -> Result<CloneAnswer, Error> {
        let result = match self.attempt(false).await {
            Ok(None) => match self.attempt(true).await {
                Ok(None) => Err(self.failed("its rowsets do not line up with those held here")),
                other => other,
            },
            other => other,
        };
        self.release();
        result.and_then(|answer| answer.ok_or(Error::Stopping))
    }

    /// Copies and publishes. `whole`: everything, although the replica here is sound. Where rowsets do not line up, what
    /// lies above their last common cut is copied; none when there is no such cut, so that everything must be.
    async fn attempt(&self, whole: bool) -> Result<Option<CloneAnswer>, Error> {
        let base = self.base()?;
        let full = whole || !base.sound;
        let mut path = base
            .held
            .as_ref()
            .filter(|_| base.sound)
            .map(|(p, _)| p.clone());
        let mut have: Vec<Fetched> = Vec::new();
        let mut above = None;
        for _ in 0..ROUNDS_MAX {
            let source = self.describe().await?;
            let spans: Vec<Span> = source.rowsets.iter().map(Span::from).collect();
            let mut held = if full { Vec::new() } else { self.held_spans() };
            held.retain(|h| above.is_none_or(|cut| h.end <= cut));
            for fetched in &have {
                plan::insert(&mut held, Span::from(&fetched.record), |s| *s);
            }
            let Some(wanted) = plan::missing(&held, &spans) else {
                let cut = plan::common_cut(&self.held_spans(), &spans);
                if full || above.is_some() || cut.is_none() {
                    return Ok(None);
                }
                // What was fetched before is found again by its name.
                (above, have) = (cut, Vec::new());
                continue;
            };
            self.must_reach(held.iter().chain(&spans).copied())?;
            if wanted.is_empty() {
                break;
            }
            let wanted: Vec<_> = wanted
                .into_iter()
                .filter_map(|at| source.rowsets.get(at).cloned())
                .collect();
            let path = match &path {
                Some(path) => path,
                None => {
                    let bytes = wanted
                        .iter()
                        .flat_map(|r| &r.segments)
                        .map(|s| s.bytes)
                        .sum();
                    let own = base.held.as_ref().map(|(p, _)| p);
                    path.insert(place::place(&self.state, &self.request, bytes, own)?)
                }
            };
            if let Some(small) = source.small {
                let came = self.fetch.small(path, &self.columns, &wanted, small);
                if came.await? {
                    self.fetch.gather(path, wanted, &mut have);
                    // What it has beyond that is a moment old, and the next clone's.
                    break;
                }
            }
            self.fetch
                .rowsets(path, &self.columns, wanted, &mut have)
                .await?;
        }
        self.publish(&base, (full, above), path, have).await
    }

    /// What is here, if the replica may be cloned at all.
    fn base(&self) -> Result<Base, Error> {
        let spec = &self.request.spec;
        let here = Whereabouts::now(self.state.paths());
        let trash = here.is_trash(spec.tablet, spec.replica);
        fence(spec.tablet, spec.replica, here.highest(spec.tablet), trash)?;
        let held = here.find(spec.tablet);
        // Where another path is asked for, as its own is full, everything comes there.
        let asked = |path: &Path| path.identity().path == self.request.path_hash;
        let leaves =
            |path: &Path| !asked(path) && self.state.paths().iter().any(|other| asked(other));
        let sound = held.as_ref().is_some_and(|(path, tablet)| {
            tablet.spec.replica == spec.replica
                && tablet.damage.is_none()
                && path.shared.online().is_ok()
                && !leaves(path)
        });
        Ok(Base { held, sound })
    }

    /// The versions that the replica holds at this moment.
    fn held_spans(&self) -> Vec<Span> {
        match self.state.find(self.request.spec.tablet) {
            Ok((_, tablet)) => tablet.rowsets.iter().map(|r| Span::from(&**r)).collect(),
            Err(_) => Vec::new(),
        }
    }

    fn must_reach(&self, spans: impl Iterator<Item = Span>) -> Result<(), Error> {
        let (held, asked) = (reach(spans), self.request.version);
        if held >= asked {
            return Ok(());
        }
        Err(Error::NotHeld {
            tablet: self.request.spec.tablet,
            asked,
            held,
        })
    }

    /// Asks the source what it has up to its first gap; beyond that, only what this replica lacks can be of use, and
    /// the next clone brings it.
    async fn describe(&self) -> Result<ReplicaRowsets, Error> {
        let request = DescribeReplica {
            tablet: self.request.spec.tablet,
            replica: self.request.source_replica,
            copier: self.fetch.copier,
            small_bytes: match self.request.bytes_per_second {
                0 => self.state.settings().clone_small_bytes,
                _ => 0,
            },
        };
        let call = Call::new(&self.request.source, "describe_replica", DESCRIBE_TIMEOUT);
        let client = &self.state.copying().client;
        let held = self.held.swap(true, Ordering::Relaxed);
        let answer: Result<ReplicaRowsets, _> = client.post_json(&call, &request).await;
        let sent = answer.as_ref().is_ok_and(|source| source.small.is_some());
        self.held.store(held || !sent, Ordering::Relaxed);
        let mut source = answer.map_err(|e| self.failed(&e.to_string()))?;
        if let Some(what) = plan::contradiction(&source.rowsets) {
            return Err(self.failed(what));
        }
        let whole = reach(source.rowsets.iter().map(Span::from));
        source.rowsets.retain(|r| r.end <= whole);
        Ok(source)
    }

    /// Makes everything that was fetched a part of the replica, in one change.
    async fn publish(
        &self,
        base: &Base,
        (full, above): (bool, Option<Version>),
        path: Option<Arc<Path>>,
        have: Vec<Fetched>,
    ) -> Result<Option<CloneAnswer>, Error> {
        let Some(path) = path else {
            return Err(self.failed("it holds nothing"));
        };
        // What other paths hold may have changed; what this path holds, the change itself looks at.
        self.base()?;
        let files = have.iter().map(|f| f.segments.len() as u64).sum();
        let install = Install {
            spec: self.request.spec.clone(),
            columns: self.columns.clone(),
            version: self.request.version,
            seen: base.held.as_ref().map(|(_, tablet)| tablet.clone()),
            full,
            above,
            have,
        };
        fault::hit("backend::before_clone_publish").map_err(interrupted)?;
        let (hash, now) = (path.identity().path, self.state.now());
        let installed = path
            .change(move |draft| install.into_draft(draft, hash, now))
            .await?;
        let Some(tablet) = installed else {
            return Ok(None);
        };
        let id = self.request.spec.tablet;
        whereabouts::drop_surplus(&self.state, Some(id)).await;
        self.state.compaction().offer([id]);
        let progress = self.progress.of(id);
        Ok(Some(CloneAnswer {
            tablet,
            full,
            bytes: progress.bytes,
            files,
            millis: progress.millis,
        }))
    }

    /// Tells the source that its files may go. It finds out by itself as well, only later.
    fn release(&self) {
        if !self.held.load(Ordering::Relaxed) {
            return;
        }
        let client = self.state.copying().client.clone();
        let source = self.request.source.clone();
        let copier = self.fetch.copier;
        tokio::spawn(async move {
            let call = Call::new(&source, "release_replica", DESCRIBE_TIMEOUT);
            let released: Result<(), _> = client.post_json(&call, &ReleaseReplica { copier }).await;
            if let Err(error) = released {
                tracing::debug!(%error, "a source was not told that its files may go");
            }
        });
    }

    fn failed(&self, why: &str) -> Error {
        Error::Copy {
            tablet: self.request.spec.tablet,
            source_address: self.request.source.clone(),
            why: why.to_owned(),
        }
    }
}

/// Whether a replica may come to a backend that holds replica `held` of its tablet. Ids only grow and are never given
/// twice, so a lower one is late, and one in the trash was dropped.
fn fence(
    tablet: TabletId,
    replica: ReplicaId,
    held: Option<ReplicaId>,
    in_trash: bool,
) -> Result<(), Error> {
    match held {
        Some(held) if held > replica => Err(Error::Stale(format!(
            "tablet {tablet} is here as replica {held}; replica {replica} is older"
        ))),
        // Its own first files may rest in the trash, when it was filled anew.
        Some(held) if held == replica => Ok(()),
        _ if in_trash => Err(Error::Stale(format!(
            "replica {replica} of tablet {tablet} was dropped; a new replica needs a new id"
        ))),
        _ => Ok(()),
    }
}
