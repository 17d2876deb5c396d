//! `/cluster_balance/all_tablets`: the tablets that have a task which waits or runs.

use std::collections::BTreeSet;

use crate::ids::TabletId;
use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// A tablet.
    pub struct ScheduledRow {
        /// Tablet.
        tablet_id: TabletId => "TabletId" Int,
    }
}

/// `/cluster_balance/all_tablets`.
pub struct ScheduledTablets;

impl Node for ScheduledTablets {
    const PATH: &'static str = "/cluster_balance/all_tablets";
    type Row = ScheduledRow;

    fn rows(at: &Place<'_>) -> Result<Vec<ScheduledRow>, Error> {
        let healing = &at.view.healing;
        let tablets: BTreeSet<TabletId> = healing
            .pending
            .keys()
            .chain(healing.running.keys())
            .copied()
            .collect();
        let row = |tablet_id| ScheduledRow { tablet_id };
        Ok(tablets.into_iter().map(row).collect())
    }
}
