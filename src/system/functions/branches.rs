//! Functions whose result is one of their arguments, of the kind that is common to all: CASE and IF, COALESCE, GREATEST, LEAST.
//!
//! CASE arrives as a function, because DataFusion would give an expression of it the type of its first branch; the optimizer makes
//! the expression again, which computes a branch only for the rows that it is for.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, new_null_array};
use arrow::compute::kernels::cmp;
use arrow::compute::kernels::zip::zip;
use arrow::compute::{and_not, is_not_null, is_null, or, prep_null_mask_filter};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::Case;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::code::{Code, Failure};
use crate::system::error::wrap;
use crate::system::functions::results;
use crate::system::kinds::{as_kind, common, convert, is_number, is_temporal, is_text, strictly};

/// The function that CASE and IF are: `condition, value, .. [, value]`.
pub const CASE: &str = "case_when";

/// Which argument it is that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Chooses {
    /// The value behind the first condition that is true.
    True,
    /// The first that is not NULL.
    NotNull,
    /// The largest; NULL where there is a NULL.
    Greatest,
    /// The smallest; NULL where there is a NULL.
    Least,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Branches {
    name: &'static str,
    chooses: Chooses,
    signature: Signature,
}

/// All of them.
pub fn all() -> impl Iterator<Item = ScalarUDF> {
    [
        (CASE, Chooses::True),
        ("coalesce", Chooses::NotNull),
        ("ifnull", Chooses::NotNull),
        ("nvl", Chooses::NotNull),
        ("greatest", Chooses::Greatest),
        ("least", Chooses::Least),
    ]
    .into_iter()
    .map(|(name, chooses)| {
        ScalarUDF::new_from_impl(Branches {
            name,
            chooses,
            signature: Signature::user_defined(Volatility::Immutable),
        })
    })
}

impl Branches {
    /// Whether argument `at` of `many` is a value, not a condition.
    fn is_value(&self, at: usize, many: usize) -> bool {
        self.chooses != Chooses::True || at % 2 == 1 || at + 1 == many
    }

    /// The kind of the result.
    fn kind<'a>(&self, types: impl ExactSizeIterator<Item = &'a DataType>) -> Result<DataType> {
        let many = types.len();
        let values = types.enumerate().filter(|(at, _)| self.is_value(*at, many));
        let values: Vec<&DataType> = values.map(|(_, t)| t).collect();
        if matches!(self.chooses, Chooses::Greatest | Chooses::Least) {
            return compared(&values);
        }
        common(values)
    }

    fn choose(&self, arrays: &[ArrayRef], kind: &DataType, rows: usize) -> Result<ArrayRef> {
        let many = arrays.len();
        match self.chooses {
            Chooses::True => {
                let mut chosen = match many % 2 {
                    1 => convert(&arrays[many - 1], kind)?,
                    _ => new_null_array(kind, rows),
                };
                for pair in arrays.chunks_exact(2).rev() {
                    let condition = strictly(&pair[0], &DataType::Boolean)?;
                    let condition = certain(condition.as_boolean());
                    chosen = zip(&condition, &convert(&pair[1], kind)?, &chosen)?;
                }
                Ok(chosen)
            }
            Chooses::NotNull => {
                let mut chosen = new_null_array(kind, rows);
                for array in arrays.iter().rev() {
                    let array = convert(array, kind)?;
                    chosen = zip(&is_not_null(&array)?, &array, &chosen)?;
                }
                Ok(chosen)
            }
            Chooses::Greatest | Chooses::Least => {
                let mut arrays = arrays.iter().map(|array| read(array, kind));
                let first = arrays
                    .next()
                    .unwrap_or_else(|| Ok(new_null_array(kind, rows)))?;
                arrays.try_fold(first, |best, next| self.better(best, next?))
            }
        }
    }

    fn better(&self, best: ArrayRef, next: ArrayRef) -> Result<ArrayRef> {
        if *best.data_type() == DataType::Null {
            return Ok(best);
        }
        let wins = match self.chooses {
            Chooses::Greatest => cmp::gt(&next, &best)?,
            _ => cmp::lt(&next, &best)?,
        };
        let nulls: BooleanArray = or(&is_null(&next)?, &is_null(&best)?)?;
        let wins = and_not(&certain(&wins), &nulls)?;
        let chosen = zip(&wins, &next, &best)?;
        Ok(arrow::compute::nullif(&chosen, &nulls)?)
    }
}

/// Where it is true; unknown is false.
fn certain(mask: &BooleanArray) -> BooleanArray {
    match mask.null_count() {
        0 => mask.clone(),
        _ => prep_null_mask_filter(mask),
    }
}

/// The kind in which GREATEST and LEAST compare: texts with numbers as numbers, with dates as dates (MariaDB).
fn compared(types: &[&DataType]) -> Result<DataType> {
    let temporal = || types.iter().copied().filter(|t| is_temporal(t));
    let numbers = || types.iter().copied().filter(|t| is_number(t));
    if temporal().next().is_some() {
        return match numbers().next() {
            None => common(temporal()),
            Some(number) => Err(wrap(Failure::new(
                Code::WRONG_ARGUMENTS,
                format!(
                    "a date can't be compared with {number} in GREATEST or LEAST; CAST one of them"
                ),
            ))),
        };
    }
    match types.iter().any(|t| is_text(t)) && numbers().next().is_some() {
        true => Ok(DataType::Float64),
        false => common(types.iter().copied()),
    }
}

/// The values as they are compared; a text is read as a number or a date.
fn read(array: &ArrayRef, kind: &DataType) -> Result<ArrayRef> {
    if !is_text(array.data_type()) || is_text(kind) {
        return convert(array, kind);
    }
    let numbers = crate::system::functions::arguments::doubles;
    let times = crate::system::functions::arguments::times;
    match kind {
        DataType::Float64 => Ok(Arc::new(numbers(array)?)),
        DataType::Date32 | DataType::Timestamp(..) => {
            let times: ArrayRef = Arc::new(times(array)?);
            convert(&times, kind)
        }
        _ => Ok(Arc::new(crate::system::functions::arguments::spans(array)?)),
    }
}

impl ScalarUDFImpl for Branches {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let (least, most) = match self.name {
            "ifnull" | "nvl" => (2, 2),
            "coalesce" => (1, usize::MAX),
            _ => (2, usize::MAX),
        };
        if (least..=most).contains(&given.len()) {
            return Ok(given.to_vec());
        }
        Err(wrap(Failure::new(
            Code::WRONG_PARAMCOUNT,
            format!(
                "incorrect parameter count in the call to function {}",
                self.name
            ),
        )))
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        self.kind(given.iter())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let kind = self.kind(args.arg_fields.iter().map(|field| field.data_type()))?;
        Ok(Arc::new(Field::new(self.name, kind, true)))
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        if self.chooses != Chooses::True {
            return Ok(ExprSimplifyResult::Original(args));
        }
        let types = args.iter().map(|arg| info.get_data_type(arg));
        let types = types.collect::<Result<Vec<DataType>>>()?;
        let kind = self.kind(types.iter())?;
        let mut args = args.into_iter().zip(&types);
        let mut branches = Vec::new();
        let mut otherwise = None;
        while let Some((first, of_first)) = args.next() {
            match args.next() {
                Some((value, of_value)) => {
                    branches.push((Box::new(first), Box::new(as_kind(value, of_value, &kind))))
                }
                None => otherwise = Some(Box::new(as_kind(first, of_first, &kind))),
            }
        }
        Ok(ExprSimplifyResult::Simplified(Expr::Case(Case::new(
            None, branches, otherwise,
        ))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = |arg: &ColumnarValue| matches!(arg, ColumnarValue::Scalar(_));
        let constant = args.args.iter().all(constant);
        let rows = if constant { 1 } else { args.number_rows };
        let arrays = args
            .args
            .into_iter()
            .map(|arg| arg.into_array(rows))
            .collect::<Result<Vec<ArrayRef>>>()?;
        let types: Vec<DataType> = arrays.iter().map(|a| a.data_type().clone()).collect();
        let kind = self.kind(types.iter())?;
        let chosen = self.choose(&arrays, &kind, rows)?;
        if !constant {
            return Ok(ColumnarValue::Array(chosen));
        }
        results::repeated(&chosen, args.number_rows)?;
        Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
            &chosen, 0,
        )?))
    }
}
