//! `HELP [words]`.

use std::fmt;

use crate::code::Failure;
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::{Cursor, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{ALL, Entry};
use crate::sql::statements::{Context, Spec};

/// `HELP [words]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Help {
    /// What is asked about, as words with one blank between them; empty lists everything.
    pub topic: String,
}

impl Spec for Help {
    const HEADS: &'static [&'static [&'static str]] = &[&["HELP"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/help.ebnf");
    const HELP: &'static str = "Lists the statements, or shows what one does and its grammar.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["HELP"])?;
        let mut words = Vec::new();
        while c.peek(0).is_some() {
            words.push(c.word_or_text()?);
        }
        Ok(Help {
            topic: words.join(" "),
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(HelpRow::columns())
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::Rows(Rows::of(topics(&self.topic))))
    }
}

impl fmt::Display for Help {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HELP")?;
        if !self.topic.is_empty() {
            write!(f, " {}", quoted_text(&self.topic))?;
        }
        Ok(())
    }
}

row! {
    /// One statement.
    struct HelpRow {
        /// First words.
        name: String => "Name" Text,
        /// What it does.
        description: String => "Description" Text,
        /// How it is written.
        grammar: &'static str => "Grammar" Text,
    }
}

/// The statements that begin with `topic`, else those that have it among their first words or in their sentence.
fn topics(topic: &str) -> Vec<HelpRow> {
    let topic = topic.to_ascii_uppercase();
    let heads = |e: &Entry| -> Vec<String> { e.heads.iter().map(|h| h.join(" ")).collect() };
    let begins = |e: &Entry| heads(e).iter().any(|h| h.starts_with(&topic));
    let mentions = |e: &Entry| {
        heads(e).iter().any(|h| h.contains(&topic)) || e.help.to_ascii_uppercase().contains(&topic)
    };
    let mut found: Vec<&Entry> = ALL.iter().filter(|e| begins(e)).collect();
    if found.is_empty() {
        found = ALL.iter().filter(|e| mentions(e)).collect();
    }
    let mut rows: Vec<HelpRow> = found.into_iter().map(row).collect();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    // The mysql and mariadb clients print the grammar of the only one right behind its description.
    if let [only] = rows.as_mut_slice() {
        only.description.push('\n');
    }
    rows
}

fn row(entry: &Entry) -> HelpRow {
    let heads: Vec<String> = entry.heads.iter().map(|h| h.join(" ")).collect();
    HelpRow {
        name: heads.join(", "),
        description: entry.help.to_owned(),
        grammar: entry.grammar.trim_end(),
    }
}
