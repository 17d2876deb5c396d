//! What goes on of a tablet of which no whole copy is left, and what is lost with that.

use super::super::super::Core;
use super::Rescue;
use crate::backend::api::SalvagedTablet;
use crate::catalog::replica::Replica;
use crate::catalog::tablets::TabletView;
use crate::ids::{BackendId, ReplicaId, TabletId, Version};
use crate::leader::request::recovery::{Finding, FindingState};

/// Ranges of versions that a line lists.
const RANGES_MAX: usize = 10;

/// How a tablet goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// With what is left of a replica.
    Left(BackendId, ReplicaId),
    /// Empty, as a replica that its backend does not have any more, or as a new one.
    Empty(BackendId, ReplicaId, bool),
    /// No backend could make it.
    Nowhere,
}

/// What was chosen for a tablet.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) tablet: TabletId,
    pub(super) way: Way,
    /// What is lost, in words.
    pub(super) loss: String,
    /// Rows that are lost, where they are known.
    rows: Option<u64>,
    bytes: Option<u64>,
}

impl Chosen {
    pub(super) fn backend(&self) -> Option<BackendId> {
        match self.way {
            Way::Left(backend, _) | Way::Empty(backend, ..) => Some(backend),
            Way::Nowhere => None,
        }
    }

    /// The replica that goes on; none that is there already where it is a new one.
    pub(super) fn replica(&self) -> Option<ReplicaId> {
        match self.way {
            Way::Left(_, replica) | Way::Empty(_, replica, false) => Some(replica),
            Way::Empty(..) | Way::Nowhere => None,
        }
    }
}

impl Core {
    /// What goes on of a tablet: of what is left, the replica that has lost the fewest versions and holds the most rows.
    pub(super) fn choose(&self, rescue: &Rescue, tablet: TabletId) -> Option<Chosen> {
        let view = self.head.tablets.view(tablet)?;
        let told = rescue.told.get(&tablet);
        let best = told.and_then(|told| {
            told.iter().min_by_key(|(_, of)| {
                let lost: Version = of.lost.iter().map(|(from, to)| to - from + 1).sum();
                (lost, std::cmp::Reverse(of.rows), of.tablet.replica)
            })
        });
        // Without any row it is no more than an empty one.
        let known = view.replicas().map(|of| of.row_count).max();
        let mut away = self.whole_and_away(&view);
        for why in rescue.unsaid.get(&tablet).into_iter().flatten() {
            away.push_str(&format!("; what is left there is not known: {why}"));
        }
        Some(match best {
            Some((backend, of)) => Chosen {
                tablet,
                way: Way::Left(*backend, of.tablet.replica),
                loss: left(of) + &away,
                rows: match of.missing {
                    true => known
                        .and_then(|known| known.checked_sub(of.rows))
                        .filter(|lost| *lost > 0),
                    false => Some(of.lost_rows),
                },
                bytes: Some(of.lost_bytes),
            },
            None => Chosen {
                tablet,
                way: self.empty_place(rescue, &view),
                loss: format!(
                    "nothing is left: all of versions 2 to {} is lost, and it goes on empty{away}",
                    view.visible()
                ),
                rows: known.filter(|rows| *rows > 0),
                bytes: view.replicas().map(|of| of.data_size).max(),
            },
        })
    }

    /// Where an empty tablet is made: where a replica was and is not any more, else on a backend that has none.
    fn empty_place(&self, rescue: &Rescue, view: &TabletView<'_>) -> Way {
        let mut replicas = view.replicas();
        let absent = replicas.find(|of| rescue.absent.contains(&(view.id(), of.backend)));
        if let Some(of) = absent {
            return Way::Empty(of.backend, of.id, false);
        }
        let mut free = self.head.backends.values().filter(|backend| {
            self.head.alive(backend.id) && !backend.decommissioned && view.on(backend.id).is_none()
        });
        match free.next() {
            Some(backend) => Way::Empty(backend.id, ReplicaId(0), true),
            None => Way::Nowhere,
        }
    }

    /// Backends that do not live and have a whole copy, as far as is known.
    fn whole_and_away(&self, view: &TabletView<'_>) -> String {
        let visible = view.visible();
        let dead = |of: &Replica| !self.head.alive(of.backend);
        let whole = view.replicas().filter(|of| of.whole(visible));
        let mut away = whole.filter(dead);
        let backend = away.find_map(|of| self.head.backends.get(&of.backend));
        backend.map_or(String::new(), |backend| {
            format!(
                "; backend {} ({}) had a whole copy and does not answer: start it, and nothing is lost",
                backend.id,
                backend.address()
            )
        })
    }

    /// The line of a tablet.
    pub(super) fn finding(&self, rescue: &Rescue, of: &Chosen) -> Finding {
        let failed = rescue.failed.get(&of.tablet);
        let view = self.head.tablets.view(of.tablet);
        let partition = view.and_then(|view| self.head.partitions.get(&view.partition()));
        let names = partition.map(|partition| self.names_of(partition));
        let state = match (&of.way, failed, rescue.terms.dry_run) {
            (Way::Nowhere, ..) | (_, Some(_), _) => FindingState::Blocked,
            (_, None, true) => FindingState::Can,
            (_, None, false) => FindingState::Done,
        };
        let message = match (&of.way, failed) {
            (Way::Nowhere, _) => format!("{}; no backend is free to make it: add one", of.loss),
            (_, Some(why)) => format!("{}; it failed: {why}", of.loss),
            (_, None) => of.loss.clone(),
        };
        let rows = of.rows.and_then(|rows| i64::try_from(rows).ok());
        Finding {
            table: names.as_ref().map(|names| names.0.clone()),
            partition: names.map(|names| names.1),
            tablet: Some(of.tablet),
            backend: of.backend(),
            known: view.map(|view| view.visible()),
            version: view.map(|view| view.visible()),
            rows: rows.map(|rows| -rows),
            bytes: of.bytes,
            state,
            message,
        }
    }
}

/// What is lost where something is left.
fn left(of: &SalvagedTablet) -> String {
    if of.lost.is_empty() {
        return format!(
            "replica {} is whole with {} rows",
            of.tablet.replica, of.rows
        );
    }
    let ranges = of
        .lost
        .iter()
        .take(RANGES_MAX)
        .map(|(from, to)| match from == to {
            true => from.to_string(),
            false => format!("{from} to {to}"),
        });
    let ranges: Vec<String> = ranges.collect();
    let more = match of.lost.len() > ranges.len() {
        true => ", ..",
        false => "",
    };
    format!(
        "replica {} goes on with {} rows; versions {}{more} are lost",
        of.tablet.replica,
        of.rows,
        ranges.join(", ")
    )
}
