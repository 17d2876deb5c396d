//! The dictionary of a column of integers, and of what Arrow keeps as such: dates and moments.

use arrow::array::{Array, ArrowPrimitiveType, AsArray};
use parquet::file::statistics::Statistics;

use crate::load::encode::chunk::gather::Gathered;
use crate::load::encode::chunk::numbered::Numbered;
use crate::load::encode::chunk::words::Words;
use crate::load::encode::part::Part;

/// Numbers a column; its statistics, or none when there are too many values for a dictionary, or no value.
pub fn number<T>(
    column: usize,
    parts: &[Part],
    gathered: &mut Gathered,
    words: &mut Words,
    out: &mut Numbered,
) -> Option<Statistics>
where
    T: ArrowPrimitiveType<Native: Into<i64>>,
{
    gathered.clear(parts);
    for part in parts {
        let array = part.column(column).as_primitive::<T>();
        let values = array.values();
        gathered.add(part, array.nulls(), |row| values[row].into());
    }
    out.clear(gathered.words.len());
    if !words.number(gathered, &mut out.numbers) {
        return None;
    }
    let values = &words.values;
    if values.is_empty() {
        return None;
    }
    let (min, max) = (gathered.lowest, gathered.highest);
    let nulls = Some(gathered.nulls());
    if size_of::<T::Native>() > 4 {
        out.put(values.iter().map(|value| value.to_le_bytes()));
        return Some(Statistics::int64(Some(min), Some(max), None, nulls, false));
    }
    // All of them are of 32 bits at most.
    out.put(values.iter().map(|value| (*value as i32).to_le_bytes()));
    let (min, max) = (Some(min as i32), Some(max as i32));
    Some(Statistics::int32(min, max, None, nulls, false))
}
