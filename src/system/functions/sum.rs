//! SUM that never wraps around: of whole numbers it is a DECIMAL, as in MySQL, and long decimals are summed in 76 digits.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, SetMonotonicity,
    Signature, Volatility,
};

use crate::code::{Code, Failure};
use crate::system::error::wrap;

/// Digits of BIGINT UNSIGNED.
pub(super) const WHOLE_DIGITS: u8 = 20;
/// Digits that may come to those of the summands: DataFusion's rule, enough for 10,000,000,000 rows.
const MORE_DIGITS: u8 = 10;

/// `inner`, which is DataFusion's, over types in which no sum can leave its range.
pub fn of(inner: Arc<AggregateUDF>) -> AggregateUDF {
    AggregateUDF::new_from_impl(Sum {
        inner,
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sum {
    inner: Arc<AggregateUDF>,
    signature: Signature,
}

/// Why a sum or an average can't be made of `given`.
pub(super) fn refused(name: &str, given: &[DataType]) -> DataFusionError {
    wrap(match given {
        [one] => Failure::new(
            Code::WRONG_ARGUMENTS,
            format!("function {name} does not take {one}; CAST it to a type that it takes"),
        ),
        _ => Failure::new(
            Code::WRONG_PARAMCOUNT,
            format!("incorrect parameter count in the call to function {name}"),
        ),
    })
}

/// The type in which values of a type are summed; none where they can't be.
pub(super) fn summed_as(given: &DataType) -> Option<DataType> {
    Some(match given {
        DataType::Null => DataType::Float64,
        t if t.is_integer() => DataType::Decimal128(WHOLE_DIGITS, 0),
        DataType::Decimal32(digits, scale) | DataType::Decimal64(digits, scale) => {
            DataType::Decimal128(*digits, *scale)
        }
        DataType::Decimal128(digits, scale) if digits + MORE_DIGITS > 38 => {
            DataType::Decimal256(*digits, *scale)
        }
        DataType::Decimal128(..) | DataType::Decimal256(..) => given.clone(),
        t if t.is_floating() => DataType::Float64,
        _ => return None,
    })
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [one] => summed_as(one).map(|kind| vec![kind]),
            _ => None,
        }
        .ok_or_else(|| refused(self.name(), given))
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        self.inner.return_type(args)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.inner.accumulator(args)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        self.inner.create_groups_accumulator(args)
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>> {
        self.inner.create_sliding_accumulator(args)
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.order_sensitivity()
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(data_type)
    }
}
