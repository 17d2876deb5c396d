//! UNIX_TIMESTAMP of a value: whole seconds of a DATE, and with a fraction of what can have one.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Decimal128Array, Int64Array};
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::clock::zone::Zone;
use crate::system::functions::arguments::{texts, times};
use crate::system::functions::spans::SECOND;
use crate::system::functions::zones::unix_of;

/// Its name; it takes the session's zone and the value.
pub const NAME: &str = "unix_number";
/// The type of what has a fraction.
const EXACT: DataType = DataType::Decimal128(17, 6);

#[derive(Debug, PartialEq, Eq, Hash)]
struct UnixNumber {
    signature: Signature,
}

/// The function.
pub fn udf() -> ScalarUDF {
    ScalarUDF::new_from_impl(UnixNumber {
        signature: Signature::any(2, Volatility::Immutable),
    })
}

impl ScalarUDFImpl for UnixNumber {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(match given.get(1) {
            Some(DataType::Date32 | DataType::Date64) => DataType::Int64,
            _ => EXACT,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = |arg: &ColumnarValue| matches!(arg, ColumnarValue::Scalar(_));
        let constant = args.args.iter().all(constant);
        let rows = if constant { 1 } else { args.number_rows };
        let arrays = args.args.into_iter().map(|arg| arg.into_array(rows));
        let arrays = arrays.collect::<Result<Vec<ArrayRef>>>()?;
        let [zones, values] = arrays.as_slice() else {
            return Ok(ColumnarValue::Scalar(ScalarValue::Null));
        };
        let whole = *args.return_field.data_type() == DataType::Int64;
        let numbers = numbers(zones, values, whole)?;
        Ok(match constant {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&numbers, 0)?),
            false => ColumnarValue::Array(numbers),
        })
    }
}

fn numbers(zones: &ArrayRef, values: &ArrayRef, whole: bool) -> Result<ArrayRef> {
    let (zones, times) = (texts(zones)?, times(values)?);
    // The zone is the session's: one for all rows.
    let zone = zones.iter().next().flatten().and_then(Zone::parse);
    let of = |row: usize| {
        let at = times.is_valid(row).then(|| times.value_as_datetime(row));
        unix_of(zone.as_ref()?, at.flatten()?)
    };
    let found = (0..times.len()).map(of);
    Ok(match whole {
        true => Arc::new(found.map(|n| Some(n?.0)).collect::<Int64Array>()),
        false => {
            let micros = |(seconds, micros): (i64, i64)| {
                i128::from(seconds) * i128::from(SECOND) + i128::from(micros)
            };
            let exact: Decimal128Array = found.map(|n| n.map(micros)).collect();
            Arc::new(exact.with_precision_and_scale(17, 6)?)
        }
    })
}
