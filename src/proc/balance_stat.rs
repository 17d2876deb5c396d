//! `/cluster_balance/balance_stat`: whether the loads of the backends are even, medium by medium.

use crate::proc::{Error, Node, Place};
use crate::row;
use crate::tablet::balance::Even;
use crate::tablet::desk::{Desk, Order};
use crate::tablet::load::{Class, MediumLoad};
use crate::tablet::task::{Kind, Task};

row! {
    /// Balance of one kind on one medium.
    pub struct BalanceRow {
        /// `HDD` or `SSD`.
        storage_medium: &'static str => "StorageMedium" Text,
        /// What is evened out: the loadScore of the backends (seed: BE load), or the tablets of each partition and table.
        balance_type: &'static str => "BalanceType" Text,
        /// Whether no load differs from the mean by more than the threshold; or whether no move would even out a partition or table.
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
        let view = at.view;
        let healing = &view.healing;
        let order = Order::default();
        let desk = Desk {
            now: view.now,
            catalog: &view.catalog,
            cluster: view.census.cluster(),
            config: &view.config,
            healing,
            order: &order,
            safe_mode: view.frontend.safe_mode,
        };
        let mut rows = Vec::new();
        for (medium, load) in &healing.load.mediums {
            let move_of = |task: &Task| task.kind == Kind::Balance && task.medium == *medium;
            let row = |balance_type, balanced| BalanceRow {
                storage_medium: medium.word(),
                balance_type,
                balanced,
                pending_tablets: healing.pending.values().filter(|t| move_of(t)).count(),
                running_tablets: healing.running.values().filter(|t| move_of(t)).count(),
            };
            rows.push(row("inter-node load score", balanced(load)));
            if let Ok(even) = Even::of(&desk, *medium) {
                rows.push(row("inter-node tablet distribution", even.all()));
            }
        }
        Ok(rows)
    }
}

/// Whether no backend has much or little load.
pub fn balanced(load: &MediumLoad) -> bool {
    let mut classes = load.backends.values().map(|backend| backend.class);
    classes.all(|class| class == Class::Mid)
}
