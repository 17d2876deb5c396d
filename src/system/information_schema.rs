//! `information_schema`: MySQL's tables of metadata, each with MySQL's whole list of columns, and StarRocks' table of the
//! tablet scheduler.

mod columns;
mod empty;
pub mod fixed;
mod keys;
pub mod mysql_type;
mod partitions;
pub mod processlist;
pub mod schemata;
mod tables;
mod tables_config;
mod tablet_schedules;

use crate::system::tables::SystemTable;

/// Its tables.
pub fn tables() -> Vec<SystemTable> {
    let mut all = vec![
        schemata::TABLE,
        tables::TABLE,
        tables_config::TABLE,
        columns::TABLE,
        keys::STATISTICS,
        partitions::TABLE,
        processlist::TABLE,
        tablet_schedules::TABLE,
    ];
    all.extend_from_slice(fixed::TABLES);
    all.extend_from_slice(empty::TABLES);
    all
}

/// The name that MySQL 8 gives the one catalog.
const CATALOG: &str = "def";
/// Character set of all texts.
const CHARSET: &str = "utf8mb4";
/// Collation of all texts.
const COLLATION: &str = "utf8mb4_0900_ai_ci";
