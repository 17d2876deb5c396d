//! What the MySQL listener needs of the frontend behind it.

use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::catalog::user::Verifier;
use crate::code::Failure;
use crate::config::Config;
use crate::frontend::answer::{Answer, ResultColumn};
use crate::sql::script::{Param, Script};
use crate::sql::session::Session;

/// A frontend as the MySQL listener sees it. Knows nothing of packets.
#[async_trait]
pub trait Service: Send + Sync + 'static {
    /// Settings in force.
    fn config(&self) -> Arc<Config>;

    /// What proves the password of `user`; `None` when there is no such user.
    fn verifier(&self, user: &str) -> Option<Verifier>;

    /// Cuts a text into statements; runs on a thread with a big stack where needed.
    async fn split(&self, text: String) -> Result<Vec<Script>, Failure>;

    /// The header of a statement's result before it runs, with its placeholders unbound; `None` when it has no
    /// result or only running tells.
    async fn describe(
        &self,
        session: &Session,
        script: &Script,
    ) -> Result<Option<Vec<ResultColumn>>, Failure>;

    /// Runs one statement. Cancelling ends it with [`Code::INTERRUPTED`](crate::code::Code::INTERRUPTED). Sets
    /// `session.warnings`.
    async fn run(
        &self,
        session: &mut Session,
        script: &Script,
        params: &[Param],
        cancel: CancellationToken,
    ) -> Result<Answer, Failure>;

    /// COM_INIT_DB, and the database of the log-in: error 1049 when it does not exist.
    async fn use_database(&self, session: &mut Session, db: &str) -> Result<(), Failure>;

    /// COM_FIELD_LIST: the columns of a table of the session's database.
    async fn fields(&self, session: &Session, table: &str) -> Result<Vec<ResultColumn>, Failure>;

    /// The sentence of COM_STATISTICS.
    fn statistics(&self) -> String;
}
