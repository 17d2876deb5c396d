//! How a coordinator reaches the frontend that orders its load: over HTTP from a backend, directly inside the frontend.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::backend::api::Process;
use crate::code::{Code, Failure};
use crate::ids::TxnId;
use crate::leader::handle::Handle;
use crate::leader::request::{BeginLoad, CommitLoad, Reply, Request};
use crate::load::error::Error;
use crate::load::label::{self, Existing};
use crate::load::plan::LoadPlan;

mod remote;

pub use self::remote::Remote;

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

/// `POST /api/internal/load/prepare`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrepareCall {
    /// What was written.
    pub commit: CommitLoad,
    /// Milliseconds that it waits for the call that commits it; 0 means the setting.
    pub timeout_ms: u64,
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
    /// The load is durable, and waits for the call that commits it.
    Held,
}

impl Committed {
    /// What the leader says of a load whose writing has ended.
    pub fn of(reply: &Reply) -> Option<Committed> {
        match reply {
            Reply::Visible { .. } => Some(Committed::Visible),
            Reply::Committed => Some(Committed::Later),
            Reply::Prepared => Some(Committed::Held),
            _ => None,
        }
    }
}

impl PrepareCall {
    /// As the leader is asked.
    pub fn request(self) -> Request {
        Request::PrepareLoad {
            commit: self.commit,
            timeout_ms: self.timeout_ms,
        }
    }
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
    /// Makes it durable, and leaves its commit to a second call; else as [`LoadClient::commit`].
    async fn prepare(
        &self,
        plan: &LoadPlan,
        call: PrepareCall,
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

impl Local {
    /// Asks for the end of a load's writing.
    async fn end(&self, plan: &LoadPlan, request: Request) -> Result<Committed, Error> {
        match self.leader.request(request).await {
            Ok(reply) => Committed::of(&reply).ok_or_else(|| unexpected(&reply)),
            Err(failure) if undecided(failure.code) => Err(unknown(plan, failure.message)),
            Err(failure) => Err(Error::Refused(failure)),
        }
    }
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
        self.end(plan, Request::CommitLoad(commit)).await
    }

    async fn prepare(
        &self,
        plan: &LoadPlan,
        call: PrepareCall,
        _: Instant,
    ) -> Result<Committed, Error> {
        self.end(plan, call.request()).await
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

fn unknown(plan: &LoadPlan, why: String) -> Error {
    Error::OutcomeUnknown {
        txn: plan.txn,
        label: plan.label.clone(),
        why,
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
