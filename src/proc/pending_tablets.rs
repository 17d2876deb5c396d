//! `/cluster_balance/pending_tablets`: tasks that wait, in the order in which they are tried (seed: Check
//! tablet scheduling tasks).

use crate::proc::task::{self, TaskRow};
use crate::proc::{Error, Node, Place};

/// `/cluster_balance/pending_tablets`.
pub struct Pending;

impl Node for Pending {
    const PATH: &'static str = "/cluster_balance/pending_tablets";
    const TABLE: Option<&'static str> = Some("pending_tablets");
    type Row = TaskRow;

    fn rows(at: &Place<'_>) -> Result<Vec<TaskRow>, Error> {
        Ok(task::pending(at).into_iter().map(TaskRow::from).collect())
    }
}
