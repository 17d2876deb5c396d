//! `EXPLAIN TABLET id`: what is the matter with a tablet, what happens to it next, and which backends can and can't help.
//!
//! The first row is the verdict; then each backend has one as what is copied from and one as what is copied to. The
//! deciders are the scheduler's own.

use std::fmt;

use crate::code::Failure;
use crate::config::Setting;
use crate::ids::{BackendId, TabletId};
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::lookup;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;
use crate::tablet::explain::{self, ExplainRow, Explanation};
use crate::tablet::reason::Reason;
use crate::view::View;

/// `EXPLAIN TABLET id [tail]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainTablet {
    /// Tablet.
    pub tablet: u64,
    /// WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

row! {
    /// The verdict, or one backend in one role.
    pub struct ExplainedRow {
        /// Backend; NULL in the row of the verdict.
        backend_id: Option<BackendId> => "BackendId" Int,
        /// Its address.
        backend: Option<String> => "Backend" Text,
        /// `VERDICT`; then `SOURCE`: copied from, `DESTINATION`: copied to.
        role: &'static str => "Role" Text,
        /// Who judges, by the name of the part of the scheduler.
        decider: &'static str => "Decider" Text,
        /// `YES`, `NO`, `THROTTLE`: as soon as there is room, `WAIT`: after some time.
        ruling: Option<&'static str> => "Ruling" Text,
        /// A stable word for the reason.
        code: Option<&'static str> => "Code" Text,
        /// The reason as a sentence.
        reason: String => "Reason" Text,
        /// The setting that has to do with it.
        setting: Option<&'static str> => "Setting" Text,
        /// Its value.
        value: Option<String> => "Value" Text,
        /// The statement that helps.
        statement: Option<String> => "Statement" Text,
    }
}

impl Spec for ExplainTablet {
    const HEADS: &'static [&'static [&'static str]] = &[&["EXPLAIN", "TABLET"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/explain_tablet.ebnf");
    const HELP: &'static str =
        "Says what is the matter with a tablet, what happens to it next, and which backends can help or not, and why.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["EXPLAIN", "TABLET"])?;
        Ok(ExplainTablet {
            tablet: c.number()?,
            tail: Tail::parse(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(ExplainedRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let tablet = TabletId(self.tablet);
        let explained = explain::of_view(cx.view, tablet);
        let explained = explained.ok_or(lookup::Error::Tablet(self.tablet))?;
        let rows = Rows::of(rows(cx.view, explained));
        Ok(Outcome::Rows(self.tail.apply(rows)?))
    }
}

fn rows(view: &View, explained: Explanation) -> Vec<ExplainedRow> {
    let settings = view.config.settings();
    let reason = explained.reason.as_ref();
    let verdict = ExplainedRow {
        backend_id: None,
        backend: None,
        role: "VERDICT",
        decider: "scheduler",
        ruling: reason.map(|reason| reason.ruling().word()),
        code: reason.map(Reason::code),
        reason: explained.verdict,
        setting: reason.and_then(Reason::setting),
        value: reason.and_then(|reason| value(&settings, reason)),
        statement: explained.remedy,
    };
    let backends = explained.rows.into_iter();
    let backends = backends.map(|row| ExplainedRow::new(view, &settings, row));
    std::iter::once(verdict).chain(backends).collect()
}

/// The value of the setting that has to do with a reason.
fn value(settings: &[Setting], reason: &Reason) -> Option<String> {
    let key = reason.setting()?;
    let setting = settings.iter().find(|setting| setting.key == key)?;
    Some(setting.value.clone())
}

impl ExplainedRow {
    fn new(view: &View, settings: &[Setting], row: ExplainRow) -> ExplainedRow {
        let backend = view.catalog.backends.get(&row.backend);
        ExplainedRow {
            backend_id: Some(row.backend),
            backend: backend.map(|backend| backend.address()),
            role: row.role.word(),
            decider: row.decider,
            ruling: Some(row.reason.ruling().word()),
            code: Some(row.reason.code()),
            reason: row.reason.to_string(),
            setting: row.reason.setting(),
            value: value(settings, &row.reason),
            statement: row.remedy,
        }
    }
}

impl fmt::Display for ExplainTablet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EXPLAIN TABLET {}{}", self.tablet, self.tail)
    }
}
