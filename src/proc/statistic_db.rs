//! `/statistic/<DbId>`: which tablets of a database need attention (seed: Check the status of all tablets).
//!
//! Read from the census as it is now, not from the last `/statistic`.

use crate::ids::{DbId, TabletId};
use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// The one row of a database.
    pub struct DbStatisticRow {
        /// Tablets that are not healthy: `[id, id]`.
        unhealthy: String => "UnhealthyTablets" Text,
        /// Tablets whose replicas differ in content.
        inconsistent: String => "InconsistentTablets" Text,
        /// Tablets with a replica that is being filled by a clone (StarRocks).
        cloning: String => "CloningTablets" Text,
        /// Tablets with a replica in error state (StarRocks).
        error_state: String => "ErrorStateTablets" Text,
    }
}

/// `/statistic/{db_id}`.
pub struct DbStatistic;

impl Node for DbStatistic {
    const PATH: &'static str = "/statistic/{db_id}";
    type Row = DbStatisticRow;

    fn rows(at: &Place<'_>) -> Result<Vec<DbStatisticRow>, Error> {
        let text = at.param("db_id");
        let id: DbId = text
            .parse()
            .map_err(|_| at.error(format!("Invalid db id format: {text}")))?;
        let catalog = &at.view.catalog;
        if !catalog.databases.contains_key(&id) {
            return Err(at.error(format!("Invalid db id: {id}")));
        }
        Ok(vec![DbStatisticRow {
            cloning: list(&at.view.census.cloning(id)),
            unhealthy: list(&at.view.unhealthy(id)),
            inconsistent: list(&at.view.census.inconsistent(id)),
            error_state: list(&[]),
        }])
    }
}

fn list(ids: &[TabletId]) -> String {
    let ids: Vec<String> = ids.iter().map(TabletId::to_string).collect();
    format!("[{}]", ids.join(", "))
}
