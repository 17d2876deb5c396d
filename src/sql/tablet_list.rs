//! A list of tablets as operators write it: `id, id` or `(id, id)`.

use std::collections::BTreeSet;
use std::fmt;

use sqlparser::tokenizer::Token;

use crate::ids::TabletId;
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::lookup::Error;
use crate::sql::statements::Context;

/// The tablets that a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TabletList {
    /// Ids as written, without those that repeat an earlier one.
    pub ids: Vec<u64>,
}

impl TabletList {
    /// `id, ..` or `(id, ..)`, at least one.
    pub fn parse(c: &mut Cursor<'_>) -> Result<TabletList, SyntaxError> {
        let written = if c.peek(0) == Some(&Token::LParen) {
            c.parens(Cursor::number)?
        } else {
            c.list(Cursor::number)?
        };
        let mut seen = BTreeSet::new();
        let ids = written.into_iter().filter(|id| seen.insert(*id));
        Ok(TabletList { ids: ids.collect() })
    }

    /// The tablets, if all of them exist.
    pub fn find(&self, cx: Context<'_>) -> Result<Vec<TabletId>, Error> {
        let found = self.ids.iter().map(|id| Ok(cx.find_tablet(*id)?.id()));
        found.collect()
    }
}

impl fmt::Display for TabletList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.ids.iter().map(u64::to_string).collect();
        f.write_str(&ids.join(", "))
    }
}
