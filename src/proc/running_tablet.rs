//! `/cluster_balance/running_tablets/<tablet>`: the replicas of a tablet whose task runs.

use crate::proc::tablet::ReplicaRow;
use crate::proc::{Error, Node, Place, task};
use crate::tablet::task::State;

/// `/cluster_balance/running_tablets/{tablet}`.
pub struct RunningReplicas;

impl Node for RunningReplicas {
    const PATH: &'static str = "/cluster_balance/running_tablets/{tablet}";
    type Row = ReplicaRow;

    fn rows(at: &Place<'_>) -> Result<Vec<ReplicaRow>, Error> {
        task::replicas(at, |state| state == State::Running)
    }
}
