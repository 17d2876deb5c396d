//! What a statement knows of the connection that sent it.

use std::collections::BTreeMap;

use crate::sql::outcome::SessionChange;

/// What the greeting and `@@version` say. Clients choose their dialect by its first part, so it is a MySQL version.
pub const SERVER_VERSION: &str = concat!("8.0.33-quorate-", env!("CARGO_PKG_VERSION"));

/// A connection's state between statements. The engine owns it; a statement reads it and returns a
/// [`SessionChange`].
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// Connection id, as in the greeting.
    pub id: u32,
    /// User name.
    pub user: String,
    /// Address of the client, `host:port`.
    pub peer: String,
    /// Current database.
    pub db: Option<String>,
    /// System variables that this session has set, by lower-case name; the rest are the table's defaults.
    pub variables: BTreeMap<&'static str, String>,
    /// User variables (`SET @x = 1`), by lower-case name.
    pub user_variables: BTreeMap<String, Option<String>>,
    /// Warnings of the last statement, for SHOW WARNINGS.
    pub warnings: Vec<Warning>,
    /// BEGIN was said and neither COMMIT nor ROLLBACK since. Writes are committed one by one all the same.
    pub in_transaction: bool,
}

impl Session {
    /// Carries out a change that a statement asked for.
    pub fn apply(&mut self, change: SessionChange) {
        match change {
            SessionChange::Use(db) => self.db = Some(db),
            SessionChange::Variable(name, Some(value)) => {
                self.variables.insert(name, value);
            }
            SessionChange::Variable(name, None) => {
                self.variables.remove(name);
            }
            SessionChange::UserVariable(name, value) => {
                self.user_variables.insert(name, value);
            }
            SessionChange::Transaction(open) => self.in_transaction = open,
            SessionChange::Warn(warning) => self.warnings.push(warning),
        }
    }
}

/// A line of SHOW WARNINGS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// `Note`, `Warning` or `Error`.
    pub level: &'static str,
    /// MySQL number.
    pub code: u16,
    /// Text.
    pub message: String,
}
