//! Replicas with a lost or wrong file that are not marked bad, because nobody could do without them: what of them can be
//! read is still read. Frontends hear of the cause, so that people do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::backend::report::Log;
use crate::backend::tablet::Tablet;
use crate::ids::TabletId;

/// How long what a frontend said of a replica holds before it is asked again.
const ASKED_LATELY: Duration = Duration::from_secs(10);

/// What is in doubt, by tablet.
#[derive(Debug, Default)]
pub struct Doubts {
    by_tablet: Mutex<BTreeMap<TabletId, Doubt>>,
    /// Held by whoever looks whether all files are there.
    pub looking: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Doubt {
    file: PathBuf,
    why: String,
    noted: Instant,
}

impl Doubts {
    /// A file of a replica is lost or wrong, and the replica stays as it is.
    pub fn note(&self, tablet: TabletId, file: &Path, why: &str, log: &Log) {
        let doubt = Doubt {
            file: file.to_owned(),
            why: why.to_owned(),
            noted: Instant::now(),
        };
        let old = self.by_tablet.lock().insert(tablet, doubt);
        if old.is_none_or(|old| old.file != file) {
            log.touch(&BTreeSet::from([tablet]));
        }
    }

    /// Whether a file of the tablet was noted just now.
    pub fn is_fresh(&self, tablet: TabletId) -> bool {
        let doubts = self.by_tablet.lock();
        let known = doubts.get(&tablet);
        known.is_some_and(|doubt| doubt.noted.elapsed() < ASKED_LATELY)
    }

    /// What is the matter with a replica. Forgets it when the file is not one of its files any more.
    pub fn of(&self, tablet: &Tablet) -> Option<String> {
        let mut doubts = self.by_tablet.lock();
        let doubt = doubts.get(&tablet.id())?;
        let mut files = tablet.rowsets.iter().flat_map(|r| &r.segments);
        if files.any(|segment| segment.path() == doubt.file) {
            return Some(doubt.why.clone());
        }
        doubts.remove(&tablet.id());
        None
    }
}
