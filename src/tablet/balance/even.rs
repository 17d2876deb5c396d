//! Each partition and each table evened out over the backends of its medium, where the loads of the backends are even
//! (StarRocks: tablet distribution).
//!
//! A move goes from a backend with at least two tablets of the partition more to one with fewer; or, where it leaves the partition
//! as even as it was, from one with at least two of the table more. So with every move the sum of the squares of what the
//! backends have of each partition falls; or it stays, and that of each table falls. Both are whole numbers and not
//! negative: moves come to an end. A move that would take a load from the mean is not made, so that the loads stay even
//! and nothing is moved back because of them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::candidates::{movable, start};
use super::scale::{Move, available, moved_lately};
use crate::catalog::backend::PathState;
use crate::catalog::partition::Partition;
use crate::catalog::replica::ReplicaState;
use crate::catalog::table::{Medium, Table};
use crate::catalog::tablets::TabletView;
use crate::config::Balancer;
use crate::ids::{BackendId, PartitionId, ReplicaId, TableId};
use crate::tablet::desk::Desk;
use crate::tablet::load::MediumLoad;
use crate::tablet::reason::{Reason, Ruling};
use crate::tablet::task::{Kind, Spot, State};
use crate::tablet::{destination, source};

/// Tablets that one round looks at: the rest has its turn in later rounds.
const ROUND: usize = 20_000;
/// The part of the threshold within which a load must be after a move that takes it from the mean: what was measured may be off
/// by a little.
const MARGIN: f64 = 0.9;

/// One medium, its partitions and tables.
#[derive(Debug)]
pub struct Even<'a> {
    desk: &'a Desk<'a>,
    medium: Medium,
    load: &'a MediumLoad,
    /// Backends that can give and take.
    backends: Vec<BackendId>,
    /// Replicas that go when a move that is under way ends.
    leaving: BTreeSet<ReplicaId>,
    /// Slots that are taken are no hindrance: the question is whether all is even.
    patient: bool,
}

/// What backends have of a table, by their place in [`Even::backends`].
#[derive(Debug, Default)]
struct Counts {
    of_table: Vec<i64>,
    of_partitions: BTreeMap<PartitionId, Vec<i64>>,
}

impl<'a> Even<'a> {
    /// The backends of a medium. Asked where their loads are even.
    ///
    /// # Errors
    /// Partitions and tables are not evened out, or there are no backends.
    pub fn of(desk: &'a Desk<'a>, medium: Medium) -> Result<Even<'a>, Reason> {
        if desk.config.tablet_sched_balancer_strategy == Balancer::BeLoadScore {
            return Err(Reason::Balanced);
        }
        let load = desk.healing.load.mediums.get(&medium);
        let load = load.ok_or(Reason::Balanced)?;
        let backends = load.backends.iter();
        let backends = backends.filter(|(id, of)| available(desk, **id, of));
        let tasks = desk
            .healing
            .running
            .values()
            .chain(desk.healing.pending.values());
        let moves = tasks.filter(|task| {
            let under_way = task.state == State::Running || task.copied.is_some();
            task.kind == Kind::Balance && under_way
        });
        Ok(Even {
            desk,
            medium,
            load,
            backends: backends.map(|(id, _)| *id).collect(),
            leaving: moves.filter_map(|task| task.source?.replica).collect(),
            patient: false,
        })
    }

    /// Moves that are worth it, at most one of each table: those of tables in whose turn it is.
    pub fn find(&self) -> Vec<(TabletView<'a>, Move)> {
        let tables = &self.desk.catalog.tables;
        let first = self.desk.catalog.tablets.view(start(self.desk));
        let first = first.and_then(|view| self.desk.table(&view));
        let first = first.unwrap_or_default();
        let mut found = Vec::new();
        let mut left = ROUND;
        let waiting = self.waiting();
        for (id, table) in tables.range(first..).chain(tables.range(..first)) {
            if left == 0 {
                break;
            }
            if !waiting.contains(id) {
                found.extend(self.in_table(table, &mut left));
            }
        }
        found
    }

    /// Whether nothing could be evened out further. Looks at all tablets.
    pub fn all(mut self) -> bool {
        self.patient = true;
        let mut left = usize::MAX;
        let mut tables = self.desk.catalog.tables.values();
        tables.all(|table| self.in_table(table, &mut left).is_none())
    }

    /// The move of a tablet, if there is one.
    ///
    /// # Errors
    /// Its partition and its table are even as far as it goes, or slots are taken.
    pub fn plan(&self, tablet: &TabletView<'_>) -> Result<Move, Reason> {
        let table = self.desk.table(tablet);
        let table = table.and_then(|id| self.desk.catalog.tables.get(&id));
        let counts = self.count(table.ok_or(Reason::TabletGone)?);
        let mut why = Reason::Balanced;
        for (from, to) in self.pairs(&counts, tablet.partition()) {
            match self.step(tablet, from, to) {
                Ok(chosen) => return Ok(chosen),
                Err(busy) if busy.ruling() == Ruling::Throttle => why = busy,
                Err(_) => {}
            }
        }
        Err(why)
    }

    /// Whether a move that was found can still be made, others having been promised since.
    pub fn holds(&self, chosen: &Move) -> bool {
        let (from, to) = (chosen.source, chosen.destination);
        let free = |spot: Spot| self.desk.free(spot.backend, spot.path, Kind::Balance);
        free(from) && free(to) && self.stays_level(from.backend, to.backend, chosen.bytes)
    }

    /// Tables of which a move waits: where it will go is not decided yet.
    fn waiting(&self) -> BTreeSet<TableId> {
        let waiting = self.desk.healing.pending.values();
        let waiting = waiting.filter(|task| task.kind == Kind::Balance && task.copied.is_none());
        waiting.map(|task| task.table).collect()
    }

    /// The first move of a table; `left` is how many tablets may still be looked at.
    fn in_table(&self, table: &Table, left: &mut usize) -> Option<(TabletView<'a>, Move)> {
        let counts = self.count(table);
        let tablets: i64 = counts.of_table.iter().sum();
        *left = left.saturating_sub(usize::try_from(tablets).unwrap_or(0) + 1);
        let skewed = |of: &[i64], by: i64| {
            let (least, most) = (of.iter().min(), of.iter().max());
            least
                .zip(most)
                .is_some_and(|(least, most)| most - least >= by)
        };
        let of_table = skewed(&counts.of_table, 2);
        for (id, of) in &counts.of_partitions {
            let worth = skewed(of, 2) || (of_table && skewed(of, 1));
            if !worth {
                continue;
            }
            let partition = self.desk.catalog.partitions.get(id)?;
            let pairs: Vec<(usize, usize)> = self.pairs(&counts, *id).collect();
            for tablet in self.desk.catalog.tablets.of_partition(partition) {
                *left = left.saturating_sub(1);
                if pairs.is_empty() || !movable(self.desk, &tablet) {
                    continue;
                }
                let mut moves = pairs
                    .iter()
                    .map(|(from, to)| self.step(&tablet, *from, *to));
                if let Some(chosen) = moves.find_map(Result::ok) {
                    return Some((tablet, chosen));
                }
            }
        }
        None
    }

    /// The pairs of backends between which a tablet of a partition may go: those that gain most first.
    fn pairs(
        &self,
        counts: &Counts,
        partition: PartitionId,
    ) -> impl Iterator<Item = (usize, usize)> + use<> {
        let none = Vec::new();
        let of = counts.of_partitions.get(&partition).unwrap_or(&none);
        let mut pairs = Vec::new();
        for from in 0..of.len() {
            for to in 0..of.len() {
                let by = of[from] - of[to];
                let by_table = counts.of_table[from] - counts.of_table[to];
                if by >= 2 || (by == 1 && by_table >= 2) {
                    pairs.push((Reverse((by, by_table)), from, to));
                }
            }
        }
        pairs.sort_unstable();
        pairs.into_iter().map(|(_, from, to)| (from, to))
    }

    /// The move of a tablet from one backend to another.
    fn step(&self, tablet: &TabletView<'_>, from: usize, to: usize) -> Result<Move, Reason> {
        let (from, to) = (self.backends[from], self.backends[to]);
        let replica = tablet.on(from).ok_or(Reason::HasNoReplica(from))?;
        if tablet.on(to).is_some() {
            return Err(Reason::HasReplica(to));
        }
        let able = |reason: &Reason| {
            matches!(reason, Reason::Fits(_)) || (self.patient && matches!(reason, Reason::Busy(_)))
        };
        let source = source::judge(self.desk, tablet, from, Kind::Balance);
        if !able(&source) || replica.state != ReplicaState::Normal {
            return Err(match source {
                Reason::Busy(_) => Reason::SourceBusy,
                other => other,
            });
        }
        let path = self.desk.path(from, replica.path_hash);
        if path.is_none_or(|path| path.medium != self.medium) {
            return Err(Reason::NoMedium(from));
        }
        let bytes = self.desk.bytes(tablet);
        if !self.stays_level(from, to, bytes) {
            return Err(Reason::NoBetterBackend);
        }
        let went = |was: BackendId, is: BackendId| is == from || was == to;
        if moved_lately(self.desk, tablet, went) {
            return Err(Reason::MovedLately(from));
        }
        let any = |_: &PathState| true;
        let path = destination::path_for(self.desk, tablet, self.medium, to, (Kind::Balance, &any));
        let path = match path {
            Err(Reason::Busy(_)) if self.patient => -1,
            Err(Reason::Busy(_)) => return Err(Reason::DestinationBusy),
            path => path?,
        };
        let spot = |backend, path, replica| Spot {
            backend,
            path,
            replica,
        };
        Ok(Move {
            source: spot(from, replica.path_hash, Some(replica.id)),
            destination: spot(to, path, None),
            bytes,
            gain: 0.0,
        })
    }

    /// Whether the loads of both are still even after a move, or nearer to the mean than before.
    fn stays_level(&self, from: BackendId, to: BackendId, bytes: u64) -> bool {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let (average, threshold) = (self.load.average, self.load.threshold * MARGIN);
        let off = |score: f64| (score - average).abs();
        let level = |backend: BackendId, bytes: i64, replicas: i64| {
            self.load.backends.get(&backend).is_some_and(|of| {
                let after = off(self.load.score_with(of, bytes, replicas));
                after <= threshold * average || after <= off(of.score)
            })
        };
        level(from, -bytes, -1) && level(to, bytes, 1)
    }

    /// What backends have of the partitions of a table that are on the medium, moves that are under way counted as done.
    fn count(&self, table: &Table) -> Counts {
        let catalog = self.desk.catalog;
        let numbers = catalog.tablets.backend_numbers().iter();
        let places: Vec<Option<usize>> = numbers
            .map(|id| self.backends.binary_search(id).ok())
            .collect();
        let mut counts = Counts {
            of_table: vec![0; self.backends.len()],
            ..Counts::default()
        };
        for partition in catalog.partitions_of(table) {
            if partition.spec.medium != self.medium {
                continue;
            }
            let mut of = vec![0; self.backends.len()];
            self.count_partition(partition, &places, &mut of);
            let sum = counts.of_table.iter_mut().zip(&of);
            sum.for_each(|(sum, of)| *sum += of);
            counts.of_partitions.insert(partition.id, of);
        }
        counts
    }

    fn count_partition(&self, partition: &Partition, places: &[Option<usize>], of: &mut [i64]) {
        let (Some(first), Some(last)) = (partition.tablets.first(), partition.tablets.last())
        else {
            return;
        };
        let ids = *first..=*last;
        for stretch in self.desk.catalog.tablets.stretches_over(ids.clone()) {
            if stretch.partition != partition.id {
                continue;
            }
            for index in stretch.places(&ids) {
                let at = usize::from(stretch.starts[index])..usize::from(stretch.starts[index + 1]);
                let plain = stretch.flags[at.clone()].iter().all(|flags| *flags == 0);
                if plain && self.leaving.is_empty() {
                    let numbers = stretch.backends[at].iter();
                    let held = numbers.filter_map(|number| places[*number as usize]);
                    held.for_each(|place| of[place] += 1);
                    continue;
                }
                for (number, replica) in stretch.view(index).numbered() {
                    let goes = replica.state == ReplicaState::Decommission
                        || self.leaving.contains(&replica.id);
                    if let Some(place) = places[number as usize].filter(|_| !goes) {
                        of[place] += 1;
                    }
                }
            }
        }
    }
}
