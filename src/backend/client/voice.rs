//! For which frontend calls are made, and whether a node has refused it for another one.

use std::sync::Arc;

use parking_lot::RwLock;
use reqwest::header::HeaderValue;
use tokio::sync::watch;

use crate::backend::api::{Leadership, Standing};

/// Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Voice {
    speaks: Arc<RwLock<Option<(Leadership, HeaderValue)>>>,
    refused: watch::Sender<Option<Arc<str>>>,
}

impl Default for Voice {
    fn default() -> Voice {
        Voice {
            speaks: Arc::default(),
            refused: watch::Sender::new(None),
        }
    }
}

impl Voice {
    /// For this frontend from now on.
    pub(super) fn speak(&self, leadership: &Leadership) {
        let said = serde_json::to_vec(leadership).map(|json| HeaderValue::from_bytes(&json));
        // JSON has no control characters, so it always is a header.
        if let Ok(Ok(header)) = said {
            *self.speaks.write() = Some((leadership.clone(), header));
        }
    }

    pub(super) fn header(&self) -> Option<HeaderValue> {
        let speaks = self.speaks.read();
        speaks.as_ref().map(|(_, header)| header.clone())
    }

    pub(super) fn refused(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.refused.subscribe()
    }

    /// A node obeys another frontend. That holds only if it is right by the rule that all go by: an answer that was under way
    /// while this frontend got further says nothing.
    pub(super) fn was_refused(&self, address: &str, why: &str, obeyed: &Leadership) {
        let speaks = self.speaks.read();
        let own = speaks.as_ref().map(|(own, _)| own.beside(obeyed));
        if own == Some(Standing::Refused) {
            self.refused.send_if_modified(|refused| {
                let first = refused.is_none();
                if first {
                    *refused = Some(format!("node {address}: {why}").into());
                }
                first
            });
        }
    }
}
