//! `/cluster_balance/sched_stat`: what the checker, the scheduler and the balancer have done since the start.

use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// A counter.
    pub struct CounterRow {
        /// What is counted.
        item: &'static str => "Item" Text,
        /// How often since the start of this frontend.
        value: u64 => "Value" Int,
    }
}

/// `/cluster_balance/sched_stat`.
pub struct SchedStat;

impl Node for SchedStat {
    const PATH: &'static str = "/cluster_balance/sched_stat";
    const TABLE: Option<&'static str> = Some("sched_stat");
    type Row = CounterRow;

    fn rows(at: &Place<'_>) -> Result<Vec<CounterRow>, Error> {
        let of = &at.view.healing.counters;
        let counters = [
            ("num of tablet check round", of.checker_rounds),
            ("num of tablet checked", of.checked_tablets),
            ("num of unhealthy tablet found", of.unhealthy_tablets),
            ("num of tablet being added to scheduler", of.queued),
            ("num of tablet schedule round", of.scheduler_rounds),
            ("num of tablet being scheduled", of.scheduled),
            ("num of tablet being scheduled failed", of.failed_scheduling),
            ("num of task finished", of.finished),
            ("num of task cancelled", of.cancelled),
            ("num of clone task timeout", of.timed_out),
            ("num of full clone", of.full_clones),
            ("num of incremental clone", of.incremental_clones),
            ("bytes of clone", of.cloned_bytes),
            ("num of replica removed", of.removed_replicas),
            ("num of balance move", of.moves),
        ];
        let row = |(item, value)| CounterRow { item, value };
        Ok(counters.into_iter().map(row).collect())
    }
}
