//! `sys`: the state of the cluster, one table for each tabular node of the PROC tree, with types and NULL.

use crate::proc;
use crate::system::tables::SystemTable;

/// Its tables.
pub fn tables() -> Vec<SystemTable> {
    proc::tables().into_iter().map(SystemTable::proc).collect()
}
