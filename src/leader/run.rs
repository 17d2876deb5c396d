//! The async shell of the leader's core: feeds events, performs actions, publishes snapshots. Decides nothing.
//!
//! One task owns the core. A thread writes the journal. When the journal fails, those who wait are told so, readers go on
//! with the last snapshot, and a new core is recovered as soon as the journal can be opened again: what it holds is the
//! truth, whatever the old core had in mind. The same happens when a core panics over its own decision.

pub mod calls;
pub mod checkpoint;
pub mod mend;
pub mod publish;
pub mod recover;
pub mod term;
pub mod trouble;
pub mod writer;

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::publish::Publisher;
use self::term::{End, Term};
use self::writer::Writer;
use crate::backend::client::Client;
use crate::clock::{Clock, Jump, SystemClock, Timestamp, Watch};
use crate::code::{Code, Failure};
use crate::config::Config;
use crate::leader::core::Core;
use crate::leader::handle::{Asked, Handle, stopping};
use crate::store::epochs::Epochs;
use crate::store::error::Error;
use crate::store::journal::Journal;
use crate::view::FrontendInfo;

/// Requests that wait for the leader's task; more wait with their senders.
const REQUESTS_MAX: usize = 1024;

/// What a leader starts from.
pub struct Start<J> {
    /// The journal, opened and checked.
    pub journal: J,
    /// Numbers the leadership anew at each recovery.
    pub epochs: Box<dyn Epochs>,
    /// Settings of the config file; those that the journal holds prevail.
    pub config: Config,
    /// This frontend, its ports being bound.
    pub frontend: FrontendInfo,
    /// Makes the calls to backends.
    pub client: Client,
    /// The time; it is made to go on from where the journal ends.
    pub clock: Arc<SystemClock>,
}

/// A running leader.
pub struct Leader {
    handle: Handle,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Leader {
    /// Reads the journal and starts. When this returns, requests are taken and the snapshot is complete.
    pub async fn start<J: Journal>(start: Start<J>) -> Result<Leader, Failure> {
        let Start {
            journal,
            mut epochs,
            config,
            mut frontend,
            client,
            clock,
        } = start;
        let takeovers = frontend.takeovers;
        let recovered = tokio::task::spawn_blocking(move || {
            let mut journal = journal;
            recover::found(&mut journal)?;
            recover::take_over(&mut journal, takeovers)?;
            let (catalog, seq) = recover::catalog(&journal)?;
            let epoch = epochs.begin(seq)?;
            Ok::<_, Error>((journal, epochs, catalog, seq, epoch))
        });
        let (journal, epochs, catalog, seq, epoch) = recovered.await.map_err(internal)??;
        tracing::info!(seq, epoch, "journal recovered");
        clock.resume(catalog.time);
        frontend.started = clock.now();
        frontend.jump = jump_since(catalog.time, frontend.started);
        let clock: Arc<dyn Clock> = clock;
        let core = Core::recover(catalog, seq, config, clock.now());
        let covered = journal.extent().checkpoint;
        let writer = Writer::start(journal).map_err(internal)?;
        let (publisher, views) = Publisher::new(&core, frontend, clock.now());
        let (asked, requests) = mpsc::channel(REQUESTS_MAX);
        let stop = CancellationToken::new();
        let shell = Shell {
            writer,
            epochs: Arc::new(Mutex::new(epochs)),
            client,
            clock: clock.clone(),
            publisher,
            requests,
            tokens: 0,
            stop: stop.clone(),
        };
        Ok(Leader {
            handle: Handle::new(asked, views, clock),
            stop,
            task: tokio::spawn(shell.run(core, epoch, covered)),
        })
    }

    /// How others reach it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Takes no more requests, writes what is queued, closes the journal.
    pub async fn stop(self) {
        self.stop.cancel();
        if self.task.await.is_err() {
            tracing::error!("the leader's task ended by a panic");
        }
    }
}

/// What is wrong with a wall clock that shows less at the start than when the journal's last moment was noted.
fn jump_since(last: Option<Timestamp>, now: Timestamp) -> Option<Jump> {
    let jump = Watch::new(last?).look(now).filter(|jump| jump.by_ms < 0);
    if let Some(jump) = &jump {
        tracing::warn!("since the last record of the journal, {jump}");
    }
    jump
}

fn internal(cause: impl std::fmt::Display) -> Failure {
    Failure::new(Code::UNKNOWN, format!("the leader can't start: {cause}"))
}

/// What lives as long as the process, whatever becomes of a core.
struct Shell<J: Journal> {
    writer: Writer<J>,
    epochs: Arc<Mutex<Box<dyn Epochs>>>,
    client: Client,
    clock: Arc<dyn Clock>,
    publisher: Publisher,
    requests: mpsc::Receiver<Asked>,
    /// The last token given.
    tokens: u64,
    stop: CancellationToken,
}

impl<J: Journal> Shell<J> {
    async fn run(mut self, core: Core, epoch: u64, covered: u64) {
        let mut next = Some((core, epoch, covered));
        while let Some((core, epoch, covered)) = next.take() {
            let (core, end) = Term::new(&mut self, core, epoch, covered).run().await;
            match end {
                End::Stopped => break,
                End::Troubled(trouble) => next = self.mend(core, trouble).await,
            }
        }
        self.requests.close();
        while let Some(asked) = self.requests.recv().await {
            let _ = asked.reply.send(Err(stopping()));
        }
        let (writer, epochs) = (self.writer, self.epochs);
        let closed = tokio::task::spawn_blocking(move || {
            let last = writer.stop().durable;
            epochs.lock().rest(last)
        });
        match closed.await {
            Ok(Ok(())) => {}
            Ok(Err(cause)) => tracing::warn!(%cause, "the end of the journal was not noted"),
            Err(cause) => tracing::error!(%cause, "the journal could not be closed"),
        }
    }
}

#[cfg(test)]
mod tests;
