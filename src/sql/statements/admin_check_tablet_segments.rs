//! `ADMIN CHECK TABLET SEGMENTS [ON BACKEND "host:port", ..] [REPAIR]`: looks for replicas whose files are lost or wrong,
//! on all backends at once (seed: Check All Tablet Segment Lost, which asks one backend).

use std::fmt;

use crate::code::Failure;
use crate::ids::{BackendId, ReplicaId, TabletId};
use crate::leader::request::{HealRequest, Reply, Request};
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::address::Address;
use crate::sql::cursor::{Cursor, quoted_text};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};
use crate::view::View;

/// `ADMIN CHECK TABLET SEGMENTS ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminCheckTabletSegments {
    /// Addresses as written; none means all backends that live.
    pub backends: Vec<String>,
    /// Mark what is found as bad, so that it is filled anew, except what nobody else has.
    pub repair: bool,
}

row! {
    /// A replica with a lost or wrong file, or a backend that could not answer.
    pub struct SegmentRow {
        /// Where it lives, or who could not answer.
        backend_id: BackendId => "BackendId" Int,
        /// Its address.
        backend: Option<String> => "Backend" Text,
        /// Tablet.
        tablet_id: Option<TabletId> => "TabletId" Int,
        /// Replica.
        replica_id: Option<ReplicaId> => "ReplicaId" Int,
        /// What is the matter, with the file's name.
        problem: Option<String> => "Problem" Text,
        /// It has been marked bad, so that it is filled anew.
        set_bad: Option<bool> => "SetBad" Bool,
        /// It was left as it is although REPAIR was asked: no other replica could serve a read.
        kept: Option<bool> => "Kept" Bool,
        /// Why the backend could not answer.
        err_msg: Option<String> => "ErrMsg" Text,
    }
}

impl Spec for AdminCheckTabletSegments {
    const HEADS: &'static [&'static [&'static str]] = &[&["ADMIN", "CHECK", "TABLET", "SEGMENTS"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/admin_check_tablet_segments.ebnf");
    const HELP: &'static str = "Lists replicas whose files are lost or wrong; REPAIR marks them bad, except where no other \
                                replica could serve a read.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "CHECK", "TABLET", "SEGMENTS"])?;
        let backends = match c.eat(&["ON", "BACKEND"]) {
            true => c.list(Cursor::string)?,
            false => Vec::new(),
        };
        Ok(AdminCheckTabletSegments {
            backends,
            repair: c.eat(&["REPAIR"]),
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(SegmentRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let backends = Address::parse_known(&self.backends, cx.view)?;
        Ok(Outcome::Segments(Request::Heal(HealRequest::CheckSegments {
            backends: backends.iter().map(|backend| backend.id).collect(),
            repair: self.repair,
        })))
    }
}

/// The result set of what the leader answered; empty for any answer without segments.
pub fn rows(view: &View, reply: Reply) -> Rows {
    let Reply::Segments(answers) = reply else {
        return Rows::of::<SegmentRow>([]);
    };
    let mut rows = Vec::new();
    for (backend, answer) in answers {
        match answer {
            Ok(found) => rows.extend(found.bad.into_iter().map(|bad| SegmentRow {
                tablet_id: Some(bad.tablet),
                replica_id: Some(bad.replica),
                problem: Some(bad.why),
                set_bad: Some(bad.set_bad),
                kept: Some(bad.kept),
                ..SegmentRow::of(view, backend)
            })),
            Err(why) => rows.push(SegmentRow {
                err_msg: Some(why),
                ..SegmentRow::of(view, backend)
            }),
        }
    }
    Rows::of(rows)
}

/// How much was looked at, for SHOW WARNINGS: an empty result does not tell.
pub fn note(reply: &Reply) -> String {
    let Reply::Segments(answers) = reply else {
        return "nothing was checked".to_owned();
    };
    let answered = || answers.iter().filter_map(|(_, answer)| answer.as_ref().ok());
    let tablets: u64 = answered().map(|found| found.checked).sum();
    let (backends, all) = (answered().count(), answers.len());
    format!("checked {tablets} replicas on {backends} of {all} backends")
}

impl SegmentRow {
    fn of(view: &View, backend_id: BackendId) -> SegmentRow {
        let backend = view.catalog.backends.get(&backend_id);
        SegmentRow {
            backend_id,
            backend: backend.map(|backend| backend.address()),
            tablet_id: None,
            replica_id: None,
            problem: None,
            set_bad: None,
            kept: None,
            err_msg: None,
        }
    }
}

impl fmt::Display for AdminCheckTabletSegments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ADMIN CHECK TABLET SEGMENTS")?;
        if !self.backends.is_empty() {
            let backends: Vec<String> = self.backends.iter().map(|b| quoted_text(b)).collect();
            write!(f, " ON BACKEND {}", backends.join(", "))?;
        }
        f.write_str(if self.repair { " REPAIR" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::api::{BadSegment, SegmentsAnswer};
    use crate::proc::sample;

    #[test]
    fn a_backend_that_can_not_answer_is_a_row_with_its_error() {
        let bad = BadSegment {
            tablet: TabletId(13_000),
            replica: ReplicaId(14_000),
            why: "0.parquet is missing".to_owned(),
            set_bad: false,
            kept: true,
        };
        let found = SegmentsAnswer {
            checked: 4,
            bad: vec![bad],
        };
        let answers = vec![
            (BackendId(10_001), Ok(found)),
            (BackendId(10_002), Ok(SegmentsAnswer::default())),
            (BackendId(10_003), Err("no answer in time".to_owned())),
        ];
        let reply = Reply::Segments(answers);
        assert_eq!(note(&reply), "checked 4 replicas on 2 of 3 backends");
        let rows = rows(&sample::view(), reply);
        let text = |row, name| rows.text(row, name).map(|text| text.into_owned());
        assert_eq!(rows.rows.len(), 2);
        assert_eq!(text(0, "Backend").as_deref(), Some("127.0.0.1:8040"));
        assert_eq!(text(0, "Problem").as_deref(), Some("0.parquet is missing"));
        assert_eq!(text(0, "Kept").as_deref(), Some("true"));
        assert_eq!(text(0, "ErrMsg"), None);
        assert_eq!(text(1, "BackendId").as_deref(), Some("10003"));
        assert_eq!(text(1, "TabletId"), None);
        assert_eq!(text(1, "ErrMsg").as_deref(), Some("no answer in time"));
    }
}
