//! Operators whose precedence sqlparser has otherwise than MySQL: DIV and XOR. Their trees are turned before anything is made of them.

use sqlparser::ast::{BinaryOperator, Expr};

use crate::system::rewrite::build;

/// `a DIV b + c` arrives as `a DIV (b + c)`: sqlparser reads everything behind DIV as its right side. Puts it right.
pub(super) fn rotate_div(expr: &mut Expr) {
    let Expr::BinaryOp {
        left,
        op: BinaryOperator::MyIntegerDivide,
        right,
    } = expr
    else {
        return;
    };
    if leftmost(right).is_none() {
        return;
    }
    let mut tree = std::mem::replace(right.as_mut(), build::null());
    let dividend = std::mem::replace(left.as_mut(), build::null());
    divide_leftmost(&mut tree, dividend);
    *expr = tree;
    rotate_div(expr);
}

/// `a > b XOR c` arrives as `a > (b XOR c)`, and `a XOR b > c` as `(a XOR b) > c`: sqlparser binds XOR like an operator of numbers, and MySQL between OR and AND. Puts
/// it right.
pub(super) fn rotate_xor(expr: &mut Expr) {
    let is_xor = |e: &Expr| {
        matches!(
            e,
            Expr::BinaryOp {
                op: BinaryOperator::Xor,
                ..
            }
        )
    };
    let loose = matches!(expr, Expr::BinaryOp { op, .. }
        if matches!(op, BinaryOperator::Or | BinaryOperator::Xor | BinaryOperator::Assignment));
    if loose {
        return;
    }
    if let Expr::BinaryOp { right, .. } = expr
        && is_xor(right)
    {
        let mut xor = std::mem::replace(right.as_mut(), build::null());
        if let Expr::BinaryOp { left, .. } = &mut xor {
            let first = std::mem::replace(left.as_mut(), build::null());
            if let Expr::BinaryOp { right, .. } = expr {
                **right = first;
            }
            **left = std::mem::replace(expr, build::null());
            rotate_xor(left);
        }
        *expr = xor;
        return;
    }
    if let Some(operand) = leftmost(expr)
        && is_xor(operand)
    {
        let mut xor = std::mem::replace(operand, build::null());
        if let Expr::BinaryOp { right, .. } = &mut xor {
            *operand = std::mem::replace(right.as_mut(), build::null());
            **right = std::mem::replace(expr, build::null());
            rotate_xor(right);
        }
        *expr = xor;
    }
}

fn divide_leftmost(tree: &mut Expr, dividend: Expr) {
    if leftmost(tree).is_some() {
        if let Some(inner) = leftmost(tree) {
            divide_leftmost(inner, dividend);
        }
        return;
    }
    let divisor = std::mem::replace(tree, build::null());
    *tree = build::binary(dividend, BinaryOperator::MyIntegerDivide, divisor);
}

/// The operand that an operator without brackets begins with.
fn leftmost(expr: &mut Expr) -> Option<&mut Expr> {
    match expr {
        Expr::BinaryOp { left, .. } => Some(left),
        Expr::IsNull(inner)
        | Expr::IsNotNull(inner)
        | Expr::IsTrue(inner)
        | Expr::IsNotTrue(inner)
        | Expr::IsFalse(inner)
        | Expr::IsNotFalse(inner) => Some(inner),
        Expr::InList { expr, .. }
        | Expr::InSubquery { expr, .. }
        | Expr::Between { expr, .. }
        | Expr::Like { expr, .. }
        | Expr::RLike { expr, .. } => Some(expr),
        _ => None,
    }
}
