//! `ADMIN CANCEL REPAIR TABLET id, ..`: takes tablets off the queue for the repair of their content.

use std::fmt;

use crate::code::Failure;
use crate::leader::request::{HealRequest, Request};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tablet_list::TabletList;

/// `ADMIN CANCEL REPAIR TABLET id, ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminCancelRepairTablet {
    /// Tablets.
    pub tablets: TabletList,
}

impl Spec for AdminCancelRepairTablet {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "CANCEL", "REPAIR", "TABLET"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_cancel_repair_tablet.ebnf");
    const HELP: &'static str =
        "Takes tablets off the queue of ADMIN REPAIR TABLET; a repair that has begun goes on.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "CANCEL", "REPAIR", "TABLET"])?;
        Ok(AdminCancelRepairTablet {
            tablets: TabletList::parse(c)?,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let tablets = self.tablets.find(cx)?;
        let on = false;
        Ok(Outcome::Request(Request::Heal(HealRequest::RepairTablets { tablets, on })))
    }
}

impl fmt::Display for AdminCancelRepairTablet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ADMIN CANCEL REPAIR TABLET {}", self.tablets)
    }
}
