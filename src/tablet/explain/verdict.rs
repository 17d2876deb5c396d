//! The sentence: what is the matter with a tablet, and what happens next.

use super::next::Next;
use crate::catalog::tablets::TabletView;
use crate::ids::ReplicaId;
use crate::tablet::desk::Desk;
use crate::tablet::health::{Health, TabletStatus};
use crate::tablet::reason::Reason;
use crate::tablet::schedule::Decision;
use crate::tablet::task::{Kind, Spot, Task};

pub(super) fn sentence(
    desk: &Desk<'_>,
    tablet: &TabletView<'_>,
    health: Health,
    next: &Next,
) -> String {
    let what = what(tablet, health);
    match next {
        Next::Nothing => what,
        Next::Running(task) => format!("{what}: {}", running(desk, task)),
        Next::NotYet(Reason::Delayed { seconds }) => {
            let lost: Vec<String> = desk.absent(tablet).map(|id| id.to_string()).collect();
            let (noun, verb) = match lost.len() {
                1 => ("backend", "comes"),
                _ => ("backends", "come"),
            };
            let lost = lost.join(", ");
            format!("{what}: repair begins in {seconds} s, in case {noun} {lost} {verb} back")
        }
        Next::NotYet(reason) => format!("{what}: it waits: {reason}"),
        Next::Decided(task, decision) => format!("{what}: {}", step(tablet, task, decision)),
    }
}

fn what(tablet: &TabletView<'_>, health: Health) -> String {
    let (id, counts, wanted) = (tablet.id(), health.counts, health.wanted);
    let detail = match health.status {
        TabletStatus::Healthy => return format!("tablet {id} is healthy"),
        TabletStatus::ReplicaMissing => format!("{} of {wanted} replicas alive", counts.alive),
        TabletStatus::VersionIncomplete => format!(
            "{} of {wanted} replicas hold version {}, which readers see",
            counts.complete,
            tablet.visible()
        ),
        TabletStatus::ReplicaRelocating => {
            format!(
                "{} of {wanted} replicas on backends that stay",
                counts.stable
            )
        }
        TabletStatus::Redundant => format!("{} replicas, {wanted} wanted", counts.all),
        TabletStatus::ForceRedundant => format!(
            "{} of {wanted} replicas alive, and no backend is free for another",
            counts.alive
        ),
    };
    format!("tablet {id} is {} ({detail})", health.status.word())
}

fn running(desk: &Desk<'_>, task: &Task) -> String {
    let seconds = task.scheduled.map_or(0, |at| desk.now.since_ms(at) / 1000);
    let way = match (task.source, task.destination) {
        (Some(from), Some(to)) => way(from, to),
        _ => String::new(),
    };
    let full = task.kind == Kind::Balance || task.full == Some(true);
    let share = match task.bytes {
        0 => String::new(),
        bytes => format!(", {bytes} bytes so far"),
    };
    format!("{} clone{way} runs since {seconds} s{share}", kind(full))
}

fn step(tablet: &TabletView<'_>, task: &Task, decision: &Decision) -> String {
    match decision {
        Decision::Copy {
            source,
            destination,
            ..
        } => {
            let clone = kind(destination.replica.is_none());
            format!("next step: {clone} clone{}", way(*source, *destination))
        }
        Decision::Retire(replica) => format!(
            "next step: replica {replica}{} is marked, and removed when loads that began before have ended",
            on(tablet, *replica)
        ),
        Decision::Keep(replica) => format!(
            "next step: replica {replica}{} stays after all",
            on(tablet, *replica)
        ),
        Decision::Remove(replica) => {
            format!(
                "next step: replica {replica}{} is removed",
                on(tablet, *replica)
            )
        }
        Decision::End(_, reason) => format!("its {} task ends: {reason}", task.kind.word()),
        Decision::Later(reason) => format!("it waits: {reason}"),
    }
}

fn kind(full: bool) -> &'static str {
    if full { "full" } else { "incremental" }
}

fn way(from: Spot, to: Spot) -> String {
    format!(" from backend {} to backend {}", from.backend, to.backend)
}

fn on(tablet: &TabletView<'_>, replica: ReplicaId) -> String {
    let at = tablet.replicas().find(|of| of.id == replica);
    at.map_or(String::new(), |at| format!(" on backend {}", at.backend))
}
