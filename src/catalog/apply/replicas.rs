//! Changes of single replicas, and of what is known of a tablet's content.

use std::sync::Arc;

use super::{Delta, Misfit, Touched};
use crate::catalog::check::{Check, Verdict};
use crate::catalog::lineage::Lineage;
use crate::catalog::state::Catalog;
use crate::catalog::tablets::{Mark, TabletView};
use crate::clock::Timestamp;
use crate::ids::{BackendId, ReplicaId, TabletId, Version};

impl Catalog {
    pub(super) fn add_replica(
        &mut self,
        tablet: TabletId,
        replica: ReplicaId,
        backend: BackendId,
        at: Timestamp,
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        self.reserved(replica.0)?;
        if !self.backends.contains_key(&backend) {
            return Err(Misfit::Missing("backend", backend.to_string()));
        }
        let view = self.known_tablet(tablet)?;
        if view.replicas().any(|other| other.id == replica) {
            return Err(Misfit::Exists("replica", replica.to_string()));
        }
        if view.on(backend).is_some() {
            return Err(Misfit::Other(
                "a backend can't hold two replicas of one tablet",
            ));
        }
        let (db, partition) = (view.db(), view.partition());
        let committed = self.known_partition(partition)?.next_version - 1;
        self.tablets
            .add_replica(tablet, replica, backend, committed, at);
        touched.one(db, tablet, 1);
        Ok(())
    }

    /// A replica is where its machine says; the backend that had it must be gone.
    pub(super) fn adopt_replica(
        &mut self,
        tablet: TabletId,
        replica: ReplicaId,
        backend: BackendId,
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        if !self.backends.contains_key(&backend) {
            return Err(Misfit::Missing("backend", backend.to_string()));
        }
        let view = self.known_tablet(tablet)?;
        let held = view.replicas().find(|of| of.id == replica);
        let held = held.ok_or_else(|| Misfit::Missing("replica", replica.to_string()))?;
        if self.backends.contains_key(&held.backend) {
            return Err(Misfit::Other("the backend of the replica still exists"));
        }
        if view.on(backend).is_some() {
            return Err(Misfit::Other(
                "a backend can't hold two replicas of one tablet",
            ));
        }
        let db = view.db();
        self.tablets.move_replica(tablet, replica, backend);
        touched.one(db, tablet, 0);
        Ok(())
    }

    pub(super) fn remove_replica(
        &mut self,
        tablet: TabletId,
        replica: ReplicaId,
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        let view = self.known_tablet(tablet)?;
        if view.replicas().len() < 2 {
            return Err(Misfit::Other(
                "the only replica of a tablet can't be removed",
            ));
        }
        let db = view.db();
        match self.tablets.remove_replica(tablet, replica) {
            Some(_) => touched.one(db, tablet, -1),
            None => return Err(Misfit::Missing("replica", replica.to_string())),
        }
        if self.lineages.contains_key(&tablet) {
            self.alter_lineage(tablet, |lineage| lineage.forget(replica));
        }
        Ok(())
    }

    /// A replica has rows of another one, which may be gone by now: it is only the name of a witness then.
    pub(super) fn copied(
        &mut self,
        tablet: TabletId,
        replica: ReplicaId,
        source: ReplicaId,
    ) -> Result<(), Misfit> {
        self.known_tablet(tablet)?;
        self.alter_lineage(tablet, |lineage| lineage.join(replica, source));
        Ok(())
    }

    /// Replicas that were found equal are witnesses of their own again: what differs from now on came about since. Not so
    /// while one that has copied, or was copied from, was not compared.
    fn found_equal(&mut self, tablet: TabletId, check: &Check) {
        let compared = |id| check.digests.iter().any(|(of, ..)| *of == id);
        let all = |lineage: &Arc<Lineage>| lineage.joined().all(|(id, _)| compared(id));
        if check.verdict == Verdict::Consistent && self.lineages.get(&tablet).is_some_and(all) {
            self.lineages.remove(&tablet);
        }
    }

    fn alter_lineage(&mut self, tablet: TabletId, alter: impl FnOnce(&mut Lineage)) {
        let mut lineage = self.lineages.remove(&tablet).unwrap_or_default();
        alter(Arc::make_mut(&mut lineage));
        if !lineage.is_empty() {
            self.lineages.insert(tablet, lineage);
        }
    }

    pub(super) fn finish_clone(
        &mut self,
        (tablet, replica): (TabletId, ReplicaId),
        filled: (Version, bool),
        at: Timestamp,
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        let db = self.known_tablet(tablet)?.db();
        match self.tablets.finish_clone(tablet, replica, filled, at) {
            true => touched.one(db, tablet, 0),
            false => return Err(Misfit::Missing("replica", replica.to_string())),
        }
        Ok(())
    }

    pub(super) fn mark_replica(
        &mut self,
        tablet: TabletId,
        replica: ReplicaId,
        (mark, on): (Mark, bool),
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        let db = self.known_tablet(tablet)?.db();
        match self.tablets.mark(tablet, replica, mark, on) {
            true => touched.one(db, tablet, 0),
            false => return Err(Misfit::Missing("replica", replica.to_string())),
        }
        Ok(())
    }

    /// What came of comparisons. Tablets that are gone by now are left out.
    pub(super) fn checked(&mut self, tablets: &[(TabletId, Check)], touched: &mut Touched) {
        for (tablet, check) in tablets {
            if self.tablets.view(*tablet).is_some() {
                self.checks.insert(*tablet, Arc::new(check.clone()));
                self.found_equal(*tablet, check);
                touched.tablets.push(*tablet);
            }
        }
    }

    /// Puts tablets on the list of content repairs, or takes them off it.
    pub(super) fn queue_repairs(&mut self, tablets: &[TabletId], on: bool, at: Timestamp) {
        for tablet in tablets {
            match on && self.tablets.view(*tablet).is_some() {
                true => {
                    self.repairs.entry(*tablet).or_insert(at);
                }
                false => {
                    self.repairs.remove(tablet);
                }
            }
        }
    }

    fn known_tablet(&self, tablet: TabletId) -> Result<TabletView<'_>, Misfit> {
        self.tablets
            .view(tablet)
            .ok_or_else(|| Misfit::Missing("tablet", tablet.to_string()))
    }
}

impl Touched {
    /// One tablet was touched, and this many replicas of it came.
    fn one(&mut self, db: crate::ids::DbId, tablet: TabletId, replicas: i64) {
        self.tablets.push(tablet);
        if replicas != 0 {
            let delta = Delta {
                replicas,
                ..Delta::default()
            };
            self.count(db, delta);
        }
    }
}
