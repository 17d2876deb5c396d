//! Going on with what is left of a replica, as real backends do.

use quorate::backend::api::{SalvageTablets, Salvaged, SalvagedTablet};
use quorate::ids::{ReplicaId, TabletId, TxnId, Version};

use super::ModelBackend;
use super::replica::Rowset;

impl ModelBackend {
    /// Makes what is lost of replicas empty, or says what that would be.
    pub fn salvage(&mut self, request: &SalvageTablets) -> Salvaged {
        let mut answer = Salvaged::default();
        for (tablet, replica, version) in &request.tablets {
            match self.salvage_one((*tablet, *replica, *version), request.dry_run) {
                Ok(of) => answer.tablets.push(of),
                Err(_) if !self.replicas.contains_key(tablet) => answer.absent.push(*tablet),
                Err(why) => answer.failed.push((*tablet, why)),
            }
        }
        answer
    }

    fn salvage_one(
        &mut self,
        (tablet, replica, version): (TabletId, ReplicaId, Version),
        dry_run: bool,
    ) -> Result<SalvagedTablet, String> {
        if !self.works(tablet) {
            return Err("no such tablet, or its path is offline".to_owned());
        }
        let held = self.replicas.get_mut(&tablet).ok_or("no such tablet")?;
        if held.id != replica {
            return Err("another replica is held".to_owned());
        }
        let all = held.base + 1..=version;
        let lost: Vec<Version> = all
            .filter(|at| held.published.get(at).is_none_or(|of| !of.whole()))
            .collect();
        let missing = lost.iter().any(|at| !held.published.contains_key(at));
        let rows = |of: Option<&Rowset>| u64::from(of.is_some_and(|of| of.load.is_some()));
        let lost_rows = lost.iter().map(|at| rows(held.published.get(at))).sum();
        let left = held
            .published
            .values()
            .filter(|of| of.whole() && of.load.is_some());
        let left = left.count() as u64;
        if !dry_run {
            for at in &lost {
                held.published.insert(*at, Rowset::new(TxnId(0), None));
            }
            held.bad = false;
            self.changes.touch(tablet, replica);
        }
        Ok(SalvagedTablet {
            tablet: self.report_of(tablet).ok_or("no such tablet")?,
            lost: lost.into_iter().map(|at| (at, at)).collect(),
            lost_rows,
            lost_bytes: 0,
            missing,
            rows: left,
        })
    }
}
