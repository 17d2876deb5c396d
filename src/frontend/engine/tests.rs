//! What clients and people ask, and what MySQL answers.

mod arithmetic;
mod bombs;
mod clients;
mod differ;
mod functions;
mod healing;
mod limits;
mod names;
mod stopping;

use crate::frontend::engine::testing::{ask, engine, session};

/// Asks each statement and compares the answer.
async fn check(cases: &[(&str, &str)]) {
    let engine = engine();
    let mut session = session();
    let mut wrong = Vec::new();
    for (statement, expected) in cases {
        let got = ask(&engine, &mut session, statement).await;
        if got != *expected {
            wrong.push(format!(
                "{statement}\n  expected {expected:?}\n  got      {got:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Asks for the value of each expression alone.
async fn check_values(cases: &[(&str, &str)]) {
    let engine = engine();
    let mut session = session();
    let mut wrong = Vec::new();
    for (expression, expected) in cases {
        let got = ask(&engine, &mut session, &format!("SELECT {expression} AS x")).await;
        let value = got.strip_prefix("x\n").unwrap_or(&got);
        if value != *expected {
            wrong.push(format!(
                "{expression}: expected {expected:?}, got {value:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
