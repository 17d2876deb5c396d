//! Whose turn it is: queries that have worked for long work one after the other, a slice each, so that young ones find
//! a processor free.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turns of a process. Clones are handles to the same ones.
#[derive(Debug, Clone)]
pub struct Turns(Arc<Semaphore>);

/// A turn; it ends when the value is dropped.
pub struct Turn(#[allow(dead_code)] OwnedSemaphorePermit);

/// A place in the row of those who wait for their turn.
#[derive(Default)]
pub struct Waiting(Option<Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>>);

impl Turns {
    /// `count` may work at once.
    pub fn new(count: usize) -> Turns {
        Turns(Arc::new(Semaphore::new(count)))
    }

    /// A turn, when it is ours: first come, first served.
    pub fn poll(&self, waiting: &mut Waiting, cx: &mut Context<'_>) -> Poll<Option<Turn>> {
        if waiting.0.is_none() {
            if let Ok(turn) = self.0.clone().try_acquire_owned() {
                return Poll::Ready(Some(Turn(turn)));
            }
            let turn = self.0.clone().acquire_owned();
            waiting.0 = Some(Box::pin(async move { turn.await.ok() }));
        }
        let Some(future) = &mut waiting.0 else {
            return Poll::Ready(None);
        };
        let turn = std::task::ready!(future.as_mut().poll(cx));
        waiting.0 = None;
        Poll::Ready(turn.map(Turn))
    }
}
