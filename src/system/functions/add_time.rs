//! ADDTIME and SUBTIME: what they are depends on the type of the first argument.

use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::code::{Code, Failure};
use crate::system::error::wrap;
use crate::system::functions::row_function::named;
use crate::system::kinds::{DATETIME, TIME};

#[derive(Debug, PartialEq, Eq, Hash)]
struct AddTime {
    name: &'static str,
    signature: Signature,
}

/// Both functions.
pub fn all() -> impl Iterator<Item = ScalarUDF> {
    ["addtime", "subtime"].into_iter().map(|name| {
        ScalarUDF::new_from_impl(AddTime {
            name,
            signature: Signature::user_defined(Volatility::Immutable),
        })
    })
}

/// The type of the result, and the end of the name of the function that computes it.
fn form(first: Option<&DataType>) -> (DataType, &'static str) {
    match first {
        Some(DataType::Timestamp(..) | DataType::Date32) => (DATETIME, "date"),
        Some(DataType::Duration(_) | DataType::Time32(_) | DataType::Time64(_)) => (TIME, "span"),
        _ => (DataType::Utf8, "text"),
    }
}

impl ScalarUDFImpl for AddTime {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        if given.len() == 2 {
            return Ok(given.to_vec());
        }
        Err(self.wrong())
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        Ok(form(args.first()).0)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let first = args.args.first().map(ColumnarValue::data_type);
        let (_, end) = form(first.as_ref());
        match named(&format!("{}_{end}", self.name)) {
            Some(function) => function.invoke_with_args(args),
            None => Err(self.wrong()),
        }
    }
}

impl AddTime {
    fn wrong(&self) -> datafusion::common::DataFusionError {
        let message = format!("function {} takes a time and a span of time", self.name);
        wrap(Failure::new(Code::WRONG_PARAMCOUNT, message))
    }
}
