//! `ADMIN REPAIR TABLET id, ..`: queues tablets for the repair of their content.

use std::fmt;

use crate::code::Failure;
use crate::leader::request::{HealRequest, Request};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tablet_list::TabletList;

/// `ADMIN REPAIR TABLET id, ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminRepairTablet {
    /// Tablets.
    pub tablets: TabletList,
}

impl Spec for AdminRepairTablet {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "REPAIR", "TABLET"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_repair_tablet.ebnf");
    const HELP: &'static str = "Queues tablets whose replicas are compared and, where most agree, repaired; \
                                SHOW SHARD REPAIR shows the queue.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "REPAIR", "TABLET"])?;
        Ok(AdminRepairTablet {
            tablets: TabletList::parse(c)?,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let tablets = self.tablets.find(cx)?;
        let on = true;
        Ok(Outcome::Request(Request::Heal(HealRequest::RepairTablets { tablets, on })))
    }
}

impl fmt::Display for AdminRepairTablet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ADMIN REPAIR TABLET {}", self.tablets)
    }
}
