//! FLOOR and CEIL: of a decimal they are decimals without digits behind the point, as in MySQL.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

/// One of the two, around DataFusion's, which keeps the digits as zeros.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Whole {
    inner: Arc<ScalarUDF>,
}

/// `inner` with results that are whole by their type too.
pub fn of(inner: Arc<ScalarUDF>) -> ScalarUDF {
    ScalarUDF::new_from_impl(Whole { inner })
}

impl ScalarUDFImpl for Whole {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        Ok(match self.inner.return_type(args)? {
            DataType::Decimal128(precision, _) => DataType::Decimal128(precision, 0),
            other => other,
        })
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let wanted = args.return_field.data_type().clone();
        let types: Vec<DataType> = args
            .arg_fields
            .iter()
            .map(|f| f.data_type().clone())
            .collect();
        let inner = self.inner.return_type(&types)?;
        args.return_field = Arc::new(Field::new(self.name(), inner, true));
        let value = self.inner.invoke_with_args(args)?;
        if value.data_type() == wanted {
            return Ok(value);
        }
        value.cast_to(&wanted, None)
    }
}
