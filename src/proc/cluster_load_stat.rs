//! `/cluster_balance/cluster_load_stat`: the media, and how even the loads of their backends are (seed:
//! ClusterLoadStatistics).

use crate::clock::Timestamp;
use crate::proc::balance_stat::balanced;
use crate::proc::{Error, Node, Place};
use crate::row;
use crate::tablet::load::MediumLoad;

row! {
    /// A medium.
    pub struct LoadStatRow {
        /// `HDD` or `SSD`.
        storage_medium: &'static str => "StorageMedium" Text,
        /// JSON: disk use of the fullest and of the emptiest backend, and whether loads are even.
        cluster_disk_balance_stat: String => "ClusterDiskBalanceStat" Text,
        /// Backends that have it.
        backend_num: usize => "BackendNum" Int,
        /// Mean loadScore of them.
        avg_score: f64 => "AvgScore" Double,
        /// Mean number of replicas.
        avg_replica_num: f64 => "AvgReplicaNum" Double,
        /// Percentage of what all of them can hold that tablets take.
        used_percent: f64 => "UsedPercent" Percent,
        /// When the loads were computed; once a minute.
        computed: Option<Timestamp> => "Computed" Time or "N/A",
    }
}

/// `/cluster_balance/cluster_load_stat`.
pub struct LoadStat;

impl Node for LoadStat {
    const PATH: &'static str = "/cluster_balance/cluster_load_stat";
    const TABLE: Option<&'static str> = Some("cluster_load_stat");
    type Row = LoadStatRow;

    fn rows(at: &Place<'_>) -> Result<Vec<LoadStatRow>, Error> {
        let load = &at.view.healing.load;
        Ok(load
            .mediums
            .iter()
            .map(|(medium, of)| LoadStatRow {
                storage_medium: medium.word(),
                cluster_disk_balance_stat: stat(of),
                backend_num: of.backends.len(),
                avg_score: of.average,
                avg_replica_num: of.replicas,
                used_percent: of.used * 100.0,
                computed: load.at,
            })
            .collect())
    }
}

fn stat(load: &MediumLoad) -> String {
    let used = || load.backends.values().map(|backend| backend.used() * 100.0);
    format!(
        "{{\"maxUsedPercent\":{:.3},\"minUsedPercent\":{:.3},\"balanced\":{}}}",
        used().fold(0.0, f64::max),
        used().reduce(f64::min).unwrap_or(0.0),
        balanced(load)
    )
}
