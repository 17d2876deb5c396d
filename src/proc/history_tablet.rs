//! `/cluster_balance/history_tablets/<tablet>`: the replicas of a tablet whose task has ended.

use crate::proc::tablet::ReplicaRow;
use crate::proc::{Error, Node, Place, task};
use crate::tablet::task::State;

/// `/cluster_balance/history_tablets/{tablet}`.
pub struct HistoryReplicas;

impl Node for HistoryReplicas {
    const PATH: &'static str = "/cluster_balance/history_tablets/{tablet}";
    type Row = ReplicaRow;

    fn rows(at: &Place<'_>) -> Result<Vec<ReplicaRow>, Error> {
        task::replicas(at, State::ended)
    }
}
