//! The frontend behind the MySQL listener: text to statements, statements to outcomes, outcomes performed.
//!
//! Owns the order of things and where they run: what is small is parsed on the spot, everything else on
//! [`threads`] with big stacks. Does not own what statements mean (`sql`), what queries mean (`system`), nor changes
//! (the leader).

mod columns;
mod describe;
mod guard;
mod insert;
mod nodes;
mod perform;
mod prepare;
mod query;
mod running;
pub mod threads;
mod wait;

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::backend::client::Client;
use crate::catalog::user::Verifier;
use crate::clock::{Clock, Timestamp};
use crate::code::{Code, Failure};
use crate::config::Config;
use crate::frontend::answer::{Answer, ResultColumn};
use crate::frontend::engine::running::Queries;
use crate::frontend::engine::threads::Threads;
use crate::frontend::service::Service;
use crate::frontend::sessions::Sessions;
use crate::leader::handle::Handle;
use crate::load::coordinator::Coordinator;
use crate::load::send::Patience;
use crate::memory::Account;
use crate::sql::naming::CATALOG;
use crate::sql::script::{Limits, Param, Script, split};
use crate::sql::session::{Session, Warning};
use crate::system::planner::Planner;
use crate::system::scan::Backends;
use crate::system::sources::Sources;
use crate::system::tables;

/// Bytes of a text that are cut into statements on the spot.
const INLINE_BYTES: usize = 4096;

/// A frontend's SQL.
pub struct Engine {
    leader: Handle,
    sessions: Sessions,
    coordinator: Coordinator,
    backends: Arc<Backends>,
    planner: Arc<Planner>,
    threads: Threads,
    queries: Queries,
}

impl Engine {
    /// An engine that asks `leader` for changes and reads tablets by `client`; its queries are charged to `memory`.
    ///
    /// # Errors
    /// Threads could not be started.
    pub fn new(
        leader: Handle,
        client: Client,
        sessions: Sessions,
        clock: Arc<dyn Clock>,
        memory: Account,
    ) -> io::Result<Engine> {
        let threads = Threads::new()?;
        let queries = Queries::new(memory, threads.count());
        queries.set_limits(&leader.config());
        Ok(Engine {
            backends: Arc::new(Backends::new(client.clone())),
            planner: Arc::new(Planner::new(threads.count())),
            coordinator: Coordinator {
                client,
                clock,
                patience: Patience::default(),
            },
            leader,
            sessions,
            queries,
            threads,
        })
    }

    /// What the sessions of its clients are charged to: a part of the memory that it was made with.
    pub fn session_memory(&self) -> Account {
        self.queries.sessions().clone()
    }

    /// What a statement of `session` reads.
    pub(crate) fn sources(&self, session: &Session) -> Sources {
        let mut view = self.leader.view();
        view.connections = self.sessions.logged_in();
        let now: Timestamp = view.now;
        Sources {
            view: Arc::new(view),
            session: Arc::new(session.clone()),
            backends: self.backends.clone(),
            sessions: self.sessions.clone(),
            now,
        }
    }
}

#[async_trait]
impl Service for Engine {
    fn config(&self) -> Arc<Config> {
        self.leader.config()
    }

    fn verifier(&self, user: &str) -> Option<Verifier> {
        let view = self.leader.view();
        view.catalog.users.get(user).map(|u| u.password.clone())
    }

    async fn split(&self, text: String) -> Result<Vec<Script>, Failure> {
        let limits = Limits::from(&*self.leader.config());
        if text.len() <= INLINE_BYTES {
            return Ok(split(&text, limits)?);
        }
        Ok(self
            .threads
            .run(self.queries.lanes(), move || split(&text, limits))
            .await??)
    }

    async fn describe(
        &self,
        session: &Session,
        script: &Script,
    ) -> Result<Option<Vec<ResultColumn>>, Failure> {
        self.describe_statement(session, script).await
    }

    async fn run(
        &self,
        session: &mut Session,
        script: &Script,
        params: &[Param],
        cancel: CancellationToken,
    ) -> Result<Answer, Failure> {
        let kept = keeps_warnings(script).then(|| session.warnings.clone());
        let outcome = self.run_statement(session, script, params, cancel).await;
        if let Some(kept) = kept {
            session.warnings = kept;
        } else if let Err(failure) = &outcome {
            session.warnings.clear();
            session.warn(Warning {
                level: "Error",
                code: failure.code.mysql,
                message: failure.message.clone(),
            });
        }
        outcome
    }

    async fn use_database(&self, session: &mut Session, db: &str) -> Result<(), Failure> {
        // Some clients write the catalog in front, as in `default_catalog.db`.
        let name = match db.split_once('.') {
            Some((catalog, name)) if catalog.eq_ignore_ascii_case(CATALOG) => name,
            _ => db,
        };
        if name.is_empty() {
            return Ok(());
        }
        let known = tables::is_system(name) || self.leader.view().catalog.database(name).is_some();
        if !known {
            return Err(Failure::new(
                Code::BAD_DB,
                format!("Unknown database '{name}'"),
            ));
        }
        session.db = Some(if tables::is_system(name) {
            name.to_lowercase()
        } else {
            name.to_owned()
        });
        Ok(())
    }

    async fn fields(&self, session: &Session, table: &str) -> Result<Vec<ResultColumn>, Failure> {
        columns::of_table(&self.leader.view(), session, table)
    }

    fn statistics(&self) -> String {
        let view = self.leader.view();
        let uptime = view.now.since_ms(view.frontend.started) / 1000;
        format!(
            "Uptime: {uptime}  Threads: {}  Tables: {}  Backends: {}",
            self.sessions.logged_in(),
            view.catalog.tables.len(),
            view.catalog.backends.len()
        )
    }
}

/// SHOW WARNINGS and SHOW ERRORS show the lines of the statement before, and leave them.
fn keeps_warnings(script: &Script) -> bool {
    let words: Vec<String> = script
        .tokens
        .iter()
        .take(8)
        .map(|t| t.token.to_string().to_ascii_uppercase())
        .collect();
    words.first().is_some_and(|word| word == "SHOW")
        && words
            .iter()
            .any(|word| word == "WARNINGS" || word == "ERRORS")
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
