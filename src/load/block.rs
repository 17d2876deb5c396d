//! A block: some rows of a load as arrays of the table's types, with the rows marked that do not fit.

use arrow::array::{Array, ArrayRef};

use crate::catalog::schema::ColumnDef;
use crate::load::cast;
use crate::load::columns::{Mapping, Origin};
use crate::load::error::Error;
use crate::load::misfit::{Misfits, Reason};
use crate::load::text::{self, Fields};

/// Most rows of a block.
pub const ROWS_MAX: usize = 32_768;

/// Bytes of input after which a block is full.
pub const BYTES_MAX: usize = 4 << 20;

/// Rows on their way to their tablets.
#[derive(Debug)]
pub struct Block {
    /// One array a column of the table; rows that do not fit may hold NULL anywhere.
    pub columns: Vec<ArrayRef>,
    /// Line of each row in the input, from 1.
    pub lines: Vec<u64>,
    /// Whether each row fits.
    pub fits: Vec<bool>,
    /// The rows that do not fit, those included that never became part of the block.
    pub misfits: Misfits,
    /// Rows that were read and are not part of the block.
    pub outside: u64,
}

impl Block {
    /// Rows that were read.
    pub fn total(&self) -> u64 {
        self.lines.len() as u64 + self.outside
    }

    /// Counts a row as not fitting, once, with its first reason.
    pub fn mark(
        &mut self,
        row: usize,
        column: Option<&ColumnDef>,
        reason: Reason,
        value: impl FnOnce() -> String,
    ) {
        let Some(fits) = self.fits.get_mut(row).filter(|fits| **fits) else {
            return;
        };
        *fits = false;
        let line = self.lines.get(row).copied().unwrap_or_default();
        self.misfits.add(line, column, reason, value);
    }
}

/// Makes blocks of one table out of what readers read.
#[derive(Debug, Clone)]
pub struct Assembler {
    columns: Vec<ColumnDef>,
    mapping: Mapping,
    lenient: bool,
}

impl Assembler {
    /// For a table with these columns, filled as `mapping` says.
    pub fn new(columns: Vec<ColumnDef>, mapping: Mapping) -> Assembler {
        Assembler {
            columns,
            mapping,
            lenient: false,
        }
    }

    /// Text that is no value of a nullable column becomes NULL there, and its row is loaded (`strict_mode: false`).
    pub fn lenient(mut self, lenient: bool) -> Assembler {
        self.lenient = lenient;
        self
    }

    /// Names of the input's fields.
    pub fn fields(&self) -> &[String] {
        &self.mapping.fields
    }

    /// A block from text fields. `misfits` and `outside` are those of rows that the reader left out.
    pub fn from_text(
        &self,
        fields: &impl Fields,
        lines: Vec<u64>,
        misfits: Misfits,
        outside: u64,
    ) -> Result<Block, Error> {
        let mut block = self.start(lines, misfits, outside);
        for (column, origin) in self.columns.iter().zip(&self.mapping.origins) {
            let array = match origin {
                Origin::Field(field) => {
                    text::column(fields, *field, column.data_type, &mut |row, reason| {
                        if self.lenient && column.nullable {
                            return;
                        }
                        block.mark(row, Some(column), reason, || {
                            let value = fields.get(row, *field).unwrap_or_default();
                            String::from_utf8_lossy(value).into_owned()
                        });
                    })
                }
                Origin::Constant(value) => Origin::repeat(value, block.lines.len())?,
            };
            self.push(&mut block, column, array);
        }
        Ok(block)
    }

    /// A block from arrays of any type, one a field.
    pub fn from_arrays(&self, arrays: &[ArrayRef], lines: Vec<u64>) -> Result<Block, Error> {
        let mut block = self.start(lines, Misfits::default(), 0);
        for (column, origin) in self.columns.iter().zip(&self.mapping.origins) {
            let array = match origin {
                Origin::Field(field) => {
                    let array = arrays.get(*field).ok_or_else(|| {
                        Error::Internal(format!("no array for '{}'", column.name))
                    })?;
                    cast::fit(array, column, &mut |row, reason| {
                        block.mark(row, Some(column), reason, || cast::show(array, row));
                    })?
                }
                Origin::Constant(value) => Origin::repeat(value, block.lines.len())?,
            };
            self.push(&mut block, column, array);
        }
        Ok(block)
    }

    fn start(&self, lines: Vec<u64>, misfits: Misfits, outside: u64) -> Block {
        Block {
            columns: Vec::with_capacity(self.columns.len()),
            fits: vec![true; lines.len()],
            lines,
            misfits,
            outside,
        }
    }

    fn push(&self, block: &mut Block, column: &ColumnDef, array: ArrayRef) {
        if !column.nullable && array.null_count() > 0 {
            for row in (0..array.len()).filter(|row| array.is_null(*row)) {
                block.mark(row, Some(column), Reason::Null, String::new);
            }
        }
        block.columns.push(array);
    }
}
