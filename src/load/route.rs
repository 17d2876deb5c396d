//! Rows to tablets: the partition by its range, the bucket by hash or in turn.

use std::ops::Range as Span;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType as ArrowType, Date32Type, Decimal256Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};

use crate::catalog::partition::{Bound, Range};
use crate::catalog::table::Partitioning;
use crate::load::block::Block;
use crate::load::cast;
use crate::load::error::Error;
use crate::load::hash;
use crate::load::misfit::Reason;
use crate::load::plan::LoadPlan;

/// The rows of one block by tablet.
#[derive(Debug)]
pub struct Routed {
    /// One array a column of the table, with all rows of the block.
    pub columns: Vec<ArrayRef>,
    /// The rows that fit, sorted by tablet; rows of a tablet keep their order.
    pub order: Vec<u32>,
    /// Which of `order` belong to which slot.
    pub slots: Vec<(usize, Span<usize>)>,
}

/// Finds the tablet of each row. A slot is a tablet's place in the plan: partitions in order, buckets in order.
#[derive(Debug)]
pub struct Router {
    partition_column: Option<usize>,
    hash_columns: Vec<usize>,
    partitions: Vec<Target>,
    slots: usize,
    /// The bucket of the first block, where rows are spread in turn.
    first: u64,
}

#[derive(Debug)]
struct Target {
    range: Option<Range>,
    first_slot: usize,
    buckets: u32,
}

impl Router {
    /// A router for a plan. Where buckets are taken in turn, transactions begin at different ones.
    pub fn new(plan: &LoadPlan) -> Router {
        let mut slots = 0;
        let partitions = plan.partitions.iter().map(|partition| {
            let first_slot = slots;
            slots += partition.tablets.len();
            Target {
                range: partition.range.clone(),
                first_slot,
                buckets: partition.tablets.len() as u32,
            }
        });
        Router {
            partition_column: match plan.spec.partitioning {
                Partitioning::None => None,
                Partitioning::Range { column } => Some(column),
            },
            hash_columns: plan.spec.distribution.columns.clone(),
            partitions: partitions.collect(),
            slots,
            first: plan.txn.0,
        }
    }

    /// Sorts the rows of a block that fit by their tablets, and marks those that belong to no partition. Where buckets are
    /// taken in turn, it is the one of the block with this number. Takes the columns.
    pub fn route(&self, block: &mut Block, number: u64) -> Result<Routed, Error> {
        let places = self.places(block, number)?;
        let mut ends = vec![0_usize; self.slots + 1];
        for slot in places.iter().flatten() {
            ends[slot + 1] += 1;
        }
        for slot in 0..self.slots {
            ends[slot + 1] += ends[slot];
        }
        let starts = ends.clone();
        let mut order = vec![0_u32; ends[self.slots]];
        for (row, slot) in places.iter().enumerate() {
            if let Some(slot) = slot {
                order[ends[*slot]] = row as u32;
                ends[*slot] += 1;
            }
        }
        let slots = (0..self.slots)
            .map(|slot| (slot, starts[slot]..starts[slot + 1]))
            .filter(|(_, rows)| !rows.is_empty());
        Ok(Routed {
            columns: std::mem::take(&mut block.columns),
            order,
            slots: slots.collect(),
        })
    }

    /// The slot of each row; `None` for rows that do not fit.
    fn places(&self, block: &mut Block, number: u64) -> Result<Vec<Option<usize>>, Error> {
        let rows = block.lines.len();
        let partitions = self.partitions_of(block)?;
        let key = self.hash_columns.iter().map(|column| array(block, *column));
        let key = key.collect::<Result<Vec<_>, _>>()?;
        let hashes = if key.is_empty() {
            vec![self.first.wrapping_add(number) as u32; rows]
        } else {
            hash::hashes(&key, rows).map_err(|e| Error::Internal(e.to_string()))?
        };
        let place = |(partition, hash): (Option<usize>, u32)| {
            let target = self.partitions.get(partition?)?;
            Some(target.first_slot + (hash.checked_rem(target.buckets)?) as usize)
        };
        Ok(partitions.into_iter().zip(hashes).map(place).collect())
    }

    /// The partition of each row that fits.
    fn partitions_of(&self, block: &mut Block) -> Result<Vec<Option<usize>>, Error> {
        let rows = block.lines.len();
        let Some(column) = self.partition_column else {
            let only = (!self.partitions.is_empty()).then_some(0);
            return Ok(block
                .fits
                .iter()
                .map(|fits| only.filter(|_| *fits))
                .collect());
        };
        let values = array(block, column)?;
        let bounds = bounds(&values)?;
        let mut found = Vec::with_capacity(rows);
        let mut last = None;
        for (row, value) in bounds.enumerate() {
            if !block.fits[row] {
                found.push(None);
                continue;
            }
            if !last.is_some_and(|at: usize| self.holds(at, value)) {
                last = self.search(value);
            }
            if last.is_none() {
                block.mark(row, None, Reason::NoPartition, || {
                    if values.is_null(row) {
                        "NULL".to_owned()
                    } else {
                        cast::show(&values, row)
                    }
                });
            }
            found.push(last);
        }
        Ok(found)
    }

    fn holds(&self, partition: usize, value: Option<Bound>) -> bool {
        self.partitions
            .get(partition)
            .is_some_and(|p| p.range.as_ref().is_none_or(|range| range.contains(value)))
    }

    /// Binary search: partitions are in range order and do not overlap.
    fn search(&self, value: Option<Bound>) -> Option<usize> {
        let at = match value {
            None => 0,
            Some(value) => {
                self.partitions
                    .partition_point(|p| match p.range.as_ref().and_then(|r| r.upper) {
                        Some(upper) => upper <= value,
                        None => false,
                    })
            }
        };
        self.holds(at, value).then_some(at)
    }
}

fn array(block: &Block, column: usize) -> Result<ArrayRef, Error> {
    let array = block.columns.get(column).cloned();
    array.ok_or_else(|| Error::Internal(format!("the table has no column {column}")))
}

/// Values of a partition column, one a row.
type Bounds<'a> = Box<dyn Iterator<Item = Option<Bound>> + 'a>;

/// The values of a partition column.
fn bounds(values: &ArrayRef) -> Result<Bounds<'_>, Error> {
    macro_rules! bounds {
        ($kind:ty, $bound:expr) => {
            Ok(Box::new(
                values.as_primitive::<$kind>().iter().map(|v| v.map($bound)),
            ))
        };
    }
    match values.data_type() {
        ArrowType::Int8 => bounds!(Int8Type, |v| Bound::Int(v.into())),
        ArrowType::Int16 => bounds!(Int16Type, |v| Bound::Int(v.into())),
        ArrowType::Int32 => bounds!(Int32Type, |v| Bound::Int(v.into())),
        ArrowType::Int64 => bounds!(Int64Type, |v| Bound::Int(v.into())),
        ArrowType::Decimal256(_, _) => bounds!(Decimal256Type, |v| Bound::Int(v.as_i128())),
        ArrowType::Date32 => bounds!(Date32Type, Bound::Date),
        ArrowType::Timestamp(_, None) => bounds!(TimestampMicrosecondType, Bound::Datetime),
        other => Err(Error::Internal(format!(
            "a partition column of type {other}"
        ))),
    }
}

#[cfg(test)]
mod tests;
