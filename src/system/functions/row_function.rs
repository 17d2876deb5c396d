//! A function computed row by row: a name, how its arguments are read, and a Rust function of one row.

use std::hash::{Hash, Hasher};

use arrow::array::TimestampMicrosecondArray;
use arrow::array::{ArrayRef, BinaryArray, Date32Array, DurationMicrosecondArray, Float64Array};
use arrow::array::{Int64Array, UInt64Array};
use arrow::datatypes::{DataType, TimeUnit};
use chrono::{NaiveDate, NaiveDateTime};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::code::{Code, Failure};
use crate::system::error::wrap;
use crate::system::functions::arguments::{Argument, Kind, Row, shared};
use crate::system::functions::{
    bits, dates, extracts, hashes, json_functions, letters, long_texts, math, more, numbers, parts,
    results, spans, str_to_date, texts, zones,
};

/// A function of a row. `None` is NULL.
#[derive(Debug, Clone, Copy)]
pub struct Def {
    /// Its name, in lower case.
    pub name: &'static str,
    /// How each argument is read.
    pub args: &'static [Kind],
    /// How many of them may be left out.
    pub optional: usize,
    /// How further arguments are read; `None` when there are none.
    pub rest: Option<Kind>,
    /// What it computes.
    pub eval: Eval,
}

/// A text would have more bytes than `max_allowed_packet`: it is NULL, with a warning (MySQL).
#[derive(Debug, Clone, Copy)]
pub struct TooLong;

/// The computation, by the type of its result.
#[derive(Debug, Clone, Copy)]
pub enum Eval {
    /// A text not much longer than the arguments.
    Text(fn(Row<'_>) -> Option<String>),
    /// A text that can be of any length; the second argument is how many bytes it may have.
    Long(fn(Row<'_>, usize) -> Result<Option<String>, TooLong>),
    /// Bytes that need not be a text, not much longer than the arguments.
    Bytes(fn(Row<'_>) -> Option<Vec<u8>>),
    /// A whole number without a sign.
    Unsigned(fn(Row<'_>) -> Option<u64>),
    /// A span of time, in microseconds.
    Span(fn(Row<'_>) -> Option<i64>),
    /// A whole number.
    Int(fn(Row<'_>) -> Option<i64>),
    /// A number.
    Double(fn(Row<'_>) -> Option<f64>),
    /// A day.
    Date(fn(Row<'_>) -> Option<NaiveDate>),
    /// A day with a time.
    Time(fn(Row<'_>) -> Option<NaiveDateTime>),
}

impl Def {
    /// A function of exactly these arguments.
    pub const fn new(name: &'static str, args: &'static [Kind], eval: Eval) -> Def {
        Def {
            name,
            args,
            optional: 0,
            rest: None,
            eval,
        }
    }

    /// The last `n` arguments may be left out.
    pub const fn optional(mut self, n: usize) -> Def {
        self.optional = n;
        self
    }

    /// Any number of further arguments may follow.
    pub const fn rest(mut self, kind: Kind) -> Def {
        self.rest = Some(kind);
        self
    }

    fn takes(&self, given: usize) -> bool {
        given >= self.args.len() - self.optional
            && (self.rest.is_some() || given <= self.args.len())
    }

    fn kind(&self, at: usize) -> Kind {
        let kind = self.args.get(at).copied().or(self.rest);
        kind.unwrap_or(Kind::Text)
    }
}

/// Every function of this form.
pub fn all() -> impl Iterator<Item = Def> {
    [
        texts::ALL,
        letters::ALL,
        bits::ALL,
        hashes::ALL,
        math::ALL,
        long_texts::ALL,
        dates::ALL,
        parts::ALL,
        spans::ALL,
        json_functions::ALL,
        more::ALL,
        extracts::ALL,
        str_to_date::ALL,
        zones::ALL,
        numbers::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The function of that name.
pub fn named(name: &str) -> Option<ScalarUDF> {
    all().find(|def| def.name == name).map(RowFunction::udf)
}

/// [`Def`] as DataFusion sees it.
#[derive(Debug)]
pub struct RowFunction {
    def: Def,
    signature: Signature,
}

impl RowFunction {
    /// `def` for DataFusion.
    pub fn udf(def: Def) -> ScalarUDF {
        ScalarUDF::new_from_impl(RowFunction {
            def,
            signature: Signature::user_defined(Volatility::Immutable),
        })
    }
}

impl PartialEq for RowFunction {
    fn eq(&self, other: &RowFunction) -> bool {
        self.def.name == other.def.name
    }
}

impl Eq for RowFunction {}

impl Hash for RowFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.def.name.hash(state);
    }
}

impl ScalarUDFImpl for RowFunction {
    fn name(&self) -> &str {
        self.def.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        if self.def.takes(given.len()) {
            return Ok(given.to_vec());
        }
        Err(wrap(Failure::new(
            Code::WRONG_PARAMCOUNT,
            format!(
                "incorrect parameter count in the call to function {}",
                self.def.name
            ),
        )))
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(match self.def.eval {
            Eval::Text(_) | Eval::Long(_) => DataType::Utf8,
            Eval::Bytes(_) => DataType::Binary,
            Eval::Unsigned(_) => DataType::UInt64,
            Eval::Span(_) => DataType::Duration(TimeUnit::Microsecond),
            Eval::Int(_) => DataType::Int64,
            Eval::Double(_) => DataType::Float64,
            Eval::Date(_) => DataType::Date32,
            Eval::Time(_) => DataType::Timestamp(TimeUnit::Microsecond, None),
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args
            .args
            .iter()
            .all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let arguments = args
            .args
            .into_iter()
            .enumerate()
            .map(|(at, arg)| Argument::read(arg, self.def.kind(at)))
            .collect::<Result<Vec<Argument>>>()?;
        let array = run(&self.def, &arguments, rows)?;
        if !constant {
            return Ok(ColumnarValue::Array(array));
        }
        results::repeated(&array, args.number_rows)?;
        let value = ScalarValue::try_from_array(&array, 0)?;
        Ok(ColumnarValue::Scalar(value))
    }
}

fn run(def: &Def, arguments: &[Argument], rows: usize) -> Result<ArrayRef> {
    let rows = (0..rows).map(|at| Row { arguments, at });
    Ok(match def.eval {
        Eval::Text(f) => shared(results::texts(def.name, rows, |row, _| Ok(f(row)))?),
        Eval::Long(f) => shared(results::texts(def.name, rows, f)?),
        Eval::Bytes(f) => shared(rows.map(f).collect::<BinaryArray>()),
        Eval::Unsigned(f) => shared(rows.map(f).collect::<UInt64Array>()),
        Eval::Span(f) => shared(rows.map(f).collect::<DurationMicrosecondArray>()),
        Eval::Int(f) => shared(rows.map(f).collect::<Int64Array>()),
        Eval::Double(f) => shared(rows.map(f).collect::<Float64Array>()),
        Eval::Date(f) => shared(rows.map(|r| f(r).map(days)).collect::<Date32Array>()),
        Eval::Time(f) => shared(
            rows.map(|r| f(r).map(|t| t.and_utc().timestamp_micros()))
                .collect::<TimestampMicrosecondArray>(),
        ),
    })
}

/// Days since 1970-01-01.
pub fn days(day: NaiveDate) -> i32 {
    let since = day - NaiveDate::default();
    i32::try_from(since.num_days()).unwrap_or(i32::MAX)
}
