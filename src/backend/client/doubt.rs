//! Nodes that gave no answer when they were last called. They are in doubt until one of their answers arrives, so that who
//! has a choice takes another; heartbeats alone would take some intervals to tell.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::RwLock;

use crate::backend::client::Error;

/// Addresses (`host:port`) of the nodes in doubt, each with when it last took no connection. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Doubts(Arc<RwLock<BTreeMap<String, Option<Instant>>>>);

impl Doubts {
    /// Whether the last call to the node had no answer.
    pub(super) fn of(&self, address: &str) -> bool {
        self.0.read().contains_key(address)
    }

    /// Learns from what came of a call. A refusal is an answer: the node lives.
    pub(super) fn learn<T>(&self, address: &str, result: &Result<T, Error>) {
        match result {
            Err(Error::Lost { .. } | Error::Late { .. }) => self.doubt(address),
            Ok(_) | Err(Error::Refused { .. } | Error::Client { .. }) => {
                // Mostly nobody is in doubt, and then no call waits for another.
                if self.of(address) {
                    self.0.write().remove(address);
                }
            }
        }
    }

    /// The node gave no answer.
    pub(super) fn doubt(&self, address: &str) {
        if !self.of(address) {
            self.0.write().insert(address.to_owned(), None);
        }
    }

    /// The node takes no connection.
    pub(super) fn unreached(&self, address: &str) {
        let now = Some(Instant::now());
        self.0.write().insert(address.to_owned(), now);
    }

    /// Whether the node has taken no connection within the last `span`, and was not heard since.
    pub(super) fn unreached_within(&self, address: &str, span: Duration) -> bool {
        let last = self.0.read().get(address).copied().flatten();
        last.is_some_and(|at| at.elapsed() < span)
    }
}
