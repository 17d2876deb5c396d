//! Makes fetched rowsets a part of a replica, within one change of its storage path.

use std::sync::Arc;

use crate::backend::api::{TabletReport, TabletSpec};
use crate::backend::clone::fence;
use crate::backend::clone::fetch::Fetched;
use crate::backend::clone::plan::{Fit, Span, fit};
use crate::backend::contents::Draft;
use crate::backend::error::Error;
use crate::backend::rowset::Rowset;
use crate::backend::tablet::{Columns, Tablet};
use crate::clock::Timestamp;
use crate::ids::Version;

/// What a clone has brought, and for what.
pub struct Install {
    /// The replica.
    pub spec: TabletSpec,
    /// Columns of its table.
    pub columns: Arc<Columns>,
    /// What must be held at the end.
    pub version: Version,
    /// The copy of the tablet that was here when the clone began.
    pub seen: Option<Arc<Tablet>>,
    /// Everything was fetched, and not only what was missing.
    pub full: bool,
    /// What was fetched takes the place of everything above this version, however it is cut.
    pub above: Option<Version>,
    /// Ascending, without overlap.
    pub have: Vec<Fetched>,
}

impl Install {
    /// Changes the draft. None, and no change, when the replica is not any more as an incremental clone needs it.
    ///
    /// # Errors
    /// The replica may not come here any more, or would not hold the wanted version, or less than it holds now.
    pub fn into_draft(
        mut self,
        draft: &mut Draft,
        path_hash: i64,
        now: Timestamp,
    ) -> Result<Option<TabletReport>, Error> {
        let id = self.spec.tablet;
        let held = draft.tablet(id).ok();
        let key = (id, self.spec.replica);
        fence(
            id,
            self.spec.replica,
            held.as_ref().map(|h| h.spec.replica),
            draft.contents.trash.contains_key(&key),
        )?;
        let sound = held
            .as_ref()
            .filter(|h| h.spec.replica == self.spec.replica && h.damage.is_none());
        let version = sound.map_or(self.version, |h| h.version.max(self.version));
        let fits = match (self.full, self.above) {
            (true, _) => {
                self.have = unbroken(self.have, 0);
                self.replace_all(draft, held, now);
                true
            }
            (false, Some(cut)) => {
                self.have = unbroken(self.have, cut + 1);
                self.replace_above(draft, held, cut)?
            }
            (false, None) => self.fill_holes(draft, held)?,
        };
        if !fits {
            return Ok(None);
        }
        let tablet = draft.tablet(id)?;
        if tablet.version < version {
            return Err(Error::NotHeld {
                tablet: id,
                asked: version,
                held: tablet.version,
            });
        }
        Ok(Some(tablet.report(path_hash)))
    }

    /// Adds what is missing at this moment. False when something does not line up, or the replica has become bad.
    fn fill_holes(self, draft: &mut Draft, held: Option<Arc<Tablet>>) -> Result<bool, Error> {
        let id = self.spec.tablet;
        let Some(held) = held.filter(|h| h.spec.replica == self.spec.replica) else {
            return Err(Error::UnknownTablet(id));
        };
        let spans: Vec<Span> = held.rowsets.iter().map(|r| Span::from(&**r)).collect();
        let fits: Vec<Fit> = self
            .have
            .iter()
            .map(|f| fit(&spans, Span::from(&f.record)))
            .collect();
        if held.damage.is_some() || fits.contains(&Fit::Crosses) {
            return Ok(false);
        }
        for (fetched, fit) in self.have.into_iter().zip(fits) {
            // A version that was published here meanwhile stays, and what was fetched of it is deleted.
            if fit == Fit::Fits {
                let tablet = draft.tablet(id)?;
                draft.replace(&tablet, fetched.rowset());
            }
        }
        Ok(true)
    }

    /// Puts what was fetched in the place of everything above `cut`. What was published behind its end meanwhile stays.
    /// False when the replica is cut otherwise by now, or has become bad.
    fn replace_above(
        self,
        draft: &mut Draft,
        held: Option<Arc<Tablet>>,
        cut: Version,
    ) -> Result<bool, Error> {
        let id = self.spec.tablet;
        let Some(held) = held.filter(|h| h.spec.replica == self.spec.replica) else {
            return Err(Error::UnknownTablet(id));
        };
        let Some(end) = self.have.last().map(|f| f.record.end) else {
            return Ok(true);
        };
        let crosses = |r: &Rowset, at: Version| r.start <= at && r.end > at;
        let cut_so = held.version >= cut
            && !held
                .rowsets
                .iter()
                .any(|r| crosses(r, cut) || crosses(r, end));
        if held.damage.is_some() || !cut_so {
            return Ok(false);
        }
        let new = self.have.into_iter().map(Fetched::rowset).collect();
        draft.replace_range(&held, cut + 1..=end, new);
        Ok(true)
    }

    /// Puts the copy in the place of what is here, which goes to the trash. Versions behind the end of the copy stay: all
    /// of a sound replica, else only those that were published since the clone began.
    fn replace_all(self, draft: &mut Draft, held: Option<Arc<Tablet>>, now: Timestamp) {
        let end = self.have.last().map_or(-1, |f| f.record.end);
        let stays = |held: &Tablet, rowset: &Arc<Rowset>| {
            let sound = held.spec.replica == self.spec.replica && held.damage.is_none();
            let seen = self.seen.as_ref();
            let old = seen.is_some_and(|s| s.holding(rowset.start).is_some());
            rowset.start > end && (sound || !old)
        };
        let (stay, rest): (Vec<_>, Vec<_>) = match &held {
            Some(held) => held.rowsets.iter().cloned().partition(|r| stays(held, r)),
            None => (Vec::new(), Vec::new()),
        };
        if let Some(held) = &held {
            draft.retire(&Arc::new(held.with_rowsets(rest)), now);
        }
        let fetched = self.have.into_iter().map(|f| Arc::new(f.rowset()));
        let tablet = Tablet {
            spec: self.spec,
            columns: self.columns,
            created: now,
            damage: None,
            rowsets: Vec::new(),
            version: 0,
        };
        draft.create(tablet.with_rowsets(fetched.chain(stay).collect()));
    }
}

/// What was fetched up to its first gap, from `start` on. A gap is left where the source had compacted a file away, and
/// what is held within it must not go.
fn unbroken(have: Vec<Fetched>, start: Version) -> Vec<Fetched> {
    let mut next = start;
    let fetched = have.into_iter();
    fetched
        .take_while(|f| {
            let follows = f.record.start == next;
            next = f.record.end + 1;
            follows
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::open;
    use crate::catalog::table::Medium;
    use crate::ids::{DbId, PartitionId, ReplicaId, TableId, TabletId};

    const ID: TabletId = TabletId(9);

    fn spec() -> TabletSpec {
        TabletSpec {
            db: DbId(1),
            table: TableId(2),
            partition: PartitionId(3),
            tablet: ID,
            replica: ReplicaId(4),
            epoch: 1,
            version: 1,
            medium: Medium::Hdd,
        }
    }

    /// A draft in which the replica holds these versions, all of them empty.
    fn holding(spans: &[(Version, Version)]) -> Draft {
        let mut draft = Draft::default();
        let rowsets = spans
            .iter()
            .map(|(start, end)| Arc::new(Rowset::empty(*start, *end, Timestamp::at(0))));
        let tablet = Tablet {
            spec: spec(),
            columns: Arc::new(open::columns_of(Vec::new(), 0).unwrap()),
            created: Timestamp::at(0),
            damage: None,
            rowsets: Vec::new(),
            version: 0,
        };
        draft.create(tablet.with_rowsets(rowsets.collect()));
        draft
    }

    /// Installs fetched versions; the rowsets that are held afterwards.
    fn install(
        draft: &mut Draft,
        (full, above): (bool, Option<Version>),
        version: Version,
        fetched: &[(Version, Version)],
    ) -> Result<Vec<(Version, Version)>, Error> {
        let have = fetched.iter().map(|(start, end)| Fetched {
            record: Rowset::empty(*start, *end, Timestamp::at(0)).record(),
            segments: Vec::new(),
        });
        let install = Install {
            spec: spec(),
            columns: Arc::new(open::columns_of(Vec::new(), 0).unwrap()),
            version,
            seen: draft.tablet(ID).ok(),
            full,
            above,
            have: have.collect(),
        };
        install
            .into_draft(draft, 7, Timestamp::at(1))?
            .expect("it fits");
        let held = draft.tablet(ID)?;
        Ok(held.rowsets.iter().map(|r| (r.start, r.end)).collect())
    }

    #[test]
    fn what_is_held_where_a_file_did_not_come_stays() {
        let held = [(0, 4), (5, 6), (7, 7), (8, 9)];
        let fetched = [(5, 5), (6, 6), (8, 8), (9, 9)];
        let after = install(&mut holding(&held), (false, Some(4)), 6, &fetched);
        assert_eq!(after, Ok(vec![(0, 4), (5, 5), (6, 6), (7, 7), (8, 9)]));
        let fetched = [(0, 6), (8, 8), (9, 9)];
        let after = install(&mut holding(&held), (true, None), 6, &fetched);
        assert_eq!(after, Ok(vec![(0, 6), (7, 7), (8, 9)]));
    }

    #[test]
    fn a_sound_replica_never_holds_less_than_before() {
        let mut draft = holding(&[(0, 4), (5, 9)]);
        let less = install(&mut draft, (true, None), 6, &[(0, 6)]);
        let (asked, held) = (9, 6);
        let refused = Error::NotHeld {
            tablet: ID,
            asked,
            held,
        };
        assert_eq!(less, Err(refused));
    }
}
