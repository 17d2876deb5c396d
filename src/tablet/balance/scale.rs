//! One medium on the scale: which backends give, which take, and whether a tablet can go from one to another.

use crate::catalog::backend::PathState;
use crate::catalog::table::Medium;
use crate::catalog::tablets::TabletView;
use crate::ids::BackendId;
use crate::tablet::desk::Desk;
use crate::tablet::load::{BackendLoad, Class, MediumLoad, class};
use crate::tablet::reason::Reason;
use crate::tablet::task::{Kind, Spot};
use crate::tablet::{destination, source};

/// Milliseconds for which a move is not taken back.
const SETTLED_MS: u64 = 3_600_000;

/// The loads of one medium, what is under way counted as done.
#[derive(Debug)]
pub struct Scale<'a> {
    desk: &'a Desk<'a>,
    medium: Medium,
    load: &'a MediumLoad,
    /// Some backend that is available has much load, or little.
    high: bool,
    low: bool,
    /// Backends that tablets may leave, the most load first.
    givers: Vec<BackendId>,
    /// Backends that tablets may come to, the least load first.
    takers: Vec<BackendId>,
}

/// A move that can be made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Move {
    /// The replica that is copied, and goes afterwards.
    pub source: Spot,
    /// Where it is copied to.
    pub destination: Spot,
    /// Bytes of the tablet.
    pub bytes: u64,
    /// By how much the two scores come nearer to the mean.
    pub gain: f64,
}

impl<'a> Scale<'a> {
    /// The backends of a medium as they stand.
    ///
    /// Tablets go from HIGH to LOW. Where only one of the two classes is left, backends on the other side of the mean
    /// stand in for the other; StarRocks would leave one new backend among many equal ones empty, and one that is
    /// overfull as it is.
    ///
    /// # Errors
    /// No load differs enough from the mean, or every backend with little load is unavailable.
    pub fn of(desk: &'a Desk<'a>, medium: Medium) -> Result<Scale<'a>, Reason> {
        let load = desk.healing.load.mediums.get(&medium);
        let load = load.ok_or(Reason::Balanced)?;
        let mut all: Vec<(f64, BackendId, Class)> = load
            .backends
            .iter()
            .filter(|(id, of)| available(desk, **id, of))
            .map(|(id, of)| (of.score, *id, load.class_now(of)))
            .collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let has = |wanted: Class| all.iter().any(|(_, _, class)| *class == wanted);
        let mut scale = Scale {
            desk,
            medium,
            load,
            high: has(Class::High),
            low: has(Class::Low),
            givers: Vec::new(),
            takers: Vec::new(),
        };
        let fit = |fits: &dyn Fn(f64, Class) -> bool| {
            let fit = all.iter().filter(|(score, _, class)| fits(*score, *class));
            fit.map(|(_, id, _)| *id).collect::<Vec<_>>()
        };
        let givers = fit(&|score, class| scale.gives_at(score, class));
        let takers = fit(&|score, class| scale.takes_at(score, class));
        (scale.givers, scale.takers) = (givers, takers);
        scale.givers.reverse();
        let mut classes = load.backends.values().map(|of| load.class_now(of));
        if scale.takers.is_empty() && classes.any(|class| class == Class::Low) {
            return Err(Reason::LowUnavailable);
        }
        match scale.givers.is_empty() || scale.takers.is_empty() {
            true => Err(Reason::Balanced),
            false => Ok(scale),
        }
    }

    /// Whether tablets may leave a backend with such a load.
    fn gives_at(&self, score: f64, class: Class) -> bool {
        match class {
            Class::High => true,
            Class::Mid => !self.high && self.low && score > self.load.average,
            Class::Low | Class::Init => false,
        }
    }

    /// Whether tablets may come to a backend with such a load.
    fn takes_at(&self, score: f64, class: Class) -> bool {
        match class {
            Class::Low => true,
            Class::Mid => !self.low && self.high && score < self.load.average,
            Class::High | Class::Init => false,
        }
    }

    /// Whether tablets may leave a backend.
    fn gives(&self, backend: BackendId) -> bool {
        let of = self.load.backends.get(&backend);
        let of = of.filter(|of| available(self.desk, backend, of));
        of.is_some_and(|of| self.gives_at(of.score, self.load.class_now(of)))
    }

    /// Whether tablets may come to a backend.
    fn takes(&self, backend: BackendId) -> bool {
        let of = self.load.backends.get(&backend);
        let of = of.filter(|of| available(self.desk, backend, of));
        of.is_some_and(|of| self.takes_at(of.score, self.load.class_now(of)))
    }

    /// What the scale was made from.
    pub fn desk(&self) -> &'a Desk<'a> {
        self.desk
    }

    /// Backends that tablets may leave, the most load first.
    pub fn givers(&self) -> &[BackendId] {
        &self.givers
    }

    /// The move of a tablet: from the backend with the most load that has a replica, to the one with the least that can
    /// take it.
    ///
    /// # Errors
    /// No replica can be moved, or none of the backends with little load would be better, or slots are taken.
    pub fn plan(&self, tablet: &TabletView<'_>) -> Result<Move, Reason> {
        let mut why = Reason::NoneOnHigh;
        for backend in &self.givers {
            match self.judge_source(tablet, *backend) {
                Reason::Fits(_) => match self.plan_from(tablet, *backend) {
                    Ok(chosen) => return Ok(chosen),
                    Err(Reason::DestinationBusy) => why = Reason::DestinationBusy,
                    Err(reason) if why == Reason::NoneOnHigh => why = reason,
                    Err(_) => {}
                },
                Reason::Busy(_) if why != Reason::DestinationBusy => why = Reason::SourceBusy,
                _ => {}
            }
        }
        Err(why)
    }

    /// The move of a tablet from one backend, which can give it.
    ///
    /// # Errors
    /// None of the backends with little load would be better, or the slots of all that would are taken.
    pub fn plan_from(&self, tablet: &TabletView<'_>, from: BackendId) -> Result<Move, Reason> {
        let bytes = self.desk.bytes(tablet);
        let replica = tablet.on(from).ok_or(Reason::HasNoReplica(from))?;
        let mut why = Reason::NoBetterBackend;
        let better = |to: &&BackendId| self.load.gain(from, **to, bytes).is_some();
        for backend in self.takers.iter().filter(better) {
            match self.path_on(tablet, from, *backend) {
                Ok((path, gain)) => {
                    return Ok(Move {
                        source: Spot {
                            backend: from,
                            path: replica.path_hash,
                            replica: Some(replica.id),
                        },
                        destination: Spot {
                            backend: *backend,
                            path,
                            replica: None,
                        },
                        bytes,
                        gain,
                    });
                }
                Err(Reason::Busy(_)) => why = Reason::DestinationBusy,
                Err(_) => {}
            }
        }
        Err(why)
    }

    /// Whether a tablet can leave a backend, and if not, why.
    pub fn judge_source(&self, tablet: &TabletView<'_>, backend: BackendId) -> Reason {
        let reason = source::judge(self.desk, tablet, backend, Kind::Balance);
        if !matches!(reason, Reason::Fits(_) | Reason::Busy(_)) {
            return reason;
        }
        let replica = tablet.on(backend);
        let path = replica.and_then(|of| self.desk.path(backend, of.path_hash));
        match path.map(|path| self.judge_path(backend, path)) {
            None => Reason::NoPath(backend),
            Some(Reason::Fits(_)) if moved_lately(self.desk, tablet, |_, to| to == backend) => {
                Reason::MovedLately(backend)
            }
            Some(Reason::Fits(_)) => reason,
            Some(why) => why,
        }
    }

    /// Whether tablets may leave a storage path of a backend, slots apart, and if not, why.
    pub fn judge_path(&self, backend: BackendId, path: &PathState) -> Reason {
        if path.medium != self.medium {
            Reason::NoMedium(backend)
        } else if !path.online {
            Reason::NoPathOnline(backend)
        } else if !self.gives(backend) || self.class_of_path(backend, path) == Class::Low {
            Reason::NotHigh(backend)
        } else {
            Reason::Fits(backend)
        }
    }

    /// Whether a tablet can come to a backend from another, and if not, why. Without another, from any that could give
    /// it.
    pub fn judge_destination(
        &self,
        tablet: &TabletView<'_>,
        from: Option<BackendId>,
        backend: BackendId,
    ) -> Reason {
        let giving = self.givers.iter().copied();
        let giving = giving.filter(|id| from.is_none_or(|from| from == *id));
        let mut why = None;
        for from in giving.filter(|id| tablet.on(*id).is_some()) {
            match self.path_on(tablet, from, backend) {
                Ok(_) if !self.takes(backend) => why = Some(Reason::NotLow(backend)),
                Ok(_) => return Reason::Fits(backend),
                Err(Reason::NoBetterBackend) if !self.takes(backend) => {
                    why = Some(Reason::NotLow(backend));
                }
                Err(reason) => why = why.or(Some(reason)),
            }
        }
        why.unwrap_or(Reason::NoneOnHigh)
    }

    /// The path of `to` that takes a tablet, and what is gained by that.
    fn path_on(
        &self,
        tablet: &TabletView<'_>,
        from: BackendId,
        to: BackendId,
    ) -> Result<(i64, f64), Reason> {
        let gain = self.load.gain(from, to, self.desk.bytes(tablet));
        let allowed = |path: &PathState| self.class_of_path(to, path) != Class::High;
        let path = destination::path_for(
            self.desk,
            tablet,
            self.medium,
            to,
            (Kind::Balance, &allowed),
        );
        let came_from_there = || moved_lately(self.desk, tablet, |from, _| from == to);
        match (path, gain) {
            (Ok(_) | Err(Reason::Busy(_)), Some(_)) if came_from_there() => {
                Err(Reason::MovedLately(to))
            }
            (Ok(path), Some(gain)) => Ok((path, gain)),
            (Ok(_) | Err(Reason::Busy(_)), None) => Err(Reason::NoBetterBackend),
            (Err(reason), _) => Err(reason),
        }
    }

    /// How a path stands among the paths of its backend, by their use (StarRocks).
    fn class_of_path(&self, backend: BackendId, path: &PathState) -> Class {
        let paths = self.desk.state(backend).map(|state| &state.paths);
        let alike = paths.into_iter().flatten();
        let alike = alike.filter(|of| of.online && of.medium == path.medium);
        let (sum, count) = alike.fold((0.0, 0.0), |(sum, count), of| {
            (sum + use_of(of), count + 1.0)
        });
        class(
            use_of(path),
            sum / f64::max(count, 1.0),
            self.load.threshold,
        )
    }
}

/// Whether a move of the tablet that is remembered, and not long ago, went from and to such backends.
///
/// Where backends differ in size, the mean moves as tablets do, and what was little load can become much. Without this rule a
/// tablet would then be taken back.
pub(super) fn moved_lately(
    desk: &Desk<'_>,
    tablet: &TabletView<'_>,
    such: impl Fn(BackendId, BackendId) -> bool,
) -> bool {
    let ended = desk.healing.history.iter().rev();
    let lately = ended.take_while(|task| {
        let ended = task.finished.unwrap_or_default();
        desk.now.since_ms(ended) < SETTLED_MS
    });
    let mut moves = lately.filter(|task| task.tablet == tablet.id() && task.kind == Kind::Balance);
    moves.any(|task| match (task.source, task.destination) {
        (Some(from), Some(to)) => task.copied.is_some() && such(from.backend, to.backend),
        _ => false,
    })
}

/// It was available when loads were measured, and still is.
pub(super) fn available(desk: &Desk<'_>, backend: BackendId, load: &BackendLoad) -> bool {
    let of = desk.catalog.backends.get(&backend);
    load.available && of.is_some_and(|of| !of.decommissioned) && desk.catalog.alive(backend)
}

fn use_of(path: &PathState) -> f64 {
    match path.data_used.saturating_add(path.available) {
        0 => 0.0,
        capacity => path.data_used as f64 / capacity as f64,
    }
}
