//! The texts that functions make: charged as they grow, and NULL where one is longer than `max_allowed_packet`.

use arrow::array::{Array, ArrayRef, StringArray, StringBuilder};
use datafusion::common::{DataFusionError, Result};

use crate::code::Code;
use crate::system::control;
use crate::system::functions::arguments::Row;
use crate::system::functions::row_function::TooLong;

/// Bytes that are made before they are charged.
const STEP: usize = 64 << 10;

/// The texts that `make` gives for `rows`; it is told how many bytes one may have.
///
/// # Errors
/// There is no room for all of them; the query must stop.
pub fn texts<'a>(
    name: &str,
    rows: impl ExactSizeIterator<Item = Row<'a>>,
    make: impl Fn(Row<'a>, usize) -> Result<Option<String>, TooLong>,
) -> Result<StringArray> {
    let control = control::current();
    let longest = control.as_ref().map_or(usize::MAX, |c| c.longest);
    let mut out = StringBuilder::with_capacity(rows.len(), 0);
    let (mut total, mut charged) = (0_usize, 0_usize);
    for row in rows {
        match make(row, longest) {
            Ok(None) => out.append_null(),
            Ok(Some(text)) if text.len() <= longest => {
                total += text.len();
                // The buffer doubles as it grows.
                let held = total.saturating_mul(2);
                if held - charged > STEP {
                    control::make(held - charged)?;
                    charged = held;
                }
                if i32::try_from(total).is_err() {
                    return Err(too_much(name));
                }
                out.append_value(text);
            }
            Ok(Some(_)) | Err(TooLong) => {
                warn(name, longest);
                out.append_null();
            }
        }
    }
    Ok(out.finish())
}

/// Charges a constant that may be repeated for each of `rows`.
///
/// # Errors
/// There is no room for that.
pub fn repeated(value: &ArrayRef, rows: usize) -> Result<()> {
    let bytes = value.get_array_memory_size();
    match bytes > 1 << 10 {
        true => control::make(bytes.saturating_mul(rows)),
        false => Ok(()),
    }
}

/// Leaves MySQL's warning of a text that is too long.
pub fn warn(name: &str, longest: usize) {
    if let Some(control) = control::current() {
        let message = format!(
            "result of {name}() was larger than max_allowed_packet ({longest}) - truncated"
        );
        control.warn(Code::FUNCTION_RESULT_TOO_LONG, message);
    }
}

fn too_much(name: &str) -> DataFusionError {
    DataFusionError::ResourcesExhausted(format!(
        "no memory for this query: {name}() makes more than 2 GB of one batch of rows"
    ))
}
