//! ADMIN REPAIR TABLE .. ACCEPT DATA LOSS: tablets of which no whole copy is left anywhere go on with what is left.
//!
//! First every backend with a replica says what is lost of it. Of each tablet the replica that has lost least goes on; where
//! nothing is left, an empty one does. All others are said to be bad, so that none of them comes back with another history. What is
//! lost is what the dry run says: both ask the same backends the same question.

mod choose;

use std::collections::{BTreeMap, BTreeSet};

use self::choose::{Chosen, Way};
use super::super::tables::{ByBackend, FIRST_EPOCH};
use super::super::{Answer, Core, Error, Purpose};
use crate::backend::api::{
    CreateTablets, SalvageTablets, SalvagedTablet, TabletReport, TabletSpec,
};
use crate::catalog::change::Change;
use crate::catalog::recovery::RecoveryChange;
use crate::catalog::replica::{Replica, ReplicaState};
use crate::ids::{BackendId, PartitionId, ReplicaId, TabletId};
use crate::leader::action::{Action, BackendReply, BackendRequest, CallId, Token};
use crate::leader::notice::{Notice, OfRecovery};
use crate::leader::request::Reply;
use crate::leader::request::recovery::{Parts, Terms};

/// Milliseconds that a backend may take to read the replicas of one call.
const TIMEOUT_MS: u64 = 1_800_000;

/// Rescues that wait for backends, by who asked.
pub(super) type Rescues = BTreeMap<Token, Rescue>;

/// Tablets that go on with what is left.
#[derive(Debug)]
pub(super) struct Rescue {
    terms: Terms,
    tablets: Vec<TabletId>,
    waiting: BTreeMap<CallId, BackendId>,
    /// What backends have said of their replicas.
    told: BTreeMap<TabletId, BTreeMap<BackendId, SalvagedTablet>>,
    /// Backends that do not have the replica which they should have.
    absent: BTreeSet<(TabletId, BackendId)>,
    /// Backends that could not say what is left.
    unsaid: BTreeMap<TabletId, Vec<String>>,
    /// What is being done, once that is decided.
    chosen: Vec<Chosen>,
    failed: BTreeMap<TabletId, String>,
}

impl Core {
    /// Asks what is left.
    pub(super) fn accept_loss(&mut self, token: Token, parts: &Parts, terms: &Terms) -> Answer {
        if !terms.dry_run && terms.reason.trim().is_empty() {
            return Err(Error::NoReason);
        }
        let partitions = self.chosen_partitions(parts)?;
        let tablets = self.lost_tablets(&partitions);
        let mut asked = BTreeMap::<BackendId, Vec<_>>::new();
        for view in tablets.iter().filter_map(|id| self.head.tablets.view(*id)) {
            for replica in view.replicas() {
                let filled = replica.state != ReplicaState::Clone;
                if filled && self.head.alive(replica.backend) && !replica.set_bad_force {
                    let of = asked.entry(replica.backend).or_default();
                    of.push((view.id(), replica.id, view.visible()));
                }
            }
        }
        let mut waiting = BTreeMap::new();
        for (backend, tablets) in asked {
            let dry_run = true;
            let request = BackendRequest::Salvage(SalvageTablets { tablets, dry_run });
            let call = self.call(backend, TIMEOUT_MS, Purpose::Rescue(token), request);
            waiting.extend(call.map(|call| (call, backend)));
        }
        let rescue = Rescue {
            terms: terms.clone(),
            tablets,
            waiting,
            told: BTreeMap::new(),
            absent: BTreeSet::new(),
            unsaid: BTreeMap::new(),
            chosen: Vec::new(),
            failed: BTreeMap::new(),
        };
        self.recovery.rescues.insert(token, rescue);
        self.rescue_goes_on(token);
        Ok(None)
    }

    /// Tablets of which no replica can be read.
    fn lost_tablets(&self, partitions: &[PartitionId]) -> Vec<TabletId> {
        let partitions = partitions.iter();
        let partitions = partitions.filter_map(|id| self.head.partitions.get(id));
        let tablets = partitions.flat_map(|of| self.head.tablets.of_partition(of));
        let lost = tablets.filter(|view| {
            // The last copy is never taken for bad, though its backend says what is the matter with it.
            let reads = |of: &Replica| {
                self.head.alive(of.backend) && !self.head.causes.contains_key(&(of.backend, of.id))
            };
            let visible = view.visible();
            !view.replicas().any(|of| of.whole(visible) && reads(&of))
        });
        lost.map(|view| view.id()).collect()
    }

    /// A backend has said what is left, or has done what was wanted.
    pub(in super::super) fn rescue_answered(
        &mut self,
        token: Token,
        call: CallId,
        result: Result<BackendReply, String>,
    ) {
        let Some(rescue) = self.recovery.rescues.get_mut(&token) else {
            return;
        };
        let Some(backend) = rescue.waiting.remove(&call) else {
            return;
        };
        match result {
            Ok(BackendReply::Salvaged(answer)) if rescue.chosen.is_empty() => {
                let absent = answer.absent.into_iter().map(|tablet| (tablet, backend));
                rescue.absent.extend(absent);
                for (tablet, why) in answer.failed {
                    let unsaid = rescue.unsaid.entry(tablet).or_default();
                    unsaid.push(format!("backend {backend}: {why}"));
                }
                for of in answer.tablets {
                    let told = rescue.told.entry(of.tablet.tablet).or_default();
                    told.insert(backend, of);
                }
            }
            Ok(BackendReply::Salvaged(answer)) => {
                rescue.failed.extend(answer.failed);
                for of in answer.tablets {
                    self.is_rescued(backend, &of.tablet);
                }
            }
            Ok(BackendReply::Errors(errors)) => {
                let made = rescue.made_on(backend);
                let failed = |id: &TabletId| errors.failed.iter().any(|(of, _)| of == id);
                rescue.failed.extend(errors.failed.iter().cloned());
                for of in made.iter().filter(|of| !failed(&of.tablet)) {
                    self.is_made(of);
                }
            }
            Ok(_) => {}
            Err(why) if rescue.chosen.is_empty() => {
                let views = rescue.tablets.iter();
                let views = views.filter_map(|id| self.head.tablets.view(*id));
                for view in views.filter(|view| view.on(backend).is_some()) {
                    let unsaid = rescue.unsaid.entry(view.id()).or_default();
                    unsaid.push(format!("backend {backend}: {why}"));
                }
            }
            Err(why) => {
                let chosen = rescue.chosen.iter();
                let here = chosen.filter(|of| of.backend() == Some(backend));
                let failed: Vec<_> = here.map(|of| (of.tablet, why.clone())).collect();
                rescue.failed.extend(failed);
            }
        }
        self.rescue_goes_on(token);
    }

    /// The next step, once all backends have answered.
    fn rescue_goes_on(&mut self, token: Token) {
        let Some(rescue) = self.recovery.rescues.get(&token) else {
            return;
        };
        if !rescue.waiting.is_empty() {
            return;
        }
        if rescue.chosen.is_empty() && !rescue.tablets.is_empty() {
            let chosen: Vec<Chosen> = rescue
                .tablets
                .iter()
                .filter_map(|tablet| self.choose(rescue, *tablet))
                .collect();
            let dry_run = rescue.terms.dry_run;
            if let Some(rescue) = self.recovery.rescues.get_mut(&token) {
                rescue.chosen = chosen;
            }
            if !dry_run && self.carry_out_rescue(token) {
                return;
            }
        }
        let Some(rescue) = self.recovery.rescues.remove(&token) else {
            return;
        };
        let found = rescue.chosen.iter().map(|of| self.finding(&rescue, of));
        let result = Ok(Reply::Recovery(found.collect()));
        self.ledger.then(Action::Reply { token, result });
        self.check_soon();
    }

    /// Puts the acceptance in the journal and has backends do it. Says whether some are asked.
    fn carry_out_rescue(&mut self, token: Token) -> bool {
        let Some(rescue) = self.recovery.rescues.get(&token) else {
            return false;
        };
        let (reason, mut chosen) = (rescue.terms.reason.clone(), rescue.chosen.clone());
        let changes = self.changes_of(&mut chosen, &reason);
        if let Err(misfit) = self.record(changes) {
            let Some(rescue) = self.recovery.rescues.get_mut(&token) else {
                return false;
            };
            let failed = chosen.iter().map(|of| (of.tablet, misfit.to_string()));
            rescue.failed.extend(failed);
            return false;
        }
        let (mut salvage, mut create) = (ByBackend::new(), ByBackend::new());
        for of in &chosen {
            let (calls, backend, replica) = match of.way {
                Way::Left(backend, replica) => (&mut salvage, backend, replica),
                Way::Empty(backend, replica, _) => (&mut create, backend, replica),
                Way::Nowhere => continue,
            };
            let of_backend = calls.entry(backend).or_default();
            of_backend.push((of.tablet, replica));
        }
        for of in chosen.iter().filter(|of| of.way != Way::Nowhere) {
            self.say(Notice::Recovery(OfRecovery::Accepted {
                tablet: of.tablet,
                loss: of.loss.clone(),
                reason: reason.clone(),
            }));
        }
        self.call_for_rescue(token, salvage, create, chosen)
    }

    fn changes_of(&mut self, chosen: &mut [Chosen], reason: &str) -> Vec<Change> {
        let mut changes = vec![Change::Recovery(RecoveryChange::Accepted {
            tablets: chosen
                .iter()
                .filter(|of| of.way != Way::Nowhere)
                .map(|of| of.tablet)
                .collect(),
            reason: reason.to_owned(),
            at: self.now,
        })];
        for of in chosen {
            let view = self.head.tablets.view(of.tablet);
            let Some(view) = view.filter(|_| of.way != Way::Nowhere) else {
                continue;
            };
            let others = view
                .replicas()
                .filter(|other| Some(other.id) != of.replica());
            let bad: Vec<Change> = others
                .map(|other| Change::SetReplicaBad {
                    tablet: of.tablet,
                    replica: other.id,
                    bad: true,
                })
                .collect();
            if let Way::Empty(backend, replica, new) = &mut of.way
                && *new
            {
                *replica = ReplicaId(self.numbers.ids(1, &self.head, &mut changes));
                changes.push(Change::AddReplica {
                    tablet: of.tablet,
                    replica: *replica,
                    backend: *backend,
                    at: self.now,
                });
            }
            changes.extend(bad);
        }
        changes
    }

    fn call_for_rescue(
        &mut self,
        token: Token,
        salvage: ByBackend,
        create: ByBackend,
        chosen: Vec<Chosen>,
    ) -> bool {
        let mut waiting = BTreeMap::new();
        for (backend, tablets) in salvage {
            let visible = |id: TabletId| self.head.tablets.view(id).map(|view| view.visible());
            let tablets = tablets.into_iter();
            let tablets = tablets.filter_map(|(id, replica)| Some((id, replica, visible(id)?)));
            let request = BackendRequest::Salvage(SalvageTablets {
                tablets: tablets.collect(),
                dry_run: false,
            });
            let call = self.call(backend, TIMEOUT_MS, Purpose::Rescue(token), request);
            waiting.extend(call.map(|call| (call, backend)));
        }
        for (backend, tablets) in create {
            for some in self.empty_tablets(&tablets) {
                let request = BackendRequest::CreateTablets(some);
                let call = self.call(backend, TIMEOUT_MS, Purpose::Rescue(token), request);
                waiting.extend(call.map(|call| (call, backend)));
            }
        }
        let asks = !waiting.is_empty();
        if let Some(rescue) = self.recovery.rescues.get_mut(&token) {
            (rescue.waiting, rescue.chosen) = (waiting, chosen);
        }
        asks
    }

    /// A replica goes on with what was left of it.
    fn is_rescued(&mut self, backend: BackendId, of: &TabletReport) {
        self.content.take_back(of.tablet, of.replica);
        self.head.observe_cause(backend, of.replica, None);
        // What is under way tells of what was before.
        self.news.renewed(backend, of.tablet, self.now);
        self.observe_filled(backend, of);
    }

    /// An empty tablet has been made in the place of what was lost.
    fn is_made(&mut self, of: &Chosen) {
        let Way::Empty(backend, replica, new) = of.way else {
            return;
        };
        let Some(version) = self.head.tablets.view(of.tablet).map(|view| view.visible()) else {
            return;
        };
        let filled = Change::FinishClone {
            tablet: of.tablet,
            replica,
            version,
            renewed: false,
            at: self.now,
        };
        // Something else may have become of the tablet.
        if new && self.record(vec![filled]).is_err() {
            return;
        }
        let report = TabletReport {
            tablet: of.tablet,
            replica,
            epoch: FIRST_EPOCH,
            version,
            max_version: version,
            bad: false,
            why: None,
            data_size: 0,
            row_count: 0,
            version_count: 1,
            path_hash: -1,
            dropped: false,
        };
        self.is_rescued(backend, &report);
    }

    /// The calls that make empty tablets at the version that readers see, one for each table.
    fn empty_tablets(&self, tablets: &[(TabletId, ReplicaId)]) -> Vec<CreateTablets> {
        let mut calls = BTreeMap::<_, CreateTablets>::new();
        for (tablet, replica) in tablets {
            let view = self.head.tablets.view(*tablet);
            let partition = view.and_then(|view| self.head.partitions.get(&view.partition()));
            let table = partition.and_then(|of| self.head.tables.get(&of.table));
            let (Some(partition), Some(table)) = (partition, table) else {
                continue;
            };
            let call = calls.entry(table.id).or_insert_with(|| CreateTablets {
                tablets: Vec::new(),
                columns: table.spec.columns.clone(),
                key_columns: table.spec.key_columns,
            });
            call.tablets.push(TabletSpec {
                db: table.db,
                table: table.id,
                partition: partition.id,
                tablet: *tablet,
                replica: *replica,
                epoch: FIRST_EPOCH,
                version: partition.visible_version,
                medium: partition.spec.medium,
            });
        }
        calls.into_values().collect()
    }
}

impl Rescue {
    /// The empty tablets that a backend was told to make.
    fn made_on(&self, backend: BackendId) -> Vec<Chosen> {
        let chosen = self.chosen.iter();
        let made = chosen.filter(|of| matches!(of.way, Way::Empty(at, ..) if at == backend));
        made.cloned().collect()
    }
}
