//! Numbers the integers of a column, and what Arrow keeps as such: dates and moments.

use arrow::array::{Array, ArrowPrimitiveType, AsArray};
use parquet::file::statistics::Statistics;

use crate::load::encode::chunk::index::{Index, NONE, hash};
use crate::load::encode::chunk::numbered::{self, Numbered};
use crate::load::encode::part::{Part, rows};

/// Integers that are near each other are found by a table with a place for each.
const NEAR: usize = 1 << 16;

/// The dictionary of one column chunk.
pub struct Integers {
    /// The number of each integer from the lowest near one on. All places are free between two chunks.
    near: Vec<u16>,
    index: Index,
    values: Vec<i64>,
}

impl Integers {
    /// An empty dictionary.
    pub fn new() -> Integers {
        Integers {
            near: vec![NONE; NEAR],
            index: Index::new(),
            values: Vec::new(),
        }
    }

    /// Numbers a column; its statistics, or none when there are too many values for a dictionary, or no value.
    pub fn number<T>(
        &mut self,
        column: usize,
        parts: &[Part],
        out: &mut Numbered,
    ) -> Option<Statistics>
    where
        T: ArrowPrimitiveType<Native: Into<i64>>,
    {
        if !self.number_near::<T>(column, parts, out) && !self.number_far::<T>(column, parts, out) {
            return None;
        }
        let (min, max) = (*self.values.iter().min()?, *self.values.iter().max()?);
        out.entries = self.values.len();
        let nulls = Some(out.nulls() as u64);
        if size_of::<T::Native>() > 4 {
            let bytes = self.values.iter().flat_map(|value| value.to_le_bytes());
            out.dictionary.extend(bytes);
            return Some(Statistics::int64(Some(min), Some(max), None, nulls, false));
        }
        // All of them are of 32 bits at most.
        let bytes = self
            .values
            .iter()
            .flat_map(|value| (*value as i32).to_le_bytes());
        out.dictionary.extend(bytes);
        let (min, max) = (Some(min as i32), Some(max as i32));
        Some(Statistics::int32(min, max, None, nulls, false))
    }

    /// By a table; false where integers are too far apart.
    fn number_near<T>(&mut self, column: usize, parts: &[Part], out: &mut Numbered) -> bool
    where
        T: ArrowPrimitiveType<Native: Into<i64>>,
    {
        let (near, values) = (&mut self.near, &mut self.values);
        values.clear();
        out.clear(rows(parts));
        let mut lowest = None;
        let all = parts.iter().all(|part| {
            let array = part.column(column).as_primitive::<T>();
            out.add(part, array.nulls(), |so_far, row| {
                let value: i64 = array.values()[row].into();
                let lowest = *lowest.get_or_insert(value.wrapping_sub(NEAR as i64 / 2));
                let place = near.get_mut(value.wrapping_sub(lowest) as u64 as usize)?;
                if *place == NONE {
                    *place = numbered::next(values.len(), so_far)?;
                    values.push(value);
                }
                Some(*place)
            })
        });
        for value in values {
            near[value.wrapping_sub(lowest.unwrap_or_default()) as u64 as usize] = NONE;
        }
        all
    }

    /// By hashes.
    fn number_far<T>(&mut self, column: usize, parts: &[Part], out: &mut Numbered) -> bool
    where
        T: ArrowPrimitiveType<Native: Into<i64>>,
    {
        let (index, values) = (&mut self.index, &mut self.values);
        values.clear();
        index.clear();
        out.clear(rows(parts));
        parts.iter().all(|part| {
            let array = part.column(column).as_primitive::<T>();
            out.add(part, array.nulls(), |so_far, row| {
                let value: i64 = array.values()[row].into();
                let found = index.find(hash(value as u64), |n| values[usize::from(n)] == value);
                found.map_or_else(
                    |place| {
                        let number = numbered::next(values.len(), so_far)?;
                        values.push(value);
                        index.put(place, number, |n| hash(values[usize::from(n)] as u64));
                        Some(number)
                    },
                    Some,
                )
            })
        })
    }
}
