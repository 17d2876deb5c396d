//! The last guard of memory: while queries run it looks at what the process really holds, and ends the largest query
//! before that is too much. What nobody counts is found by nothing else.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::code::{Code, Failure};
use crate::memory::{self, Account};
use crate::system::control::Control;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// Looks for which a query that was ended has time to give its memory back.
const PATIENCE: u32 = 10;
/// Bytes by which the process may grow besides what its queries may use.
const SLACK: u64 = 1 << 30;

/// The guard. Its thread looks only while there are queries, and ends with the value.
#[derive(Default)]
pub(super) struct Guard(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Default)]
struct State {
    queries: Vec<Weak<Control>>,
    process: Option<Account>,
    begun: bool,
    over: bool,
}

impl Guard {
    /// Watches a query for as long as anything holds it.
    pub(super) fn watch(&self, control: &Arc<Control>, process: &Account) {
        let mut state = self.0.state.lock();
        let idle = state.queries.is_empty();
        if state.queries.len() == state.queries.capacity() {
            state.queries.retain(|query| query.strong_count() > 0);
        }
        state.queries.push(Arc::downgrade(control));
        if !state.begun {
            state.begun = true;
            state.process = Some(process.clone());
            let shared = self.0.clone();
            let look = move || shared.look();
            let begun = thread::Builder::new().name("memory".to_owned()).spawn(look);
            if let Err(error) = begun {
                tracing::error!("the guard of memory could not be started: {error}");
            }
        } else if idle {
            self.0.woken.notify_one();
        }
    }

    /// Queries that have not ended.
    #[cfg(test)]
    pub(super) fn alive(&self) -> usize {
        let state = self.0.state.lock();
        let alive = state.queries.iter().filter(|q| q.strong_count() > 0);
        alive.count()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.state.lock().over = true;
        self.0.woken.notify_one();
    }
}

impl Shared {
    fn look(&self) {
        let mut before = 0;
        let mut patience = 0;
        loop {
            let mut state = self.state.lock();
            state.queries.retain(|query| query.strong_count() > 0);
            if state.queries.is_empty() && !state.over {
                drop(state);
                before = memory::resident().unwrap_or(0);
                state = self.state.lock();
                if state.queries.is_empty() && !state.over {
                    self.woken.wait(&mut state);
                }
            }
            if state.over {
                return;
            }
            let queries: Vec<Arc<Control>> =
                state.queries.iter().filter_map(Weak::upgrade).collect();
            let limit = state.process.as_ref().map_or(u64::MAX, Account::limit);
            drop(state);
            patience = u32::saturating_sub(patience, 1);
            let resident = memory::resident().unwrap_or(0);
            if patience == 0 && is_too_much(resident, before, limit, &queries) {
                end_largest(&queries, resident, limit);
                patience = PATIENCE;
            }
            drop(queries);
            thread::sleep(LOOK);
        }
    }
}

/// Whether the process holds more than it may, or has grown by more than its queries may use.
fn is_too_much(resident: u64, before: u64, limit: u64, queries: &[Arc<Control>]) -> bool {
    let allowed = queries
        .iter()
        .map(|query| query.pool.limit())
        .fold(SLACK, u64::saturating_add);
    resident > limit || resident > before.saturating_add(allowed)
}

fn end_largest(queries: &[Arc<Control>], resident: u64, limit: u64) {
    let going_on = queries.iter().filter(|query| query.check().is_ok());
    let Some(largest) = going_on.max_by_key(|query| query.pool.used()) else {
        return;
    };
    let counted = largest.pool.used();
    tracing::warn!(
        resident,
        limit,
        counted,
        "a query was ended: the process holds too much memory"
    );
    largest.stop(Failure::new(
        Code::OUT_OF_RESOURCES,
        format!(
            "no memory for this query: the process holds {resident} bytes of {limit} (settings process_mem_limit and \
             query_mem_limit), and this is its largest query; ask for less, or when other statements have ended"
        ),
    ));
}
