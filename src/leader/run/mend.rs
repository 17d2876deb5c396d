//! After the journal or the core has failed: refuse writers, and go on with a new core once the journal can be opened again.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::catalog::state::Catalog;
use crate::code::Failure;
use crate::leader::core::Core;
use crate::leader::run::trouble::Trouble;
use crate::leader::run::{Shell, recover};
use crate::store::error::Error;
use crate::store::journal::Journal;

/// The first wait before the journal is opened again; it doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

impl<J: Journal> Shell<J> {
    /// Tries until a new core is recovered: the core, its epoch, and what the checkpoint covers. `None` when the
    /// process stops before that.
    pub(super) async fn mend(&mut self, old: Core, trouble: Trouble) -> Option<(Core, u64, u64)> {
        tracing::error!(%trouble, "statements that change something are refused");
        if let Trouble::Refused(why) = &trouble {
            self.publisher.refused(&old, why, self.clock.now());
        }
        let mut trouble = trouble;
        let mut pause = PAUSE;
        loop {
            if !matches!(trouble, Trouble::Refused(_)) {
                self.publisher.troubled(trouble.to_string());
            }
            let again = trouble.passing().then(|| Instant::now() + pause);
            self.refuse(&trouble, again).await?;
            match self.reopen().await {
                Ok((catalog, seq, epoch, covered)) => {
                    tracing::info!(seq, epoch, "the leader works again");
                    // Settings made while running, and what backends said, are not in the journal.
                    let config = old.config().as_ref().clone();
                    let mut core = Core::recover(catalog, seq, config, self.clock.now());
                    core.adopt_observed(&old);
                    return Some((core, epoch, covered));
                }
                Err(error) => {
                    tracing::warn!(%error, "the journal can't be opened yet");
                    trouble = error.into();
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// Answers every request with `trouble` until the instant; for ever without one. `None` when the process stops.
    async fn refuse(&mut self, trouble: &Trouble, until: Option<Instant>) -> Option<()> {
        loop {
            let wait = async {
                match until {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => return None,
                () = wait => return Some(()),
                asked = self.requests.recv() => {
                    let told = Failure::from(trouble.clone());
                    let _ = asked?.reply.send(Err(told));
                }
            }
        }
    }

    async fn reopen(&self) -> Result<(Catalog, u64, u64, u64), Error> {
        let epochs = self.epochs.clone();
        let recovered = Arc::new(Mutex::new(None));
        let slot = recovered.clone();
        self.writer
            .reopen(move |journal| {
                let (catalog, seq) = recover::catalog(journal)?;
                let epoch = epochs.lock().begin(seq)?;
                *slot.lock() = Some((catalog, seq, epoch, journal.extent().checkpoint));
                Ok(())
            })
            .await?;
        let found = recovered.lock().take();
        found.ok_or_else(|| Error::Poisoned {
            path: "journal".into(),
            cause: "nothing was recovered from it".to_owned(),
        })
    }
}
