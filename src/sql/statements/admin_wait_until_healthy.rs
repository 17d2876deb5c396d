//! `ADMIN WAIT UNTIL HEALTHY [TABLE [db.]table] FOR '10m'`: for runbooks, which go on when all is well again.

use std::fmt;

use crate::code::{Code, Coded, Failure};
use crate::sql::cursor::{Cursor, TableName, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::{Outcome, Wait};
use crate::sql::statements::{Context, Spec};
use crate::tablet::unsettled::Scope;

/// Milliseconds that a statement may wait at most: 30 days.
const WAIT_MAX_MS: u64 = 30 * 24 * 3_600_000;

/// `ADMIN WAIT UNTIL HEALTHY ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminWaitUntilHealthy {
    /// Only this table.
    pub table: Option<TableName>,
    /// The time limit as written.
    pub limit: String,
}

/// A time limit that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no time to wait; write a whole number with s, m or h, such as '10m', up to '720h'")]
struct WrongLimit(String);

impl Coded for WrongLimit {
    fn code(&self) -> Code {
        Code::ANALYSIS
    }
}

impl Spec for AdminWaitUntilHealthy {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "WAIT", "UNTIL", "HEALTHY"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_wait_until_healthy.ebnf");
    const HELP: &'static str = "Waits until no tablet needs repair and nothing is being moved; at the time limit it ends with \
                                an error that says what is left.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "WAIT", "UNTIL", "HEALTHY"])?;
        let table = match c.eat(&["TABLE"]) {
            true => Some(c.table_name()?),
            false => None,
        };
        c.expect(&["FOR"])?;
        Ok(AdminWaitUntilHealthy {
            table,
            limit: c.string()?,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let limit_ms = milliseconds(&self.limit).ok_or_else(|| WrongLimit(self.limit.clone()))?;
        let scope = match &self.table {
            None => Scope::Cluster,
            Some(name) => {
                let (db, table) = cx.find_table(name)?;
                Scope::Table(db.id, table.id)
            }
        };
        Ok(Outcome::Wait(Wait { scope, limit_ms }))
    }
}

/// The time that `'90s'`, `'10m'` or `'2h'` says; `None` when it says none or more than [`WAIT_MAX_MS`].
fn milliseconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let unit = match text.chars().last()?.to_ascii_lowercase() {
        's' => 1000,
        'm' => 60_000,
        'h' => 3_600_000,
        _ => return None,
    };
    let number = text.get(..text.len() - 1)?.trim_end();
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let ms = number.parse::<u64>().ok()?.checked_mul(unit)?;
    (ms <= WAIT_MAX_MS).then_some(ms)
}

impl fmt::Display for AdminWaitUntilHealthy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ADMIN WAIT UNTIL HEALTHY")?;
        if let Some(table) = &self.table {
            write!(f, " TABLE {table}")?;
        }
        write!(f, " FOR {}", quoted_text(&self.limit))
    }
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn a_time_is_a_whole_number_with_its_unit() {
        assert_eq!(milliseconds("90s"), Some(90_000));
        assert_eq!(milliseconds(" 10 M "), Some(600_000));
        assert_eq!(milliseconds("720h"), Some(30 * 24 * 3_600_000));
        for wrong in ["", "m", "10", "-1m", "1.5h", "721h", "99999999999999999999h", "10µ", "10 min"] {
            assert_eq!(milliseconds(wrong), None, "{wrong}");
        }
    }
}
