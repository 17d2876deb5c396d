//! The memory of one query, as DataFusion asks for it: charged to the query, to all queries together, and to the process.

use std::fmt;
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool, MemoryReservation};
use parking_lot::Mutex;

use crate::memory::{Account, Charge};

/// The accounts that a query is charged to.
#[derive(Debug, Clone)]
pub struct Accounts {
    /// Everything that the process holds.
    pub process: Account,
    /// What all queries hold.
    pub queries: Account,
}

/// What one query may hold, and holds. All is given back when the value is dropped.
#[derive(Debug)]
pub struct QueryPool {
    limit: u64,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    queries: Charge,
    process: Charge,
}

impl QueryPool {
    /// Nothing held yet, `limit` bytes allowed: setting `query_mem_limit`.
    pub fn new(limit: u64, accounts: &Accounts) -> Arc<QueryPool> {
        Arc::new(QueryPool {
            limit,
            held: Mutex::new(Held {
                queries: accounts.queries.open("a query"),
                process: accounts.process.open("a query"),
            }),
        })
    }

    /// Bytes that are held.
    pub fn used(&self) -> u64 {
        self.held.lock().process.bytes()
    }

    /// Bytes that may be held.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Holds `by` bytes more.
    ///
    /// # Errors
    /// The limit of the query, of all queries, or of the process would be passed.
    pub fn hold(&self, by: u64) -> Result<()> {
        let mut held = self.held.lock();
        let used = held.process.bytes();
        if by > self.limit.saturating_sub(used) {
            return Err(exhausted(format!(
                "no memory for this query: {by} bytes were asked while it holds {used} of {} \
                 (setting query_mem_limit)",
                self.limit
            )));
        }
        held.queries.grow(by).map_err(|e| {
            exhausted(format!(
                "no memory for a query: {by} bytes were asked while all queries together hold {} of {} \
                 (setting queries_mem_limit); try again when others have ended",
                e.used, e.limit
            ))
        })?;
        let Err(error) = held.process.grow(by) else {
            return Ok(());
        };
        held.queries.shrink(by);
        Err(exhausted(error.to_string()))
    }

    /// Holds `by` bytes more, whatever the limits say: they are there already.
    pub fn hold_anyway(&self, by: u64) {
        let mut held = self.held.lock();
        held.queries.grow_anyway(by);
        held.process.grow_anyway(by);
    }

    /// Holds `by` bytes less.
    pub fn give_back(&self, by: u64) {
        if by > 0 {
            let mut held = self.held.lock();
            held.queries.shrink(by);
            held.process.shrink(by);
        }
    }
}

fn exhausted(text: String) -> DataFusionError {
    DataFusionError::ResourcesExhausted(text)
}

impl fmt::Display for QueryPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "query({} of {})", self.used(), self.limit)
    }
}

/// [`QueryPool`] for DataFusion, which wants a type of its own to share.
impl MemoryPool for QueryPool {
    fn name(&self) -> &str {
        "query"
    }

    fn grow(&self, _: &MemoryReservation, additional: usize) {
        self.hold_anyway(additional as u64);
    }

    fn shrink(&self, _: &MemoryReservation, shrink: usize) {
        self.give_back(shrink as u64);
    }

    fn try_grow(&self, _: &MemoryReservation, additional: usize) -> Result<()> {
        self.hold(additional as u64)
    }

    fn reserved(&self) -> usize {
        usize::try_from(self.used()).unwrap_or(usize::MAX)
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(usize::try_from(self.limit).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(queries: u64, process: u64) -> Accounts {
        Accounts {
            process: Account::new(process),
            queries: Account::new(queries),
        }
    }

    #[test]
    fn each_limit_is_named_by_its_setting_and_nothing_stays_charged() {
        for (query, queries, process, setting) in [
            (100, 1000, 1000, "query_mem_limit"),
            (1000, 100, 1000, "queries_mem_limit"),
            (1000, 1000, 100, "process_mem_limit"),
        ] {
            let accounts = accounts(queries, process);
            let pool = QueryPool::new(query, &accounts);
            pool.hold(40).expect("room");
            let text = pool.hold(70).expect_err("no room").to_string();
            assert!(text.contains(setting), "{text}");
            assert_eq!((pool.used(), accounts.queries.used()), (40, 40));
            drop(pool);
            assert_eq!((accounts.queries.used(), accounts.process.used()), (0, 0));
        }
    }
}
