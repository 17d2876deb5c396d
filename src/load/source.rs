//! Where the rows of a load come from: one reader a format, all read block by block on a blocking thread.

use std::path::PathBuf;

use bytes::Bytes;

use crate::load::block::{Assembler, Block};
use crate::load::body::Body;
use crate::load::columns::{Mapping, default_text};
use crate::load::coordinator::OpenSource;
use crate::load::error::Error;
use crate::load::feed::Feed;
use crate::load::options::{Format, Options};
use crate::load::spool;

pub mod arrays;
pub mod csv;
pub mod json;
pub mod parquet;
#[cfg(test)]
mod testing;

/// Rows to load, in blocks.
pub trait Source: Send {
    /// The next blocks, as many as were read at once; none at the end. Blocks while the input is slow.
    fn next(&mut self) -> Result<Vec<Block>, Error>;
}

/// Most bytes of one row of text: a longer one is a sign of a wrong delimiter or an enclosing quote that never ends.
pub const RECORD_BYTES_MAX: usize = 16 << 20;

fn too_long(line: u64) -> Error {
    Error::Input(format!(
        "line {line}: a row of more than {RECORD_BYTES_MAX} bytes; check row_delimiter and enclose"
    ))
}

/// The reader of a stream load's body. A body that must be on disk first is spooled in `spool_dir`.
pub fn open(feed: Feed<Bytes>, options: Options, spool_dir: PathBuf) -> OpenSource {
    Box::new(move |plan| {
        let columns = &plan.spec.columns;
        let (began, zone) = (plan.began, options.zone);
        let mapping = Mapping::new(columns, options.columns.as_deref(), began, zone)?;
        let assembler = Assembler::new(columns.clone(), mapping)
            .lenient(options.lenient)
            .in_zone(zone);
        let is_text = !matches!(options.format, Format::Parquet);
        let body = Body::new(feed, options.compression, is_text)?;
        let source: Box<dyn Source> = match options.format {
            Format::Csv(format) => csv::open(body, format, assembler),
            Format::Json(format) => {
                let fields = 0..assembler.fields().len();
                format.check(fields.len())?;
                let default = |field| {
                    let column = assembler.column_of(field)?;
                    default_text(column, began, zone).map(String::into_bytes)
                };
                let defaults = fields.map(default).collect();
                Box::new(json::Json::new(body, format, assembler, defaults))
            }
            Format::Parquet => {
                let file = spool::spool(body, &spool_dir)?;
                Box::new(parquet::Parquet::new(file, assembler)?)
            }
        };
        Ok(source)
    })
}
