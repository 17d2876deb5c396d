//! `/cluster_balance/running_tablets`: tasks whose copying runs (seed: Check
//! tablet scheduling tasks).

use crate::proc::task::TaskRow;
use crate::proc::{Error, Node, Place};

/// `/cluster_balance/running_tablets`.
pub struct Running;

impl Node for Running {
    const PATH: &'static str = "/cluster_balance/running_tablets";
    const TABLE: Option<&'static str> = Some("running_tablets");
    type Row = TaskRow;

    fn rows(at: &Place<'_>) -> Result<Vec<TaskRow>, Error> {
        let tasks = at.view.healing.running.values();
        Ok(tasks.map(|task| TaskRow::from(&**task)).collect())
    }
}
