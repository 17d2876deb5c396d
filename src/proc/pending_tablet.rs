//! `/cluster_balance/pending_tablets/<tablet>`: the replicas of a tablet whose task waits.

use crate::proc::tablet::ReplicaRow;
use crate::proc::{Error, Node, Place, task};
use crate::tablet::task::State;

/// `/cluster_balance/pending_tablets/{tablet}`.
pub struct PendingReplicas;

impl Node for PendingReplicas {
    const PATH: &'static str = "/cluster_balance/pending_tablets/{tablet}";
    type Row = ReplicaRow;

    fn rows(at: &Place<'_>) -> Result<Vec<ReplicaRow>, Error> {
        task::replicas(at, |state| state == State::Pending)
    }
}
