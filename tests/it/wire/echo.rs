//! A frontend that answers a handful of words, so that each shape of answer can be asked for; and a listener before it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use async_trait::async_trait;
use futures::StreamExt;
use parking_lot::Mutex;
use quorate::catalog::user::Verifier;
use quorate::code::{Code, Failure};
use quorate::config::Config;
use quorate::frontend::answer::{Answer, ResultColumn, ResultSet, RowSource, ValueKind};
use quorate::frontend::guesses::Guesses;
use quorate::frontend::service::Service;
use quorate::frontend::sessions::Sessions;
use quorate::memory::Account;
use quorate::mysql::Terms;
use quorate::rows::{Cell, Column, Rows, Type};
use quorate::sql::script::{self, Limits, Param, Script};
use quorate::sql::session::{Session, UserValue};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// Bytes that a server may hold for its clients.
const MEMORY: u64 = 2 << 30;

/// The password of `ann`; `root` has none.
pub const PASSWORD: &str = "secret";

/// Words: `one`, `text N`, `rows N`, `late N` (N rows, then an error), `fail`, `wait`, `panic`, `done`, `begin`, `commit`,
/// `manual`, `brief` (short time-outs), `endless`, `length '..'`, `variable N NAME` (of N bytes), `params ?..`, `cells`, `empty`, `types`, `warned`.
pub struct Echo {
    config: Config,
    types: Mutex<Option<(Vec<ResultColumn>, RecordBatch)>>,
    log: Arc<Mutex<Vec<String>>>,
    pulled: Arc<AtomicUsize>,
}

/// A listener with its runtime.
pub struct Server {
    pub addr: SocketAddr,
    pub sessions: Sessions,
    /// The statements that began, and what became of some.
    pub log: Arc<Mutex<Vec<String>>>,
    /// Batches that were taken from `endless`.
    pub pulled: Arc<AtomicUsize>,
    /// What clients make it hold.
    pub memory: Account,
    stop: CancellationToken,
    runtime: Option<Runtime>,
    serving: Option<tokio::task::JoinHandle<()>>,
}

impl Server {
    /// With the default settings.
    pub fn start() -> Server {
        Server::with(Config::default(), None, None)
    }

    /// With these settings, certificate, and result of the word `types`.
    pub fn with(
        config: Config,
        tls: Option<Arc<rustls::ServerConfig>>,
        types: Option<(Vec<ResultColumn>, RecordBatch)>,
    ) -> Server {
        Server::holding(MEMORY, config, tls, types)
    }

    /// The same, with so many bytes of memory for what clients make it hold.
    pub fn holding(
        memory: u64,
        config: Config,
        tls: Option<Arc<rustls::ServerConfig>>,
        types: Option<(Vec<ResultColumn>, RecordBatch)>,
    ) -> Server {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .unwrap();
        let addr = listener.local_addr().unwrap();
        let (sessions, stop) = (Sessions::default(), CancellationToken::new());
        let log = Arc::new(Mutex::default());
        let pulled = Arc::new(AtomicUsize::new(0));
        let echo = Arc::new(Echo {
            config,
            types: Mutex::new(types),
            log: log.clone(),
            pulled: pulled.clone(),
        });
        let memory = Account::new(memory);
        let terms = Terms {
            tls,
            memory: memory.clone(),
            guesses: Guesses::default(),
        };
        let serving = quorate::mysql::serve(listener, echo, sessions.clone(), terms, stop.clone());
        let serving = Some(runtime.spawn(serving));
        Server {
            addr,
            sessions,
            log,
            pulled,
            memory,
            stop,
            runtime: Some(runtime),
            serving,
        }
    }

    /// Stops it, and waits until every connection has ended.
    pub fn stop(mut self) {
        self.stop.cancel();
        let (runtime, serving) = (self.runtime.take().unwrap(), self.serving.take().unwrap());
        runtime.block_on(serving).unwrap();
        runtime.shutdown_background();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub fn column(name: &str, kind: ValueKind) -> ResultColumn {
    ResultColumn {
        name: name.to_owned(),
        table: "t".to_owned(),
        org_table: "t".to_owned(),
        org_name: name.to_owned(),
        db: "d".to_owned(),
        kind,
        nullable: true,
    }
}

fn numbers(count: i64) -> RecordBatch {
    let array: ArrayRef = Arc::new(Int64Array::from_iter_values(0..count));
    RecordBatch::try_from_iter([("n", array)]).unwrap()
}

fn batches(kind: ValueKind, batches: Vec<Result<RecordBatch, Failure>>) -> Answer {
    Answer::Rows(ResultSet {
        columns: vec![column("n", kind)],
        rows: RowSource::Batches(futures::stream::iter(batches).boxed()),
        warnings: 0,
        late: None,
    })
}

fn words(script: &Script) -> Vec<String> {
    let tokens = script.tokens.iter();
    tokens.map(|token| token.token.to_string()).collect()
}

/// Says when it is dropped.
struct Witness(Arc<Mutex<Vec<String>>>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.lock().push("dropped".to_owned());
    }
}

impl Echo {
    /// A result without end; counts the batches that are taken from it.
    fn endless(&self) -> Answer {
        let (witness, pulled) = (Witness(self.log.clone()), self.pulled.clone());
        let batch = numbers(8192);
        let stream = futures::stream::repeat_with(move || {
            let _ = &witness;
            pulled.fetch_add(1, Ordering::Relaxed);
            Ok(batch.clone())
        });
        Answer::Rows(ResultSet {
            columns: vec![column("n", ValueKind::BigInt)],
            rows: RowSource::Batches(stream.boxed()),
            warnings: 0,
            late: None,
        })
    }
}

fn failure() -> Failure {
    Failure::new(Code::QUORUM, "tablet 10005: got 1, needed 2")
}

#[async_trait]
impl Service for Echo {
    fn config(&self) -> Arc<Config> {
        Arc::new(self.config.clone())
    }

    fn verifier(&self, user: &str) -> Option<Verifier> {
        match user {
            "root" => Some(Verifier::Empty),
            "ann" => Some(Verifier::Hashed {
                native: Sha1::digest(Sha1::digest(PASSWORD)).into(),
                sha2: Sha256::digest(Sha256::digest(PASSWORD)).into(),
            }),
            _ => None,
        }
    }

    async fn split(&self, text: String) -> Result<Vec<Script>, Failure> {
        Ok(script::split(&text, Limits::from(&self.config))?)
    }

    async fn describe(
        &self,
        _session: &Session,
        script: &Script,
    ) -> Result<Option<Vec<ResultColumn>>, Failure> {
        match words(script).first().map(String::as_str) {
            Some("fail") => Err(failure()),
            Some("one" | "rows") => Ok(Some(vec![column("n", ValueKind::BigInt)])),
            _ => Ok(None),
        }
    }

    async fn run(
        &self,
        session: &mut Session,
        script: &Script,
        params: &[Param],
        cancel: CancellationToken,
    ) -> Result<Answer, Failure> {
        let words = words(script);
        self.log.lock().push(words.join(" "));
        let number = words.get(1).and_then(|n| n.parse().ok()).unwrap_or(0);
        let done = Ok(Answer::Done {
            affected: 3,
            warnings: 0,
        });
        match words[0].as_str() {
            "one" => Ok(batches(ValueKind::BigInt, vec![Ok(numbers(2).slice(1, 1))])),
            "text" => {
                let text = "x".repeat(usize::try_from(number).unwrap());
                let array: ArrayRef = Arc::new(StringArray::from(vec![text.as_str(), "end"]));
                let batch = RecordBatch::try_from_iter([("n", array)]).unwrap();
                Ok(batches(ValueKind::Text(1 << 24), vec![Ok(batch)]))
            }
            "rows" => Ok(batches(ValueKind::BigInt, vec![Ok(numbers(number))])),
            "late" => Ok(batches(
                ValueKind::BigInt,
                vec![Ok(numbers(number)), Err(failure())],
            )),
            "empty" => Ok(batches(ValueKind::BigInt, Vec::new())),
            "fail" => Err(failure()),
            "wait" => {
                cancel.cancelled().await;
                self.log.lock().push("cancelled".to_owned());
                Err(Failure::new(Code::INTERRUPTED, "interrupted"))
            }
            "panic" => panic!("asked for"),
            "begin" | "commit" => {
                session.in_transaction = words[0] == "begin";
                done
            }
            "manual" => {
                session.variables.insert("autocommit", "0".to_owned());
                done
            }
            "brief" => {
                for variable in ["wait_timeout", "net_write_timeout"] {
                    session.variables.insert(variable, "1".to_owned());
                }
                done
            }
            "variable" => {
                let text = "x".repeat(usize::try_from(number).unwrap());
                let value = UserValue::new(&session.memory, &words[2], Some(text))?;
                session.user_variables.insert(words[2].clone(), value);
                done
            }
            "endless" => Ok(self.endless()),
            "warned" => Ok(Answer::Done {
                affected: 300,
                warnings: 2,
            }),
            "cells" => Ok(cells().into()),
            "types" => {
                let (columns, batch) = self.types.lock().clone().unwrap();
                Ok(Answer::Rows(ResultSet {
                    columns,
                    rows: RowSource::Batches(futures::stream::iter([Ok(batch)]).boxed()),
                    warnings: 0,
                    late: None,
                }))
            }
            "length" => Ok(said(script.source.len().to_string())),
            "params" => Ok(said(format!("{params:?}"))),
            "source" => Ok(said(script.source.to_string())),
            "SELECT" | "select" => Ok(said(words.join(" "))),
            _ => done,
        }
    }

    async fn use_database(&self, session: &mut Session, db: &str) -> Result<(), Failure> {
        if db != "d" {
            let message = format!("Unknown database '{db}'");
            return Err(Failure::new(Code::BAD_DB, message));
        }
        session.db = Some(db.to_owned());
        Ok(())
    }

    async fn fields(&self, _session: &Session, table: &str) -> Result<Vec<ResultColumn>, Failure> {
        match table {
            "t" => Ok(vec![column("n", ValueKind::BigInt)]),
            _ => Err(Failure::new(Code::NO_SUCH_TABLE, "no such table")),
        }
    }

    fn statistics(&self) -> String {
        "Uptime: 1".to_owned()
    }
}

fn said(text: String) -> Answer {
    Rows {
        columns: vec![Column::new("said", Type::Text)],
        rows: vec![vec![text.into()]],
    }
    .into()
}

fn cells() -> Rows {
    let mut optional = Column::new("LastFailed", Type::Time);
    optional.null_text = Some("N/A");
    Rows {
        columns: vec![
            Column::new("TabletId", Type::Int),
            optional,
            Column::new("DataSize", Type::Size),
            Column::new("IsSetBadForce", Type::Bool),
        ],
        rows: vec![
            vec![
                Cell::Int(10_005),
                Cell::Null,
                Cell::Int(784),
                Cell::Bool(true),
            ],
            vec![Cell::Null, Cell::Null, Cell::Null, Cell::Null],
        ],
    }
}
