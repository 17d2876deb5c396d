//! Making tablets: asked of their backends first, in the journal when all of them have answered.
//!
//! Until then the catalog knows nothing of them, so a crash or a failure leaves tablets behind that nobody wants; those
//! are dropped at once where that is possible, and else when their backends report them.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::{ByBackend, CALL_TABLETS, FIRST_EPOCH};
use super::{Answer, Core, Error, Purpose};
use crate::backend::api::{CreateTablets, TabletErrors, TabletSpec};
use crate::catalog::change::{Change, NewPartition, NewTable};
use crate::catalog::schema::ColumnDef;
use crate::ids::{BackendId, DbId, FIRST_VERSION, PartitionId, TableId, TabletId};
use crate::leader::action::{Action, BackendRequest, CallId, Token};
use crate::leader::request::Reply;

/// Names a making.
pub(super) type MakeId = u64;

/// What the tablets are for.
#[derive(Debug, Clone)]
pub(super) enum Goal {
    /// CREATE TABLE.
    Table(Box<NewTable>),
    /// ADD PARTITION.
    Partitions {
        table: TableId,
        partitions: Vec<NewPartition>,
    },
    /// TRUNCATE.
    Replace {
        table: TableId,
        old: Vec<PartitionId>,
        new: Vec<NewPartition>,
    },
}

/// Tablets being made.
#[derive(Debug)]
pub(super) struct Make {
    token: Token,
    goal: Goal,
    waiting: BTreeMap<CallId, BackendId>,
    failed: Option<Error>,
}

impl Goal {
    fn partitions(&self) -> &[NewPartition] {
        match self {
            Goal::Table(table) => &table.partitions,
            Goal::Partitions { partitions, .. } => partitions,
            Goal::Replace { new, .. } => new,
        }
    }
}

impl Core {
    /// Asks backends for the tablets of `goal`; `changes` reserve its ids.
    pub(super) fn make(&mut self, token: Token, goal: Goal, changes: Vec<Change>) -> Answer {
        if !changes.is_empty() {
            self.record(changes)?;
        }
        let Some((db, table, columns, key_columns)) = self.schema(&goal) else {
            return Err(Error::TableDropped(String::new()));
        };
        let id = self.numbers.make();
        let timeout_ms = self
            .config
            .tablet_create_timeout_second
            .saturating_mul(1000);
        let mut waiting = BTreeMap::new();
        for (backend, tablets) in specs(db, table, goal.partitions()) {
            for some in tablets.chunks(CALL_TABLETS) {
                let request = BackendRequest::CreateTablets(CreateTablets {
                    tablets: some.to_vec(),
                    columns: columns.clone(),
                    key_columns,
                });
                if let Some(call) = self.call(backend, timeout_ms, Purpose::Make(id), request) {
                    waiting.insert(call, backend);
                }
            }
        }
        let make = Make {
            token,
            goal,
            waiting,
            failed: None,
        };
        if make.waiting.is_empty() {
            self.made(make);
        } else {
            self.makes.insert(id, make);
        }
        Ok(None)
    }

    pub(super) fn make_answered(
        &mut self,
        id: MakeId,
        call: CallId,
        result: Result<TabletErrors, String>,
    ) {
        let Some(make) = self.makes.get_mut(&id) else {
            return;
        };
        let backend = make.waiting.remove(&call);
        let why = match result {
            Err(why) => Some(why),
            Ok(errors) => errors
                .failed
                .first()
                .map(|(id, why)| format!("tablet {id}: {why}")),
        };
        if let (Some(why), Some(backend)) = (why, backend)
            && make.failed.is_none()
        {
            let address = self
                .head
                .backends
                .get(&backend)
                .map(|backend| backend.address());
            let backend = address.unwrap_or_else(|| backend.to_string());
            make.failed = Some(Error::MakeTablets { backend, why });
        }
        if make.waiting.is_empty()
            && let Some(make) = self.makes.remove(&id)
        {
            self.made(make);
        }
    }

    /// Every backend has answered.
    fn made(&mut self, make: Make) {
        let Make {
            token,
            goal,
            failed,
            ..
        } = make;
        let made = by_backend(goal.partitions());
        let done = match failed {
            Some(error) => Err(error),
            None => self.reach(goal),
        };
        let result = match done {
            Ok(doomed) => {
                self.drop_tablets(doomed);
                Ok(Reply::Done)
            }
            Err(error) => {
                self.drop_tablets(made);
                Err(error.into())
            }
        };
        self.ledger.then(Action::Reply { token, result });
        self.publish_again();
    }

    /// Puts the goal in the journal; gives the replicas that it replaces.
    fn reach(&mut self, goal: Goal) -> Result<ByBackend, Error> {
        self.all_stayed(goal.partitions())?;
        let at = self.now;
        let mut doomed = ByBackend::new();
        let change = match goal {
            Goal::Table(table) => {
                let database = self.head.databases.get(&table.db);
                let database = database.ok_or_else(|| Error::TableDropped(table.name.clone()))?;
                if database.tables.contains_key(&table.name) {
                    return Err(Error::TableExists(table.name));
                }
                Change::CreateTable(Box::new(NewTable { at, ..*table }))
            }
            Goal::Partitions { table, partitions } => Change::AddPartitions {
                table,
                partitions,
                at,
            },
            Goal::Replace { table, old, new } => {
                doomed = self.tablets_of(&old);
                Change::ReplacePartitions {
                    table,
                    old,
                    new,
                    at,
                }
            }
        };
        self.record(vec![change])?;
        Ok(doomed)
    }

    /// No backend of the new tablets was dropped while they were made.
    fn all_stayed(&self, partitions: &[NewPartition]) -> Result<(), Error> {
        let mut backends = by_backend(partitions).into_keys();
        let gone = backends.find(|id| !self.head.backends.contains_key(id));
        gone.map_or(Ok(()), |id| Err(Error::LeftMeanwhile(id)))
    }

    fn schema(&self, goal: &Goal) -> Option<(DbId, TableId, Vec<ColumnDef>, usize)> {
        match goal {
            Goal::Table(new) => {
                let spec = &new.spec;
                Some((new.db, new.id, spec.columns.clone(), spec.key_columns))
            }
            Goal::Partitions { table, .. } | Goal::Replace { table, .. } => {
                let known = self.head.tables.get(table)?;
                let spec = &known.spec;
                Some((known.db, known.id, spec.columns.clone(), spec.key_columns))
            }
        }
    }

    /// Tablets that are being made: on their backends perhaps, and not in the catalog.
    pub(super) fn being_made(&self) -> BTreeSet<TabletId> {
        let partitions = self.makes.values().flat_map(|make| make.goal.partitions());
        partitions
            .flat_map(|partition| partition.tablets().map(|(id, _)| id))
            .collect()
    }
}

fn by_backend(partitions: &[NewPartition]) -> ByBackend {
    let mut found = ByBackend::new();
    for (tablet, replicas) in partitions.iter().flat_map(NewPartition::tablets) {
        for (replica, backend) in replicas.iter() {
            found.entry(backend).or_default().push((tablet, replica));
        }
    }
    found
}

fn specs(
    db: DbId,
    table: TableId,
    partitions: &[NewPartition],
) -> BTreeMap<BackendId, Vec<TabletSpec>> {
    let mut found: BTreeMap<BackendId, Vec<TabletSpec>> = BTreeMap::new();
    for partition in partitions {
        for (tablet, replicas) in partition.tablets() {
            for (replica, backend) in replicas.iter() {
                found.entry(backend).or_default().push(TabletSpec {
                    db,
                    table,
                    partition: partition.id,
                    tablet,
                    replica,
                    epoch: FIRST_EPOCH,
                    version: FIRST_VERSION,
                    medium: partition.spec.medium,
                });
            }
        }
    }
    found
}
