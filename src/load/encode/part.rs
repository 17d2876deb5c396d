//! Rows of one tablet, still in the block that they were read with.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, UInt32Array};
use arrow::compute::{concat, take};
use arrow::error::ArrowError;

use crate::load::route::Routed;

/// Some rows of a block, in their order.
#[derive(Debug, Clone)]
pub struct Part {
    block: Arc<Routed>,
    rows: Range<usize>,
}

impl Part {
    /// The rows that stand in this range of the block's order.
    pub fn new(block: Arc<Routed>, rows: Range<usize>) -> Part {
        Part { block, rows }
    }

    /// Where the rows stand in the columns of the block.
    pub fn rows(&self) -> &[u32] {
        self.block.order.get(self.rows.clone()).unwrap_or_default()
    }

    /// A column of the whole block.
    pub fn column(&self, at: usize) -> &ArrayRef {
        &self.block.columns[at]
    }

    /// The first `rows` rows, and those behind them.
    fn split(self, rows: usize) -> (Part, Part) {
        let at = self.rows.start + rows;
        let (first, rest) = (self.rows.start..at, at..self.rows.end);
        (
            Part::new(self.block.clone(), first),
            Part::new(self.block, rest),
        )
    }
}

/// Rows of all parts.
pub fn rows(parts: &[Part]) -> usize {
    parts.iter().map(|part| part.rows.len()).sum()
}

/// The parts cut into groups of `most` rows, but for the last one.
pub fn groups(parts: Vec<Part>, most: usize) -> Vec<Vec<Part>> {
    let mut groups = Vec::new();
    let (mut group, mut held) = (Vec::new(), 0);
    for mut part in parts {
        while held + part.rows.len() >= most {
            let (first, rest) = part.split(most - held);
            group.push(first);
            groups.push(std::mem::take(&mut group));
            (part, held) = (rest, 0);
        }
        held += part.rows.len();
        if !part.rows.is_empty() {
            group.push(part);
        }
    }
    if !group.is_empty() {
        groups.push(group);
    }
    groups
}

/// One column of all parts, as an array of its own.
///
/// # Errors
/// It does not fit one array.
pub fn column(parts: &[Part], at: usize) -> Result<ArrayRef, ArrowError> {
    let arrays = parts.iter().map(|part| {
        let rows = UInt32Array::from(part.rows().to_vec());
        take(part.column(at), &rows, None)
    });
    let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
    let arrays: Vec<_> = arrays.iter().map(|array| array.as_ref()).collect();
    concat(&arrays)
}
