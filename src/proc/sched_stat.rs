//! `/cluster_balance/sched_stat`: what the checker, the scheduler and the balancer have done since the start.

use crate::clock::Timestamp;
use crate::proc::{Error, Node, Place};
use crate::row;
use crate::tablet::healing::Counters;

row! {
    /// A counter.
    pub struct CounterRow {
        /// What is counted.
        item: &'static str => "Item" Text,
        /// How much it was after the last round of the checker, counted from the start of this frontend.
        value: u64 => "Value" Int,
        /// How much it has grown since.
        increase: u64 => "Increase" Int,
        /// When that round was.
        since: Option<Timestamp> => "Since" Time or "N/A",
    }
}

/// `/cluster_balance/sched_stat`.
pub struct SchedStat;

impl Node for SchedStat {
    const PATH: &'static str = "/cluster_balance/sched_stat";
    const TABLE: Option<&'static str> = Some("sched_stat");
    type Row = CounterRow;

    fn rows(at: &Place<'_>) -> Result<Vec<CounterRow>, Error> {
        let healing = &at.view.healing;
        let since = healing.noted.map(|(since, _)| since);
        let before = healing.noted.map(|(_, counters)| counters);
        let before = listed(&before.unwrap_or_default());
        let pairs = before.into_iter().zip(listed(&healing.counters));
        let row = |((item, value), (_, now)): ((&'static str, u64), (_, u64))| CounterRow {
            item,
            value,
            increase: now.saturating_sub(value),
            since,
        };
        Ok(pairs.map(row).collect())
    }
}

/// The counters: first those of StarRocks, under its names and in its order, then ours. Of its own only the milliseconds of
/// rounds are left out, which nobody who decides without a clock can count. What can't happen here is 0 (tables are not
/// colocated, a backend copies nothing to itself, and a replica that does not answer is missing).
fn listed(of: &Counters) -> Vec<(&'static str, u64)> {
    vec![
        ("num of tablet check round", of.checker_rounds),
        ("num of tablet checked in tablet checker", of.checked_tablets),
        ("num of unhealthy tablet checked in tablet checker", of.unhealthy_tablets),
        ("num of tablet being added to tablet scheduler", of.queued),
        ("num of tablet schedule round", of.scheduler_rounds),
        ("num of tablet being scheduled", of.scheduled),
        ("num of tablet being scheduled succeeded", of.carried_out),
        ("num of tablet being scheduled failed", of.failed_scheduling),
        ("num of tablet being scheduled discard", of.discarded),
        ("num of tablet priority upgraded", of.promoted),
        ("num of clone task", of.clones_begun),
        (
            "num of clone task succeeded",
            of.full_clones + of.incremental_clones,
        ),
        ("num of clone task failed", of.clones_failed),
        ("num of clone task timeout", of.timed_out),
        ("num of replica missing error", of.replica_missing),
        ("num of replica version missing error", of.version_missing),
        ("num of replica unavailable error", 0),
        ("num of replica redundant error", of.redundant),
        ("num of replica missing in cluster error", 0),
        ("num of balance scheduled", of.balance_scheduled),
        ("num of colocate replica mismatch", 0),
        ("num of colocate replica redundant", 0),
        ("num of colocate balancer running round", 0),
        ("num of task finished", of.finished),
        ("num of task cancelled", of.cancelled),
        ("num of full clone", of.full_clones),
        ("num of incremental clone", of.incremental_clones),
        ("bytes of clone", of.cloned_bytes),
        ("cost of clone(ms)", of.clone_millis),
        ("num of replica relocating", of.relocating),
        ("num of replica removed", of.removed_replicas),
        ("num of balance move", of.moves),
    ]
}
