//! A user table for one query: its schema, the tablets that can hold wanted rows, and which replicas to ask for them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};

use crate::catalog::replica::{Replica, ReplicaState};
use crate::catalog::table::{Partitioning, Table};
use crate::ids::{BackendId, FIRST_VERSION, TabletId, Version};
use crate::system::control;
use crate::system::prune::{self, Test};
use crate::system::scan::{ReplicaRead, TabletRead, TabletScan, Wanted};
use crate::system::sources::Sources;
use crate::system::types::table_schema;

/// Streams of rows that one scan opens at once, at least: backends read side by side.
const STREAMS_MIN: usize = 4;

/// A table of the snapshot.
#[derive(Clone)]
pub struct UserTable {
    sources: Sources,
    db: String,
    table: Arc<Table>,
    schema: SchemaRef,
}

impl fmt::Debug for UserTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserTable({}.{})", self.db, self.table.name)
    }
}

impl UserTable {
    /// `table` of `db` as the query's snapshot has it.
    pub fn new(sources: Sources, db: &str, table: Arc<Table>) -> UserTable {
        UserTable {
            schema: table_schema(&table.spec.columns),
            sources,
            db: db.to_owned(),
            table,
        }
    }

    /// The tablets that can hold rows which pass `tests`, in order of partition and bucket.
    pub fn reads(&self, tests: &[Test]) -> Vec<TabletRead> {
        let spec = &self.table.spec;
        let mut reads = Vec::new();
        for partition in self.sources.view.catalog.partitions_of(&self.table) {
            // Nothing was loaded: there is nothing to ask for.
            if partition.visible_version <= FIRST_VERSION {
                continue;
            }
            if let Partitioning::Range { column } = spec.partitioning
                && !prune::partition_may_match(partition.spec.range.as_ref(), column, tests)
            {
                continue;
            }
            let count = u32::try_from(partition.tablets.len()).unwrap_or(u32::MAX);
            let wanted = prune::buckets(spec, count, tests);
            for (bucket, tablet) in (0..).zip(&partition.tablets) {
                if wanted
                    .as_ref()
                    .is_none_or(|wanted| wanted.contains(&bucket))
                {
                    reads.push(self.read(*tablet, partition.visible_version));
                }
            }
        }
        reads
    }

    fn read(&self, tablet: TabletId, version: Version) -> TabletRead {
        let catalog = &self.sources.view.catalog;
        let replicas = catalog.tablets.get(tablet).map(|t| t.replicas);
        let replicas = replicas.unwrap_or_default();
        let mut read = TabletRead {
            tablet,
            version,
            replicas: Vec::with_capacity(replicas.len()),
            refused: Vec::new(),
        };
        let alive = |backend| catalog.alive(backend);
        for replica in in_order(&replicas, tablet, version, alive) {
            match catalog.backends.get(&replica.backend) {
                None => read
                    .refused
                    .push(format!("backend {}: it was dropped", replica.backend)),
                Some(backend) if replica.bad => read.refused.push(format!(
                    "backend {} ({}): the replica is marked bad",
                    replica.backend,
                    backend.address()
                )),
                Some(backend) => read.replicas.push(ReplicaRead {
                    backend: replica.backend,
                    address: backend.address(),
                }),
            }
        }
        read
    }
}

/// The replicas in the order in which they are asked. Neighbouring tablets begin with different ones of those that
/// are equally ready, so that all backends have work.
fn in_order(
    replicas: &[Replica],
    tablet: TabletId,
    version: Version,
    alive: impl Fn(BackendId) -> bool,
) -> Vec<&Replica> {
    let turn = usize::try_from(tablet.0 % 1024).unwrap_or(0);
    let mut ordered: Vec<_> = replicas
        .iter()
        .enumerate()
        .map(|(at, replica)| {
            let ready = readiness(replica, alive(replica.backend), version);
            ((ready, (at + turn) % replicas.len()), replica)
        })
        .collect();
    ordered.sort_by_key(|(rank, _)| *rank);
    ordered.into_iter().map(|(_, replica)| replica).collect()
}

/// How soon a replica is asked: first those in step on live backends; the rest may have come back or caught up since
/// the frontend heard of them, and say so when asked.
fn readiness(replica: &Replica, alive: bool, version: Version) -> u8 {
    let in_step = replica.version >= version && replica.state != ReplicaState::Clone;
    match (in_step, alive) {
        (true, true) => 0,
        (false, true) => 1,
        (true, false) => 2,
        (false, false) => 3,
    }
}

#[async_trait]
impl TableProvider for UserTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(filters
            .iter()
            .map(|filter| {
                if prune::understands(&self.table.spec, filter) {
                    TableProviderFilterPushDown::Inexact
                } else {
                    TableProviderFilterPushDown::Unsupported
                }
            })
            .collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if let Some(control) = control::current() {
            control.may_take_long();
        }
        let columns = match projection {
            Some(columns) => columns.clone(),
            None => (0..self.schema.fields().len()).collect(),
        };
        let schema = Arc::new(self.schema.project(&columns)?);
        let tests = prune::tests(&self.table.spec, filters);
        let reads = self.reads(&tests);
        if reads.is_empty() {
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let wanted = Arc::new(Wanted {
            columns,
            filters: prune::scan_filters(&tests),
            limit: limit.map(|n| n as u64),
            schema: schema.clone(),
            late: Duration::from_millis(self.sources.view.config.silent_backend_wait_ms),
        });
        let streams = state.config().target_partitions().max(STREAMS_MIN);
        let streams = streams.min(reads.len());
        let mut groups = vec![Vec::new(); streams];
        for (at, read) in reads.into_iter().enumerate() {
            groups[at % streams].push(read);
        }
        let partitions = groups.into_iter().map(|tablets| {
            Arc::new(TabletScan {
                backends: self.sources.backends.clone(),
                wanted: wanted.clone(),
                tablets,
            }) as Arc<dyn PartitionStream>
        });
        Ok(Arc::new(StreamingTableExec::try_new(
            schema,
            partitions.collect(),
            None,
            [],
            false,
            limit,
        )?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ReplicaId;

    fn replica(backend: u64, version: Version) -> Replica {
        Replica {
            id: ReplicaId(backend),
            backend: BackendId(backend),
            version,
            last_failed_version: -1,
            last_success_version: version,
            last_failed_time: None,
            bad: false,
            set_bad_force: false,
            state: ReplicaState::Normal,
            data_size: 0,
            row_count: 0,
            version_count: 1,
            path_hash: -1,
        }
    }

    fn asked(replicas: &[Replica], tablet: u64, dead: &[u64]) -> Vec<u64> {
        let alive = |backend: BackendId| !dead.contains(&backend.0);
        let ordered = in_order(replicas, TabletId(tablet), 5, alive);
        ordered.iter().map(|replica| replica.backend.0).collect()
    }

    #[test]
    fn those_in_step_on_live_backends_come_first_and_the_dead_and_behind_last() {
        let replicas = [replica(1, 4), replica(2, 5), replica(3, 5), replica(4, 4)];
        assert_eq!(asked(&replicas, 0, &[2, 4]), [3, 1, 2, 4]);
    }

    #[test]
    fn tablets_take_turns_between_equal_replicas() {
        let replicas = [replica(1, 5), replica(2, 5), replica(3, 5)];
        let first: Vec<u64> = (0..6)
            .map(|tablet| asked(&replicas, tablet, &[])[0])
            .collect();
        assert_eq!(first, [1, 3, 2, 1, 3, 2]);
    }

    #[test]
    fn a_replica_that_is_being_filled_is_asked_after_those_in_step() {
        let mut filling = replica(1, 5);
        filling.state = ReplicaState::Clone;
        assert_eq!(asked(&[filling, replica(2, 5)], 0, &[]), [2, 1]);
    }
}
