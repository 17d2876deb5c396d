//! Nodes that gave no answer when they were last called. They are in doubt until one of their answers arrives, so that who
//! has a choice takes another; heartbeats alone would take some intervals to tell.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::backend::client::Error;

/// Addresses (`host:port`) of the nodes in doubt. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Doubts(Arc<RwLock<BTreeSet<String>>>);

impl Doubts {
    /// Whether the last call to the node had no answer.
    pub(super) fn of(&self, address: &str) -> bool {
        self.0.read().contains(address)
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

    /// The node can't be reached.
    pub(super) fn doubt(&self, address: &str) {
        if !self.of(address) {
            self.0.write().insert(address.to_owned());
        }
    }
}
