//! What may be called what: rules for the names of databases, tables, columns, partitions and users.

use crate::code::{Code, Failure};

/// Characters of the longest name (MySQL).
const CHARS_MAX: usize = 64;

/// Databases that always exist and hold system tables only.
pub const SYSTEM_DATABASES: [&str; 2] = ["information_schema", "sys"];

/// The one catalog, by StarRocks' name; it may stand before every name of a database.
pub const CATALOG: &str = "default_catalog";

/// Refuses a catalog that there is not.
pub fn check_catalog(name: &str) -> Result<(), Failure> {
    if name.eq_ignore_ascii_case(CATALOG) {
        return Ok(());
    }
    let message = format!("Unknown catalog '{name}'; the only one is {CATALOG}");
    Err(Failure::new(Code::BAD_DB, message))
}

/// Whether `db` holds system tables, in any case.
pub fn is_system_database(db: &str) -> bool {
    SYSTEM_DATABASES.iter().any(|s| s.eq_ignore_ascii_case(db))
}

/// What is being named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A database.
    Database,
    /// A table.
    Table,
    /// A column.
    Column,
    /// A partition.
    Partition,
    /// A user.
    User,
}

/// Checks a new name. Slashes and control characters are refused because names stand in URLs, PROC paths and logs.
///
/// # Errors
/// 1059 for a name that is too long, 1102, 1103, 1166 or 1396 for one that can't be used.
pub fn check(kind: Kind, name: &str) -> Result<(), Failure> {
    let (what, code) = match kind {
        Kind::Database => ("database", Code::WRONG_DB_NAME),
        Kind::Table => ("table", Code::WRONG_TABLE_NAME),
        Kind::Column => ("column", Code::WRONG_COLUMN_NAME),
        Kind::Partition => ("partition", Code::WRONG_TABLE_NAME),
        Kind::User => ("user", Code::CANNOT_USER),
    };
    if name.chars().count() > CHARS_MAX {
        let message =
            format!("Identifier name '{name}' is too long: at most {CHARS_MAX} characters");
        return Err(Failure::new(Code::TOO_LONG_IDENT, message));
    }
    let bad = |c: char| c.is_control() || matches!(c, '/' | '\\');
    if name.trim().is_empty() || name.trim() != name || name.contains(bad) {
        let message = format!(
            "Incorrect {what} name '{}': no slash, no control character, no blank at either end",
            name.escape_debug()
        );
        return Err(Failure::new(code, message));
    }
    Ok(())
}

/// Refuses to change a system database.
pub fn not_system(db: &str) -> Result<(), Failure> {
    if is_system_database(db) {
        let message = format!("database '{db}' holds system tables and can't be changed");
        return Err(Failure::new(Code::DB_ACCESS_DENIED, message));
    }
    Ok(())
}

/// Letters of a result column's name (MySQL: MAX_ALIAS_NAME).
const SHOWN_MAX: usize = 256;

/// The name of a result column as clients get it: that of an expression is its text, which may be of any length.
pub fn shown(name: &str) -> &str {
    let end = name.char_indices().nth(SHOWN_MAX).map(|(at, _)| at);
    name.get(..end.unwrap_or(name.len())).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_break_urls_or_logs_are_refused() {
        for good in ["t", "a b", "\u{e9}t\u{e9}", "x-y.z", &"n".repeat(64)] {
            assert_eq!(check(Kind::Table, good), Ok(()), "{good}");
        }
        for bad in ["", " ", "a ", "a/b", "a\\b", "a\nb", "a\0"] {
            let error = check(Kind::Table, bad).unwrap_err();
            assert_eq!(error.code, Code::WRONG_TABLE_NAME, "{bad:?}");
        }
        let long = check(Kind::Table, &"n".repeat(65)).unwrap_err();
        assert_eq!(long.code, Code::TOO_LONG_IDENT);
        assert!(is_system_database("INFORMATION_SCHEMA"));
    }

    #[test]
    fn a_name_is_shown_up_to_256_letters() {
        let long = "ä".repeat(300);
        assert_eq!(shown(&long), "ä".repeat(256));
        assert_eq!((shown("k"), shown("")), ("k", ""));
    }
}
