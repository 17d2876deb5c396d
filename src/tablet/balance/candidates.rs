//! Tablets that may be moved, a handful for each backend that has too much: found by one walk along the columns of all
//! tablets that begins somewhere else each time.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::scale::{Move, Scale};
use crate::catalog::backend::PathState;
use crate::catalog::tablets::{Stretch, TabletView};
use crate::ids::{BackendId, TabletId};
use crate::tablet::desk::Desk;
use crate::tablet::health::{TabletStatus, tablet_health};
use crate::tablet::placement::mixed;
use crate::tablet::reason::Reason;
use crate::tablet::task::Kind;

/// Tablets that are taken of one storage path in one round (StarRocks).
const PICKS_OF_PATH: usize = 2;
/// Tablets that one pick is chosen from: the one that gains most is moved, so that few large moves do for many small.
const CHOICE: usize = 4;

/// Tablets found, by backend and storage path, in the order in which they were found.
#[derive(Debug)]
pub struct Candidates {
    by_path: BTreeMap<(BackendId, i64), Vec<TabletId>>,
    picks: BTreeMap<(BackendId, i64), usize>,
    picked: BTreeSet<TabletId>,
}

impl Candidates {
    /// Looks for tablets of all backends that give. Ends when each has enough, at the latest after one round.
    pub fn gather(scale: &Scale<'_>) -> Candidates {
        let mut search = Search::new(scale);
        let tablets = &scale.desk().catalog.tablets;
        let start = start(scale.desk());
        let before = TabletId(0)..=TabletId(start.0.saturating_sub(1));
        for ids in [start..=TabletId(u64::MAX), before] {
            for stretch in tablets.stretches_over(ids.clone()) {
                search.along(scale, &stretch, stretch.places(&ids));
                if search.open == 0 {
                    return search.found;
                }
            }
        }
        search.found
    }

    /// The move that gains most among those of the backend with the most load that has any.
    pub fn next<'d>(&mut self, scale: &Scale<'d>) -> Option<(TabletView<'d>, Move)> {
        for backend in scale.givers() {
            let key = |path: i64| (*backend, path);
            let mut best: Option<(TabletView<'d>, Move)> = None;
            for (place, tablets) in self.by_path.range_mut(key(i64::MIN)..=key(i64::MAX)) {
                if self.picks.get(place).copied().unwrap_or(0) >= PICKS_OF_PATH {
                    continue;
                }
                // What can't be moved now can't be moved after others either: only more load is promised in between.
                tablets.retain(|id| {
                    let view = scale.desk().catalog.tablets.view(*id);
                    let view = view.filter(|view| !self.picked.contains(&view.id()));
                    let Some((view, chosen)) =
                        view.and_then(|view| consider(scale, view, *backend))
                    else {
                        return false;
                    };
                    if best.as_ref().is_none_or(|(_, of)| better(&chosen, of)) {
                        best = Some((view, chosen));
                    }
                    true
                });
            }
            if let Some((view, chosen)) = best {
                let place = (chosen.source.backend, chosen.source.path);
                *self.picks.entry(place).or_default() += 1;
                self.picked.insert(view.id());
                return Some((view, chosen));
            }
        }
        None
    }
}

/// The move of a tablet from a backend, if there is one.
fn consider<'d>(
    scale: &Scale<'d>,
    view: TabletView<'d>,
    backend: BackendId,
) -> Option<(TabletView<'d>, Move)> {
    match scale.judge_source(&view, backend) {
        Reason::Fits(_) => Some((view, scale.plan_from(&view, backend).ok()?)),
        _ => None,
    }
}

/// The larger gain, and of equal ones the smaller copy.
fn better(one: &Move, other: &Move) -> bool {
    let gains = one.gain.total_cmp(&other.gain);
    gains.then(other.bytes.cmp(&one.bytes)).is_gt()
}

/// A walk along the tablets.
struct Search {
    /// By number of backend: how many more tablets are looked for. Only backends that give have any.
    wanted: Vec<usize>,
    /// Backends that still look for some.
    open: usize,
    found: Candidates,
}

impl Search {
    fn new(scale: &Scale<'_>) -> Search {
        let desk = scale.desk();
        let numbers = desk.catalog.tablets.backend_numbers();
        let givers: BTreeSet<&BackendId> = scale.givers().iter().collect();
        // A path that nothing is taken from would have the walk go on to its end, each time.
        let gives = |id: BackendId, path: &PathState| {
            desk.free(id, path.hash, Kind::Balance)
                && scale.judge_path(id, path) == Reason::Fits(id)
        };
        let paths = |id: &BackendId| {
            let state = desk.state(*id).filter(|_| givers.contains(id));
            let paths = state.into_iter().flat_map(|state| &state.paths);
            paths.filter(|path| gives(*id, path)).count()
        };
        let wanted: Vec<usize> = numbers
            .iter()
            .map(|id| paths(id) * PICKS_OF_PATH * CHOICE)
            .collect();
        Search {
            open: wanted.iter().filter(|wanted| **wanted > 0).count(),
            wanted,
            found: Candidates {
                by_path: BTreeMap::new(),
                picks: BTreeMap::new(),
                picked: BTreeSet::new(),
            },
        }
    }

    fn along(&mut self, scale: &Scale<'_>, stretch: &Stretch<'_>, tablets: Range<usize>) {
        for index in tablets {
            let places = usize::from(stretch.starts[index])..usize::from(stretch.starts[index + 1]);
            let asked = stretch.backends[places.clone()]
                .iter()
                .any(|number| self.wanted[*number as usize] > 0);
            // A replica with any flag is behind, bad or in use for something else.
            if asked && stretch.flags[places].iter().all(|flags| *flags == 0) {
                self.look(scale, &stretch.view(index));
            }
        }
    }

    fn look(&mut self, scale: &Scale<'_>, view: &TabletView<'_>) {
        let desk = scale.desk();
        if !movable(desk, view) {
            return;
        }
        for (number, replica) in view.numbered() {
            let wanted = &mut self.wanted[number as usize];
            if *wanted == 0
                || scale.judge_source(view, replica.backend) != Reason::Fits(replica.backend)
            {
                continue;
            }
            let place = (replica.backend, replica.path_hash);
            let known = self.found.by_path.entry(place).or_default();
            if known.len() < PICKS_OF_PATH * CHOICE {
                known.push(view.id());
                *wanted -= 1;
                self.open -= usize::from(*wanted == 0);
            }
        }
    }
}

/// Nothing else is done about the tablet, and there is a backend left that has none of its replicas.
pub(super) fn movable(desk: &Desk<'_>, view: &TabletView<'_>) -> bool {
    desk.healing.task(view.id()).is_none()
        && view.replicas().len() < desk.cluster.alive()
        && tablet_health(desk.cluster, view).status == TabletStatus::Healthy
}

/// Where the walk begins: at any tablet, each as likely as the others, by the moment and by what has been moved before. Ids
/// have gaps, and the tablet behind a wide one would be the first nearly always; those at the end of the walk, never found.
pub(super) fn start(desk: &Desk<'_>) -> TabletId {
    let tablets = &desk.catalog.tablets;
    let moment =
        desk.now.elapsed_ms().cast_unsigned() ^ desk.healing.counters.moves.rotate_left(32);
    let place = mixed(moment) % tablets.len().max(1);
    tablets.at(place).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::table::Medium;
    use crate::tablet::testing::{GB, Model};

    #[test]
    fn the_search_ends_when_the_paths_that_can_give_have_given() {
        let mut model = Model::new();
        let both = [(Medium::Hdd, 1000 * GB), (Medium::Ssd, 1000 * GB)];
        let full = model.backend("a", &both);
        model.backend("b", &both);
        model.table(&vec![vec![full]; 100], GB, Medium::Hdd);
        model.measure();
        model.desk(|desk| {
            let scale = Scale::of(desk, Medium::Hdd).expect("a gap");
            let mut search = Search::new(&scale);
            for stretch in desk.catalog.tablets.blocks().flat_map(|b| b.stretches()) {
                let all = stretch.places(&(TabletId(0)..=TabletId(u64::MAX)));
                search.along(&scale, &stretch, all);
            }
            let found: Vec<usize> = search.found.by_path.values().map(Vec::len).collect();
            assert_eq!((search.open, found), (0, vec![PICKS_OF_PATH * CHOICE]));
        });
    }

    /// Of twelve tablets on the backend with much load, each has a copy on the only backend with little; two that could
    /// go there lie far before them.
    #[test]
    fn what_can_be_moved_is_found_though_ids_have_a_wide_gap() {
        let mut model = Model::with(4, 100 * GB);
        let [much, some, little, more] = model.backends()[..] else {
            panic!("four backends");
        };
        let movable = model.table(&[vec![much], vec![much]], 5 * GB, Medium::Hdd);
        model.fresh(1_000_000);
        model.table(&vec![vec![much, little]; 12], GB / 10, Medium::Hdd);
        for other in [some, more] {
            model.table(&vec![vec![other]; 12], GB / 2, Medium::Hdd);
        }
        model.measure();
        let mut picked = BTreeSet::new();
        for _ in 0..120 {
            model.now += 1000;
            picked.extend(model.pick().into_iter().map(|task| task.tablet));
        }
        assert_eq!(picked, BTreeSet::from_iter(movable), "within two minutes");
    }
}
