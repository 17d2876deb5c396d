//! Changes of single replicas, and of what is known of a tablet's content.

use std::sync::Arc;

use super::{Delta, Misfit, Touched};
use crate::catalog::check::Check;
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
        Ok(())
    }

    pub(super) fn finish_clone(
        &mut self,
        tablet: TabletId,
        replica: ReplicaId,
        (version, at): (Version, Timestamp),
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        let db = self.known_tablet(tablet)?.db();
        match self.tablets.finish_clone(tablet, replica, version, at) {
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
