//! Record batches that an engine computes: the rows of INSERT.

use arrow::array::RecordBatch;

use crate::load::block::{Assembler, Block, ROWS_MAX};
use crate::load::error::Error;
use crate::load::feed::Feed;
use crate::load::source::Source;

/// Reads batches whose columns are the mapping's fields, by position.
pub struct Arrays {
    feed: Feed<RecordBatch>,
    rest: Option<RecordBatch>,
    row: u64,
    assembler: Assembler,
}

impl Arrays {
    /// A reader of `feed`.
    pub fn new(feed: Feed<RecordBatch>, assembler: Assembler) -> Arrays {
        Arrays {
            feed,
            rest: None,
            row: 1,
            assembler,
        }
    }
}

impl Source for Arrays {
    fn next(&mut self) -> Result<Vec<Block>, Error> {
        let mut batch = match self.rest.take() {
            Some(rest) => rest,
            None => loop {
                match self.feed.take()? {
                    Some(batch) if batch.num_rows() == 0 => {}
                    Some(batch) => break batch,
                    None => return Ok(Vec::new()),
                }
            },
        };
        let fields = self.assembler.fields().len();
        if batch.num_columns() != fields {
            return Err(Error::Input(format!(
                "{} values a row where {fields} columns are given",
                batch.num_columns()
            )));
        }
        if batch.num_rows() > ROWS_MAX {
            self.rest = Some(batch.slice(ROWS_MAX, batch.num_rows() - ROWS_MAX));
            batch = batch.slice(0, ROWS_MAX);
        }
        let first = self.row;
        self.row += batch.num_rows() as u64;
        let lines = (first..self.row).collect();
        Ok(vec![self.assembler.from_arrays(batch.columns(), lines)?])
    }
}
