//! `/statistic`: counts of every database and of all (seed: Check the status of all tablets).
//!
//! Read from the census, so it costs a line a database, whatever the number of tablets.

use crate::ids::DbId;
use crate::proc::{Error, Node, Place};
use crate::row;
use crate::view::Statistic;

row! {
    /// One database, or the last line with the sums.
    pub struct StatisticRow {
        /// Database; `Total` in the last line.
        db_id: Option<DbId> => "DbId" Int or "Total",
        /// Name; the number of databases in the last line.
        db_name: String => "DbName" Text,
        /// Tables.
        table_num: u64 => "TableNum" Int,
        /// Partitions.
        partition_num: u64 => "PartitionNum" Int,
        /// Indexes, counted for each partition.
        index_num: u64 => "IndexNum" Int,
        /// Tablets.
        tablet_num: u64 => "TabletNum" Int,
        /// Replicas.
        replica_num: u64 => "ReplicaNum" Int,
        /// Tablets that are not healthy.
        unhealthy_tablet_num: u64 => "UnhealthyTabletNum" Int,
        /// Tablets whose replicas differ in content.
        inconsistent_tablet_num: u64 => "InconsistentTabletNum" Int,
        /// Tablets being cloned (StarRocks).
        cloning_tablet_num: u64 => "CloningTabletNum" Int,
        /// Tablets with a replica in error state (StarRocks).
        error_state_tablet_num: u64 => "ErrorStateTabletNum" Int,
    }
}

/// `/statistic`.
pub struct Statistics;

impl Node for Statistics {
    const PATH: &'static str = "/statistic";
    const TABLE: Option<&'static str> = Some("statistic");
    type Row = StatisticRow;

    fn rows(at: &Place<'_>) -> Result<Vec<StatisticRow>, Error> {
        let mut rows = Self::table_rows(at)?;
        // StarRocks: no database at all, no line with sums.
        if !rows.is_empty() {
            let databases = at.view.catalog.databases.keys();
            let total =
                databases.fold(Statistic::default(), |sum, id| sum + at.view.statistic(*id));
            rows.push(StatisticRow::new(None, rows.len().to_string(), total));
        }
        Ok(rows)
    }

    fn table_rows(at: &Place<'_>) -> Result<Vec<StatisticRow>, Error> {
        let names = at.view.catalog.database_names.iter();
        Ok(names
            .map(|(name, id)| StatisticRow::new(Some(*id), name.clone(), at.view.statistic(*id)))
            .collect())
    }
}

impl StatisticRow {
    fn new(db_id: Option<DbId>, db_name: String, of: Statistic) -> StatisticRow {
        StatisticRow {
            db_id,
            db_name,
            table_num: of.tables,
            partition_num: of.partitions,
            index_num: of.indexes,
            tablet_num: of.tablets,
            replica_num: of.replicas,
            unhealthy_tablet_num: of.unhealthy,
            inconsistent_tablet_num: of.inconsistent,
            cloning_tablet_num: of.cloning,
            error_state_tablet_num: of.error_state,
        }
    }
}
