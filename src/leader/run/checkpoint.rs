//! When a checkpoint is due, and writing it beside the work: cut from a snapshot, piece by piece, off the leader's task.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::catalog::checkpoint;
use crate::catalog::state::Catalog;
use crate::config::Config;
use crate::leader::run::recover;
use crate::leader::run::writer::Checkpoints;
use crate::store::error::Error;
use crate::store::journal::Journal;

/// After a failed checkpoint the next one waits so long.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(30);

/// Keeps the journal short.
pub struct Checkpointer {
    /// The record that the last checkpoint covers.
    covered: u64,
    /// When the last one was finished, or the journal opened.
    since: Instant,
    running: Option<(u64, JoinHandle<Result<u32, String>>)>,
    not_before: Instant,
}

impl Checkpointer {
    /// For a journal whose checkpoint covers records up to `covered`.
    pub fn new(covered: u64) -> Checkpointer {
        Checkpointer {
            covered,
            since: Instant::now(),
            running: None,
            not_before: Instant::now(),
        }
    }

    /// Whether one should be started now, records up to `durable` being in the journal.
    pub fn due(&self, durable: u64, config: &Config) -> bool {
        let records = durable.saturating_sub(self.covered);
        let interval = Duration::from_secs(config.journal_checkpoint_interval_second);
        records > 0
            && self.running.is_none()
            && Instant::now() >= self.not_before
            && (records >= config.journal_checkpoint_records || self.since.elapsed() >= interval)
    }

    /// Starts one of `catalog`, which holds exactly the records up to `seq`.
    pub fn start<J: Journal>(&mut self, seq: u64, catalog: Catalog, to: Checkpoints<J>) {
        let task = tokio::spawn(write(seq, catalog, to));
        self.running = Some((seq, task));
    }

    /// Waits for the one that runs; for ever when none does.
    pub async fn finished(&mut self) {
        let Some((seq, task)) = &mut self.running else {
            return std::future::pending().await;
        };
        let (seq, ended) = (*seq, task.await);
        self.running = None;
        match ended.unwrap_or_else(|e| Err(e.to_string())) {
            Ok(chunks) => {
                tracing::info!(seq, chunks, "checkpoint written");
                self.covered = seq;
                self.since = Instant::now();
            }
            Err(cause) => {
                tracing::warn!(
                    seq,
                    cause,
                    "checkpoint failed; the journal keeps its records"
                );
                self.not_before = Instant::now() + PAUSE_AFTER_FAILURE;
            }
        }
    }

    /// Gives up the one that runs; what it has written has no effect.
    pub fn abandon(&mut self) {
        if let Some((_, task)) = self.running.take() {
            task.abort();
        }
    }
}

/// Cuts and encodes on a thread for such work, one chunk ahead of the journal.
async fn write<J: Journal>(seq: u64, catalog: Catalog, to: Checkpoints<J>) -> Result<u32, String> {
    let (pass, mut encoded) = tokio::sync::mpsc::channel(1);
    let encoder = tokio::task::spawn_blocking(move || {
        for chunk in checkpoint::chunks(&catalog) {
            let bytes = recover::chunk(&chunk);
            // The other side is gone when the checkpoint was given up.
            if pass.blocking_send(bytes).is_err() {
                return;
            }
        }
    });
    let told = |e: Error| e.to_string();
    let mut chunks = 0;
    while let Some(bytes) = encoded.recv().await {
        to.chunk(seq, chunks, bytes?).await.map_err(told)?;
        chunks += 1;
    }
    encoder.await.map_err(|e| e.to_string())?;
    to.finish(seq, chunks).await.map_err(told)?;
    Ok(chunks)
}
