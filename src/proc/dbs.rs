//! `/dbs`: the databases.

use crate::catalog::database::Database;
use crate::catalog::state::Catalog;
use crate::clock::Timestamp;
use crate::ids::DbId;
use crate::proc::content::table_checked;
use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// A database.
    pub struct DbRow {
        /// Identity.
        db_id: DbId => "DbId" Int,
        /// Name.
        db_name: String => "DbName" Text,
        /// Tables.
        table_num: usize => "TableNum" Int,
        /// Bytes that it may hold; there is no limit.
        quota: Option<u64> => "Quota" Size or "N/A",
        /// When the content of its tablets was last compared.
        last_consistency_check_time: Option<Timestamp> => "LastConsistencyCheckTime" Time or "N/A",
        /// Replicas that it may have; there is no limit.
        replica_quota: Option<u64> => "ReplicaQuota" Int or "N/A",
    }
}

/// `/dbs`.
pub struct Dbs;

impl Node for Dbs {
    const PATH: &'static str = "/dbs";
    const TABLE: Option<&'static str> = Some("databases");
    type Row = DbRow;

    fn rows(at: &Place<'_>) -> Result<Vec<DbRow>, Error> {
        let catalog = &at.view.catalog;
        let databases = catalog.databases.values();
        Ok(databases
            .map(|db| DbRow {
                db_id: db.id,
                db_name: db.name.clone(),
                table_num: db.tables.len(),
                quota: None,
                last_consistency_check_time: checked(catalog, db),
                replica_quota: None,
            })
            .collect())
    }
}

fn checked(catalog: &Catalog, db: &Database) -> Option<Timestamp> {
    let tables = db.tables.values();
    tables
        .filter_map(|id| table_checked(catalog, catalog.tables.get(id)?))
        .max()
}
