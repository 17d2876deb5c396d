//! `ADMIN DROP UNKNOWN TABLETS [DRY RUN] [REASON '..']`: after a frontend took over, replicas of tables that it does not know
//! are not kept any more.

use std::fmt;

use crate::code::Failure;
use crate::leader::request::recovery::{RecoveryRequest, Terms};
use crate::rows::{Column, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::findings::FindingRow;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `ADMIN DROP UNKNOWN TABLETS ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminDropUnknownTablets {
    /// DRY RUN and REASON.
    pub terms: Terms,
}

impl Spec for AdminDropUnknownTablets {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "DROP", "UNKNOWN", "TABLETS"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_drop_unknown_tablets.ebnf");
    const HELP: &'static str = "After --take-over: backends move tablets of tables that are not known to their trash, as they do without a take-over; DRY RUN lists them.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "DROP", "UNKNOWN", "TABLETS"])?;
        Ok(AdminDropUnknownTablets {
            terms: Terms::parse(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(FindingRow::columns())
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::Recovery(RecoveryRequest::DropUnknown {
            terms: self.terms.clone(),
        }))
    }
}

impl fmt::Display for AdminDropUnknownTablets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ADMIN DROP UNKNOWN TABLETS{}", self.terms)
    }
}
