//! DataFusion's functions of numbers, which take texts and truth values as MySQL does: as the numbers that they begin with.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::system::functions::arguments::doubles;
use crate::system::kinds::is_text;

/// The functions that are taken so. They keep the type of a number that they are given.
pub const NAMES: [&str; 1] = ["abs"];

#[derive(Debug, PartialEq, Eq, Hash)]
struct Loose {
    inner: Arc<ScalarUDF>,
    signature: Signature,
}

/// `inner`, with texts as numbers.
pub fn of(inner: Arc<ScalarUDF>) -> ScalarUDF {
    ScalarUDF::new_from_impl(Loose {
        inner,
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

/// The type as which a value is computed with.
fn number(given: &DataType) -> DataType {
    match given {
        t if is_text(t) => DataType::Float64,
        DataType::Boolean => DataType::Int64,
        other => other.clone(),
    }
}

impl Loose {
    /// What the inner function makes of numbers.
    fn inner_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let numbers: Vec<DataType> = given.iter().map(number).collect();
        let fields = numbers
            .iter()
            .map(|t| Arc::new(Field::new("n", t.clone(), true)));
        let fields: Vec<_> = fields.collect();
        let coerced = datafusion::logical_expr::type_coercion::functions::fields_with_udf(
            &fields,
            self.inner.as_ref(),
        )?;
        Ok(coerced.iter().map(|f| f.data_type().clone()).collect())
    }
}

impl ScalarUDFImpl for Loose {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let inner = self.inner_types(given)?;
        // Texts and truth values stay what they are: a cast would not read them as MySQL does.
        let kept = given.iter().zip(inner).map(|(given, inner)| {
            match is_text(given) || *given == DataType::Boolean {
                true => given.clone(),
                false => inner,
            }
        });
        Ok(kept.collect())
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        self.inner.return_type(&self.inner_types(given)?)
    }

    fn return_field_from_args(
        &self,
        args: datafusion::logical_expr::ReturnFieldArgs<'_>,
    ) -> Result<arrow::datatypes::FieldRef> {
        let given: Vec<DataType> = args
            .arg_fields
            .iter()
            .map(|f| f.data_type().clone())
            .collect();
        let inner = self.inner_types(&given)?;
        let fields = args.arg_fields.iter().zip(&inner);
        let fields: Vec<_> = fields
            .map(|(f, t)| Arc::new(Field::new(f.name(), t.clone(), f.is_nullable())))
            .collect();
        self.inner
            .return_field_from_args(datafusion::logical_expr::ReturnFieldArgs {
                arg_fields: &fields,
                scalar_arguments: args.scalar_arguments,
            })
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let given: Vec<DataType> = args.args.iter().map(ColumnarValue::data_type).collect();
        let inner = self.inner_types(&given)?;
        let values = std::mem::take(&mut args.args).into_iter().zip(&inner);
        args.args = values
            .map(|(value, t)| read(value, t))
            .collect::<Result<_>>()?;
        args.arg_fields = inner
            .into_iter()
            .map(|t| Arc::new(Field::new("n", t, true)))
            .collect();
        self.inner.invoke_with_args(args)
    }
}

fn read(value: ColumnarValue, to: &DataType) -> Result<ColumnarValue> {
    if !is_text(&value.data_type()) {
        return match value.data_type() == *to {
            true => Ok(value),
            false => value.cast_to(to, None),
        };
    }
    Ok(match value {
        ColumnarValue::Array(array) => {
            let numbers: ArrayRef = Arc::new(doubles(&array)?);
            ColumnarValue::Array(numbers).cast_to(to, None)?
        }
        ColumnarValue::Scalar(scalar) => {
            let numbers: ArrayRef = Arc::new(doubles(&scalar.to_array()?)?);
            let number = ScalarValue::try_from_array(&numbers, 0)?;
            ColumnarValue::Scalar(number).cast_to(to, None)?
        }
    })
}
