//! An engine over a fixed snapshot, for tests: statements in, text out.

use std::sync::Arc;

use futures::StreamExt;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::backend::client::Client;
use crate::catalog::database::Database;
use crate::catalog::partition::{Bound, Partition, PartitionSpec, Range};
use crate::catalog::schema::{ColumnDef, DataType};
use crate::catalog::state::Catalog;
use crate::catalog::table::{
    Distribution, Medium, Partitioning, Table, TableProperties, TableSpec, WriteQuorum,
};
use crate::clock::{Clock, Timestamp};
use crate::code::Failure;
use crate::config::Config;
use crate::frontend::answer::{Answer, RowSource};
use crate::frontend::engine::Engine;
use crate::frontend::service::Service;
use crate::frontend::sessions::Sessions;
use crate::ids::{DbId, FIRST_VERSION, IndexId, PartitionId, TableId, TabletId};
use crate::leader::handle::Handle;
use crate::memory::Account;
use crate::sql::session::Session;
use crate::system::control::Control;
use crate::system::functions::arguments::texts;
use crate::tablet::census::Census;
use crate::tablet::healing::Healing;
use crate::view::{FrontendInfo, View};

/// 2013-01-05 10:11:12 UTC.
pub const NOW: Timestamp = Timestamp::at(1_357_380_672_000);

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// An engine of database `shop` with the empty table `Orders`.
pub fn engine() -> Engine {
    engine_with(Config::default())
}

/// The same with other settings.
pub fn engine_with(config: Config) -> Engine {
    engine_over(view(config))
}

/// The snapshot of database `shop`.
pub fn view(config: Config) -> View {
    View {
        connections: 0,
        now: NOW,
        catalog: catalog(),
        census: Census::default(),
        healing: Healing::default(),
        config: Arc::new(config),
        frontend: Arc::new(FrontendInfo::default()),
    }
}

/// An engine over any snapshot, without the guard of memory: all tests share one process.
pub fn engine_over(view: View) -> Engine {
    let engine = guarded(view);
    engine.queries.blind();
    engine
}

/// An engine as a frontend has it.
pub fn guarded(view: View) -> Engine {
    let (requests, _) = mpsc::channel(1);
    let (_, views) = watch::channel(Arc::new(view));
    let clock = Arc::new(Stopped);
    let leader = Handle::new(requests, views, clock.clone());
    let client = Client::new("token").unwrap();
    let memory = Account::new(u64::MAX);
    Engine::new(leader, client, Sessions::default(), clock, memory).unwrap()
}

/// The control of a statement that begins now.
pub fn control(engine: &Engine) -> Arc<Control> {
    engine.queries.begin(&engine.leader.config())
}

/// A session of root in database `shop`, in UTC.
pub fn session() -> Session {
    Session {
        id: 7,
        user: "root".to_owned(),
        peer: "127.0.0.1:5000".to_owned(),
        db: Some("shop".to_owned()),
        variables: [("time_zone", "+00:00".to_owned())].into(),
        ..Session::default()
    }
}

/// The definition of `shop.Orders`.
pub fn spec() -> TableSpec {
    let column = |name: &str, data_type, nullable| ColumnDef {
        name: name.to_owned(),
        data_type,
        nullable,
        default: None,
        comment: String::new(),
    };
    TableSpec {
        columns: vec![
            column("Id", DataType::BigInt, false),
            column("day", DataType::Date, true),
            column("Name", DataType::Varchar(20), true),
            column("price", DataType::Decimal(10, 2), true),
            column("paid", DataType::Boolean, true),
        ],
        key_columns: 1,
        comment: String::new(),
        partitioning: Partitioning::Range { column: 1 },
        distribution: Distribution {
            columns: vec![0],
            buckets: Some(4),
        },
        properties: TableProperties {
            replication_num: 3,
            write_quorum: WriteQuorum::Majority,
            storage_medium: None,
            bucket_size: 0,
        },
    }
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let (db, table, partition) = (DbId(1), TableId(10), PartitionId(20));
    catalog.databases.insert(
        db,
        Arc::new(Database {
            id: db,
            name: "shop".to_owned(),
            created: NOW,
            tables: [("Orders".to_owned(), table)].into_iter().collect(),
        }),
    );
    catalog.database_names.insert("shop".to_owned(), db);
    catalog.tables.insert(
        table,
        Arc::new(Table {
            id: table,
            db,
            name: "Orders".to_owned(),
            index: IndexId(11),
            spec: spec(),
            created: NOW,
            partitions: vec![partition],
        }),
    );
    catalog.partitions.insert(
        partition,
        Arc::new(Partition {
            id: partition,
            table,
            spec: PartitionSpec {
                name: "p1".to_owned(),
                range: Some(Range {
                    lower: None,
                    upper: Some(Bound::Date(20_000)),
                }),
                buckets: 4,
                replication_num: 3,
                medium: Medium::Hdd,
            },
            tablets: (30..34).map(TabletId).collect(),
            visible_version: FIRST_VERSION,
            visible_time: NOW,
            next_version: FIRST_VERSION + 1,
        }),
    );
    catalog
}

/// The answer to each statement of `text`: header, then rows, tab between columns, `NULL` for NULL.
pub async fn ask(engine: &Engine, session: &mut Session, text: &str) -> String {
    match answer(engine, session, text).await {
        Ok(shown) => shown,
        Err(failure) => format!("ERROR {}: {}", failure.code.mysql, failure.message),
    }
}

async fn answer(engine: &Engine, session: &mut Session, text: &str) -> Result<String, Failure> {
    let mut shown = Vec::new();
    for script in engine.split(text.to_owned()).await? {
        let cancel = CancellationToken::new();
        match engine.run(session, &script, &[], cancel).await? {
            Answer::Done { affected, .. } => shown.push(format!("done {affected}")),
            Answer::Rows(result) => {
                let names: Vec<_> = result.columns.iter().map(|c| c.name.as_str()).collect();
                shown.push(names.join("\t"));
                shown.extend(rows(result.rows).await?);
            }
        }
    }
    Ok(shown.join("\n"))
}

async fn rows(source: RowSource) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    match source {
        RowSource::Cells(columns, rows) => {
            for row in rows {
                let cells = row.iter().zip(&columns);
                let cells = cells.map(|(cell, column)| cell.show(column));
                let cells: Vec<_> = cells.map(|c| c.unwrap_or("NULL".into())).collect();
                lines.push(cells.join("\t"));
            }
        }
        RowSource::Batches(mut batches) => {
            while let Some(batch) = batches.next().await {
                let batch = batch?;
                let columns: Vec<_> = batch.columns().iter().map(|c| texts(c).unwrap()).collect();
                for row in 0..batch.num_rows() {
                    let cells = columns.iter().map(|column| {
                        let texts = column.iter().nth(row).flatten();
                        texts.unwrap_or("NULL").to_owned()
                    });
                    lines.push(cells.collect::<Vec<_>>().join("\t"));
                }
            }
        }
    }
    Ok(lines)
}
