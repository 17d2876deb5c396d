//! Leaves out row groups that can't hold a wanted row, by the least and greatest values that Parquet keeps of them.
//!
//! Whatever is not understood keeps the row group: filters are advice.

use arrow::array::{Array, ArrayRef, BooleanArray, Scalar, StringArray};
use arrow::compute::kernels::cmp;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;

use crate::backend::api::ScanFilter;
use crate::backend::tablet::Columns;

/// Whether a row group may hold a row for which all filters are true.
pub fn may_match(
    metadata: &ArrowReaderMetadata,
    group: usize,
    filters: &[ScanFilter],
    columns: &Columns,
) -> bool {
    filters
        .iter()
        .all(|filter| one(metadata, group, filter, columns).unwrap_or(true))
}

/// Whether one filter can be true; `None` when that is not known.
fn one(
    metadata: &ArrowReaderMetadata,
    group: usize,
    filter: &ScanFilter,
    columns: &Columns,
) -> Option<bool> {
    let field = columns.schema.fields().get(filter.column)?;
    // Parquet's least and greatest leave NaN out, comparisons do not.
    if matches!(field.data_type(), DataType::Float32 | DataType::Float64) {
        return None;
    }
    let value = Scalar::new(constant(&filter.value, field.data_type())?);
    let converter =
        StatisticsConverter::try_new(field.name(), metadata.schema(), metadata.parquet_schema())
            .ok()?;
    let of_group = || metadata.metadata().row_groups().get(group).into_iter();
    let least = converter.row_group_mins(of_group()).ok()?;
    let greatest = converter.row_group_maxes(of_group()).ok()?;
    match filter.op.as_str() {
        "=" => Some(truth(cmp::lt_eq(&least, &value))? && truth(cmp::gt_eq(&greatest, &value))?),
        "<" => truth(cmp::lt(&least, &value)),
        "<=" => truth(cmp::lt_eq(&least, &value)),
        ">" => truth(cmp::gt(&greatest, &value)),
        ">=" => truth(cmp::gt_eq(&greatest, &value)),
        _ => None,
    }
}

fn constant(text: &str, kind: &DataType) -> Option<ArrayRef> {
    let text = StringArray::from(vec![text]);
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(&text, kind, &options).ok()
}

fn truth(compared: Result<BooleanArray, ArrowError>) -> Option<bool> {
    let compared = compared.ok()?;
    (compared.len() == 1 && compared.is_valid(0)).then(|| compared.value(0))
}
