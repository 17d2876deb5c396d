//! `/transactions`: the databases, behind each its loads.

use crate::ids::DbId;
use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// A database.
    pub struct TxnDbRow {
        /// Identity.
        db_id: DbId => "DbId" Int,
        /// Name.
        db_name: String => "DbName" Text,
    }
}

/// `/transactions`.
pub struct Transactions;

impl Node for Transactions {
    const PATH: &'static str = "/transactions";
    type Row = TxnDbRow;

    fn rows(at: &Place<'_>) -> Result<Vec<TxnDbRow>, Error> {
        let databases = at.view.catalog.databases.values();
        Ok(databases
            .map(|db| TxnDbRow {
                db_id: db.id,
                db_name: db.name.clone(),
            })
            .collect())
    }
}
