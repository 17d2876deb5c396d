//! `fe_tablet_schedules`: the tasks of the tablet scheduler that run, have ended, or wait (StarRocks; the same as
//! `/cluster_balance/running_tablets` and its neighbours, in one table).

use crate::clock::Timestamp;
use crate::ids::{BackendId, PartitionId, TableId, TabletId, Version};
use crate::row;
use crate::rows::{Row, Typed};
use crate::system::sources::Sources;
use crate::system::tables::SystemTable;
use crate::tablet::reason::Reason;
use crate::tablet::task::{Spot, Task};

/// Bytes of a megabyte.
const MEGABYTE: f64 = 1_048_576.0;

row! {
    /// A task.
    pub struct TabletScheduleRow {
        /// Tablet.
        tablet_id: TabletId => "TABLET_ID" Int,
        /// Table.
        table_id: TableId => "TABLE_ID" Int,
        /// Partition.
        partition_id: PartitionId => "PARTITION_ID" Int,
        /// `REPAIR` or `BALANCE`.
        kind: &'static str => "TYPE" Text,
        /// `PENDING`, `RUNNING`, `FINISHED`, `CANCELLED`, `TIMEOUT` or `UNEXPECTED`.
        state: &'static str => "STATE" Text,
        /// What was the matter with the tablet when it was last looked at.
        schedule_reason: &'static str => "SCHEDULE_REASON" Text,
        /// The medium that the new replica prefers.
        medium: &'static str => "MEDIUM" Text,
        /// Priority now.
        priority: &'static str => "PRIORITY" Text,
        /// Priority that the task was made with.
        orig_priority: &'static str => "ORIG_PRIORITY" Text,
        /// When its priority was first looked at again.
        last_priority_adjust_time: Option<Timestamp> => "LAST_PRIORITY_ADJUST_TIME" Time,
        /// What readers saw when it was last looked at.
        visible_version: Version => "VISIBLE_VERSION" Int,
        /// The last version given out by then.
        committed_version: Version => "COMMITTED_VERSION" Int,
        /// Backend that it copies from.
        src_be_id: Option<BackendId> => "SRC_BE_ID" Int,
        /// Storage path that it copies from.
        src_path: Option<String> => "SRC_PATH" Text,
        /// Backend that it copies to.
        dest_be_id: Option<BackendId> => "DEST_BE_ID" Int,
        /// Storage path that it copies to.
        dest_path: Option<String> => "DEST_PATH" Text,
        /// Seconds that copying may take.
        timeout: u64 => "TIMEOUT" Int,
        /// When it was made.
        create_time: Timestamp => "CREATE_TIME" Time,
        /// When it was last tried to carry it out.
        schedule_time: Option<Timestamp> => "SCHEDULE_TIME" Time,
        /// When it ended.
        finish_time: Option<Timestamp> => "FINISH_TIME" Time,
        /// Bytes copied.
        clone_bytes: u64 => "CLONE_BYTES" Int,
        /// Seconds that this took.
        clone_duration: f64 => "CLONE_DURATION" Double,
        /// Megabytes (1,048,576 bytes) a second; NULL before anything was copied.
        clone_rate: Option<f64> => "CLONE_RATE" Double,
        /// Failures to carry it out, since the last step down in priority.
        failed_schedule_count: u32 => "FAILED_SCHEDULE_COUNT" Int,
        /// Copies that failed.
        failed_running_count: u32 => "FAILED_RUNNING_COUNT" Int,
        /// Why it waits, failed or ended.
        msg: String => "MSG" Text,
    }
}

/// The table.
pub const TABLE: SystemTable = SystemTable::of::<TabletScheduleRow>("fe_tablet_schedules", rows);

fn rows(sources: &Sources) -> Vec<Row> {
    let healing = &sources.view.healing;
    let running = healing.running.values();
    let tasks = running
        .chain(&healing.history)
        .chain(healing.pending.values());
    tasks
        .map(|task| TabletScheduleRow::from(&**task).cells())
        .collect()
}

impl From<&Task> for TabletScheduleRow {
    fn from(task: &Task) -> TabletScheduleRow {
        TabletScheduleRow {
            tablet_id: task.tablet,
            table_id: task.table,
            partition_id: task.partition,
            kind: task.kind.word(),
            state: task.state.word(),
            schedule_reason: task.status.word(),
            medium: task.medium.word(),
            priority: task.dynamic.word(),
            orig_priority: task.original.word(),
            last_priority_adjust_time: task.adjusted,
            visible_version: task.visible,
            committed_version: task.committed,
            src_be_id: task.source.map(|spot| spot.backend),
            src_path: task.source.and_then(path),
            dest_be_id: task.destination.map(|spot| spot.backend),
            dest_path: task.destination.and_then(path),
            timeout: task.timeout_ms / 1000,
            create_time: task.created,
            schedule_time: task.scheduled,
            finish_time: task.finished,
            clone_bytes: task.bytes,
            clone_duration: task.millis as f64 / 1000.0,
            clone_rate: task.rate().map(|bytes| bytes as f64 / MEGABYTE),
            failed_schedule_count: task.failed_scheduling,
            failed_running_count: task.failed_running,
            msg: task
                .reason
                .as_ref()
                .map(Reason::to_string)
                .unwrap_or_default(),
        }
    }
}

/// Where the backend chooses, no path is known yet.
fn path(spot: Spot) -> Option<String> {
    Some(spot.path)
        .filter(|path| *path != -1)
        .map(|path| path.to_string())
}
