//! What the scheduler does next about a tablet, worked out without doing it.

use std::sync::Arc;

use crate::catalog::tablets::TabletView;
use crate::tablet::checker;
use crate::tablet::desk::Desk;
use crate::tablet::health::{Health, TabletStatus};
use crate::tablet::reason::Reason;
use crate::tablet::schedule::{self, Decision};
use crate::tablet::task::Task;

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Next {
    /// Nothing is the matter, and nothing is done.
    Nothing,
    /// A copy runs.
    Running(Arc<Task>),
    /// The checker does not ask for anything yet.
    NotYet(Reason),
    /// A task waits, or the checker will make one, and this is what becomes of it.
    Decided(Box<Task>, Decision),
}

impl Next {
    pub(super) fn of(desk: &Desk<'_>, tablet: &TabletView<'_>, health: Health) -> Next {
        let id = tablet.id();
        if let Some(task) = desk.healing.running.get(&id) {
            return Next::Running(task.clone());
        }
        if let Some(task) = desk.healing.pending.get(&id) {
            let mut task = Task::clone(task);
            task.look(health, desk.now);
            let decision = schedule::decide(desk, &task);
            return Next::Decided(Box::new(task), decision);
        }
        if desk.catalog.recovery.doubts(tablet.partition()) {
            return Next::NotYet(Reason::InDoubt);
        }
        if health.status == TabletStatus::Healthy {
            return Next::Nothing;
        }
        if desk.safe_mode {
            return Next::NotYet(Reason::SafeMode);
        }
        let hinted = desk.healing.hints.contains_key(&tablet.partition());
        let left_ms = checker::delay_left_ms(desk, tablet, health);
        if left_ms > 0 {
            let seconds = left_ms.div_ceil(1000);
            return Next::NotYet(Reason::Delayed { seconds });
        }
        if !hinted && !checker::admits(desk, tablet) {
            return Next::NotYet(Reason::QueueFull);
        }
        match checker::task(desk, tablet, health, hinted) {
            Some(task) => {
                let decision = schedule::decide(desk, &task);
                Next::Decided(Box::new(task), decision)
            }
            None => Next::NotYet(Reason::TabletGone),
        }
    }

    /// The task that it is about.
    pub(super) fn task(&self) -> Option<&Task> {
        match self {
            Next::Running(task) => Some(task),
            Next::Decided(task, _) => Some(task),
            Next::Nothing | Next::NotYet(_) => None,
        }
    }

    /// What will be decided.
    pub(super) fn decision(&self) -> Option<&Decision> {
        match self {
            Next::Decided(_, decision) => Some(decision),
            _ => None,
        }
    }

    /// Why nothing is done now.
    pub(super) fn reason(&self) -> Option<&Reason> {
        match self {
            Next::NotYet(reason)
            | Next::Decided(_, Decision::Later(reason) | Decision::End(_, reason)) => Some(reason),
            _ => None,
        }
    }
}
