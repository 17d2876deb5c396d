//! What is the matter with one tablet, what happens to it next, and which backends can and can't help: EXPLAIN TABLET.
//!
//! Asks the deciders that the scheduler runs, so it says what the scheduler will do if nothing changes. Owns the
//! sentences and which decider is asked about which backend; decides nothing itself.

mod next;
mod remedy;
mod verdict;

use std::collections::BTreeSet;

use self::next::Next;
pub use self::remedy::remedy;
use crate::catalog::table::Medium;
use crate::catalog::tablets::TabletView;
use crate::ids::{BackendId, TabletId};
use crate::tablet::balance::{self, Move, Scale};
use crate::tablet::cluster::Cluster;
use crate::tablet::desk::{Desk, by_load};
use crate::tablet::health::{TabletStatus, tablet_health};
use crate::tablet::reason::Reason;
use crate::tablet::schedule::Decision;
use crate::tablet::task::Kind;
use crate::tablet::{destination, source};
use crate::view::View;

/// What EXPLAIN TABLET says.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// One sentence: what is the matter, and what happens next.
    pub verdict: String,
    /// What the scheduler will decide when it comes to the tablet; `None` where it will not come to it now.
    pub decision: Option<Decision>,
    /// Why nothing is done now, where nothing is.
    pub reason: Option<Reason>,
    /// The statement that helps, if there is one.
    pub remedy: Option<String>,
    /// Every backend, by id: first as what is copied from, then as what is copied to.
    pub rows: Vec<ExplainRow>,
}

/// One backend in one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainRow {
    /// The backend.
    pub backend: BackendId,
    /// What for.
    pub role: Role,
    /// Who judges: `source`, `destination_new`, `destination_behind` or `balance`.
    pub decider: &'static str,
    /// The judgement.
    pub reason: Reason,
    /// The statement that helps, if there is one.
    pub remedy: Option<String>,
}

/// What a backend is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A replica is copied from it.
    Source,
    /// A replica is copied to it.
    Destination,
}

impl Role {
    /// The word that EXPLAIN prints.
    pub fn word(self) -> &'static str {
        match self {
            Role::Source => "SOURCE",
            Role::Destination => "DESTINATION",
        }
    }
}

/// Explains a tablet; `None` where there is none with that id. Costs a look at each backend.
pub fn explain(desk: &Desk<'_>, tablet: TabletId) -> Option<Explanation> {
    let view = desk.catalog.tablets.view(tablet)?;
    let health = tablet_health(desk.cluster, &view);
    let next = Next::of(desk, &view, health);
    let reason = next.reason();
    let judges = Judges::of(&next, health.status, desk.medium(&view));
    Some(Explanation {
        verdict: verdict::sentence(desk, &view, health, &next),
        remedy: reason.and_then(|reason| remedy::of_tablet(desk, Some(&view), reason)),
        reason: reason.cloned(),
        rows: judges.rows(desk, &view),
        decision: next.decision().cloned(),
    })
}

/// Explains a tablet as readers see the cluster.
pub fn of_view(view: &View, tablet: TabletId) -> Option<Explanation> {
    let catalog = &view.catalog;
    explain(
        &Desk {
            now: view.now,
            catalog,
            cluster: &Cluster::of(catalog),
            config: &view.config,
            healing: &view.healing,
            order: &by_load(catalog, &view.healing),
            safe_mode: view.frontend.safe_mode,
        },
        tablet,
    )
}

/// Who judges the backends of a tablet.
#[derive(Debug, Clone, Copy)]
enum Judges {
    /// A new replica is, or would be, made.
    New,
    /// A replica is brought forward.
    Behind,
    /// It is moved, to even out the loads of a medium.
    Balance(Medium),
}

impl Judges {
    fn of(next: &Next, status: TabletStatus, medium: Medium) -> Judges {
        let task = next.task();
        if task.is_some_and(|task| task.kind == Kind::Balance) {
            return Judges::Balance(task.map_or(medium, |task| task.medium));
        }
        match (next.decision(), status) {
            (Some(Decision::Copy { destination, .. }), _) => match destination.replica {
                Some(_) => Judges::Behind,
                None => Judges::New,
            },
            (_, TabletStatus::VersionIncomplete) => Judges::Behind,
            _ => Judges::New,
        }
    }

    fn rows(self, desk: &Desk<'_>, tablet: &TabletView<'_>) -> Vec<ExplainRow> {
        let known = desk.catalog.backends.keys().copied();
        let held = tablet.replicas().map(|replica| replica.backend);
        let all: BTreeSet<BackendId> = known.chain(held).collect();
        let scale = match self {
            Judges::Balance(medium) => Some(Scale::of(desk, medium)),
            Judges::New | Judges::Behind => None,
        };
        // Where loads are even, what moves is a matter of partitions and tables.
        let even = match (self, &scale) {
            (Judges::Balance(medium), Some(Err(Reason::Balanced))) => {
                Some(balance::plan(desk, medium, tablet))
            }
            _ => None,
        };
        let rows = all.into_iter().flat_map(|backend| {
            [Role::Source, Role::Destination].map(|role| {
                let (decider, reason) = match (&scale, &even) {
                    (_, Some(even)) => ("balance", evened(even, backend, role)),
                    (Some(scale), None) => ("balance", moved(scale, tablet, backend, role)),
                    (None, None) => self.judge(desk, tablet, backend, role),
                };
                ExplainRow {
                    backend,
                    role,
                    decider,
                    remedy: remedy::of_tablet(desk, Some(tablet), &reason),
                    reason,
                }
            })
        });
        rows.collect()
    }

    /// A backend in a repair of the tablet.
    fn judge(
        self,
        desk: &Desk<'_>,
        tablet: &TabletView<'_>,
        backend: BackendId,
        role: Role,
    ) -> (&'static str, Reason) {
        let medium = desk.medium(tablet);
        match (self, role) {
            (_, Role::Source) => {
                let reason = source::judge(desk, tablet, backend, Kind::Repair);
                ("source", reason)
            }
            (Judges::Behind, Role::Destination) => {
                let reason = destination::judge_behind(desk, tablet, backend);
                ("destination_behind", reason)
            }
            // A new replica is made because this one's path is full: that it has a replica is not why it gets none.
            (_, Role::Destination) => match destination::judge_behind(desk, tablet, backend) {
                full @ Reason::PathFull(_) => ("destination_behind", full),
                _ => {
                    let repair = Kind::Repair;
                    let reason = destination::judge_new(desk, tablet, medium, backend, repair);
                    ("destination_new", reason)
                }
            },
        }
    }
}

/// A backend in a move that evens out a partition or a table.
fn evened(even: &Result<Move, Reason>, backend: BackendId, role: Role) -> Reason {
    match (even, role) {
        (Err(reason), _) => reason.clone(),
        (Ok(chosen), Role::Source) if chosen.source.backend == backend => Reason::Fits(backend),
        (Ok(chosen), Role::Destination) if chosen.destination.backend == backend => {
            Reason::Fits(backend)
        }
        (Ok(_), Role::Source) => Reason::NotHigh(backend),
        (Ok(_), Role::Destination) => Reason::NotLow(backend),
    }
}

/// A backend in a move of the tablet.
fn moved(
    scale: &Result<Scale<'_>, Reason>,
    tablet: &TabletView<'_>,
    backend: BackendId,
    role: Role,
) -> Reason {
    match (scale, role) {
        (Err(reason), _) => reason.clone(),
        (Ok(scale), Role::Source) => scale.judge_source(tablet, backend),
        (Ok(scale), Role::Destination) => scale.judge_destination(tablet, None, backend),
    }
}

#[cfg(test)]
mod tests;
