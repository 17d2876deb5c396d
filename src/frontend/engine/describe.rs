//! The header of a statement's result before it runs, for COM_STMT_PREPARE.

use std::sync::Arc;

use crate::code::{Code, Failure};
use crate::frontend::answer::ResultColumn;
use crate::frontend::engine::Engine;
use crate::sql::cursor::Cursor;
use crate::sql::outcome::Outcome;
use crate::sql::script::{Param, Script};
use crate::sql::session::Session;
use crate::sql::statements::{Context, Statement};
use crate::system::control::Control;
use crate::system::naming::Source;
use crate::system::planner::Planner;
use crate::system::rewrite;
use crate::system::sources::Sources;

impl Engine {
    pub(super) async fn describe_statement(
        &self,
        session: &Session,
        script: &Script,
    ) -> Result<Option<Vec<ResultColumn>>, Failure> {
        let sources = self.sources(session);
        let control = self.queries.begin(&sources.view.config);
        let _ending = control.stop_on_drop();
        let (planner, script) = (self.planner.clone(), script.clone());
        self.threads
            .plan(self.queries.lanes(), &control, move |control| {
                describe(&planner, &sources, &script, control)
            })
            .await?
    }
}

fn describe(
    planner: &Planner,
    sources: &Sources,
    script: &Script,
    control: &Arc<Control>,
) -> Result<Option<Vec<ResultColumn>>, Failure> {
    let context = Context {
        view: &sources.view,
        session: &sources.session,
    };
    let statement = Statement::parse(&mut Cursor::describing(&script.tokens, &script.source))?;
    if !matches!(statement, Statement::Select(_)) {
        let columns = statement.columns(context);
        return Ok(columns.map(|columns| columns.iter().map(ResultColumn::from).collect()));
    }
    // In a query NULL fits wherever a value can stand.
    let tokens = script.bind_for(&vec![Param::Null; script.params], &sources.session);
    let statement = Statement::parse(&mut Cursor::new(&tokens, &script.source))?;
    let Outcome::Select(mut query) = statement.run(context)? else {
        return Ok(None);
    };
    // NULL is no limit, and the limit changes no header.
    query.limit_clause = None;
    let source = Source {
        script,
        tokens: &tokens,
    };
    let rewritten = rewrite::query(sources, query, source)?;
    match planner.describe(sources, rewritten, control) {
        Ok(columns) => Ok(Some(columns)),
        // Where NULL does not fit after all, running tells.
        Err(failure) if script.params > 0 && failure.code == Code::ANALYSIS => Ok(None),
        Err(failure) => Err(failure),
    }
}
