//! `/cluster_balance/balance_stat`: whether the loads of the backends are even, medium by medium.

use crate::proc::{Error, Node, Place};
use crate::row;
use crate::tablet::load::{Class, MediumLoad};
use crate::tablet::task::{Kind, Task};

row! {
    /// Balance on one medium.
    pub struct BalanceRow {
        /// `HDD` or `SSD`.
        storage_medium: &'static str => "StorageMedium" Text,
        /// What is evened out: the loadScore of the backends (seed: BE load).
        balance_type: &'static str => "BalanceType" Text,
        /// Whether no backend has a load that differs from the mean by more than the threshold.
        balanced: bool => "Balanced" Bool,
        /// Moves that wait.
        pending_tablets: usize => "PendingTablets" Int,
        /// Moves that run.
        running_tablets: usize => "RunningTablets" Int,
    }
}

/// `/cluster_balance/balance_stat`.
pub struct BalanceStat;

impl Node for BalanceStat {
    const PATH: &'static str = "/cluster_balance/balance_stat";
    const TABLE: Option<&'static str> = Some("balance_stat");
    type Row = BalanceRow;

    fn rows(at: &Place<'_>) -> Result<Vec<BalanceRow>, Error> {
        let healing = &at.view.healing;
        let mediums = healing.load.mediums.iter();
        Ok(mediums
            .map(|(medium, load)| {
                let move_of = |task: &Task| task.kind == Kind::Balance && task.medium == *medium;
                BalanceRow {
                    storage_medium: medium.word(),
                    balance_type: "inter-node load score",
                    balanced: balanced(load),
                    pending_tablets: healing.pending.values().filter(|t| move_of(t)).count(),
                    running_tablets: healing.running.values().filter(|t| move_of(t)).count(),
                }
            })
            .collect())
    }
}

/// Whether no backend has much or little load.
pub fn balanced(load: &MediumLoad) -> bool {
    let mut classes = load.backends.values().map(|backend| backend.class);
    classes.all(|class| class == Class::Mid)
}
