//! A frontend that a coordinator reaches over HTTP.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use tokio::time::Instant;

use super::{
    AbortCall, Begin, Committed, LoadClient, PrepareCall, Told, WaitCall, failure, undecided,
    unknown,
};
use crate::backend::client::{Call, Client};
use crate::code::Failure;
use crate::ids::TxnId;
use crate::leader::request::CommitLoad;
use crate::load::error::Error;
use crate::load::plan::LoadPlan;

/// How long the frontend may take to begin or abort a load.
const SHORT_CALL: Duration = Duration::from_secs(30);

/// How long after the load's deadline its commit is still asked for: the frontend knows its fate by then.
const GRACE: Duration = Duration::from_secs(15);

/// Between two attempts to learn the fate of a commit.
const PAUSE: Duration = Duration::from_millis(300);

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

impl Undone {
    fn of(self, plan: &LoadPlan) -> Error {
        match self {
            Undone::Refused(failure) => Error::Refused(failure),
            Undone::Unknown(why) => unknown(plan, why),
        }
    }
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
        let fate = self.fate(plan.txn, until, "load/commit", &commit).await;
        fate.map_err(|undone| undone.of(plan))
    }

    async fn prepare(
        &self,
        plan: &LoadPlan,
        call: PrepareCall,
        until: Instant,
    ) -> Result<Committed, Error> {
        let fate = self.fate(plan.txn, until, "load/prepare", &call).await;
        fate.map_err(|undone| undone.of(plan))
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
