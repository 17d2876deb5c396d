//! A cluster with data for the tests of the statements that read it, made by changes as the leader makes them: three
//! backends of which the last is dead, a table of two partitions, a load that the dead backend missed, and one that
//! runs.

use std::sync::Arc;

use crate::catalog::apply::Touched;
use crate::catalog::backend::PathState;
use crate::catalog::change::{Change, Committed, NewPartition, NewTable};
use crate::catalog::partition::{Bound, PartitionSpec, Range};
use crate::catalog::schema::{ColumnDef, DataType, DefaultValue};
use crate::catalog::state::Catalog;
use crate::catalog::table::{
    Distribution, Medium, Partitioning, TableProperties, TableSpec, WriteQuorum,
};
use crate::catalog::tablets::{Belief, Reported};
use crate::catalog::txn::{Txn, TxnState, Writes};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::ids::{
    BackendId, DbId, IndexId, PartitionId, ReplicaId, TableId, TabletId, TxnId, Version,
};
use crate::tablet::census::Census;
use crate::tablet::healing::Healing;
use crate::view::{FrontendInfo, View};

/// When everything happened.
const AT: Timestamp = Timestamp::at(1_000_000);

/// The cluster.
pub fn view() -> View {
    let mut cluster = Cluster {
        catalog: Catalog::new(),
        census: Census::default(),
    };
    cluster.build();
    View {
        connections: 0,
        now: AT,
        catalog: cluster.catalog,
        census: cluster.census,
        healing: Healing::default(),
        config: Arc::new(Config::default()),
        frontend: Arc::new(FrontendInfo {
            name: "fe1".to_owned(),
            ..FrontendInfo::default()
        }),
    }
}

struct Cluster {
    catalog: Catalog,
    census: Census,
}

impl Cluster {
    fn build(&mut self) {
        self.apply(Change::ReserveIds { below: 30_000 });
        self.apply(Change::ReserveTxns { below: 100 });
        for (id, port) in [(10_001, 8040), (10_002, 8041), (10_003, 8042)] {
            self.apply(Change::AddBackend {
                id: BackendId(id),
                host: "127.0.0.1".to_owned(),
                port,
            });
        }
        for id in [10_001, 10_002] {
            self.live(BackendId(id));
        }
        self.apply(Change::CreateDatabase {
            id: DbId(11_000),
            name: "shop".to_owned(),
            at: AT,
        });
        self.apply(Change::CreateDatabase {
            id: DbId(11_001),
            name: "empty".to_owned(),
            at: AT,
        });
        self.apply(Change::CreateTable(Box::new(orders())));
        self.load();
        self.catalog
            .observe_txn(txn(2, "running", TxnState::Prepare, Vec::new()));
    }

    fn apply(&mut self, change: Change) {
        let touched: Touched = self.catalog.apply(&change).expect("the change fits");
        self.census.follow(&self.catalog, &touched);
    }

    fn live(&mut self, id: BackendId) {
        self.catalog.observe_backend(id, |state| {
            state.alive = true;
            state.last_heartbeat = Some(AT);
            state.version = "0.1.0".to_owned();
            state.paths = vec![PathState {
                root: format!("/disk{id}"),
                hash: 7_000 + i64::try_from(id.0).unwrap_or(0),
                medium: Medium::Ssd,
                online: true,
                why: None,
                data_used: 1 << 20,
                other_used: 1 << 20,
                available: 6 << 20,
                total: 8 << 20,
                tablets: 2,
                trash_used: 0,
            }];
        });
        self.census.follow_backend(&self.catalog, id);
    }

    /// Version 2 of the first partition; the backend that is dead does not get it.
    fn load(&mut self) {
        let versions = vec![(PartitionId(12_001), 2)];
        let txn = txn(1, "first", TxnState::Committed, versions);
        let missed = vec![
            (TabletId(13_000), ReplicaId(14_002)),
            (TabletId(13_001), ReplicaId(14_005)),
        ];
        let writes = Writes {
            replicas_below: None,
            with_rows: vec![TabletId(13_000)],
            missed: missed[..1].to_vec(),
            ..Writes::default()
        };
        self.apply(Change::Commit(Box::new(Committed { txn, writes })));
        self.apply(Change::Visible {
            txn: TxnId(1),
            at: AT,
            published: Some(AT),
            missed,
        });
        for (replica, backend) in [(14_000, 10_001), (14_001, 10_002)] {
            let of = Reported {
                replica: ReplicaId(replica),
                version: 2,
                newest: 2,
                belief: Belief::Gains,
                bad: false,
                bytes: 784,
                rows: 3,
                rowsets: 2,
                path: 7_000 + backend,
            };
            let backend = BackendId(u64::try_from(backend).unwrap_or(0));
            let news = self
                .catalog
                .observe_replica(TabletId(13_000), backend, &of, AT);
            assert_eq!(news, Some(false));
        }
    }
}

fn txn(id: u64, label: &str, state: TxnState, versions: Vec<(PartitionId, Version)>) -> Txn {
    Txn {
        id: TxnId(id),
        label: label.to_owned(),
        db: DbId(11_000),
        table: TableId(12_000),
        coordinator: "BE: 127.0.0.1".to_owned(),
        source: "BACKEND_STREAMING".to_owned(),
        state,
        prepared: AT,
        committed: (state == TxnState::Committed).then_some(AT),
        published: None,
        finished: None,
        timeout_ms: 600_000,
        reason: String::new(),
        versions,
        failed_replicas: 0,
        rows: 3,
        backend: None,
        hold: None,
    }
}

fn orders() -> NewTable {
    let column = |name: &str, data_type, default| ColumnDef {
        name: name.to_owned(),
        data_type,
        nullable: false,
        default,
        comment: String::new(),
    };
    let partition = |id, name: &str, first_day, tablet, replica| NewPartition {
        id: PartitionId(id),
        spec: PartitionSpec {
            name: name.to_owned(),
            range: Some(Range {
                lower: first_day,
                upper: Some(Bound::Date(
                    15_737 + if first_day.is_some() { 28 } else { 0 },
                )),
            }),
            buckets: 2,
            replication_num: 3,
            medium: Medium::Hdd,
        },
        first_tablet: TabletId(tablet),
        first_replica: ReplicaId(replica),
        backends: [10_001, 10_002, 10_003]
            .repeat(2)
            .into_iter()
            .map(BackendId)
            .collect(),
    };
    NewTable {
        id: TableId(12_000),
        db: DbId(11_000),
        name: "orders".to_owned(),
        index: IndexId(12_009),
        spec: TableSpec {
            columns: vec![
                column("day", DataType::Date, None),
                column(
                    "id",
                    DataType::BigInt,
                    Some(DefaultValue::Text("0".to_owned())),
                ),
            ],
            key_columns: 1,
            comment: String::new(),
            partitioning: Partitioning::Range { column: 0 },
            distribution: Distribution {
                columns: vec![1],
                buckets: Some(2),
            },
            properties: TableProperties {
                replication_num: 3,
                write_quorum: WriteQuorum::Majority,
                storage_medium: None,
                bucket_size: 0,
            },
        },
        at: AT,
        partitions: vec![
            partition(12_001, "p1", None, 13_000, 14_000),
            partition(12_002, "p2", Some(Bound::Date(15_737)), 13_002, 14_006),
        ],
    }
}
