//! `sys.shard_repair`, and SHOW SHARD REPAIR: tablets whose replicas differ in content, or that are queued for its repair
//! (seed: the status of shard-repair, where a tablet is called a shard).

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::catalog::check::{Check, Verdict};
use crate::catalog::partition::Bound;
use crate::catalog::tablets::TabletView;
use crate::clock::Timestamp;
use crate::ids::{ReplicaId, TabletId, Version};
use crate::proc::node::Scan;
use crate::proc::table::Wanted;
use crate::proc::walk::Home;
use crate::row;
use crate::view::View;

row! {
    /// A tablet that differs or is queued.
    pub struct ShardRepairRow {
        /// Tablet.
        tablet_id: TabletId => "TabletId" Int,
        /// Name of the database.
        database: String => "Database" Text,
        /// Name of the table.
        table: String => "Table" Text,
        /// Name of the partition.
        partition: String => "Partition" Text,
        /// Where the range of its partition begins; `MINVALUE` when it has no beginning.
        start_time: Option<String> => "StartTime" Text or "N/A",
        /// Where the range ends; `MAXVALUE` when it has no end.
        end_time: Option<String> => "EndTime" Text or "N/A",
        /// `diff`: replicas differ; `same`: they do not; `timeout`: too few have answered; `unchecked`: not compared yet.
        status: &'static str => "Status" Text,
        /// Whether it is queued for repair.
        queued: bool => "Queued" Bool,
        /// Whether its content is being repaired now; then it stays queued.
        processing: bool => "Processing" Bool,
        /// When its content was last compared.
        last_check: Option<Timestamp> => "LastCheck" Time or "N/A",
        /// What came of it: `CONSISTENT`, `DIFFERS` or `TIMED_OUT`.
        verdict: Option<&'static str> => "Verdict" Text or "N/A",
        /// The version that was compared.
        version: Option<Version> => "Version" Int or "-1",
        /// Of each replica that gave one: `replica on backend: digest, rows`.
        digests: Option<String> => "Digests" Text or "N/A",
        /// Since when it is queued.
        queued_at: Option<Timestamp> => "QueuedAt" Time or "N/A",
    }
}

/// `sys.shard_repair`.
pub struct ShardRepairs;

impl Scan for ShardRepairs {
    const TABLE: &'static str = "shard_repair";
    type Row = ShardRepairRow;

    fn scan(
        view: &View,
        wanted: &Wanted,
        out: &mut dyn FnMut(ShardRepairRow) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut tablets: BTreeSet<TabletId> = view.census.all_inconsistent().into_iter().collect();
        tablets.extend(view.catalog.repairs.keys());
        for id in tablets {
            if !wanted.allows("TabletId", &id.into()) {
                continue;
            }
            let row = view.catalog.tablets.view(id);
            if let Some(row) = row.and_then(|tablet| ShardRepairRow::new(view, &tablet)) {
                out(row)?;
            }
        }
        ControlFlow::Continue(())
    }
}

/// Every row.
pub fn all(view: &View) -> Vec<ShardRepairRow> {
    let mut rows = Vec::new();
    let _ = ShardRepairs::scan(view, &Wanted::default(), &mut |row| {
        rows.push(row);
        ControlFlow::Continue(())
    });
    rows
}

impl ShardRepairRow {
    /// The row of a tablet; `None` when its partition is being dropped.
    pub fn new(view: &View, tablet: &TabletView<'_>) -> Option<ShardRepairRow> {
        let id = tablet.id();
        let home = Home::of(view, tablet.partition())?;
        let check = view.catalog.checks.get(&id);
        let queued = view.catalog.repairs.get(&id);
        let range = home.partition.spec.range.as_ref();
        Some(ShardRepairRow {
            tablet_id: id,
            database: home.db.name.clone(),
            table: home.table.name.clone(),
            partition: home.partition.spec.name.clone(),
            start_time: range.map(|range| end(range.lower, "MINVALUE")),
            end_time: range.map(|range| end(range.upper, "MAXVALUE")),
            status: status(check.map(|check| check.verdict)),
            queued: queued.is_some(),
            processing: view.healing.repairing.contains(&id),
            last_check: check.map(|check| check.at),
            verdict: check.map(|check| check.verdict.word()),
            version: check.map(|check| check.version),
            digests: check.map(|check| digests(check, tablet)),
            queued_at: queued.copied(),
        })
    }
}

fn end(bound: Option<Bound>, open: &str) -> String {
    bound.map_or_else(|| open.to_owned(), |bound| bound.to_string())
}

fn status(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Differs) => "diff",
        Some(Verdict::Consistent) => "same",
        Some(Verdict::TimedOut) => "timeout",
        None => "unchecked",
    }
}

/// A replica that is gone since the comparison has no backend any more.
fn digests(check: &Check, tablet: &TabletView<'_>) -> String {
    let one = |(replica, digest, rows): &(ReplicaId, u64, u64)| {
        let backend = tablet.replicas().find(|r| r.id == *replica);
        let place = backend.map_or_else(|| "gone".to_owned(), |r| format!("on {}", r.backend));
        format!("{replica} {place}: {digest:016x}, {rows} rows")
    };
    let all: Vec<String> = check.digests.iter().map(one).collect();
    all.join("; ")
}
