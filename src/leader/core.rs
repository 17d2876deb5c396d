//! The order of events, without a clock, a disk or a network: `step(now, event)` gives what is to be done.
//!
//! Owns the catalog and everything that runs: loads, the making of tablets, the health of backends. A decision is applied
//! to the catalog at once and its record goes to the journal; answers, calls and readers learn of it when it is
//! durable ([`ledger`]). Each file below does the events of one concern; this one only hands them out.

mod adopt;
mod content;
mod databases;
mod error;
mod heal;
mod identity;
mod kept;
mod ledger;
mod loads;
mod make;
mod news;
mod nodes;
mod numbers;
mod partitions;
mod properties;
mod purpose;
mod recovery;
mod reports;
mod segments;
mod tables;
mod users;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::adopt::Adoptions;
use self::content::Content;
pub use self::error::Error;
use self::heal::Heal;
use self::ledger::Ledger;
use self::loads::Loads;
use self::make::{Make, MakeId};
use self::news::News;
use self::numbers::Numbers;
use self::purpose::Purpose;
use self::recovery::Recovery;
use self::reports::Reports;
use self::segments::Sweeps;
use crate::catalog::apply::Misfit;
use crate::catalog::change::Change;
use crate::catalog::state::Catalog;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::ids::BackendId;
use crate::leader::action::{Action, BackendReply, BackendRequest, CallId, Token};
use crate::leader::event::Event;
use crate::leader::notice::Notice;
use crate::leader::request::{HealRequest, Reply, Request};
use crate::tablet::census::Census;
use crate::tablet::healing::Healing;

/// Milliseconds that a backend may take for a call that has no setting of its own.
const CALL_TIMEOUT_MS: u64 = 10_000;

/// Milliseconds after which it is written down how far time is. A restart makes what ages younger by no more than this.
const NOTE_TIME_MS: u64 = 600_000;

/// The leader.
#[derive(Debug)]
pub struct Core {
    /// By a clock that never goes back, nor over a restart behind what the journal tells of.
    now: Timestamp,
    /// When it was last written down how far time is.
    noted: Timestamp,
    config: Arc<Config>,
    /// Everything decided so far.
    head: Catalog,
    census: Census,
    ledger: Ledger,
    numbers: Numbers,
    calls: BTreeMap<CallId, Purpose>,
    makes: BTreeMap<MakeId, Make>,
    loads: Loads,
    reports: Reports,
    news: News,
    heal: Heal,
    content: Content,
    sweeps: Sweeps,
    adoptions: Adoptions,
    recovery: Recovery,
}

/// A request's answer: at once, or when something else has happened.
type Answer = Result<Option<Reply>, Error>;

impl Core {
    /// A leader that goes on from `catalog`, which holds every record up to `seq`. Settings that the journal holds
    /// prevail over `config`.
    pub fn recover(catalog: Catalog, seq: u64, config: Config, now: Timestamp) -> Core {
        let mut config = config;
        for (key, value) in &catalog.settings {
            // A setting that is no longer known, or no longer takes this value, has its default.
            let _ = config.set(key, value);
        }
        assert!(
            catalog.time.is_none_or(|last| last <= now),
            "time goes on from where the journal ends"
        );
        Core {
            now,
            noted: now,
            config: Arc::new(config),
            census: Census::audit(&catalog),
            ledger: Ledger::new(seq),
            numbers: Numbers::new(&catalog),
            calls: BTreeMap::new(),
            makes: BTreeMap::new(),
            loads: Loads::recover(&catalog),
            reports: Reports::new(&catalog, now),
            news: News::default(),
            heal: Heal::default(),
            content: Content::default(),
            sweeps: Sweeps::new(),
            adoptions: Adoptions::default(),
            recovery: Recovery::default(),
            head: catalog,
        }
    }

    /// Takes in one event. The actions are to be performed in this order.
    pub fn step(&mut self, now: Timestamp, event: Event) -> Vec<Action> {
        self.now = self.now.max(now);
        match event {
            Event::Request { token, request } => {
                let answer = self.request(token, request);
                self.answer(token, answer);
            }
            Event::Appended { seq } => self.ledger.appended(seq),
            Event::Answer { call, result } => self.answered(call, result),
            Event::Heartbeat { backend, result } => self.heartbeat(backend, result),
            Event::Report {
                backend,
                asked,
                result: Ok(report),
            } => {
                self.report(backend, asked, &report);
            }
            Event::Report { result: Err(_), .. } => {}
            Event::Doubts(backends) => self.doubts(&backends),
            Event::Tick => self.tick(),
        }
        self.ledger.take()
    }

    /// What readers may see: everything that is durable, nothing else. Costs a few reference counts.
    pub fn snapshot(&self) -> (Catalog, Census) {
        self.ledger
            .snapshot(|| (self.head.clone(), self.census.clone()))
    }

    /// Repair and balance, as they are now.
    pub fn healing(&self) -> Healing {
        Healing {
            checking: self.content.checking(),
            repairing: self.content.repairing(),
            ..self.heal.healing().clone()
        }
    }

    /// Settings in force.
    pub fn config(&self) -> Arc<Config> {
        self.config.clone()
    }

    /// The last durable record; [`Core::snapshot`] holds it. Cut the snapshot by `catalog::checkpoint::chunks` for a
    /// checkpoint that covers records up to this one.
    pub fn durable(&self) -> u64 {
        self.ledger.durable()
    }

    /// Nothing that a backend reports and the catalog does not know is dropped yet: too few backends have reported.
    pub fn safe_mode(&self) -> bool {
        self.reports.safe_mode()
    }

    /// Takes over what another core last heard from backends: for a core that was recovered in the same process after
    /// its journal failed.
    pub fn adopt_observed(&mut self, other: &Core) {
        for (id, state) in &other.head.backend_states {
            self.head
                .observe_backend(*id, |known| *known = state.as_ref().clone());
        }
        self.census = Census::audit(&self.head);
    }

    fn request(&mut self, token: Token, request: Request) -> Answer {
        match request {
            Request::CreateDatabase {
                name,
                if_not_exists,
            } => self.create_database(name, if_not_exists),
            Request::DropDatabase {
                name,
                if_exists,
                force,
            } => self.drop_database(&name, if_exists, force),
            Request::CreateTable {
                db,
                name,
                if_not_exists,
                spec,
                partitions,
            } => self.create_table(token, &db, name, if_not_exists, *spec, partitions),
            Request::DropTable {
                db,
                name,
                if_exists,
            } => self.drop_table(&db, &name, if_exists),
            Request::TruncateTable {
                db,
                name,
                partitions,
            } => self.truncate_table(token, &db, &name, &partitions),
            Request::AlterProperty {
                db,
                name,
                partitions,
                property,
            } => self.alter_property(&db, &name, &partitions, property),
            Request::AddPartitions {
                db,
                name,
                if_not_exists,
                partitions,
            } => self.add_partitions(token, &db, &name, if_not_exists, partitions),
            Request::DropPartition {
                db,
                name,
                partition,
                if_exists,
            } => self.drop_partition(&db, &name, &partition, if_exists),
            Request::AddBackends(backends) => self.add_backends(&backends),
            Request::DropBackends { backends, force } => self.drop_backends(&backends, force),
            Request::MoveBackend { from, to } => self.move_backend(&from, &to),
            Request::SetConfig {
                key,
                value,
                persistent,
            } => self.set_config(&key, &value, persistent),
            Request::CreateUser {
                name,
                if_not_exists,
                password,
            } => self.create_user(name, if_not_exists, password),
            Request::SetPassword { name, password } => self.set_password(name, password),
            Request::DropUser { name, if_exists } => self.drop_user(name, if_exists),
            Request::BeginLoad(begin) => self.begin_load(begin),
            Request::CommitLoad(commit) => self.commit_load(token, &commit),
            Request::PrepareLoad { commit, timeout_ms } => self.prepare_load(&commit, timeout_ms),
            Request::CommitPrepared { txn } => self.commit_prepared(token, txn),
            Request::AbortLoad { txn, reason } => self.abort_load(txn, &reason),
            Request::Heal(request) => self.healing_request(token, request),
            Request::Recovery(request) => self.recovery_request(token, &request),
        }
    }

    /// Requests about repair, balance and content.
    fn healing_request(&mut self, token: Token, request: HealRequest) -> Answer {
        match request {
            HealRequest::Decommission { backends, on } => self.decommission(&backends, on),
            HealRequest::RepairTable {
                db,
                table,
                partitions,
                on,
            } => self.repair_table(&db, &table, &partitions, on),
            HealRequest::SetReplicaStatus {
                tablet,
                backend,
                bad,
                force,
            } => self.set_replica_status((tablet, backend), bad, force),
            HealRequest::CleanQueue => self.clean_queue(),
            HealRequest::RepairTablets { tablets, on } => self.repair_tablets(tablets, on),
            HealRequest::CheckTablets(tablets) => self.check_tablets(&tablets),
            HealRequest::CheckSegments { backends, repair } => {
                self.check_segments(token, &backends, repair)
            }
            HealRequest::Spare { backend, tablets } => self.spare(backend, &tablets),
        }
    }

    fn answered(&mut self, call: CallId, result: Result<BackendReply, String>) {
        let errors = |result: Result<BackendReply, String>| result.map(BackendReply::errors);
        match self.calls.remove(&call) {
            Some(Purpose::Make(make)) => self.make_answered(make, call, errors(result)),
            Some(Purpose::Publish(txn, backend)) => {
                self.publish_answered(txn, backend, errors(result))
            }
            Some(Purpose::Settle(txn, backend)) => self.reports.settled(txn, backend),
            Some(Purpose::Adopt(backend, tablets)) => self.adopted(backend, &tablets, result),
            Some(Purpose::Clone(tablet)) => self.clone_answered(tablet, call, result),
            Some(Purpose::Digest {
                tablet,
                attempt,
                backend,
            }) => self.digest_answered(tablet, attempt, backend, result),
            Some(Purpose::Segments { token, backend }) => {
                self.segments_answered(token, backend, result)
            }
            Some(Purpose::Rescue(token)) => self.rescue_answered(token, call, result),
            Some(Purpose::Cut(backend, asked)) => {
                self.cut_answered(backend, &asked, errors(result));
            }
            Some(Purpose::Drop) | None => {}
        }
    }

    fn tick(&mut self) {
        self.note_time();
        self.leave_safe_mode();
        self.end_late_loads();
        self.publish_again();
        self.forget_labels();
        self.forget_caught_up();
        self.recovery_tick();
        self.heal();
        self.content_tick();
    }

    /// Writes down how far time is, where something ages and nothing else has told of it for long: else what ages would have
    /// to begin again with every restart.
    fn note_time(&mut self) {
        let ages =
            self.loads.any_ages() || !self.head.checks.is_empty() || !self.head.repairs.is_empty();
        let last = self.head.time.unwrap_or_default().max(self.noted);
        if ages && self.now.since_ms(last) >= NOTE_TIME_MS {
            self.noted = self.now;
            self.record_own(vec![Change::TimePassed { at: self.now }]);
        }
    }

    /// Makes a record of changes that belong together: all of them, or none where one does not fit.
    fn record(&mut self, changes: Vec<Change>) -> Result<(), Misfit> {
        let mut head = self.head.clone();
        let mut census = self.census.clone();
        for change in &changes {
            let touched = head.apply(change)?;
            census.follow(&head, &touched);
        }
        let before = std::mem::replace(&mut self.head, head);
        let counted = std::mem::replace(&mut self.census, census);
        let after = (self.head.clone(), self.census.clone());
        self.ledger.append(changes, (before, counted), after);
        Ok(())
    }

    /// Makes a record of what the leader itself decided. That it fits was seen to just before.
    fn record_own(&mut self, changes: Vec<Change>) {
        if let Err(misfit) = self.record(changes) {
            panic!("the leader's own decision does not fit its catalog: {misfit}");
        }
    }

    fn answer(&mut self, token: Token, answer: Answer) {
        let result = match answer {
            Ok(None) => return,
            Ok(Some(reply)) => Ok(reply),
            Err(error) => Err(error.into()),
        };
        self.ledger.then(Action::Reply { token, result });
    }

    /// Tells operators what has happened, once it is durable.
    fn say(&mut self, notice: Notice) {
        self.ledger.then(Action::Say(notice));
    }

    /// Calls a backend, if it still exists.
    fn call(
        &mut self,
        backend: BackendId,
        timeout_ms: u64,
        purpose: Purpose,
        request: BackendRequest,
    ) -> Option<CallId> {
        let address = self.head.backends.get(&backend)?.address();
        let call = self.numbers.call();
        self.calls.insert(call, purpose);
        self.ledger.then(Action::Call {
            call,
            backend,
            address,
            timeout_ms,
            request,
        });
        Some(call)
    }
}

#[cfg(test)]
mod tests;
