//! A task of the tablet scheduler as `/cluster_balance/pending_tablets`, `running_tablets` and `history_tablets` show it
//! (seed: Check tablet scheduling tasks), and the replicas of its tablet.

use crate::clock::Timestamp;
use crate::ids::{TabletId, Version};
use crate::proc::index::signed;
use crate::proc::tablet::ReplicaRow;
use crate::proc::{Error, Place};
use crate::row;
use crate::tablet::reason::Reason;
use crate::tablet::task::{Spot, State, Task};

/// Bytes of a megabyte, in which the rate is told.
const MEGABYTE: f64 = 1_048_576.0;

row! {
    /// A task.
    pub struct TaskRow {
        /// Tablet.
        tablet_id: TabletId => "TabletId" Int,
        /// `REPAIR` or `BALANCE`.
        kind: &'static str => "Type" Text,
        /// What was the matter with the tablet when it was last looked at, such as `REPLICA_MISSING`.
        status: &'static str => "Status" Text,
        /// `PENDING`, `RUNNING`, `FINISHED`, `CANCELLED`, `TIMEOUT` or `UNEXPECTED`.
        state: &'static str => "State" Text,
        /// Priority that the task was made with: `LOW`, `NORMAL`, `HIGH` or `VERY_HIGH`.
        orig_prio: &'static str => "OrigPrio" Text,
        /// Priority now.
        dynm_prio: &'static str => "DynmPrio" Text,
        /// Backend that it copies from.
        src_be: Option<i64> => "SrcBe" Int or "-1",
        /// Storage path that it copies from.
        src_path: Option<i64> => "SrcPath" Int or "-1",
        /// Backend that it copies to.
        dest_be: Option<i64> => "DestBe" Int or "-1",
        /// Storage path that it copies to.
        dest_path: Option<i64> => "DestPath" Int or "-1",
        /// Seconds that copying may take; 0 before it begins.
        timeout: u64 => "Timeout" Int,
        /// When it was made.
        create: Timestamp => "Create" Time or "N/A",
        /// When it was last tried to carry it out.
        lst_sched: Option<Timestamp> => "LstSched" Time or "N/A",
        /// When it was last tried, or its copying ended.
        lst_visit: Option<Timestamp> => "LstVisit" Time or "N/A",
        /// When it ended.
        finished: Option<Timestamp> => "Finished" Time or "N/A",
        /// Megabytes (1,048,576 bytes) copied in a second.
        rate: Option<f64> => "Rate" Double or "N/A",
        /// Failures to carry it out, since the last step down in priority.
        failed_sched: u32 => "FailedSched" Int,
        /// Copies that failed.
        failed_running: u32 => "FailedRunning" Int,
        /// When its priority was first looked at again.
        lst_adj_prio: Option<Timestamp> => "LstAdjPrio" Time or "N/A",
        /// What readers saw when it was last looked at.
        visible_ver: Version => "VisibleVer" Int,
        /// Always 0; kept because programs read it.
        visible_ver_hash: i64 => "VisibleVerHash" Int,
        /// The last version given out by then.
        cmt_ver: Version => "CmtVer" Int,
        /// Always 0.
        cmt_ver_hash: i64 => "CmtVerHash" Int,
        /// Why it waits, failed or ended.
        err_msg: String => "ErrMsg" Text,
        /// The medium that the new replica prefers (StarRocks).
        medium: &'static str => "Medium" Text,
    }
}

impl From<&Task> for TaskRow {
    fn from(task: &Task) -> TaskRow {
        let (source, destination) = (&task.source, &task.destination);
        TaskRow {
            tablet_id: task.tablet,
            kind: task.kind.word(),
            status: task.status.word(),
            state: task.state.word(),
            orig_prio: task.original.word(),
            dynm_prio: task.dynamic.word(),
            src_be: backend(source),
            src_path: path(source),
            dest_be: backend(destination),
            dest_path: path(destination),
            timeout: task.timeout_ms / 1000,
            create: task.created,
            lst_sched: task.scheduled,
            lst_visit: task.visited,
            finished: task.finished,
            rate: task.rate().map(|bytes| bytes as f64 / MEGABYTE),
            failed_sched: task.failed_scheduling,
            failed_running: task.failed_running,
            lst_adj_prio: task.adjusted,
            visible_ver: task.visible,
            visible_ver_hash: 0,
            cmt_ver: task.committed,
            cmt_ver_hash: 0,
            err_msg: task
                .reason
                .as_ref()
                .map(Reason::to_string)
                .unwrap_or_default(),
            medium: task.medium.word(),
        }
    }
}

fn backend(spot: &Option<Spot>) -> Option<i64> {
    spot.map(|spot| signed(spot.backend.0))
}

fn path(spot: &Option<Spot>) -> Option<i64> {
    spot.map(|spot| spot.path).filter(|path| *path != -1)
}

/// Tasks that wait, in the order in which they are tried.
pub fn pending<'a>(at: &Place<'a>) -> Vec<&'a Task> {
    let mut tasks: Vec<&Task> = at.view.healing.pending.values().map(|t| &**t).collect();
    tasks.sort_by_key(|task| task.place());
    tasks
}

/// The replicas of `{tablet}`, if a task of it is in that state.
pub fn replicas(at: &Place<'_>, is: impl Fn(State) -> bool) -> Result<Vec<ReplicaRow>, Error> {
    let id = at.tablet_id()?;
    let healing = &at.view.healing;
    let live = healing.task(id).filter(|task| is(task.state));
    if live
        .or_else(|| healing.last(id).filter(|task| is(task.state)))
        .is_none()
    {
        return Err(at.error(format!("Tablet[{id}] has no such task")));
    }
    let tablet = at.view.catalog.tablets.view(id);
    let replicas = tablet.into_iter().flat_map(|tablet| tablet.replicas());
    Ok(replicas.map(|r| ReplicaRow::new(at.view, id, &r)).collect())
}
