//! A database: a name and its tables.

use imbl::OrdMap;

use crate::clock::Timestamp;
use crate::ids::{DbId, TableId};

/// A database.
#[derive(Debug, Clone, PartialEq)]
pub struct Database {
    /// Identity; never given twice.
    pub id: DbId,
    /// Name; compared with case.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
    /// Its tables by name; compared with case.
    pub tables: OrdMap<String, TableId>,
}
