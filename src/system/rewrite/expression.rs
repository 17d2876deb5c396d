//! One expression: names without case, MySQL's operators, and what stands for a truth value.

use sqlparser::ast::{
    BinaryOperator, CharacterLength, DataType, ExactNumberInfo, Expr, Ident, Interval,
    TimezoneInfo, UnaryOperator, Value,
};

use crate::code::Failure;
use crate::system::functions::cast_decimal::NAME as CAST_DECIMAL;
use crate::system::functions::checked::NEGATED;
use crate::system::rewrite::clauses::clauses;
use crate::system::rewrite::function::as_text;
use crate::system::rewrite::select::is_variable;
use crate::system::rewrite::{Rewriter, branches, build};

/// Digits of the longest DECIMAL.
const DECIMAL_DIGITS: usize = 65;

/// Functions that MySQL also knows without brackets, besides those that sqlparser reads so.
const BARE_FUNCTIONS: [&str; 4] = ["utc_timestamp", "utc_date", "utc_time", "current_user"];

/// Whether a name alone is a function's call.
pub(super) fn is_bare_function(name: &str) -> bool {
    BARE_FUNCTIONS
        .iter()
        .any(|function| name.eq_ignore_ascii_case(function))
}

impl Rewriter<'_> {
    /// Rewrites `expr`, whose parts are rewritten already.
    pub(super) fn expression(&mut self, expr: &mut Expr) -> Result<(), Failure> {
        let taken = std::mem::replace(expr, build::null());
        *expr = match taken {
            Expr::Identifier(name) => self.name(name)?,
            Expr::CompoundIdentifier(parts) => self.compound(parts)?,
            Expr::BinaryOp { left, op, right } => {
                let (left, right) = self.without_case(*left, &op, *right);
                self.operator(left, op, right)
            }
            Expr::InList {
                expr,
                list,
                negated,
            } => plain(clauses(self.list_without_case(*expr, list, negated))?),
            Expr::Function(function) => self.function(function)?,
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => branches::case(operand, conditions, else_result)?,
            other => plain(clauses(other)?),
        };
        Ok(())
    }

    fn name(&mut self, name: Ident) -> Result<Expr, Failure> {
        if is_variable(name.quote_style, &name.value) {
            return self.variable(&[&name.value]);
        }
        if name.quote_style.is_none() && is_bare_function(&name.value) {
            return Ok(build::call(&name.value, Vec::new()));
        }
        Ok(Expr::Identifier(build::ident(&self.fold(&name.value))))
    }

    fn compound(&mut self, mut parts: Vec<Ident>) -> Result<Expr, Failure> {
        if let Some(first) = parts.first()
            && is_variable(first.quote_style, &first.value)
        {
            let names: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
            return self.variable(&names);
        }
        if let Some((column, qualifiers)) = parts.split_last_mut() {
            column.value = self.fold(&column.value);
            for qualifier in qualifiers {
                qualifier.value = self.scope.qualifier(&qualifier.value);
            }
        }
        Ok(Expr::CompoundIdentifier(parts))
    }

    fn operator(&mut self, left: Expr, op: BinaryOperator, right: Expr) -> Expr {
        match (left, op, right) {
            // Without PIPES_AS_CONCAT the token was read as OR.
            (left, BinaryOperator::StringConcat, right) => build::call("concat", vec![left, right]),
            (mut left, BinaryOperator::Xor, mut right) => {
                truth(&mut left);
                truth(&mut right);
                let (left, right) = (nested(left), nested(right));
                build::binary(left, BinaryOperator::NotEq, right)
            }
            (Expr::Value(target), BinaryOperator::Assignment, value) => {
                if let Value::Placeholder(name) = &target.value {
                    self.assign(name, value.clone());
                }
                value
            }
            (Expr::Interval(interval), BinaryOperator::Plus, date)
            | (date, BinaryOperator::Plus, Expr::Interval(interval)) => {
                shifted("date_add", date, interval)
            }
            (date, BinaryOperator::Minus, Expr::Interval(interval)) => {
                shifted("date_sub", date, interval)
            }
            (left, op, right) => match bit_function(&op) {
                Some(function) => build::call(function, vec![left, right]),
                None => build::binary(left, op, right),
            },
        }
    }
}

/// The function that an operator on bits is: MySQL computes with 64 bits without a sign.
fn bit_function(op: &BinaryOperator) -> Option<&'static str> {
    Some(match op {
        BinaryOperator::BitwiseAnd => "bits_and",
        BinaryOperator::BitwiseOr => "bits_or",
        BinaryOperator::BitwiseXor => "bits_xor",
        BinaryOperator::PGBitwiseShiftLeft => "bits_left",
        BinaryOperator::PGBitwiseShiftRight => "bits_right",
        _ => return None,
    })
}

/// Rewrites an expression that names nothing itself.
fn plain(expr: Expr) -> Expr {
    match expr {
        Expr::UnaryOp {
            op: UnaryOperator::Not | UnaryOperator::BangNot,
            mut expr,
        } => {
            truth(&mut expr);
            not(*expr)
        }
        Expr::UnaryOp {
            op: UnaryOperator::BitwiseNot,
            expr,
        } => build::call("bit_not", vec![*expr]),
        Expr::RLike {
            negated,
            expr,
            pattern,
            ..
        } => {
            let call = build::call("regexp_like", vec![as_text(*expr), as_text(*pattern)]);
            if negated { not(call) } else { call }
        }
        Expr::Substring {
            expr,
            substring_from,
            substring_for,
            ..
        } => {
            let parts = [Some(expr), substring_from, substring_for];
            build::call(
                "substring",
                parts.into_iter().flatten().map(|e| *e).collect(),
            )
        }
        Expr::Position { expr, r#in } => build::call("locate", vec![*expr, *r#in]),
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } if !is_number(&expr) => build::call(NEGATED, vec![*expr]),
        other => typed(tested(other)),
    }
}

/// `x IS TRUE` and its kin, of what may be a number.
fn tested(mut expr: Expr) -> Expr {
    if let Expr::IsTrue(of) | Expr::IsNotTrue(of) | Expr::IsFalse(of) | Expr::IsNotFalse(of) =
        &mut expr
    {
        truth(of);
        let taken = std::mem::replace(of.as_mut(), build::null());
        **of = nested(taken);
    }
    expr
}

/// Rewrites what is about types: casts, character sets, collations.
fn typed(expr: Expr) -> Expr {
    match expr {
        // Text has one character set and one collation here.
        Expr::Collate { expr, .. }
        | Expr::Prefixed { value: expr, .. }
        | Expr::Convert {
            expr,
            data_type: None,
            ..
        } => *expr,
        Expr::Convert {
            expr,
            data_type: Some(data_type),
            ..
        }
        | Expr::Cast {
            expr, data_type, ..
        } => cast(*expr, data_type),
        Expr::Value(value) => Expr::Value(match value.value {
            Value::NationalStringLiteral(text) => Value::SingleQuotedString(text).into(),
            Value::Number(digits, _) if is_double(&digits) => {
                return build::call("cast_double", vec![build::text(digits)]);
            }
            _ => value,
        }),
        Expr::TypedString(text) if matches!(text.data_type, DataType::Time(..)) => {
            build::call("time", vec![Expr::Value(text.value)])
        }
        other => other,
    }
}

/// Whether a literal is a DOUBLE: it has an exponent, or more digits than a DECIMAL can have (MySQL).
fn is_double(digits: &str) -> bool {
    digits.contains(['e', 'E']) || digits.len() > DECIMAL_DIGITS
}

/// Whether an expression is a literal of a number, whose sign is a part of it.
fn is_number(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_number(inner),
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        _ => false,
    }
}

/// Keeps the name on the left of `@name := value` from being read as the variable's value.
pub(super) fn mark_target(expr: &mut Expr) {
    if let Expr::BinaryOp {
        left,
        op: BinaryOperator::Assignment,
        ..
    } = expr
        && let Expr::Identifier(name) = left.as_ref()
    {
        **left = Expr::Value(Value::Placeholder(name.value.clone()).into());
    }
}

/// `name(date, n, 'unit')`.
pub(super) fn shifted(name: &str, date: Expr, interval: Interval) -> Expr {
    let unit = interval.leading_field.map_or_else(
        || "DAY".to_owned(),
        |field| field.to_string().to_uppercase(),
    );
    build::call(name, vec![date, *interval.value, build::text(unit)])
}

/// Makes `expr` a truth value: what is not one by its form gets `AND TRUE`, and [`coerce`](crate::system::coerce)
/// then sees its type.
pub(super) fn truth(expr: &mut Expr) {
    if !is_boolean(expr) {
        let taken = std::mem::replace(expr, build::null());
        *expr = build::binary(nested(taken), BinaryOperator::And, build::yes());
    }
}

/// Whether an expression can be nothing but a truth value.
pub(super) fn is_boolean(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_boolean(inner),
        Expr::UnaryOp { op, .. } => matches!(op, UnaryOperator::Not | UnaryOperator::BangNot),
        Expr::BinaryOp { op, .. } => matches!(
            op,
            BinaryOperator::Eq
                | BinaryOperator::NotEq
                | BinaryOperator::Lt
                | BinaryOperator::LtEq
                | BinaryOperator::Gt
                | BinaryOperator::GtEq
                | BinaryOperator::And
                | BinaryOperator::Or
                | BinaryOperator::Xor
                | BinaryOperator::Spaceship
        ),
        Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::InList { .. }
        | Expr::InSubquery { .. }
        | Expr::Between { .. }
        | Expr::Like { .. }
        | Expr::RLike { .. }
        | Expr::Exists { .. }
        | Expr::AnyOp { .. }
        | Expr::AllOp { .. } => true,
        Expr::Value(value) => matches!(value.value, Value::Boolean(_)),
        _ => false,
    }
}

/// In brackets, so that it stays one operand.
pub(super) fn nested(expr: Expr) -> Expr {
    Expr::Nested(Box::new(expr))
}

/// `NOT expr`.
pub(super) fn not(expr: Expr) -> Expr {
    Expr::UnaryOp {
        op: UnaryOperator::Not,
        expr: Box::new(expr),
    }
}

/// MySQL's CAST: what can't be read as the type is the nearest value, or NULL for dates; never an error.
fn cast(expr: Expr, data_type: DataType) -> Expr {
    match data_type {
        DataType::Signed | DataType::SignedInteger => build::call("cast_signed", vec![expr]),
        DataType::Char(Some(length)) | DataType::Varchar(Some(length)) => {
            let text = build::call("cast_char", vec![expr]);
            match length {
                CharacterLength::IntegerLength { length, .. } => {
                    build::call("cut", vec![text, build::number(length)])
                }
                CharacterLength::Max => text,
            }
        }
        DataType::Time(digits, TimezoneInfo::None) => {
            let digits = build::number(digits.unwrap_or(0));
            build::call("cast_time_digits", vec![expr, digits])
        }
        DataType::Char(_)
        | DataType::Varchar(_)
        | DataType::Nvarchar(_)
        | DataType::Text
        | DataType::String(_)
        | DataType::Binary(_)
        | DataType::JSON => build::call("cast_char", vec![expr]),
        DataType::Double(_) | DataType::DoublePrecision | DataType::Float(_) | DataType::Real => {
            build::call("cast_double", vec![expr])
        }
        DataType::Date => build::call("date", vec![expr]),
        DataType::Datetime(digits) | DataType::Timestamp(digits, TimezoneInfo::None) => {
            let digits = build::number(digits.unwrap_or(0));
            build::call("cast_datetime_digits", vec![expr, digits])
        }
        DataType::Unsigned | DataType::UnsignedInteger => build::call("cast_unsigned", vec![expr]),
        DataType::Decimal(info) | DataType::Numeric(info) | DataType::Dec(info) => {
            let (precision, scale) = digits(info);
            let digits = [precision, scale].map(build::number);
            build::call(CAST_DECIMAL, [vec![expr], digits.into()].concat())
        }
        other => build::cast(expr, other),
    }
}

fn digits(info: ExactNumberInfo) -> (u64, u64) {
    match info {
        ExactNumberInfo::None => (10, 0),
        ExactNumberInfo::Precision(p) => (p, 0),
        ExactNumberInfo::PrecisionAndScale(p, s) => (p, u64::try_from(s).unwrap_or(0)),
    }
}
