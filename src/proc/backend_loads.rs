//! `/cluster_balance/cluster_load_stat/<medium>`: the load of each backend (seed: BE load).

use crate::ids::BackendId;
use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// Load of a backend on one medium.
    pub struct BackendLoadRow {
        /// Backend.
        be_id: BackendId => "BeId" Int,
        /// Always `default_cluster`: there is one cluster.
        cluster: &'static str => "Cluster" Text,
        /// Whether replicas can be moved to it: alive, not being emptied, with a path that works.
        available: bool => "Available" Bool,
        /// Bytes of tablets.
        used_capacity: u64 => "UsedCapacity" Bytes,
        /// Bytes of tablets, and bytes that may still be written.
        capacity: u64 => "Capacity" Bytes,
        /// One of the other, between 0 and 100.
        used_percent: f64 => "UsedPercent" Double,
        /// Replicas.
        replica_num: u64 => "ReplicaNum" Int,
        /// Weight of disk use in the score (seed: capacityCoefficient).
        cap_coeff: f64 => "CapCoeff" Double,
        /// Weight of the number of replicas (seed: replicaNumCoefficient).
        repl_coeff: f64 => "ReplCoeff" Double,
        /// The higher, the more load (seed: loadScore).
        score: f64 => "Score" Double,
        /// Against the mean of all: `LOW`, `MID`, `HIGH`; `INIT` before it is known.
        class: &'static str => "Class" Text,
    }
}

/// `/cluster_balance/cluster_load_stat/{medium}`.
pub struct BackendLoads;

impl Node for BackendLoads {
    const PATH: &'static str = "/cluster_balance/cluster_load_stat/{medium}";
    const TABLE: Option<&'static str> = Some("backend_loads");
    type Row = BackendLoadRow;

    fn rows(at: &Place<'_>) -> Result<Vec<BackendLoadRow>, Error> {
        let medium = at.medium()?;
        let load = at.view.healing.load.mediums.get(&medium);
        let backends = load.into_iter().flat_map(|load| &load.backends);
        Ok(backends
            .map(|(id, load)| BackendLoadRow {
                be_id: *id,
                cluster: "default_cluster",
                available: load.available,
                used_capacity: load.data_used,
                capacity: load.capacity,
                used_percent: load.used() * 100.0,
                replica_num: load.replicas,
                cap_coeff: load.capacity_coefficient,
                repl_coeff: load.replica_coefficient,
                score: load.score,
                class: load.class.word(),
            })
            .collect())
    }
}
