//! CASE and NULLIF, whose comparisons are written out: each is then typed as MySQL types it.

use std::ops::ControlFlow;

use sqlparser::ast::{BinaryOperator, CaseWhen, Expr, Visit, Visitor};

use crate::code::{Code, Failure};
use crate::system::functions::branches::CASE;
use crate::system::rewrite::build;
use crate::system::rewrite::expression::{nested, truth};

/// Nodes that may be written more than once.
const REPEATED_MAX: usize = 20_000;
/// Nodes of a NULLIF's first argument. It is written twice, and so is what stands in it.
const NULLIF_MAX: usize = 500;

/// `CASE [operand] WHEN .. THEN .. [ELSE ..] END`.
pub(super) fn case(
    operand: Option<Box<Expr>>,
    conditions: Vec<CaseWhen>,
    otherwise: Option<Box<Expr>>,
) -> Result<Expr, Failure> {
    if let Some(operand) = &operand {
        let written = nodes(operand).saturating_mul(conditions.len());
        if written > REPEATED_MAX {
            return Err(too_long("CASE"));
        }
    }
    let mut args = Vec::with_capacity(conditions.len() * 2 + 1);
    for when in conditions {
        let mut condition = match &operand {
            Some(operand) => build::binary(
                nested((**operand).clone()),
                BinaryOperator::Eq,
                nested(when.condition),
            ),
            None => when.condition,
        };
        truth(&mut condition);
        args.push(condition);
        args.push(when.result);
    }
    args.extend(otherwise.map(|otherwise| *otherwise));
    Ok(build::call(CASE, args))
}

/// `NULLIF(value, other)`: of the kind of `value`.
pub(super) fn null_if(value: Expr, other: Expr) -> Result<Expr, Failure> {
    if nodes(&value) > NULLIF_MAX {
        return Err(too_long("NULLIF"));
    }
    let same = build::binary(nested(value.clone()), BinaryOperator::Eq, nested(other));
    Ok(build::call(CASE, vec![same, build::null(), value]))
}

fn too_long(what: &str) -> Failure {
    Failure::new(
        Code::NOT_SUPPORTED,
        format!(
            "{what} of so long an expression is not supported; compute it in a derived table first"
        ),
    )
}

fn nodes(expr: &Expr) -> usize {
    struct Count(usize);
    impl Visitor for Count {
        type Break = ();
        fn pre_visit_expr(&mut self, _expr: &Expr) -> ControlFlow<()> {
            self.0 += 1;
            ControlFlow::Continue(())
        }
    }
    let mut count = Count(0);
    let _ = expr.visit(&mut count);
    count.0
}
