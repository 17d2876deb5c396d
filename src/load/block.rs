//! A block: some rows of a load as arrays of the table's types, with the rows marked that do not fit.

use arrow::array::{Array, ArrayRef};

use crate::catalog::schema::ColumnDef;
use crate::load::cast;
use crate::load::columns::{Mapping, Origin};
use crate::load::error::Error;
use crate::load::misfit::{Misfits, Reason};
use crate::load::text::{self, Column, Fields};
use crate::load::threads;
use crate::load::zone::Zone;

/// Most rows of a block.
pub const ROWS_MAX: usize = 32_768;

/// Bytes of input after which a block is full.
pub const BYTES_MAX: usize = 4 << 20;

/// Rows from which on the columns of a block are read on several threads.
const THREADED_ROWS: usize = 4096;

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

    /// Rows stand on lines that are so many more.
    pub fn move_lines(&mut self, by: u64) {
        for line in &mut self.lines {
            *line += by;
        }
        for misfit in &mut self.misfits.samples {
            misfit.line += by;
        }
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
    zone: Zone,
}

impl Assembler {
    /// For a table with these columns, filled as `mapping` says.
    pub fn new(columns: Vec<ColumnDef>, mapping: Mapping) -> Assembler {
        Assembler {
            columns,
            mapping,
            lenient: false,
            zone: Zone::Process,
        }
    }

    /// Text that is no value of a nullable column becomes NULL there, and its row is loaded (`strict_mode: false`).
    pub fn lenient(mut self, lenient: bool) -> Assembler {
        self.lenient = lenient;
        self
    }

    /// Moments with an offset become what the wall clock of this zone shows.
    pub fn in_zone(mut self, zone: Zone) -> Assembler {
        self.zone = zone;
        self
    }

    /// The column that a field fills.
    pub fn column_of(&self, field: usize) -> Option<&ColumnDef> {
        let fills = |origin: &Origin| matches!(origin, Origin::Field(at) if *at == field);
        let at = self.mapping.origins.iter().position(fills)?;
        self.columns.get(at)
    }

    /// Names of the input's fields.
    pub fn fields(&self) -> &[String] {
        &self.mapping.fields
    }

    /// A block from text fields. `misfits` and `outside` are those of rows that the reader left out.
    pub fn from_text(
        &self,
        fields: &(impl Fields + Sync),
        lines: Vec<u64>,
        misfits: Misfits,
        outside: u64,
    ) -> Result<Block, Error> {
        let rows = lines.len();
        let mut block = self.start(lines, misfits, outside);
        let read = |at: usize| self.read(at, fields, rows);
        let read = match rows {
            // Few rows are read sooner than threads are started.
            0..THREADED_ROWS => (0..self.columns.len()).map(read).collect(),
            _ => threads::map(0..self.columns.len(), read),
        };
        for (at, read) in read.into_iter().enumerate() {
            let (array, unfit) = read?;
            self.mark(&mut block, at, 0, fields, unfit);
            self.push(&mut block, &self.columns[at], array);
        }
        Ok(block)
    }

    /// A block that is read piece by piece, on one thread.
    pub fn reading(&self) -> Reading<'_> {
        let column = |column: &ColumnDef| Column::new(column.data_type, self.zone);
        Reading {
            assembler: self,
            block: self.start(Vec::new(), Misfits::default(), 0),
            columns: self.columns.iter().map(column).collect(),
        }
    }

    /// Marks rows of text that do not fit a column; the first of the rows has the place `first` in the block.
    fn mark(
        &self,
        block: &mut Block,
        column: usize,
        first: usize,
        fields: &impl Fields,
        unfit: Vec<(usize, Reason)>,
    ) {
        let (origin, column) = (&self.mapping.origins[column], &self.columns[column]);
        if self.lenient && column.nullable {
            return;
        }
        for (row, reason) in unfit {
            block.mark(first + row, Some(column), reason, || {
                let value = match origin {
                    Origin::Field(field) => fields.get(row, *field).unwrap_or_default(),
                    Origin::Constant(_) => &[],
                };
                String::from_utf8_lossy(value).into_owned()
            });
        }
    }

    /// One column of text fields, and which rows do not fit it.
    fn read(
        &self,
        column: usize,
        fields: &impl Fields,
        rows: usize,
    ) -> Result<(ArrayRef, Vec<(usize, Reason)>), Error> {
        let mut unfit = Vec::new();
        let array = match &self.mapping.origins[column] {
            Origin::Field(field) => {
                let data_type = self.columns[column].data_type;
                text::column(fields, *field, data_type, self.zone, &mut |row, reason| {
                    unfit.push((row, reason));
                })
            }
            Origin::Constant(value) => Origin::repeat(value, rows)?,
        };
        Ok((array, unfit))
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
                    cast::fit(array, column, self.zone, &mut |row, reason| {
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

    /// Adds a column, and marks NULLs where there may be none.
    fn push(&self, block: &mut Block, column: &ColumnDef, array: ArrayRef) {
        if !column.nullable && array.null_count() > 0 {
            for row in (0..array.len()).filter(|row| array.is_null(*row)) {
                block.mark(row, Some(column), Reason::Null, String::new);
            }
        }
        block.columns.push(array);
    }
}

/// A block on its way, filled piece by piece.
pub struct Reading<'a> {
    assembler: &'a Assembler,
    block: Block,
    columns: Vec<Column>,
}

impl Reading<'_> {
    /// Adds rows of text fields that stand on these lines.
    pub fn add(&mut self, fields: &impl Fields, lines: &[u64]) {
        let first = self.block.lines.len();
        self.block.lines.extend_from_slice(lines);
        self.block.fits.resize(self.block.lines.len(), true);
        for (at, column) in self.columns.iter_mut().enumerate() {
            let Origin::Field(field) = self.assembler.mapping.origins[at] else {
                continue;
            };
            let mut unfit = Vec::new();
            column.append(fields, field, &mut |row, reason| unfit.push((row, reason)));
            self.assembler
                .mark(&mut self.block, at, first, fields, unfit);
        }
    }

    /// Makes room for as many rows as there are, times `share`.
    pub fn reserve(&mut self, share: f64) {
        let rows = (self.block.lines.len() as f64 * share) as usize;
        self.block.lines.reserve(rows);
        self.block.fits.reserve(rows);
        for column in &mut self.columns {
            column.reserve(share);
        }
    }

    /// The block. `misfits` and `outside` are those of rows that the reader left out.
    pub fn finish(self, misfits: Misfits, outside: u64) -> Result<Block, Error> {
        let Reading {
            assembler,
            mut block,
            columns,
        } = self;
        let origins = assembler.mapping.origins.iter();
        for ((values, origin), column) in columns.into_iter().zip(origins).zip(&assembler.columns) {
            let array = match origin {
                Origin::Field(_) => values.finish(),
                Origin::Constant(value) => Origin::repeat(value, block.lines.len())?,
            };
            assembler.push(&mut block, column, array);
        }
        block.misfits.append(misfits);
        block.outside = outside;
        Ok(block)
    }
}
