//! `/cluster_balance/history_tablets`: tasks that have ended, the newest last; at most 1000 are remembered (seed: Check
//! tablet scheduling tasks).

use crate::proc::task::TaskRow;
use crate::proc::{Error, Node, Place};

/// `/cluster_balance/history_tablets`.
pub struct History;

impl Node for History {
    const PATH: &'static str = "/cluster_balance/history_tablets";
    const TABLE: Option<&'static str> = Some("history_tablets");
    type Row = TaskRow;

    fn rows(at: &Place<'_>) -> Result<Vec<TaskRow>, Error> {
        let tasks = at.view.healing.history.iter();
        Ok(tasks.map(|task| TaskRow::from(&**task)).collect())
    }
}
