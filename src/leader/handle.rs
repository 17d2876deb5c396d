//! How the surfaces reach the leader: requests one way, snapshots the other.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::Clock;
use crate::code::{Code, Failure};
use crate::config::Config;
use crate::leader::request::{Reply, Request};
use crate::view::View;

/// A request on its way to the leader, and where its answer goes.
pub struct Asked {
    /// What is wished.
    pub request: Request,
    /// Who waits.
    pub reply: oneshot::Sender<Result<Reply, Failure>>,
}

/// A cheap way to a leader; clones reach the same one.
#[derive(Clone)]
pub struct Handle {
    requests: mpsc::Sender<Asked>,
    views: watch::Receiver<Arc<View>>,
    clock: Arc<dyn Clock>,
}

impl Handle {
    /// A handle to the task that receives `requests` and publishes `views`.
    pub fn new(
        requests: mpsc::Sender<Asked>,
        views: watch::Receiver<Arc<View>>,
        clock: Arc<dyn Clock>,
    ) -> Handle {
        Handle {
            requests,
            views,
            clock,
        }
    }

    /// Asks for a change and waits until it is durable, or refused. Dropping the future does not take it back.
    pub async fn request(&self, request: Request) -> Result<Reply, Failure> {
        let (reply, answer) = oneshot::channel();
        self.requests
            .send(Asked { request, reply })
            .await
            .map_err(|_| stopping())?;
        answer.await.unwrap_or_else(|_| Err(stopping()))
    }

    /// What exists at this moment. Takes microseconds; no writer waits for it, and it waits for none.
    pub fn view(&self) -> View {
        let published = self.views.borrow().clone();
        View {
            connections: 0,
            now: self.clock.now(),
            ..View::clone(&published)
        }
    }

    /// The settings in force.
    pub fn config(&self) -> Arc<Config> {
        self.views.borrow().config.clone()
    }

    /// Wakes up with each new snapshot.
    pub fn views(&self) -> watch::Receiver<Arc<View>> {
        self.views.clone()
    }
}

/// The answer to those whose request a stopping leader did not get to; whether it took effect is not known.
pub fn stopping() -> Failure {
    Failure::new(
        Code::SERVER_SHUTDOWN,
        "this frontend is stopping; ask again when it is back, a request that was under way may have taken effect",
    )
}
