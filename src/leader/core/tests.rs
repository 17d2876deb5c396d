//! The core by its events: every test drives `step` with a journal and backends that answer as they are told.

mod content;
mod healing;
mod identity;
mod loads;
mod recovery;
mod statements;
mod taken_over;

use std::collections::{BTreeSet, VecDeque};

use super::*;
use crate::backend::api::TabletErrors;
use crate::backend::api::{HeartbeatAnswer, ReportAnswer, TabletReport};
use crate::catalog::backend::PathState;
use crate::catalog::checkpoint::Restorer;
use crate::catalog::partition::PartitionSpec;
use crate::catalog::schema::{ColumnDef, DataType};
use crate::catalog::table::{
    Distribution, Medium, Partitioning, TableProperties, TableSpec, WriteQuorum,
};
use crate::code::Failure;
use crate::ids::{ReplicaId, TabletId, Version};
use crate::leader::request::{BeginLoad, CommitLoad, TabletWritten};
use crate::load::plan::LoadPlan;

/// A core whose actions are performed at once; calls are kept until the test answers them, unless `obliging`.
struct World {
    core: Core,
    now: i64,
    /// By how much the wall clock shows more.
    ahead: i64,
    journal: Vec<Vec<Change>>,
    replies: Vec<(Token, Result<Reply, Failure>)>,
    notices: Vec<Notice>,
    /// Backends whose disk others have filled.
    full: BTreeSet<BackendId>,
    calls: VecDeque<(CallId, BackendId, BackendRequest)>,
    /// Whether every call is answered with success at once.
    obliging: bool,
    /// Whether records become durable at once.
    writing: bool,
    tokens: u64,
}

impl World {
    /// A new cluster with so many living backends on as many hosts, and no checks in the background.
    fn new(backends: u16) -> World {
        let config = Config {
            consistency_check_start_time: 0,
            consistency_check_end_time: 0,
            ..Config::default()
        };
        World::with(backends, config)
    }

    fn with(backends: u16, config: Config) -> World {
        let mut world = World {
            core: Core::recover(Catalog::new(), 0, config, Timestamp::at(0)),
            now: 0,
            ahead: 0,
            journal: Vec::new(),
            replies: Vec::new(),
            notices: Vec::new(),
            full: BTreeSet::new(),
            calls: VecDeque::new(),
            obliging: true,
            writing: true,
            tokens: 0,
        };
        let named = (1..=backends).map(|n| (format!("h{n}"), 8040)).collect();
        world
            .ask(Request::AddBackends(named))
            .expect("new backends");
        for id in world.backends() {
            world.alive(id);
        }
        world
    }

    fn backends(&self) -> Vec<BackendId> {
        self.core.head.backends.keys().copied().collect()
    }

    fn step(&mut self, event: Event) {
        let mut actions = VecDeque::from(self.feed(event));
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Append { seq, changes } => {
                    self.journal.push(changes);
                    assert_eq!(self.journal.len() as u64, seq);
                    if self.writing {
                        actions.extend(self.feed(Event::Appended { seq }));
                    }
                }
                Action::Say(notice) => self.notices.push(notice),
                Action::Reply { token, result } => self.replies.push((token, result)),
                Action::Call { call, .. } if self.obliging => {
                    let result = Ok(TabletErrors::default().into());
                    actions.extend(self.feed(Event::Answer { call, result }));
                }
                Action::Call {
                    call,
                    backend,
                    request,
                    ..
                } => {
                    self.calls.push_back((call, backend, request));
                }
            }
        }
    }

    fn feed(&mut self, event: Event) -> Vec<Action> {
        let now = Timestamp::of(self.now, self.now + self.ahead);
        self.core.step(now, event)
    }

    /// Sends a request that is not answered at once.
    fn send(&mut self, request: Request) -> Token {
        self.tokens += 1;
        let token = Token(self.tokens);
        self.step(Event::Request { token, request });
        token
    }

    fn reply(&mut self, token: Token) -> Option<Result<Reply, Failure>> {
        let at = self.replies.iter().position(|(of, _)| *of == token)?;
        Some(self.replies.remove(at).1)
    }

    fn ask(&mut self, request: Request) -> Result<Reply, Failure> {
        let token = self.send(request);
        self.reply(token).expect("an answer")
    }

    fn alive(&mut self, backend: BackendId) {
        self.started(backend, 0);
    }

    /// A heartbeat of a process that started then.
    fn started(&mut self, backend: BackendId, at: i64) {
        let result = Ok(self.heart(backend, at));
        self.step(Event::Heartbeat { backend, result });
    }

    fn heart(&self, backend: BackendId, at: i64) -> HeartbeatAnswer {
        let path = PathState {
            root: "/data".to_owned(),
            hash: 7,
            medium: Medium::Hdd,
            online: true,
            why: None,
            data_used: 0,
            other_used: 0,
            available: match self.full.contains(&backend) {
                true => 0,
                false => 1 << 30,
            },
            total: 1 << 30,
            tablets: self.core.head.tablets.replicas_on(backend),
            trash_used: 0,
        };
        HeartbeatAnswer {
            started: Timestamp::at(at),
            version: "test".to_owned(),
            paths: vec![path],
            cpu_cores: 2,
            mem_bytes: 1 << 30,
            running_queries: 0,
            report_seq: 0,
            clones: Vec::new(),
            // What follows from who it is has tests of its own.
            node: None,
        }
    }

    fn dead(&mut self, backend: BackendId) {
        for _ in 0..3 {
            let result = Err("no answer".to_owned());
            self.step(Event::Heartbeat { backend, result });
        }
    }

    fn pass(&mut self, ms: i64) {
        self.now += ms;
        self.step(Event::Tick);
    }

    /// Database `d` with table `t`.
    fn table(&mut self, buckets: u32, replicas: u16, quorum: WriteQuorum) {
        self.ask(Request::CreateDatabase {
            name: "d".to_owned(),
            if_not_exists: true,
        })
        .expect("a database");
        self.ask(create_table("t", buckets, replicas, quorum))
            .expect("a table");
    }

    fn tablets(&self) -> Vec<TabletId> {
        self.core
            .head
            .tablets
            .iter()
            .map(|view| view.id())
            .collect()
    }

    /// Version, last failed and last success of a tablet's replica.
    fn versions(&self, tablet: TabletId, backend: BackendId) -> (Version, Version, Version) {
        let view = self.core.head.tablets.view(tablet).expect("a tablet");
        let of = view.on(backend).expect("a replica");
        (of.version, of.last_failed_version, of.last_success_version)
    }

    fn begin(&mut self, label: &str) -> Result<Arc<LoadPlan>, Failure> {
        match self.ask(begin(label))? {
            Reply::Begun(plan) => Ok(plan),
            other => panic!("a load begins with a plan, not with {other:?}"),
        }
    }

    /// The census is what a look at every replica gives.
    fn check(&self) {
        assert_eq!(self.core.census, Census::audit(&self.core.head));
        self.core
            .head
            .tablets
            .check(|id| self.core.head.partitions.contains_key(&id));
    }
}

fn begin(label: &str) -> Request {
    Request::BeginLoad(BeginLoad {
        db: "d".to_owned(),
        table: "t".to_owned(),
        label: label.to_owned(),
        timeout_ms: 60_000,
        coordinator: "BE: h1".to_owned(),
        process: None,
        source: "BACKEND_STREAMING",
        partitions: Vec::new(),
    })
}

/// Every tablet of the plan got rows on all of its backends but `failed`.
fn commit(plan: &LoadPlan, failed: &[BackendId]) -> Request {
    let tablets = plan
        .partitions
        .iter()
        .flat_map(|partition| &partition.tablets);
    let written = tablets.map(|tablet| {
        let (bad, good): (Vec<_>, Vec<_>) = tablet
            .backends
            .iter()
            .copied()
            .partition(|id| failed.contains(id));
        TabletWritten {
            tablet: tablet.id,
            backends: good,
            failed: bad
                .into_iter()
                .map(|id| (id, "broken pipe".to_owned()))
                .collect(),
            rows: 1,
        }
    });
    Request::CommitLoad(CommitLoad {
        txn: plan.txn,
        written: written.collect(),
        rows: 1,
        bytes: 1,
    })
}

fn create_table(name: &str, buckets: u32, replicas: u16, quorum: WriteQuorum) -> Request {
    let column = ColumnDef {
        name: "k".to_owned(),
        data_type: DataType::Int,
        nullable: false,
        default: None,
        comment: String::new(),
    };
    let spec = TableSpec {
        columns: vec![column],
        key_columns: 1,
        comment: String::new(),
        partitioning: Partitioning::None,
        distribution: Distribution {
            columns: vec![0],
            buckets: Some(buckets),
        },
        properties: TableProperties {
            replication_num: replicas,
            write_quorum: quorum,
            storage_medium: None,
            bucket_size: 0,
        },
    };
    Request::CreateTable {
        db: "d".to_owned(),
        name: name.to_owned(),
        if_not_exists: false,
        spec: Box::new(spec),
        partitions: vec![PartitionSpec {
            name: name.to_owned(),
            range: None,
            buckets,
            replication_num: replicas,
            medium: Medium::Hdd,
        }],
    }
}

/// What a backend reports of a good replica.
fn report(tablet: TabletId, replica: ReplicaId, version: Version) -> TabletReport {
    TabletReport {
        tablet,
        replica,
        epoch: 1,
        version,
        max_version: version,
        bad: false,
        why: None,
        data_size: 1000,
        row_count: 1,
        version_count: 1,
        path_hash: 7,
        dropped: false,
    }
}
