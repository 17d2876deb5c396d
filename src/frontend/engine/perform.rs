//! Doing what an outcome says.

use arrow::array::RecordBatch;
use futures::TryStreamExt;
use tokio_util::sync::CancellationToken;

use crate::code::{Code, Failure};
use crate::frontend::answer::{Answer, ResultSet, RowSource};
use crate::frontend::engine::Engine;
use crate::frontend::engine::prepare::Work;
use crate::frontend::engine::query::Limit;
use crate::frontend::engine::running::Begun;
use crate::frontend::service::Service;
use crate::leader::request::{Reply, Request};
use crate::rows::{Cell, Rows};
use crate::sql::findings;
use crate::sql::outcome::{Outcome, SessionChange};
use crate::sql::script::{Param, Script};
use crate::sql::session::{Session, UserValue, Warning};
use crate::sql::statements::admin_check_tablet_segments;
use crate::sql::statements::show_processlist::ShowProcesslist;
use crate::system::error::failure;
use crate::system::functions::arguments::texts;
use crate::system::information_schema::processlist;
use crate::system::sources::Sources;

/// Characters of a statement in SHOW PROCESSLIST without FULL (MySQL).
const INFO_CHARS: usize = 100;

/// The answer "done" with the session's warnings counted.
fn done(session: &Session, affected: u64) -> Answer {
    let warnings = warnings(session);
    Answer::Done { affected, warnings }
}

/// Rows with the session's warnings counted.
fn shown(session: &Session, rows: Rows) -> Answer {
    let mut answer = Answer::from(rows);
    if let Answer::Rows(set) = &mut answer {
        set.warnings = warnings(session);
    }
    answer
}

fn warnings(session: &Session) -> u16 {
    u16::try_from(session.warnings.len()).unwrap_or(u16::MAX)
}

/// Leaves a sentence for SHOW WARNINGS.
fn note(session: &mut Session, message: String) {
    session.warnings.push(Warning {
        level: "Note",
        code: Code::UNKNOWN.mysql,
        message,
    });
}

/// Gives user variables the values of columns of the row, if there is one.
fn store(
    session: &mut Session,
    stored: &[(String, usize)],
    batch: &RecordBatch,
) -> Result<(), Failure> {
    if batch.num_rows() == 0 {
        return Ok(());
    }
    for (name, at) in stored {
        let Some(column) = batch.columns().get(*at) else {
            continue;
        };
        let texts = texts(column).map_err(|e| failure(&e))?;
        let text = texts.iter().next().flatten().map(str::to_owned);
        let value = UserValue::new(&session.memory, name, text)?;
        session.apply(SessionChange::UserVariable(name.clone(), value));
    }
    Ok(())
}

/// The same for the answer of a query without tables, which is read to its end.
async fn stored_of(
    session: &mut Session,
    stored: &[(String, usize)],
    mut answer: Answer,
) -> Result<Answer, Failure> {
    if let Answer::Rows(set) = &mut answer
        && let RowSource::Batches(stream) = &mut set.rows
    {
        let batches: Vec<RecordBatch> = stream.try_collect().await?;
        for batch in &batches {
            store(session, stored, batch)?;
        }
        set.rows = RowSource::Batches(Box::pin(futures::stream::iter(batches.into_iter().map(Ok))));
    }
    Ok(answer)
}

impl Engine {
    /// Runs one statement; `session.warnings` is what it left.
    pub(super) async fn run_statement(
        &self,
        session: &mut Session,
        script: &Script,
        params: &[Param],
        cancel: CancellationToken,
    ) -> Result<Answer, Failure> {
        let sources = self.sources(session);
        let limit = Limit::new(session, cancel);
        let begun = Begun::new(&self.queries, &sources.view.config);
        let prepared = self.prepare(&sources, script, params, &begun);
        let work = limit.guard(prepared).await?;
        session.warnings.clear();
        match work {
            Work::Outcome(outcome) => {
                let request = self.perform(session, &sources, outcome);
                limit.cancellable(request).await
            }
            Work::Constant(constant) => {
                limit.wait(constant.wait).await?;
                store(session, &constant.stored, &constant.batch)?;
                let batch = futures::stream::iter([Ok(constant.batch)]);
                Ok(Answer::Rows(ResultSet {
                    columns: constant.columns,
                    rows: RowSource::Batches(Box::pin(batch)),
                    warnings: 0,
                    late: None,
                }))
            }
            Work::Query(planned) => {
                let control = begun.control().clone();
                let stored = planned.stored.clone();
                let answer = self.query(&sources, planned, limit, &control).await;
                let answer = match answer {
                    Ok(answer) if !stored.is_empty() => stored_of(session, &stored, answer).await,
                    other => other,
                };
                if answer.is_ok() {
                    begun.goes_on();
                }
                answer
            }
            Work::Insert(insert, tokens) => {
                session.may_write()?;
                let control = begun.control();
                let load = self.insert(&sources, script, tokens, *insert, limit.clone(), control);
                let loaded = limit.cancellable(load).await?;
                session.warnings.extend(control.take_warnings());
                if !loaded.visible {
                    let message = format!(
                        "the load '{}' is committed and will be seen later: not enough replicas have answered its \
                         publish; see SHOW PROC '/transactions'",
                        loaded.label
                    );
                    note(session, message);
                }
                Ok(done(session, loaded.rows))
            }
        }
    }

    async fn perform(
        &self,
        session: &mut Session,
        sources: &Sources,
        outcome: Outcome,
    ) -> Result<Answer, Failure> {
        let outcome = match outcome {
            Outcome::Warned(outcome, warnings) => {
                for warning in warnings {
                    session.warn(warning);
                }
                *outcome
            }
            other => other,
        };
        match outcome {
            Outcome::Done => {}
            Outcome::Rows(rows) => return Ok(rows.into()),
            Outcome::Request(request) => {
                if request.commits() {
                    // A change of what exists ends a transaction, also where it then fails (MySQL).
                    session.may_write()?;
                    session.apply(SessionChange::Transaction(false));
                }
                self.request(session, request).await?;
            }
            Outcome::Segments(request) => {
                let reply = self.leader.request(request).await?;
                note(session, admin_check_tablet_segments::note(&reply));
                let rows = admin_check_tablet_segments::rows(&sources.view, reply);
                return Ok(shown(session, rows));
            }
            Outcome::Recovery(request) => {
                let title = (!request.terms().dry_run).then(|| request.title());
                let reply = self.leader.request(Request::Recovery(request)).await?;
                if let Some(title) = title {
                    let title = title.replace(char::is_control, " ");
                    tracing::info!(user = %session.user, peer = %session.peer, "{title}");
                }
                return Ok(shown(session, findings::rows(reply)));
            }
            Outcome::Wait(wait) => self.wait(wait).await?,
            Outcome::Session(changes) => {
                for change in changes {
                    match change {
                        SessionChange::Use(db) => self.use_database(session, &db).await?,
                        other => session.apply(other),
                    }
                }
            }
            Outcome::Kill { id, query_only } => {
                self.sessions.kill(&session.user, id, query_only)?;
            }
            Outcome::Processlist { full } => return Ok(processes(sources, full).into()),
            // Queries and loads were taken out when the statement was prepared.
            Outcome::Select(_) | Outcome::Insert(_) | Outcome::Warned(..) => {
                return Err(Failure::new(
                    Code::UNKNOWN,
                    "a query or a load stands where none can be run",
                ));
            }
        }
        Ok(done(session, 0))
    }

    async fn request(&self, session: &mut Session, request: Request) -> Result<(), Failure> {
        let dropped = match &request {
            Request::DropDatabase { name, .. } => Some(name.clone()),
            _ => None,
        };
        let title = request.title();
        for (request, told) in self.placed(request).await? {
            if let Reply::Note(code, message) = self.leader.request(request).await? {
                session.warn(Warning {
                    level: "Note",
                    code,
                    message,
                });
            }
            if let Some(message) = told {
                note(session, message);
            }
        }
        if let Some(title) = title {
            // Names may hold anything, and a line of the log is one line.
            let title = title.replace(char::is_control, " ");
            tracing::info!(user = %session.user, peer = %session.peer, "{title}");
        }
        if dropped.is_some() && session.db == dropped {
            session.db = None;
        }
        Ok(())
    }
}

fn processes(sources: &Sources, full: bool) -> Rows {
    let rows = processlist::list(sources).into_iter().map(|p| {
        let info = p.info.map(|text| match full {
            true => text,
            false => text.chars().take(INFO_CHARS).collect(),
        });
        vec![
            p.id.into(),
            p.user.into(),
            p.host.into(),
            p.db.into(),
            p.command.into(),
            p.time.into(),
            p.state.into(),
            info.map_or(Cell::Null, Cell::from),
        ]
    });
    Rows {
        rows: rows.collect(),
        columns: ShowProcesslist::header(),
    }
}
