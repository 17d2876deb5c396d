//! The beginning of a load: its label, its transaction, and the plan for its coordinator.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use super::super::{Answer, Core, Error};
use super::Load;
use crate::catalog::partition::Partition;
use crate::catalog::replica::{Replica, ReplicaState};
use crate::catalog::table::{Table, WriteQuorum};
use crate::catalog::tablets::TabletView;
use crate::catalog::txn::{Txn, TxnState};
use crate::ids::{BackendId, TxnId};
use crate::leader::request::{BeginLoad, Reply};
use crate::load::plan::{LoadPlan, PartitionPlan, TabletPlan};

/// Loads that run at once.
const RUNNING_MAX: usize = 10_000;
/// Characters of a label.
const LABEL_MAX: usize = 128;
/// Milliseconds that any load may take; a longer wish is cut.
const TIMEOUT_MAX_MS: u64 = 259_200_000;

impl Core {
    pub(in super::super) fn begin_load(&mut self, begin: BeginLoad) -> Answer {
        let db = self.known_database(&begin.db)?.id;
        let table = self
            .head
            .tables
            .get(&self.known_table(&begin.db, &begin.table)?.id);
        let table = table
            .ok_or_else(|| Error::UnknownTable(begin.table.clone()))?
            .clone();
        self.label_free(db, &begin.label)?;
        let running = self.loads.running.len();
        if running >= RUNNING_MAX {
            return Err(Error::TooManyLoads { running });
        }
        let partitions = self.plan_partitions(&table, &begin.partitions)?;
        let mut changes = Vec::new();
        let id = self.numbers.txn(&self.head, &mut changes);
        if !changes.is_empty() {
            self.record(changes)?;
        }
        let txn = self.new_txn(id, &begin, &table);
        let plan = self.plan(&txn, &begin, &table, partitions);
        self.loads.running.insert(
            id,
            Load {
                backends: plan.backends.keys().copied().collect(),
                replicas_below: self.numbers.next_replica(),
                process: begin.process,
                deadline: txn.deadline(),
                waiting: Vec::new(),
                held: false,
                publishing: None,
            },
        );
        self.loads.labels.insert((db, begin.label), id);
        self.head.observe_txn(txn);
        Ok(Some(Reply::Begun(Arc::new(plan))))
    }

    /// A label can be used when no load has it, or only one that was given up.
    fn label_free(&self, db: crate::ids::DbId, label: &str) -> Result<(), Error> {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
        if label.is_empty() || label.chars().count() > LABEL_MAX || !label.chars().all(fits) {
            return Err(Error::Label(label.chars().take(LABEL_MAX).collect()));
        }
        let known = self
            .loads
            .labelled(db, label)
            .and_then(|id| self.head.txns.get(&id));
        match known {
            Some(txn) if txn.state != TxnState::Aborted => Err(Error::LabelExists {
                label: label.to_owned(),
                txn: txn.id,
                state: txn.state,
            }),
            _ => Ok(()),
        }
    }

    fn new_txn(&self, id: TxnId, begin: &BeginLoad, table: &Table) -> Txn {
        let timeout_ms = match begin.timeout_ms {
            0 => self
                .config
                .stream_load_default_timeout_second
                .saturating_mul(1000),
            given => given,
        };
        Txn {
            id,
            label: begin.label.clone(),
            db: table.db,
            table: table.id,
            coordinator: begin.coordinator.clone(),
            source: begin.source.to_owned(),
            state: TxnState::Prepare,
            prepared: self.now,
            committed: None,
            published: None,
            finished: None,
            timeout_ms: timeout_ms.min(TIMEOUT_MAX_MS),
            reason: String::new(),
            versions: Vec::new(),
            failed_replicas: 0,
            rows: 0,
            backend: begin.process.map(|process| process.backend),
            hold: None,
        }
    }

    fn plan(
        &self,
        txn: &Txn,
        begin: &BeginLoad,
        table: &Table,
        partitions: Vec<PartitionPlan>,
    ) -> LoadPlan {
        let tablets = partitions.iter().flat_map(|partition| &partition.tablets);
        let used: BTreeSet<BackendId> = tablets
            .flat_map(|tablet| tablet.backends.iter().copied())
            .collect();
        let address = |id: BackendId| Some((id, self.head.backends.get(&id)?.address()));
        let backends: BTreeMap<BackendId, String> = used.into_iter().filter_map(address).collect();
        LoadPlan {
            txn: txn.id,
            label: begin.label.clone(),
            db: begin.db.clone(),
            table: begin.table.clone(),
            table_id: table.id,
            spec: table.spec.clone(),
            partitions,
            backends,
            left_ms: txn.timeout_ms,
            began: txn.prepared,
            silent_wait_ms: self.config.silent_backend_wait_ms,
        }
    }

    fn plan_partitions(
        &self,
        table: &Table,
        named: &[String],
    ) -> Result<Vec<PartitionPlan>, Error> {
        let mut chosen = BTreeSet::new();
        for name in named {
            chosen.insert(self.known_partition(table, name)?.id);
        }
        let partitions = self.head.partitions_of(table);
        let partitions = partitions.filter(|p| named.is_empty() || chosen.contains(&p.id));
        let quorum = table.spec.properties.write_quorum;
        partitions
            .map(|partition| self.plan_partition(partition, quorum))
            .collect()
    }

    fn plan_partition(
        &self,
        partition: &Partition,
        quorum: WriteQuorum,
    ) -> Result<PartitionPlan, Error> {
        self.takes_loads(partition)?;
        let quorum = quorum.needed(partition.spec.replication_num);
        let tablets = self.head.tablets.of_partition(partition);
        let tablets: Result<Vec<_>, _> = tablets
            .map(|view| self.plan_tablet(&view, quorum))
            .collect();
        Ok(PartitionPlan {
            id: partition.id,
            name: partition.spec.name.clone(),
            range: partition.spec.range.clone(),
            quorum,
            tablets: tablets?,
        })
    }

    /// The replicas that are written: also those that are behind, so that they do not fall back further. Those do not
    /// count for the quorum, neither here nor at the commit. One that is about to be removed is written like any other and
    /// counts: a load that began before its successor was there may yet leave that one behind, and then it stays.
    fn plan_tablet(&self, view: &TabletView<'_>, quorum: u16) -> Result<TabletPlan, Error> {
        let writable = |replica: &Replica| {
            !replica.bad && replica.state != ReplicaState::Clone && self.head.alive(replica.backend)
        };
        let written: Vec<Replica> = view.replicas().filter(writable).collect();
        let counting = |replica: &&Replica| counts(replica, view);
        let got = written.iter().filter(counting).count();
        if got < usize::from(quorum) {
            return Err(Error::LostReplicas {
                tablet: view.id(),
                replicas: self.describe(view),
                got,
                needed: quorum,
            });
        }
        Ok(TabletPlan {
            id: view.id(),
            backends: written.iter().map(|replica| replica.backend).collect(),
        })
    }

    /// `backend:version/LFV/LSV:state:liveness` of each replica, as StarRocks' errors have it.
    fn describe(&self, view: &TabletView<'_>) -> String {
        let mut text = String::new();
        for replica in view.replicas() {
            let lives = match (self.head.backends.get(&replica.backend), replica.bad) {
                (None, _) => "NIL",
                (Some(backend), _) if backend.decommissioned => "DECOMM",
                _ if self.head.alive(replica.backend) => "ALIVE",
                _ => "DEAD",
            };
            let state = if replica.bad {
                "BAD"
            } else {
                replica.state.word()
            };
            let separator = if text.is_empty() { "" } else { ", " };
            let _ = write!(
                text,
                "{separator}{}:{}/{}/{}:{state}:{lives}",
                replica.backend,
                replica.version,
                replica.last_failed_version,
                replica.last_success_version,
            );
        }
        text
    }
}

/// Whether a replica that took a load's rows counts for its quorum: one that missed an earlier load does not, because
/// nobody can read it up to this one. One that is about to be removed does: it stays until the load has ended.
pub(super) fn counts(replica: &Replica, view: &TabletView<'_>) -> bool {
    replica.whole(view.visible())
}
