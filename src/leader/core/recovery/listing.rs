//! What operators are told of partitions in doubt, and of tablets that the catalog does not know.

use std::collections::BTreeMap;

use super::super::Core;
use super::planning::Plan;
use crate::ids::{BackendId, TabletId};
use crate::leader::request::recovery::{Finding, FindingState};

/// Tablets that a line names.
const NAMED_MAX: usize = 10;

impl Core {
    /// The line of a partition.
    pub(super) fn of_plan(&self, plan: &Plan, state: FindingState) -> Finding {
        let mut words = plan.blockers.clone();
        words.extend(plan.losses.iter().cloned());
        if !plan.ahead.is_empty() {
            words.push(format!(
                "{} tablets have versions that are not known here: {}",
                plan.ahead.len(),
                named(&plan.ahead)
            ));
        }
        if !plan.cut.is_empty() && plan.blockers.is_empty() {
            words.push(format!(
                "what {} replicas hold above version {} is taken away: no tablet lacks it only if nobody was told of it",
                plan.cut.len(),
                plan.version
            ));
        }
        if !plan.untold.is_empty() {
            words.push(format!(
                "{} replicas were not shown, and are made anew from others",
                plan.untold.len()
            ));
        }
        Finding {
            table: Some(plan.names.0.clone()),
            partition: Some(plan.names.1.clone()),
            tablet: None,
            backend: None,
            known: Some(plan.known),
            version: Some(plan.version),
            rows: plan.rows,
            bytes: None,
            state,
            message: words.join("; "),
        }
    }

    /// The lines of tablets that the catalog does not know, one for each replica.
    pub(super) fn unknown_tablets(&self, state: FindingState) -> Vec<Finding> {
        let strangers = self.reports.strangers();
        let unknown = strangers.filter(|(_, of)| {
            self.head.tablets.view(of.tablet).is_none() && self.head.recovery.keeps(of.replica)
        });
        let mut lines = BTreeMap::<(TabletId, BackendId), Finding>::new();
        for (backend, of) in unknown {
            let line = Finding {
                table: None,
                partition: None,
                tablet: Some(of.tablet),
                backend: Some(backend),
                known: None,
                version: Some(of.version),
                rows: i64::try_from(of.row_count).ok(),
                bytes: Some(of.data_size),
                state,
                message: "its table is not known here: it was made after the journal ends; it is kept until ADMIN DROP UNKNOWN TABLETS".to_owned(),
            };
            lines.insert((of.tablet, backend), line);
        }
        lines.into_values().collect()
    }
}

fn named(tablets: &[TabletId]) -> String {
    let first = tablets.iter().take(NAMED_MAX).map(TabletId::to_string);
    let first: Vec<String> = first.collect();
    let more = match tablets.len() > first.len() {
        true => ", ..",
        false => "",
    };
    format!("{}{more}", first.join(", "))
}
