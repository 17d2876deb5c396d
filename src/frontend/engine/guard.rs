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
    /// Each with what the process held when it began.
    queries: Vec<(Weak<Control>, u64)>,
    /// What the process held at the last look.
    resident: u64,
    process: Option<Account>,
    begun: bool,
    over: bool,
    blind: bool,
}

impl Guard {
    /// Watches a query for as long as anything holds it.
    pub(super) fn watch(&self, control: &Arc<Control>, process: &Account) {
        let mut state = self.0.state.lock();
        let idle = state.queries.is_empty();
        if state.queries.len() == state.queries.capacity() {
            state.queries.retain(|(query, _)| query.strong_count() > 0);
        }
        if !state.begun {
            state.resident = memory::resident().unwrap_or(0);
        }
        let held = state.resident;
        state.queries.push((Arc::downgrade(control), held));
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

    /// Lets the process grow: with many engines in one process, as in tests, nobody knows whose queries made it grow.
    #[cfg(test)]
    pub(super) fn blind(&self) {
        self.0.state.lock().blind = true;
    }

    /// Queries that have not ended.
    #[cfg(test)]
    pub(super) fn alive(&self) -> usize {
        let state = self.0.state.lock();
        let alive = |(query, _): &&(Weak<Control>, u64)| query.strong_count() > 0;
        state.queries.iter().filter(alive).count()
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
        let mut patience = 0;
        loop {
            let resident = memory::resident().unwrap_or(0);
            let mut state = self.state.lock();
            state.resident = resident;
            state.queries.retain(|(query, _)| query.strong_count() > 0);
            if state.queries.is_empty() && !state.over {
                self.woken.wait(&mut state);
            }
            if state.over {
                return;
            }
            let alive = |(query, held): &(Weak<Control>, u64)| Some((query.upgrade()?, *held));
            let queries: Vec<(Arc<Control>, u64)> =
                state.queries.iter().filter_map(alive).collect();
            let limit = state.process.as_ref().map_or(u64::MAX, Account::limit);
            let blind = state.blind;
            drop(state);
            patience = u32::saturating_sub(patience, 1);
            if !blind && patience == 0 && is_too_much(resident, limit, &queries) {
                end_largest(&queries, resident, limit);
                patience = PATIENCE;
            }
            drop(queries);
            thread::sleep(LOOK);
        }
    }
}

/// Whether the process holds more than it may, or has grown, since a query began, by more than all queries may use.
fn is_too_much(resident: u64, limit: u64, queries: &[(Arc<Control>, u64)]) -> bool {
    let allowed = queries
        .iter()
        .map(|(query, _)| query.pool.limit())
        .fold(SLACK, u64::saturating_add);
    let grown = |held: u64| resident > held.saturating_add(allowed);
    resident > limit || queries.iter().any(|(_, held)| grown(*held))
}

fn end_largest(queries: &[(Arc<Control>, u64)], resident: u64, limit: u64) {
    let queries = queries.iter().map(|(query, _)| query);
    let going_on = queries.filter(|query| query.check().is_ok());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::system::lanes::Lanes;
    use crate::system::pool::{Accounts, QueryPool};
    use crate::system::turns::Turns;

    #[test]
    fn the_largest_query_is_ended_when_the_process_has_grown_by_more_than_queries_may_use() {
        let accounts = Accounts {
            process: Account::new(u64::MAX),
            queries: Account::new(u64::MAX),
        };
        let query = |holds: u64| {
            let pool = QueryPool::new(1 << 20, &accounts);
            pool.hold(holds).expect("room");
            let config = Config::default();
            let control = Control::new(&config, pool, Turns::new(1), Lanes::default());
            (control, 5 << 30)
        };
        let queries = [query(100), query(1000)];
        let most = (5 << 30) + SLACK + (2 << 20);
        assert!(!is_too_much(most, u64::MAX, &queries));
        assert!(is_too_much(most + 1, u64::MAX, &queries));
        assert!(is_too_much(1001, 1000, &queries));
        end_largest(&queries, most + 1, u64::MAX);
        let why = queries[1].0.check().expect_err("it must stop");
        assert_eq!(why.code, Code::OUT_OF_RESOURCES);
        assert!(why.message.contains("process_mem_limit"), "{why}");
        assert!(queries[0].0.check().is_ok());
    }
}
