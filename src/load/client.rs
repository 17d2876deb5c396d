//! How a coordinator reaches the frontend that orders its load: over HTTP from a backend, directly inside the frontend.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::backend::api::Process;
use crate::backend::client::{Call, Client};
use crate::code::{Code, Failure};
use crate::ids::TxnId;
use crate::leader::handle::Handle;
use crate::leader::request::{BeginLoad, CommitLoad, Reply, Request};
use crate::load::error::Error;
use crate::load::label::{self, Existing};
use crate::load::plan::LoadPlan;

/// How long the frontend may take to begin or abort a load.
const SHORT_CALL: Duration = Duration::from_secs(30);

/// How long after the load's deadline its commit is still asked for: the frontend knows its fate by then.
const GRACE: Duration = Duration::from_secs(15);

/// Between two attempts to learn the fate of a commit.
const PAUSE: Duration = Duration::from_millis(300);

/// What a load says of itself at its begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// Database.
    pub db: String,
    /// Table.
    pub table: String,
    /// Label.
    pub label: String,
    /// Milliseconds until the load is aborted; 0 means the setting.
    pub timeout_ms: u64,
    /// Who coordinates, for SHOW PROC '/transactions'.
    pub coordinator: String,
    /// The process that coordinates, where it is a backend's.
    #[serde(default)]
    pub process: Option<Process>,
    /// Partitions that rows may go to; empty means all.
    pub partitions: Vec<String>,
}

impl Begin {
    /// As the leader is asked; `source` is the kind of load.
    pub fn request(self, source: &'static str) -> Request {
        Request::BeginLoad(BeginLoad {
            db: self.db,
            table: self.table,
            label: self.label,
            timeout_ms: self.timeout_ms,
            coordinator: self.coordinator,
            process: self.process,
            source,
            partitions: self.partitions,
        })
    }
}

/// `POST /api/internal/load/abort`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbortCall {
    /// Transaction.
    pub txn: TxnId,
    /// Why.
    pub reason: String,
}

/// `POST /api/internal/load/wait`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitCall {
    /// Transaction.
    pub txn: TxnId,
}

/// The frontend's answer to a load's call, whatever it is. (An HTTP error means that nobody decided.)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Told<T> {
    /// Done.
    Done(T),
    /// Refused.
    Refused {
        /// MySQL number of the error's code.
        code: u16,
        /// What was wrong.
        message: String,
        /// The other load with this label.
        existing: Option<Existing>,
    },
}

impl<T> Told<T> {
    /// What was done, or why not.
    ///
    /// # Errors
    /// The refusal, whatever else it says.
    pub fn done(self) -> Result<T, Failure> {
        match self {
            Told::Done(done) => Ok(done),
            Told::Refused { code, message, .. } => Err(failure(code, message)),
        }
    }
}

/// What a commit came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Committed {
    /// Readers see the load.
    Visible,
    /// The load is durable and will be seen later.
    Later,
}

/// A frontend, as a coordinator sees it.
#[async_trait]
pub trait LoadClient: Send + Sync {
    /// Begins a load; the answer is where its rows go.
    async fn begin(&self, begin: Begin) -> Result<Arc<LoadPlan>, Error>;
    /// Commits it; its time is over at `until`. [`Error::OutcomeUnknown`] when the frontend did not say what became of it.
    async fn commit(
        &self,
        plan: &LoadPlan,
        commit: CommitLoad,
        until: Instant,
    ) -> Result<Committed, Error>;
    /// Waits for a load that another has committed, as its commit does: [`Committed::Later`] when its time is over, or the
    /// frontend did not say.
    async fn wait(&self, txn: TxnId, until: Instant) -> Result<Committed, Error>;
    /// Gives it up. Does nothing to a load that is committed.
    async fn abort(&self, txn: TxnId, reason: String) -> Result<(), Error>;
}

/// The frontend of this process.
pub struct Local {
    /// Its leader.
    pub leader: Handle,
    /// Kind of load, for SHOW PROC '/transactions'.
    pub source: &'static str,
}

#[async_trait]
impl LoadClient for Local {
    async fn begin(&self, begin: Begin) -> Result<Arc<LoadPlan>, Error> {
        let (db, label) = (begin.db.clone(), begin.label.clone());
        match self.leader.request(begin.request(self.source)).await {
            Ok(Reply::Begun(plan)) => Ok(plan),
            Ok(other) => Err(unexpected(&other)),
            Err(failure) if failure.code == Code::LABEL_EXISTS => {
                let view = self.leader.view();
                let existing = Existing::of(&view.catalog, view.now, &db, &label);
                Err(Error::LabelExists { label, existing })
            }
            Err(failure) => Err(Error::Refused(failure)),
        }
    }

    async fn commit(
        &self,
        plan: &LoadPlan,
        commit: CommitLoad,
        _: Instant,
    ) -> Result<Committed, Error> {
        match self.leader.request(Request::CommitLoad(commit)).await {
            Ok(Reply::Visible { .. }) => Ok(Committed::Visible),
            Ok(Reply::Committed) => Ok(Committed::Later),
            Ok(other) => Err(unexpected(&other)),
            Err(failure) if undecided(failure.code) => Err(Error::OutcomeUnknown {
                txn: plan.txn,
                label: plan.label.clone(),
                why: failure.message,
            }),
            Err(failure) => Err(Error::Refused(failure)),
        }
    }

    async fn wait(&self, txn: TxnId, _: Instant) -> Result<Committed, Error> {
        match label::visible(&self.leader, txn).await {
            Err(failure) if undecided(failure.code) => Ok(Committed::Later),
            told => told.map_err(Error::Refused),
        }
    }

    async fn abort(&self, txn: TxnId, reason: String) -> Result<(), Error> {
        let request = Request::AbortLoad { txn, reason };
        let aborted = self.leader.request(request).await;
        aborted.map(|_| ()).map_err(Error::Refused)
    }
}

/// A frontend behind HTTP.
pub struct Remote {
    /// Makes the calls.
    pub client: Client,
    /// `host:port` of its HTTP listener.
    pub address: String,
    /// The `Authorization` header of the one who loads.
    pub authorization: Option<String>,
}

impl Remote {
    fn call<'a>(&'a self, name: &'a str, timeout: Duration) -> Call<'a> {
        Call {
            authorization: self.authorization.as_deref(),
            ..Call::new(&self.address, name, timeout)
        }
    }

    /// Asks until the frontend decides: it may be starting again, and these calls may be repeated.
    async fn fate<B: Serialize + Sync>(
        &self,
        txn: TxnId,
        until: Instant,
        name: &str,
        body: &B,
    ) -> Result<Committed, Undone> {
        let until = until + GRACE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let call = self.call(name, left.max(PAUSE));
            let told = self
                .client
                .post_json::<_, Told<Committed>>(&call, body)
                .await;
            let why = match told {
                Ok(Told::Done(committed)) => return Ok(committed),
                Ok(Told::Refused { code, message, .. }) => {
                    let failure = failure(code, message);
                    if !undecided(failure.code) {
                        return Err(Undone::Refused(failure));
                    }
                    failure.message
                }
                Err(error) => error.to_string(),
            };
            if until <= Instant::now() {
                return Err(Undone::Unknown(why));
            }
            tracing::warn!(%txn, why, "the fate of a commit is not known yet; asking again");
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn unreachable(&self, why: impl ToString) -> Error {
        Error::Frontend {
            address: self.address.clone(),
            why: why.to_string(),
        }
    }
}

/// Why a frontend did not say that a load is committed.
enum Undone {
    Refused(Failure),
    /// It was not reached, or had nothing to say, until it was too late.
    Unknown(String),
}

#[async_trait]
impl LoadClient for Remote {
    async fn begin(&self, begin: Begin) -> Result<Arc<LoadPlan>, Error> {
        let call = self.call("load/begin", SHORT_CALL);
        let told = self
            .client
            .post_json::<_, Told<LoadPlan>>(&call, &begin)
            .await;
        match told.map_err(|e| self.unreachable(e))? {
            Told::Done(plan) => Ok(Arc::new(plan)),
            Told::Refused {
                existing: Some(existing),
                ..
            } => Err(Error::LabelExists {
                label: begin.label,
                existing,
            }),
            Told::Refused { code, message, .. } => Err(Error::Refused(failure(code, message))),
        }
    }

    async fn commit(
        &self,
        plan: &LoadPlan,
        commit: CommitLoad,
        until: Instant,
    ) -> Result<Committed, Error> {
        let fate = self.fate(plan.txn, until, "load/commit", &commit);
        fate.await.map_err(|unknown| match unknown {
            Undone::Refused(failure) => Error::Refused(failure),
            Undone::Unknown(why) => Error::OutcomeUnknown {
                txn: plan.txn,
                label: plan.label.clone(),
                why,
            },
        })
    }

    async fn wait(&self, txn: TxnId, until: Instant) -> Result<Committed, Error> {
        let call = WaitCall { txn };
        match self.fate(txn, until, "load/wait", &call).await {
            Ok(committed) => Ok(committed),
            Err(Undone::Refused(failure)) => Err(Error::Refused(failure)),
            Err(Undone::Unknown(_)) => Ok(Committed::Later),
        }
    }

    async fn abort(&self, txn: TxnId, reason: String) -> Result<(), Error> {
        let call = self.call("load/abort", SHORT_CALL);
        let body = AbortCall { txn, reason };
        let told = self.client.post_json::<_, Told<()>>(&call, &body).await;
        match told.map_err(|e| self.unreachable(e))? {
            Told::Done(()) => Ok(()),
            Told::Refused { code, message, .. } => Err(Error::Refused(failure(code, message))),
        }
    }
}

/// Whether a failure leaves open what became of the request.
fn undecided(code: Code) -> bool {
    code == Code::SERVER_SHUTDOWN || code == Code::NOT_READY
}

fn failure(code: u16, message: String) -> Failure {
    let known = Code::ALL.iter().find(|(_, known)| known.mysql == code);
    Failure::new(known.map_or(Code::UNKNOWN, |(_, known)| *known), message)
}

fn unexpected(reply: &Reply) -> Error {
    Error::Internal(format!("the leader answered {reply:?} to a load"))
}
