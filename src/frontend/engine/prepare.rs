//! From tokens to what is to be done: parsed, decided, and for queries planned.

use std::sync::Arc;

use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::code::{Code, Failure};
use crate::frontend::engine::Engine;
use crate::frontend::engine::running::Begun;
use crate::sql::cursor::Cursor;
use crate::sql::outcome::{Insert, Outcome};
use crate::sql::script::{Param, Script};
use crate::sql::statements::{Context, Statement};
use crate::system::constant::{self, Constant};
use crate::system::control::Control;
use crate::system::error::failure;
use crate::system::naming::Source;
use crate::system::planner::{Planned, Planner};
use crate::system::rewrite::{self, Rewritten};
use crate::system::sources::Sources;

/// Tokens of a statement that is parsed on the spot: too few to go deep.
const INLINE_TOKENS: usize = 100;

/// Bytes that a token takes, with what is made of it.
const TOKEN_BYTES: u64 = 256;

/// What is left to be done for a statement.
pub(super) enum Work {
    /// What its outcome says.
    Outcome(Outcome),
    /// A query that reads nothing.
    Constant(Constant),
    /// A query.
    Query(Planned),
    /// A load.
    Insert(Box<Insert>, Vec<TokenWithSpan>),
}

/// A statement that has been parsed.
enum Parsed {
    Done(Work),
    Query(Rewritten),
}

impl Engine {
    /// Parses `script` and decides; plans, if it is a query.
    pub(super) async fn prepare(
        &self,
        sources: &Sources,
        script: &Script,
        params: &[Param],
        begun: &Begun<'_>,
    ) -> Result<Work, Failure> {
        if script.params > params.len() {
            let message = "syntax error: a placeholder '?' stands where only a prepared statement may have one";
            return Err(Failure::new(Code::PARSE, message));
        }
        let lanes = self.queries.lanes();
        if is_small(script) {
            return match parse(sources, script, params)? {
                Parsed::Done(work) => Ok(work),
                Parsed::Query(rewritten) => {
                    let (sources, planner) = (sources.clone(), self.planner.clone());
                    let planned = self
                        .threads
                        .plan(lanes, begun.control(), move |control| {
                            planner.plan(&sources, rewritten, control)
                        })
                        .await??;
                    Ok(Work::Query(planned))
                }
            };
        }
        let tree = (script.tokens.len() as u64).saturating_mul(TOKEN_BYTES);
        let held = begun.control().pool.hold(tree);
        held.map_err(|e| failure(&e))?;
        let (sources, planner) = (sources.clone(), self.planner.clone());
        let (script, params) = (script.clone(), params.to_vec());
        self.threads
            .plan(lanes, begun.control(), move |control| {
                whole(&planner, &sources, &script, &params, control)
            })
            .await?
    }
}

fn whole(
    planner: &Planner,
    sources: &Sources,
    script: &Script,
    params: &[Param],
    control: &Arc<Control>,
) -> Result<Work, Failure> {
    match parse(sources, script, params)? {
        Parsed::Done(work) => Ok(work),
        Parsed::Query(rewritten) => Ok(Work::Query(planner.plan(sources, rewritten, control)?)),
    }
}

fn parse(sources: &Sources, script: &Script, params: &[Param]) -> Result<Parsed, Failure> {
    let tokens = script.bind_for(params, &sources.session);
    let mut cursor = Cursor::new(&tokens, &script.source);
    let statement = Statement::parse(&mut cursor)?;
    let context = Context {
        view: &sources.view,
        session: &sources.session,
    };
    Ok(match statement.run(context)? {
        Outcome::Select(mut query) => {
            rewrite::limit_rows(sources, &mut query);
            let source = Source {
                script,
                tokens: &tokens,
            };
            let rewritten = rewrite::query(sources, query, source)?;
            match constant::answer(sources, &rewritten) {
                Some(constant) => Parsed::Done(Work::Constant(constant)),
                None => Parsed::Query(rewritten),
            }
        }
        Outcome::Insert(insert) => Parsed::Done(Work::Insert(insert, tokens)),
        other => Parsed::Done(Work::Outcome(other)),
    })
}

/// Whether a statement can't go deep: it has few tokens, or is nothing that nests.
fn is_small(script: &Script) -> bool {
    script.tokens.len() <= INLINE_TOKENS
        && !matches!(script.tokens.first().map(|t| &t.token), Some(Token::Word(w))
            if w.quote_style.is_none() && w.value.eq_ignore_ascii_case("insert"))
}
