//! Doubt: nodes that gave no answer when they were last called, or none while others did. They are in doubt until one of
//! their answers arrives, so that who has a choice takes another: reads, redirects of loads, sources of copies; and loads and
//! publishes that can do without them do not wait. Heartbeats alone would take some intervals to tell.
//!
//! The one place that says whether a node shows signs of life. A process that is stopped, or a machine that hangs, is sent
//! bytes and even connections without an error, so a small call must be answered: `ping`. Does not decide who is waited for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::RwLock;

use crate::backend::client::{Call, Client, Error};

/// For so long it is not asked again who was silent.
const SILENT: Duration = Duration::from_secs(1);

/// Addresses (`host:port`) of the nodes in doubt, each with when it was last silent. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Doubts(Arc<RwLock<BTreeMap<String, Option<Instant>>>>);

impl Doubts {
    /// Whether the last call to the node had no answer.
    fn of(&self, address: &str) -> bool {
        self.0.read().contains_key(address)
    }

    /// Learns from what came of a call. A refusal is an answer: the node lives.
    pub(super) fn learn<T>(&self, address: &str, result: &Result<T, Error>) {
        if result.as_ref().err().is_some_and(is_silence) {
            self.doubt(address);
        } else if self.of(address) {
            // Mostly nobody is in doubt, and then no call waits for another.
            self.0.write().remove(address);
        }
    }

    /// The node gave no answer.
    pub(super) fn doubt(&self, address: &str) {
        if !self.of(address) {
            self.0.write().insert(address.to_owned(), None);
        }
    }

    /// The node shows no sign of life.
    fn silent(&self, address: &str) {
        let now = Some(Instant::now());
        self.0.write().insert(address.to_owned(), now);
    }

    /// Whether the node was found silent within the last `span`, and was not heard since.
    pub(super) fn silent_within(&self, address: &str, span: Duration) -> bool {
        let last = self.0.read().get(address).copied().flatten();
        last.is_some_and(|at| at.elapsed() < span)
    }
}

impl Client {
    /// Whether the node at `address` gave no answer to its last call, or none while others did. Costs no call.
    pub fn doubts(&self, address: &str) -> bool {
        self.doubts.of(address)
    }

    /// The addresses of all nodes in doubt.
    pub fn doubted(&self) -> BTreeSet<String> {
        self.doubts.0.read().keys().cloned().collect()
    }

    /// The node at `address` has not done what others did in the same time: it is in doubt from now on.
    pub fn outpaced(&self, address: &str) {
        if !self.doubts(address) {
            tracing::warn!(
                address,
                "a node is in doubt: others have answered, and it has not"
            );
        }
        self.doubts.doubt(address);
    }

    /// Whether the node at `address` answers within `limit`, with whatever. One that does not is in doubt from now on.
    pub async fn answers(&self, address: &str, limit: Duration) -> bool {
        self.asked(address, limit).await.is_ok()
    }

    /// Ends when the node at `address` has shown no sign of life for `wait`: a call to it is then not slow but lost, though
    /// its own connection may hear nothing of that for minutes. With a node in doubt there is less patience, and one that
    /// was found silent a moment ago is not asked again.
    pub async fn gone(&self, address: &str, wait: Duration) {
        if self.doubts.silent_within(address, SILENT) {
            return;
        }
        let half = wait / 2;
        let mut limit = wait / 10;
        // One connection may break though its node lives.
        let mut lost = u32::from(self.doubts(address));
        if lost == 0 {
            limit = half;
            tokio::time::sleep(half).await;
        }
        loop {
            match self.asked(address, limit).await {
                Ok(()) => {
                    (lost, limit) = (0, half);
                    tokio::time::sleep(half).await;
                }
                Err(Error::Late { .. }) => return,
                Err(_) if lost > 0 => return,
                Err(_) => lost += 1,
            }
        }
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// There was none.
    async fn asked(&self, address: &str, limit: Duration) -> Result<(), Error> {
        let call = Call::new(address, "ping", limit);
        match self.post_json::<_, serde::de::IgnoredAny>(&call, &()).await {
            Err(error) if is_silence(&error) => {
                self.doubts.silent(address);
                Err(error)
            }
            _ => Ok(()),
        }
    }
}

fn is_silence(error: &Error) -> bool {
    matches!(error, Error::Lost { .. } | Error::Late { .. })
}
