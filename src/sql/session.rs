//! What a statement knows of the connection that sent it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::code::{Code, Failure};
use crate::memory::{Account, Charge, Exhausted};
use crate::sql::outcome::SessionChange;

/// What the greeting and `@@version` say. Clients choose their dialect by its first part, so it is a MySQL version.
pub const SERVER_VERSION: &str = concat!("8.0.33-quorate-", env!("CARGO_PKG_VERSION"));

/// Bytes of a user variable beside its name and value.
const VARIABLE_BYTES: usize = 128;
/// Bytes of a warning's text that are kept; what a client sent may be part of it, however long.
const WARNING_BYTES: usize = 4096;

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
    pub user_variables: BTreeMap<String, UserValue>,
    /// What they are charged to.
    pub memory: Account,
    /// Warnings of the last statement, for SHOW WARNINGS.
    pub warnings: Vec<Warning>,
    /// BEGIN was said and neither COMMIT nor ROLLBACK since. Writes are committed one by one all the same.
    pub in_transaction: bool,
    /// The transaction only reads; outside of one: what SET TRANSACTION said of the next.
    pub read_only: bool,
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
            SessionChange::Transaction(open) => {
                self.in_transaction = open;
                self.read_only = false;
            }
            SessionChange::ReadOnly(only) => self.read_only = only,
            SessionChange::Warn(warning) => self.warn(warning),
        }
    }

    /// Leaves a line for SHOW WARNINGS.
    pub fn warn(&mut self, mut warning: Warning) {
        let end = warning.message.floor_char_boundary(WARNING_BYTES);
        if end < warning.message.len() {
            warning.message = warning.message[..end].to_owned();
        }
        self.warnings.push(warning);
    }

    /// Refuses a write where the transaction only reads, or every one does.
    ///
    /// # Errors
    /// 1792.
    pub fn may_write(&self) -> Result<(), Failure> {
        let always = self.variables.get("transaction_read_only");
        let always = !self.in_transaction && always.is_some_and(|value| value == "ON");
        if self.read_only || always {
            let message = "Cannot execute statement in a READ ONLY transaction";
            return Err(Failure::new(Code::READ_ONLY_TRANSACTION, message));
        }
        Ok(())
    }

    /// The text of a user variable; `None` for NULL and for one that was never set.
    pub fn user_variable(&self, name: &str) -> Option<&str> {
        self.user_variables.get(name)?.text()
    }
}

/// The value of a user variable: charged as long as anybody holds it, however many copies there are of its session.
#[derive(Debug, Clone)]
pub struct UserValue(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    text: Option<String>,
    _held: Charge,
}

impl UserValue {
    /// A value for the variable `name`; `None` is NULL.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn new(memory: &Account, name: &str, text: Option<String>) -> Result<UserValue, Exhausted> {
        let bytes = VARIABLE_BYTES + name.len() + text.as_ref().map_or(0, String::capacity);
        let held = memory.charge("user variables", bytes as u64)?;
        Ok(UserValue(Arc::new(Kept { text, _held: held })))
    }

    /// Its text; `None` for NULL.
    pub fn text(&self) -> Option<&str> {
        self.0.text.as_deref()
    }
}

impl PartialEq for UserValue {
    fn eq(&self, other: &UserValue) -> bool {
        self.text() == other.text()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_variables_are_charged_once_for_all_copies_until_the_last_has_gone() {
        let memory = Account::new(2000);
        let mut session = Session::default();
        let value = |bytes| UserValue::new(&memory, "a", Some("x".repeat(bytes)));
        let set = |value| SessionChange::UserVariable("a".to_owned(), value);
        session.apply(set(value(900).expect("room")));
        let copy = session.clone();
        assert!((900..1100).contains(&memory.used()), "{}", memory.used());
        assert_eq!(value(1000).expect_err("no room").what, "user variables");
        session.apply(set(value(10).expect("room")));
        assert_eq!(copy.user_variable("a").map(str::len), Some(900));
        drop(copy);
        assert!(memory.used() < 200, "{}", memory.used());
        // NULL has a name, which is as long as a client likes.
        let null = UserValue::new(&memory, &"x".repeat(1000), None).expect("room");
        assert!(memory.used() > 1000 && null.text().is_none());
        drop((session, null));
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn a_warning_keeps_a_part_of_a_long_text() {
        let mut session = Session::default();
        session.apply(SessionChange::Warn(Warning {
            level: "Error",
            code: 1105,
            message: "ä".repeat(WARNING_BYTES),
        }));
        assert_eq!(session.warnings[0].message.len(), WARNING_BYTES);
    }
}
