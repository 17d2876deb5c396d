//! What the shell lets others see: a snapshot for readers, and settings and backends for those who talk to backends.

use std::sync::Arc;

use tokio::sync::watch;

use crate::clock::{Jump, Timestamp};
use crate::leader::core::Core;
use crate::leader::heartbeat::Wanted;
use crate::view::{FrontendInfo, View};

/// Publishes snapshots of a core.
pub struct Publisher {
    views: watch::Sender<Arc<View>>,
    wanted: watch::Sender<Wanted>,
    frontend: Arc<FrontendInfo>,
}

impl Publisher {
    /// Publishes the first snapshot.
    pub fn new(
        core: &Core,
        frontend: FrontendInfo,
        now: Timestamp,
    ) -> (Publisher, watch::Receiver<Arc<View>>) {
        let frontend = about(core, &Arc::new(frontend));
        let first = Arc::new(view(core, now, &frontend));
        let wanted = watch::Sender::new(wanted(&first));
        let (views, seen) = watch::channel(first);
        let publisher = Publisher {
            views,
            wanted,
            frontend,
        };
        (publisher, seen)
    }

    /// This frontend, as it was published last.
    pub fn frontend(&self) -> &FrontendInfo {
        &self.frontend
    }

    /// The wall clock of the machine was set.
    pub fn jumped(&mut self, jump: Jump) {
        self.frontend = Arc::new(FrontendInfo {
            jump: Some(jump),
            ..FrontendInfo::clone(&self.frontend)
        });
    }

    /// Shows readers that this frontend is not obeyed any more.
    pub fn refused(&mut self, core: &Core, why: &str, now: Timestamp) {
        self.frontend = Arc::new(FrontendInfo {
            refused: why.to_owned(),
            ..FrontendInfo::clone(&self.frontend)
        });
        self.publish(core, now);
    }

    /// Follows settings and backends; wakes up only when one of them has changed.
    pub fn wanted(&self) -> watch::Receiver<Wanted> {
        self.wanted.subscribe()
    }

    /// Publishes that nothing can be changed, and why; everything else stays as readers know it. Ends with the next core.
    pub fn troubled(&mut self, why: String) {
        self.frontend = Arc::new(FrontendInfo {
            trouble: why,
            ..FrontendInfo::clone(&self.frontend)
        });
        let known = self.views.borrow().clone();
        let view = Arc::new(View {
            connections: 0,
            frontend: self.frontend.clone(),
            ..View::clone(&known)
        });
        drop(self.views.send_replace(view));
    }

    /// Publishes the core as it is. Readers that hold an older snapshot keep it.
    pub fn publish(&mut self, core: &Core, now: Timestamp) {
        self.frontend = about(core, &self.frontend);
        let view = Arc::new(view(core, now, &self.frontend));
        let new = wanted(&view);
        // The old one is dropped outside of the channel's lock.
        drop(self.views.send_replace(view));
        self.wanted.send_if_modified(|old| {
            let same = Arc::ptr_eq(&old.config, &new.config) && old.backends.ptr_eq(&new.backends);
            *old = new;
            !same
        });
    }
}

fn view(core: &Core, now: Timestamp, frontend: &Arc<FrontendInfo>) -> View {
    let (catalog, census) = core.snapshot();
    View {
        connections: 0,
        healing: core.healing(),
        now,
        catalog,
        census,
        config: core.config(),
        frontend: frontend.clone(),
    }
}

fn wanted(view: &View) -> Wanted {
    Wanted {
        config: view.config.clone(),
        backends: view.catalog.backends.clone(),
    }
}

/// The same frontend with what the core says of it.
fn about(core: &Core, frontend: &Arc<FrontendInfo>) -> Arc<FrontendInfo> {
    let (journal_seq, safe_mode) = (core.durable(), core.safe_mode());
    let known = (frontend.journal_seq, frontend.safe_mode);
    if known == (journal_seq, safe_mode) && frontend.trouble.is_empty() {
        return frontend.clone();
    }
    Arc::new(FrontendInfo {
        journal_seq,
        safe_mode,
        trouble: String::new(),
        ..FrontendInfo::clone(frontend)
    })
}
