//! DataFusion's own functions within bounds: long arguments are taken in slices, each charged before it is computed.
//!
//! Their results are at most a few times as long as their arguments; functions of which that is not true are
//! [`long_texts`](crate::system::functions::long_texts), but for REGEXP_REPLACE, whose results are reckoned here.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::concat;
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use crate::code::{Code, Failure};
use crate::system::control;
use crate::system::error::wrap;
use crate::system::functions::results;

/// Bytes of arguments, and of results, that are made at once.
const AT_ONCE: usize = 4 << 20;
/// Steps of a comparison of two texts letter by letter that one call may take.
const STEPS_MAX: usize = 100_000_000;

/// A function of DataFusion.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
}

/// `inner` within bounds.
pub fn of(inner: Arc<ScalarUDF>) -> ScalarUDF {
    ScalarUDF::new_from_impl(Bounded { inner })
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        self.inner.return_type(args)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, args: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(args)
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.inner.simplify(args, info)
    }

    fn short_circuits(&self) -> bool {
        self.inner.short_circuits()
    }

    fn conditional_arguments<'a>(
        &self,
        args: &'a [Expr],
    ) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.inner.conditional_arguments(args)
    }

    fn evaluate_bounds(&self, inputs: &[&Interval]) -> Result<Interval> {
        self.inner.evaluate_bounds(inputs)
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        self.inner.output_ordering(inputs)
    }

    fn preserves_lex_ordering(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.inner.preserves_lex_ordering(inputs)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let cost = self.cost(&args)?;
        if cost <= AT_ONCE {
            return self.inner.invoke_with_args(args);
        }
        let constant = |arg: &ColumnarValue| matches!(arg, ColumnarValue::Scalar(_));
        if args.args.iter().all(constant) {
            let rows = args.number_rows;
            control::make(cost / rows.max(1))?;
            let value = self.inner.invoke_with_args(args)?;
            results::repeated(&value.to_array(1)?, rows)?;
            return Ok(value);
        }
        let rows = (args.number_rows / cost.div_ceil(AT_ONCE)).max(1);
        let mut parts: Vec<ArrayRef> = Vec::new();
        for from in (0..args.number_rows).step_by(rows) {
            let count = rows.min(args.number_rows - from);
            let part = part(&args, from, count);
            let feared = self.cost(&part)?;
            control::make(feared)?;
            let made = self.inner.invoke_with_args(part)?.into_array(count)?;
            control::made_less(feared.saturating_sub(made.get_array_memory_size()));
            parts.push(made);
        }
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        Ok(ColumnarValue::Array(concat(&parts)?))
    }
}

impl Bounded {
    /// Bytes that the arguments, and the result, may take; or the steps of the work, where those are more.
    fn cost(&self, args: &ScalarFunctionArgs) -> Result<usize> {
        let rows = args.number_rows;
        let bytes = args.args.iter().map(|arg| bytes(arg, rows));
        let sum = bytes.fold(0, usize::saturating_add);
        if sum <= AT_ONCE / 4096 {
            return Ok(sum);
        }
        match self.name() {
            "levenshtein" => {
                let steps = args.args.iter().map(longest);
                let steps = steps.fold(1, usize::saturating_mul);
                match steps > STEPS_MAX {
                    true => Err(too_long(self.name())),
                    // As many rows at once as take a few milliseconds.
                    false => Ok(sum.max((steps / 2).saturating_mul(rows))),
                }
            }
            "regexp_replace" if replaces_all(args) => {
                // Between any two letters there may be a match; a replacement can name the match.
                let text = args.args.first().map_or(0, longest).saturating_add(1);
                let put = args.args.get(2).map_or(0, longest).saturating_add(1);
                let most = text.saturating_mul(put);
                Ok(sum.max(most.saturating_mul(rows)))
            }
            _ => Ok(sum),
        }
    }
}

/// Whether REGEXP_REPLACE has the flag for all matches, or may have it.
fn replaces_all(args: &ScalarFunctionArgs) -> bool {
    match args.args.get(3) {
        None => false,
        Some(ColumnarValue::Scalar(flags)) => flags.to_string().contains('g'),
        Some(ColumnarValue::Array(_)) => true,
    }
}

/// Bytes of an argument as an array of `rows` values.
fn bytes(arg: &ColumnarValue, rows: usize) -> usize {
    match arg {
        ColumnarValue::Array(array) => array
            .to_data()
            .get_slice_memory_size()
            .unwrap_or(usize::MAX),
        ColumnarValue::Scalar(value) => value.size().saturating_mul(rows),
    }
}

/// Bytes of the longest value of an argument, or more.
fn longest(arg: &ColumnarValue) -> usize {
    match arg {
        ColumnarValue::Scalar(value) => value.size(),
        ColumnarValue::Array(array) => crate::system::watch::longest(array),
    }
}

/// The arguments of `count` rows from `from` on.
fn part(args: &ScalarFunctionArgs, from: usize, count: usize) -> ScalarFunctionArgs {
    let mut part = args.clone();
    part.number_rows = count;
    for arg in &mut part.args {
        if let ColumnarValue::Array(array) = arg {
            *array = array.slice(from, count);
        }
    }
    part
}

fn too_long(name: &str) -> datafusion::common::DataFusionError {
    wrap(Failure::new(
        Code::WRONG_ARGUMENTS,
        format!(
            "the arguments of {name} are too long: their lengths multiplied may be {STEPS_MAX} at most"
        ),
    ))
}
