//! The queries that run: how many may, what they may hold, and the guard that ends one before the process holds too much.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::code::{Code, Failure};
use crate::config::Config;
use crate::frontend::engine::guard::Guard;
use crate::memory::{self, Account};
use crate::system::control::Control;
use crate::system::lanes::Lanes;
use crate::system::pool::{Accounts, QueryPool};
use crate::system::turns::Turns;

/// Part of the machine's memory that the process may hold where the setting does not say, in percent.
const PROCESS_PERCENT: u64 = 80;
/// Part of that which all queries together may use where the setting does not say, in percent.
const QUERIES_PERCENT: u64 = 75;
/// Part of that which all sessions together may keep where the setting does not say, in percent.
const SESSIONS_PERCENT: u64 = 25;
/// What a machine has that does not say.
const SOME_MACHINE: u64 = 8 << 30;

/// All queries of this process.
pub(super) struct Queries {
    accounts: Accounts,
    sessions: Account,
    turns: Turns,
    lanes: Lanes,
    guard: Guard,
    places: Arc<Places>,
    machine: u64,
}

#[derive(Default)]
struct Places {
    taken: AtomicUsize,
    freed: Notify,
}

/// The control of a statement, made when it is needed: what needs no plan needs none. A statement that is given up stops.
pub(super) struct Begun<'a> {
    queries: &'a Queries,
    config: &'a Config,
    control: OnceLock<Arc<Control>>,
    goes_on: AtomicBool,
}

impl<'a> Begun<'a> {
    /// No control yet.
    pub(super) fn new(queries: &'a Queries, config: &'a Config) -> Begun<'a> {
        queries.set_limits(config);
        Begun {
            queries,
            config,
            control: OnceLock::new(),
            goes_on: AtomicBool::new(false),
        }
    }

    /// The control.
    pub(super) fn control(&self) -> &Arc<Control> {
        self.control.get_or_init(|| self.queries.begin(self.config))
    }

    /// The statement goes on without this value.
    pub(super) fn goes_on(&self) {
        self.goes_on.store(true, Ordering::Relaxed);
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if let Some(control) = self.control.get()
            && !self.goes_on.load(Ordering::Relaxed)
        {
            drop(control.stop_on_drop());
        }
    }
}

/// A place among the running queries; it is free again when the value is dropped.
pub(super) struct Place(Arc<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
        self.0.freed.notify_one();
    }
}

impl Queries {
    /// Queries that are charged to `process`, of which `count` that have worked for long work at once.
    pub(super) fn new(process: Account, count: usize) -> Queries {
        let queries = Account::new(u64::MAX);
        Queries {
            sessions: process.part("sessions_mem_limit"),
            accounts: Accounts { process, queries },
            turns: Turns::new(count),
            lanes: Lanes::default(),
            guard: Guard::default(),
            places: Arc::default(),
            machine: memory::machine().unwrap_or(SOME_MACHINE),
        }
    }

    /// Sets the limits of the process, of all queries and of all sessions to what `config` says.
    pub(super) fn set_limits(&self, config: &Config) {
        let process = match config.process_mem_limit {
            0 => self.machine / 100 * PROCESS_PERCENT,
            bytes => bytes,
        };
        let queries = match config.queries_mem_limit {
            0 => process / 100 * QUERIES_PERCENT,
            bytes => bytes,
        };
        self.accounts.process.set_limit(process);
        let sessions = match config.sessions_mem_limit {
            0 => process / 100 * SESSIONS_PERCENT,
            bytes => bytes,
        };
        self.accounts.queries.set_limit(queries);
        self.sessions.set_limit(sessions);
    }

    /// What sessions are charged to.
    pub(super) fn sessions(&self) -> &Account {
        &self.sessions
    }

    /// A statement that begins now, within the limits of `config`.
    pub(super) fn begin(&self, config: &Config) -> Arc<Control> {
        self.set_limits(config);
        let pool = QueryPool::new(config.query_mem_limit, &self.accounts);
        let control = Control::new(config, pool, self.turns.clone(), self.lanes.clone());
        self.guard.watch(&control, &self.accounts.process);
        control
    }

    /// Places of statements that are planned.
    pub(super) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// See [`Guard::blind`].
    #[cfg(test)]
    pub(super) fn blind(&self) {
        self.guard.blind();
    }

    /// How many statements that may take long have not ended, to the last of their tasks.
    #[cfg(test)]
    pub(super) fn alive(&self) -> usize {
        self.guard.alive()
    }

    /// A place for one more query, when one is free.
    ///
    /// # Errors
    /// None became free in time.
    pub(super) async fn place(&self, config: &Config) -> Result<Place, Failure> {
        let most = usize::try_from(config.max_running_queries).unwrap_or(usize::MAX);
        let wait = Duration::from_millis(config.query_queue_wait_ms);
        let until = Instant::now() + wait.min(Duration::from_secs(86_400));
        loop {
            let freed = self.places.freed.notified();
            let more = |taken: usize| (taken < most.max(1)).then_some(taken + 1);
            let taken = &self.places.taken;
            if taken
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
                .is_ok()
            {
                return Ok(Place(self.places.clone()));
            }
            if timeout_at(until, freed).await.is_err() {
                return Err(Failure::new(
                    Code::OUT_OF_RESOURCES,
                    format!(
                        "{most} queries run already (setting max_running_queries), and none has ended within {} ms \
                         (setting query_queue_wait_ms); try again, or look at SHOW PROCESSLIST",
                        wait.as_millis()
                    ),
                ));
            }
        }
    }
}
