//! Texts of a list: joined, which is what GROUP_CONCAT with DISTINCT and ORDER BY is (the list is sorted as values, not as texts),
//! and the first, which is what REGEXP_SUBSTR is.

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::system::control;
use crate::system::functions::arguments::{shared, texts};

/// Name of the function that takes the list and what stands between two texts.
pub const NAME: &str = "joined";
/// Name of the function of a list's first text; without one it is empty.
pub const FIRST: &str = "first_of_list";

#[derive(Debug, PartialEq, Eq, Hash)]
struct Joined {
    name: &'static str,
    signature: Signature,
}

/// Both functions.
pub fn all() -> impl Iterator<Item = ScalarUDF> {
    [(NAME, 2), (FIRST, 1)].into_iter().map(|(name, takes)| {
        ScalarUDF::new_from_impl(Joined {
            name,
            signature: Signature::any(takes, Volatility::Immutable),
        })
    })
}

impl ScalarUDFImpl for Joined {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _given: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let arrays = args.args.into_iter().map(|arg| arg.into_array(rows));
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        let Some((lists, separators)) = arrays.split_first() else {
            return Ok(ColumnarValue::Scalar(ScalarValue::Utf8(None)));
        };
        let Some(lists) = lists.as_list_opt::<i32>() else {
            return Ok(ColumnarValue::Scalar(ScalarValue::Utf8(None)));
        };
        let separators = separators.first().map(texts).transpose()?;
        let mut made = Vec::with_capacity(lists.len());
        for row in 0..lists.len() {
            if lists.is_null(row) {
                made.push(None);
                continue;
            }
            let values = texts(&lists.value(row))?;
            let mut values = values.iter();
            let text = match &separators {
                None => Some(values.next().flatten().unwrap_or_default().to_owned()),
                Some(separators) => {
                    let values: Vec<&str> = values.flatten().collect();
                    (!values.is_empty()).then(|| values.join(separators.value(row)))
                }
            };
            control::make(text.as_ref().map_or(0, String::len))?;
            made.push(text);
        }
        let made: arrow::array::StringArray = made.into_iter().collect();
        Ok(ColumnarValue::Array(shared(made)))
    }
}
