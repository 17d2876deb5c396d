//! `SHOW TRANSACTION [FROM db] WHERE id = n` or `WHERE label = 'text'`: one load.

use std::fmt;

use sqlparser::tokenizer::Token;

use crate::code::Failure;
use crate::ids::TxnId;
use crate::proc::transactions_state::TxnRow;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::{Cursor, quoted_name, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `SHOW TRANSACTION [FROM db] WHERE ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowTransaction {
    /// Database; `None` means the session's.
    pub db: Option<String>,
    /// Which load.
    pub which: Which,
}

/// How a load is named.
#[derive(Debug, Clone, PartialEq)]
pub enum Which {
    /// By id.
    Id(TxnId),
    /// By label.
    Label(String),
}

impl Spec for ShowTransaction {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "TRANSACTION"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_transaction.ebnf");
    const HELP: &'static str = "Shows one load by its id or label.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "TRANSACTION"])?;
        let db = if c.eat(&["FROM"]) {
            Some(c.ident()?)
        } else {
            None
        };
        c.expect(&["WHERE"])?;
        let by_id = c.eat(&["ID"]);
        if !by_id && !c.eat(&["LABEL"]) {
            return Err(c.expected("id or label"));
        }
        c.expect_token(&Token::Eq)?;
        let which = if by_id {
            Which::Id(TxnId(c.number()?))
        } else {
            Which::Label(c.string()?)
        };
        Ok(ShowTransaction { db, which })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(TxnRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let db = cx.find_db(self.db.as_deref())?.id;
        let txns = &cx.view.catalog.txns;
        let found = match &self.which {
            Which::Id(id) => txns.get(id).filter(|txn| txn.db == db),
            // A label may have been used again after a load was aborted: the newest counts.
            Which::Label(label) => txns
                .values()
                .rev()
                .find(|txn| txn.db == db && txn.label == *label),
        };
        Ok(Outcome::Rows(Rows::of(
            found.map(|txn| TxnRow::from(&**txn)),
        )))
    }
}

impl fmt::Display for ShowTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SHOW TRANSACTION")?;
        if let Some(db) = &self.db {
            write!(f, " FROM {}", quoted_name(db))?;
        }
        match &self.which {
            Which::Id(id) => write!(f, " WHERE id = {id}"),
            Which::Label(label) => write!(f, " WHERE label = {}", quoted_text(label)),
        }
    }
}
