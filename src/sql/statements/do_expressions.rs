//! `DO expr, ..`.

use std::fmt;

use crate::code::Failure;
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::expr::context::SessionNames;
use crate::sql::expr::eval::eval;
use crate::sql::expr::{self, Expr, Joined};
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `DO expr, ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct DoExpressions {
    /// What to compute.
    pub expressions: Vec<Expr>,
}

impl Spec for DoExpressions {
    const HEADS: &'static [&'static [&'static str]] = &[&["DO"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/do_expressions.ebnf");
    const HELP: &'static str = "Computes expressions and forgets their values.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["DO"])?;
        Ok(DoExpressions {
            expressions: c.list(expr::parse)?,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let names = SessionNames {
            cx,
            words_are_texts: false,
        };
        for expression in &self.expressions {
            eval(expression, &names)?;
        }
        Ok(Outcome::Done)
    }
}

impl fmt::Display for DoExpressions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DO {}", Joined(&self.expressions, ", "))
    }
}
