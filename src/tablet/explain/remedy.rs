//! The statement that helps against a reason.

use crate::catalog::tablets::TabletView;
use crate::ids::BackendId;
use crate::tablet::desk::Desk;
use crate::tablet::destination;
use crate::tablet::reason::Reason;
use crate::tablet::task::Kind;

const SHOW_BACKENDS: &str = "SHOW PROC '/backends'";
const SHOW_BACKENDS_SLASH: &str = "SHOW PROC '/backends/";
const SHOW_LOADS: &str = "SHOW PROC '/cluster_balance/cluster_load_stat'";
const ADD_BACKEND: &str = "ALTER SYSTEM ADD BACKEND \"host:port\"";
/// Where the hosts that there are have a copy each.
const ADD_HOST: &str = "ALTER SYSTEM ADD BACKEND \"another_host:port\"";

/// The statement that helps against a reason, or that shows what to do; `None` where nothing has to be done.
pub fn remedy(reason: &Reason, desk: &Desk<'_>) -> Option<String> {
    of_tablet(desk, None, reason)
}

/// The same for a tablet that is known.
pub(super) fn of_tablet(
    desk: &Desk<'_>,
    tablet: Option<&TabletView<'_>>,
    reason: &Reason,
) -> Option<String> {
    let config = desk.config;
    Some(match reason {
        Reason::NoSource => {
            let (table, partition) = names(desk, tablet?)?;
            format!("ADMIN REPAIR TABLE {table} PARTITION ({partition}) ACCEPT DATA LOSS DRY RUN")
        }
        Reason::Bad(..) | Reason::Behind { .. } | Reason::NoPath(_) => {
            let (table, partition) = names(desk, tablet?)?;
            format!("ADMIN SHOW REPLICA STATUS FROM {table} PARTITION ({partition})")
        }
        Reason::InDoubt => {
            let (table, partition) = names(desk, tablet?)?;
            format!("ADMIN RECOVER TABLE {table} PARTITION ({partition}) DRY RUN")
        }
        Reason::SameHost(_) => ADD_HOST.to_owned(),
        Reason::NoDestination if tablet.is_some_and(|of| lacks_host(desk, of)) => {
            ADD_HOST.to_owned()
        }
        Reason::NoDestination
        | Reason::NoneRedundant
        | Reason::NoPathOnline(_)
        | Reason::NoMedium(_)
        | Reason::Full(_) => ADD_BACKEND.to_owned(),
        Reason::SourceBusy | Reason::DestinationBusy | Reason::Busy(_) => doubled(
            "tablet_sched_slot_num_per_path",
            config.tablet_sched_slot_num_per_path,
        ),
        Reason::QueueFull => doubled(
            "tablet_sched_max_scheduling_tablets",
            config.tablet_sched_max_scheduling_tablets,
        ),
        Reason::TimedOut { .. } => doubled(
            "tablet_sched_max_clone_task_timeout_sec",
            config.tablet_sched_max_clone_task_timeout_sec,
        ),
        Reason::Dead(_)
        | Reason::Gone(_)
        | Reason::BackendLost(_)
        | Reason::SafeMode
        | Reason::LowUnavailable => SHOW_BACKENDS.to_owned(),
        Reason::PathFull(id) => format!("{SHOW_BACKENDS_SLASH}{id}'"),
        Reason::Leaving(id) => {
            format!("CANCEL DECOMMISSION BACKEND \"{}\"", address(desk, *id)?)
        }
        Reason::Delayed { .. } => {
            let (table, partition) = names(desk, tablet?)?;
            format!("ADMIN REPAIR TABLE {table} PARTITION ({partition})")
        }
        Reason::WaitsForLoads(_) => "SHOW PROC '/transactions'".to_owned(),
        Reason::BalanceDisabled => set("tablet_sched_disable_balance", "false"),
        Reason::Balanced
        | Reason::NoneOnHigh
        | Reason::NoBetterBackend
        | Reason::NotHigh(_)
        | Reason::NotLow(_) => SHOW_LOADS.to_owned(),
        Reason::CloneFailed(_) | Reason::NoRoom(_) | Reason::Stale { .. } => {
            "SHOW PROC '/cluster_balance/history_tablets'".to_owned()
        }
        _ => return None,
    })
}

/// Whether a backend could take a copy if it were on another host.
fn lacks_host(desk: &Desk<'_>, tablet: &TabletView<'_>) -> bool {
    let medium = desk.medium(tablet);
    let mut backends = desk.catalog.backends.keys();
    backends.any(|backend| {
        let reason = destination::judge_new(desk, tablet, medium, *backend, Kind::Repair);
        matches!(reason, Reason::SameHost(_))
    })
}

fn doubled(key: &str, value: u64) -> String {
    set(key, &value.max(1).saturating_mul(2).to_string())
}

fn set(key: &str, value: &str) -> String {
    format!("ADMIN SET FRONTEND CONFIG (\"{key}\" = \"{value}\")")
}

fn address(desk: &Desk<'_>, backend: BackendId) -> Option<String> {
    let backend = desk.catalog.backends.get(&backend)?;
    Some(backend.address())
}

/// `db.table` and the partition of a tablet, quoted.
fn names(desk: &Desk<'_>, tablet: &TabletView<'_>) -> Option<(String, String)> {
    let partition = desk.catalog.partitions.get(&tablet.partition())?;
    let table = desk.catalog.tables.get(&partition.table)?;
    let db = desk.catalog.databases.get(&table.db)?;
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let table = format!("{}.{}", quoted(&db.name), quoted(&table.name));
    Some((table, quoted(&partition.spec.name)))
}
