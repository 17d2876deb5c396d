//! SUM and AVG of what is no number yet, and AVG with its last digit rounded.
//!
//! DataFusion's AVG cuts off what is behind its last digit, so it is asked for a digit more. Truth values are made decimals only
//! when they are computed with: a plan may be typed more than once, and must get the same types each time.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF,
    Signature, Volatility,
};

use crate::system::functions::sum::{WHOLE_DIGITS, refused, summed_as};
use crate::system::kinds::strictly;

/// `inner`, which is SUM or AVG.
pub fn of(inner: Arc<AggregateUDF>) -> AggregateUDF {
    AggregateUDF::new_from_impl(Numbers {
        inner,
        signature: Signature::user_defined(Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Numbers {
    inner: Arc<AggregateUDF>,
    signature: Signature,
}

/// The type of the numbers that values are.
fn number_as(given: &DataType) -> DataType {
    match given {
        DataType::Boolean => DataType::Decimal128(WHOLE_DIGITS, 0),
        other => other.clone(),
    }
}

/// The type of an average with a digit more than `kind`, which is a decimal or a DOUBLE.
fn finer(kind: &DataType) -> DataType {
    match kind {
        DataType::Decimal128(p, s) if *p < 38 => DataType::Decimal128(p + 1, s + 1),
        DataType::Decimal256(p, s) if *p < 76 => DataType::Decimal256(p + 1, s + 1),
        other => other.clone(),
    }
}

impl Numbers {
    /// What the inner function is told: how it is called for values and for a result that it knows.
    fn inside<'a>(
        &self,
        args: &'a AccumulatorArgs<'a>,
        fields: &'a [FieldRef],
    ) -> AccumulatorArgs<'a> {
        AccumulatorArgs {
            return_field: self.result(args.return_field.data_type()),
            expr_fields: fields,
            schema: args.schema,
            ignore_nulls: args.ignore_nulls,
            order_bys: args.order_bys,
            is_reversed: args.is_reversed,
            name: args.name,
            is_distinct: args.is_distinct,
            exprs: args.exprs,
        }
    }

    fn result(&self, kind: &DataType) -> FieldRef {
        let inside = match self.name() {
            "avg" => finer(kind),
            _ => kind.clone(),
        };
        Arc::new(Field::new(self.name(), inside, true))
    }
}

fn fields(given: &[FieldRef]) -> Vec<FieldRef> {
    let one = |field: &FieldRef| {
        let kind = number_as(field.data_type());
        Arc::new(Field::new(field.name(), kind, true))
    };
    given.iter().map(one).collect()
}

impl AggregateUDFImpl for Numbers {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [DataType::Boolean] => Some(given.to_vec()),
            [one] => summed_as(one).map(|kind| vec![kind]),
            _ => None,
        }
        .ok_or_else(|| refused(self.name(), given))
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        let args: Vec<DataType> = args.iter().map(number_as).collect();
        self.inner.return_type(&args)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let fields = fields(args.expr_fields);
        let inner = self.inner.accumulator(self.inside(&args, &fields))?;
        let kind = args.return_field.data_type().clone();
        Ok(Box::new(Rounded { inner, kind }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(StateFieldsArgs {
            input_fields: &fields(args.input_fields),
            return_field: self.result(args.return_field.data_type()),
            name: args.name,
            ordering_fields: args.ordering_fields,
            is_distinct: args.is_distinct,
        })
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        let fields = fields(args.expr_fields);
        let inside = self.inside(&args, &fields);
        self.inner.groups_accumulator_supported(inside)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        let fields = fields(args.expr_fields);
        let inside = self.inside(&args, &fields);
        let inner = self.inner.create_groups_accumulator(inside)?;
        let kind = args.return_field.data_type().clone();
        Ok(Box::new(RoundedGroups { inner, kind }))
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>> {
        let fields = fields(args.expr_fields);
        let inside = self.inside(&args, &fields);
        let inner = self.inner.create_sliding_accumulator(inside)?;
        let kind = args.return_field.data_type().clone();
        Ok(Box::new(Rounded { inner, kind }))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.order_sensitivity()
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }
}

/// Truth values as numbers; other values as they are.
fn numbers(values: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let one = |array: &ArrayRef| match array.data_type() {
        DataType::Boolean => {
            let number = strictly(array, &DataType::Int8)?;
            strictly(&number, &number_as(&DataType::Boolean))
        }
        _ => Ok(array.clone()),
    };
    values.iter().map(one).collect()
}

/// One sum or average.
#[derive(Debug)]
struct Rounded {
    inner: Box<dyn Accumulator>,
    kind: DataType,
}

impl Accumulator for Rounded {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(&numbers(values)?)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let finer = self.inner.evaluate()?.to_array()?;
        ScalarValue::try_from_array(&strictly(&finer, &self.kind)?, 0)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(&numbers(values)?)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }
}

/// Those of many groups.
struct RoundedGroups {
    inner: Box<dyn GroupsAccumulator>,
    kind: DataType,
}

impl GroupsAccumulator for RoundedGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        let values = numbers(values)?;
        self.inner
            .update_batch(&values, group_indices, opt_filter, total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        strictly(&self.inner.evaluate(emit_to)?, &self.kind)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.inner.state(emit_to)
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.inner
            .merge_batch(values, group_indices, total_num_groups)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        self.inner.convert_to_state(&numbers(values)?, opt_filter)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }
}
