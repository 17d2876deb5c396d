//! Loads and queries that go on while things break, and what the service failed of them.
//!
//! What counts as a failure of the service: a load that its coordinator refused; a load that has no clear word within
//! [`PATIENCE`] although it is repeated with its label, as loaders do; a query that is answered with an error; a query
//! that sees a load which nobody began, half of one, or not one that was acknowledged before the query began.
//! What does not count: that the connection to a coordinator broke which was killed meanwhile, or that none could be made
//! because it was killed between the redirect and the connection. More than one of these a loader and kill is a failure.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::task::JoinHandle;

use super::super::harness::{NO_CONNECTION, SOON, Target, acknowledged};
use super::body;

/// Rows of each load.
pub const ROWS: i64 = 20;
/// How long a loader repeats one load.
const PATIENCE: Duration = Duration::from_secs(30);
/// With so many loads and queries or less there was hardly any traffic.
const ENOUGH: u64 = 10;
/// Numbers of loads in the background begin here.
const FIRST: i64 = 1_000_000;

/// What happened.
#[derive(Debug, Default)]
pub struct Tally {
    /// Loads that were acknowledged.
    pub loads: u64,
    /// Attempts that found no coordinator, or lost it.
    pub repeated: u64,
    /// Of those, sent to a coordinator that was not there.
    pub misdirected: u64,
    /// Queries that were answered.
    pub queries: u64,
    /// What the service failed.
    pub failures: Vec<String>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    repeated: AtomicU64,
    misdirected: AtomicU64,
    queries: AtomicU64,
    begun: Mutex<BTreeSet<i64>>,
    acknowledged: Mutex<BTreeSet<i64>>,
    failures: Mutex<Vec<String>>,
}

impl Shared {
    fn enough(&self) -> bool {
        let loads = self.acknowledged.lock().len() as u64;
        loads > ENOUGH && self.queries.load(Ordering::Relaxed) > ENOUGH
    }
}

/// Loads and queries of `h.t` in the background.
pub struct Traffic {
    shared: Arc<Shared>,
    lanes: Vec<JoinHandle<()>>,
}

impl Traffic {
    /// Begins: two loaders and two readers.
    pub fn begin(target: Target) -> Traffic {
        let shared = Arc::<Shared>::default();
        let mut lanes = Vec::new();
        for lane in 0..2 {
            lanes.push(tokio::spawn(loads(target.clone(), shared.clone(), lane)));
            lanes.push(tokio::spawn(queries(target.clone(), shared.clone())));
        }
        Traffic { shared, lanes }
    }

    /// Goes on until there has been [`ENOUGH`], and lets those end that have begun.
    pub async fn end(self) -> Tally {
        let ending = Instant::now();
        while !self.shared.enough() && ending.elapsed() < SOON {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.shared.stop.store(true, Ordering::Relaxed);
        for lane in self.lanes {
            lane.await.expect("a lane ends");
        }
        let shared = &self.shared;
        let tally = Tally {
            loads: shared.acknowledged.lock().len() as u64,
            repeated: shared.repeated.load(Ordering::Relaxed),
            misdirected: shared.misdirected.load(Ordering::Relaxed),
            queries: shared.queries.load(Ordering::Relaxed),
            failures: std::mem::take(&mut *shared.failures.lock()),
        };
        println!(
            "{} loads, {} attempts repeated, {} queries, {} failures",
            tally.loads,
            tally.repeated,
            tally.queries,
            tally.failures.len()
        );
        tally
    }
}

impl Tally {
    /// Fails the test when the service failed anything, or when there was hardly any traffic.
    pub fn nothing_failed(&self) {
        assert!(self.failures.is_empty(), "{:#?}", self.failures);
        assert!(self.loads > ENOUGH && self.queries > ENOUGH, "{self:?}");
    }
}

async fn loads(target: Target, shared: Arc<Shared>, lane: i64) {
    let mut no = FIRST + lane;
    while !shared.stop.load(Ordering::Relaxed) {
        shared.begun.lock().insert(no);
        match one_load(&target, &shared, no).await {
            Ok(()) => drop(shared.acknowledged.lock().insert(no)),
            Err(why) => shared.failures.lock().push(format!("load {no}: {why}")),
        }
        no += 2;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn one_load(target: &Target, shared: &Shared, no: i64) -> Result<(), String> {
    let label = format!("traffic_{no}");
    let headers = [("column_separator", ","), ("label", label.as_str())];
    let began = Instant::now();
    let mut last = String::new();
    while began.elapsed() < PATIENCE {
        match target.load("h", "t", body(no, ROWS), &headers).await {
            Ok(answer) if acknowledged(&answer) => return Ok(()),
            Ok(answer) if answer["Status"] == "Fail" => return Err(answer.to_string()),
            // Committed and not visible yet, or the label's load still runs.
            Ok(answer) => last = answer.to_string(),
            Err(broken) => {
                shared.repeated.fetch_add(1, Ordering::Relaxed);
                if broken.starts_with(NO_CONNECTION) {
                    shared.misdirected.fetch_add(1, Ordering::Relaxed);
                }
                last = broken;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(format!(
        "no clear word within {PATIENCE:?}; the last: {last}"
    ))
}

async fn queries(target: Target, shared: Arc<Shared>) {
    while !shared.stop.load(Ordering::Relaxed) {
        if let Err(why) = one_query(&target, &shared).await {
            shared.failures.lock().push(format!("query: {why}"));
        }
        shared.queries.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn one_query(target: &Target, shared: &Shared) -> Result<(), String> {
    let must = shared.acknowledged.lock().clone();
    let query = format!(
        "SELECT load_no, count(DISTINCT k) AS d, count(v) AS n FROM h.t WHERE load_no >= {FIRST} GROUP BY load_no"
    );
    let rows = target.sql(&query).await?;
    let may = shared.begun.lock().clone();
    let whole = ROWS.to_string();
    let mut seen = BTreeSet::new();
    for row in &rows {
        if row["n"] != whole || row["d"] != whole {
            return Err(format!("half a load: {row:?}"));
        }
        seen.insert(row["load_no"].parse::<i64>().map_err(|e| e.to_string())?);
    }
    let (lost, strange) = (
        must.difference(&seen).count(),
        seen.difference(&may).count(),
    );
    match (lost, strange) {
        (0, 0) => Ok(()),
        _ => Err(format!("{lost} loads lost, {strange} that nobody began")),
    }
}
