//! Definitions of tables: the clauses of CREATE TABLE and ALTER TABLE, what they may say, and how they print.
//!
//! Each file owns one clause: its tree, its reading and its printed form. `table` and `ranges` check what was read
//! against the rules of `starrocks.md` and make what the leader is asked for. `shown` goes the other way.

pub mod column;
pub mod distribution;
pub mod every;
pub mod index;
pub mod literal;
pub mod partition;
pub mod property;
pub mod ranges;
pub mod shown;
pub mod table;
pub mod types;

use std::fmt;

use crate::sql::cursor::quoted_name;

/// A name as SHOW CREATE TABLE prints it where the seed's system leaves quotes out: plain when it can stand so.
pub(crate) fn plain_name(name: &str) -> String {
    let mut chars = name.chars();
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let plain = chars.next().is_some_and(first)
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.iter().any(|r| r.eq_ignore_ascii_case(name));
    if plain {
        name.to_owned()
    } else {
        quoted_name(name)
    }
}

/// Words that begin something else where a partition's name may stand.
const RESERVED: [&str; 5] = ["IF", "VALUES", "START", "END", "EVERY"];

/// A text in double quotes, as partition values and properties print.
pub(crate) struct DoubleQuoted<'a>(pub &'a str);

impl fmt::Display for DoubleQuoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", escaped(self.0, '"'))
    }
}

/// A text in single quotes, doubled inside, as MySQL prints defaults and comments.
pub(crate) struct SingleQuoted<'a>(pub &'a str);

impl fmt::Display for SingleQuoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", escaped(self.0, '\''))
    }
}

fn escaped(text: &str, quote: char) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            c if c == quote => {
                out.push(c);
                out.push(c);
            }
            other => out.push(other),
        }
    }
    out
}
