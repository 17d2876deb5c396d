//! ADMIN RECOVER and ADMIN DROP UNKNOWN TABLETS, as they are carried out.

use super::super::{Answer, Core, Error};
use super::planning::Plan;
use crate::catalog::change::Change;
use crate::catalog::recovery::{Recovered, RecoveryChange};
use crate::ids::PartitionId;
use crate::leader::notice::{Notice, OfRecovery};
use crate::leader::request::Reply;
use crate::leader::request::recovery::{Finding, FindingState, Parts, Terms};

impl Core {
    /// ADMIN RECOVER. Partitions that something speaks against stay as they are, and are listed with it.
    pub(super) fn recover_partitions(
        &mut self,
        parts: Option<&Parts>,
        accept: bool,
        terms: &Terms,
    ) -> Answer {
        if accept && !terms.dry_run && terms.reason.trim().is_empty() {
            return Err(Error::NoReason);
        }
        let plans = self.plans(parts)?;
        let mut found = Vec::new();
        for plan in plans {
            found.push(self.settle_plan(plan, accept, terms)?);
        }
        if parts.is_none() || terms.dry_run {
            found.extend(self.unknown_tablets(FindingState::Unknown));
        }
        Ok(Some(Reply::Recovery(found)))
    }

    /// Carries a plan out, where nothing speaks against it.
    pub(super) fn settle_plan(
        &mut self,
        plan: Plan,
        accept: bool,
        terms: &Terms,
    ) -> Result<Finding, Error> {
        let can = plan.blockers.is_empty() && (accept || plan.losses.is_empty());
        let state = match (can, plan.blockers.is_empty()) {
            (true, _) if terms.dry_run => FindingState::Can,
            (true, _) => FindingState::Done,
            (false, true) => FindingState::NeedsAcceptance,
            (false, false) => FindingState::Blocked,
        };
        let finding = self.of_plan(&plan, state);
        if state == FindingState::Done {
            self.carry_out_plan(plan, &terms.reason)?;
        }
        Ok(finding)
    }

    fn plans(&self, parts: Option<&Parts>) -> Result<Vec<Plan>, Error> {
        let chosen = match parts {
            None => self.head.recovery.doubted().map(|(id, _)| id).collect(),
            Some(parts) => self.chosen_partitions(parts)?,
        };
        // Those that are being cut have been recovered.
        let open = |id: &&PartitionId| {
            self.head.recovery.doubts(**id) && self.head.recovery.cuts(**id).is_none()
        };
        let open = chosen.iter().filter(open);
        let partitions = open.filter_map(|id| self.head.partitions.get(id));
        Ok(partitions.map(|of| self.recovery_plan(of, None)).collect())
    }

    /// The partitions that a statement names, or all of its table.
    pub(super) fn chosen_partitions(&self, parts: &Parts) -> Result<Vec<PartitionId>, Error> {
        let known = self.known_table(&parts.db, &parts.table)?;
        if parts.partitions.is_empty() {
            return Ok(known.partitions.clone());
        }
        let named = parts.partitions.iter();
        let named = named.map(|name| Ok(self.known_partition(known, name)?.id));
        named.collect()
    }

    /// A partition goes on from the version of its plan. Replicas that were not shown are said to be bad: what they hold may
    /// be another history, whatever their versions are by then.
    fn carry_out_plan(&mut self, plan: Plan, reason: &str) -> Result<(), Error> {
        let recovered = Recovered {
            partition: plan.partition,
            version: plan.version,
            cut: !plan.cut.is_empty(),
            missed: plan.missed,
            reason: reason.to_owned(),
            at: self.now,
        };
        let recovered = RecoveryChange::Recovered(Box::new(recovered));
        let mut changes = vec![Change::Recovery(recovered)];
        let untold = plan.untold.iter();
        changes.extend(untold.map(|(tablet, replica)| Change::SetReplicaBad {
            tablet: *tablet,
            replica: *replica,
            bad: true,
        }));
        self.record(changes)?;
        self.say(Notice::Recovery(OfRecovery::Recovered {
            table: plan.names.0,
            partition: plan.names.1,
            from: plan.known,
            to: plan.version,
            losses: plan.losses,
            reason: reason.to_owned(),
        }));
        self.observe_held(plan.partition);
        self.cut(&plan.cut, plan.version);
        self.check_soon();
        Ok(())
    }

    /// Takes in again what backends have shown of a partition, measured by what readers see now.
    fn observe_held(&mut self, partition: PartitionId) {
        let Some(known) = self.head.partitions.get(&partition).cloned() else {
            return;
        };
        for tablet in &known.tablets {
            let held = self.recovery.held.get(tablet);
            let held: Vec<_> = held.into_iter().flatten().collect();
            let held: Vec<_> = held.iter().map(|(at, of)| (**at, (*of).clone())).collect();
            for (backend, of) in held {
                self.observe(backend, self.now, &of);
            }
        }
        self.census.look_at(&self.head, &known.tablets);
    }

    /// ADMIN DROP UNKNOWN TABLETS: from now on they are dropped as any replica that the catalog does not know.
    pub(super) fn drop_unknown(&mut self, terms: &Terms) -> Answer {
        if !terms.dry_run && terms.reason.trim().is_empty() {
            return Err(Error::NoReason);
        }
        let state = match terms.dry_run {
            true => FindingState::Can,
            false => FindingState::Done,
        };
        let found = self.unknown_tablets(state);
        if !terms.dry_run {
            let doubted = self.head.recovery.doubted().count() as u64;
            if doubted > 0 {
                return Err(Error::StillInDoubt { doubted });
            }
            let reason = terms.reason.clone();
            let change = RecoveryChange::LetGo {
                reason: reason.clone(),
            };
            self.record(vec![Change::Recovery(change)])?;
            let tablets = found.len() as u64;
            self.say(Notice::Recovery(OfRecovery::LetGo { tablets, reason }));
        }
        Ok(Some(Reply::Recovery(found)))
    }
}
