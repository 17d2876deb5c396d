//! The PROC tree: one path, one file, columns declared once.
//!
//! SHOW PROC, the SHOW statement of the same content, the tables of `sys` and `GET /api/show_proc` all read from here.
//! To add a path: write `proc/x.rs` with a type that implements [`Node`], and name it in the list below; directories,
//! `/` and errors follow from the list. Reads a [`View`](crate::view::View); never takes a lock.

pub mod all_replicas;
pub mod all_tablets;
pub mod content;
pub mod node;
pub mod open;
pub mod path;
pub mod place;
pub mod replica_status;
pub mod shard_repair;
pub mod sizes;
pub mod table;
pub mod task;
pub mod urls;
pub mod walk;

pub use node::{Entry, Node};
pub use open::{Open, open};
pub use path::{Error, Path};
pub use place::Place;
pub use table::{Table, Wanted};

macro_rules! nodes {
    ($($module:ident :: $name:ident),+ $(,)?) => {
        $(pub mod $module;)+

        /// Every path, in the order in which directories list them.
        pub const ALL: &[Entry] = &[$(Entry::of::<$module::$name>()),+];
    };
}

nodes! {
    statistic::Statistics,
    statistic_db::DbStatistic,
    dbs::Dbs,
    dbs_db::Tables,
    dbs_table::TableNodes,
    partitions::Partitions,
    temp_partitions::TempPartitions,
    partition::Indexes,
    index::TabletReplicas,
    tablet::Replicas,
    index_schemas::IndexSchemas,
    index_schema::Fields,
    backends::Backends,
    backend::Paths,
    frontends::Frontends,
    cluster_balance::ClusterBalance,
    balance_stat::BalanceStat,
    cluster_load_stat::LoadStat,
    backend_loads::BackendLoads,
    backend_load_paths::BackendLoadPaths,
    working_slots::WorkingSlots,
    working_slots_backend::BackendSlots,
    sched_stat::SchedStat,
    priority_repair::PriorityRepair,
    pending_tablets::Pending,
    pending_tablet::PendingReplicas,
    running_tablets::Running,
    running_tablet::RunningReplicas,
    history_tablets::History,
    history_tablet::HistoryReplicas,
    scheduled_tablets::ScheduledTablets,
    transactions::Transactions,
    transactions_db::TxnStates,
    transactions_state::Txns,
    transaction::TxnTables,
    transaction_table::TxnPartitions,
}

/// The tables of `sys` that no single path holds.
const SCANS: [Table; 3] = [
    Table::of_scan::<all_replicas::AllReplicas>(),
    Table::of_scan::<all_tablets::AllTablets>(),
    Table::of_scan::<shard_repair::ShardRepairs>(),
];

/// Every table of `sys`.
pub fn tables() -> Vec<Table> {
    let of_nodes = ALL.iter().copied().filter_map(Table::of_node);
    of_nodes.chain(SCANS).collect()
}

#[cfg(test)]
mod columns;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
pub(crate) mod testing;
