//! `/cluster_balance`: repair and balance at a glance; what each item counts is below the path of its name.

use crate::config::Balancer;
use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// An item, and how much of it there is.
    pub struct ItemRow {
        /// Name of the path below.
        item: &'static str => "Item" Text,
        /// Lines that it has.
        number: usize => "Number" Int,
    }
}

/// `/cluster_balance`.
pub struct ClusterBalance;

impl Node for ClusterBalance {
    const PATH: &'static str = "/cluster_balance";
    type Row = ItemRow;

    fn rows(at: &Place<'_>) -> Result<Vec<ItemRow>, Error> {
        let healing = &at.view.healing;
        let media = healing.load.mediums.len();
        let kinds = match at.view.config.tablet_sched_balancer_strategy {
            Balancer::BeLoadScore => 1,
            Balancer::DiskAndTablet => 2,
        };
        let (pending, running) = (healing.pending.len(), healing.running.len());
        let items = [
            ("balance_stat", media * kinds),
            ("cluster_load_stat", media),
            ("working_slots", healing.slots.len()),
            ("sched_stat", usize::from(healing.counters.checker_rounds > 0)),
            ("priority_repair", healing.hints.len()),
            ("pending_tablets", pending),
            ("running_tablets", running),
            ("history_tablets", healing.history.len()),
            ("all_tablets", pending + running),
        ];
        let row = |(item, number)| ItemRow { item, number };
        Ok(items.into_iter().map(row).collect())
    }
}
