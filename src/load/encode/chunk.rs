//! Column chunks of Parquet whose rows are numbers of a dictionary.
//!
//! The Parquet library makes the same out of any column, by way of several arrays and a general hash table, and takes two to
//! three times as long; and loads are bound by that (`cargo bench -- load`). So the columns that most tables consist of, and that
//! have few enough distinct values, are numbered here. What pages and metadata look like stays the library's, and so do all other
//! columns.

use arrow::array::Array;
use arrow::datatypes::{
    DataType as ArrowType, Date32Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use self::gather::Gathered;
use self::numbered::Numbered;
use self::texts::Texts;
use self::words::Words;
use crate::load::encode::part::Part;

mod gather;
mod hybrid;
mod index;
mod integers;
mod numbered;
mod texts;
mod words;

/// Rows of a data page.
const PAGE_ROWS: usize = 20_000;

/// Makes column chunks, one after the other.
pub struct Chunks {
    gathered: Gathered,
    words: Words,
    texts: Texts,
    numbered: Numbered,
    scratch: Scratch,
    /// Bytes of the row group before.
    before: usize,
}

/// What pages are made with.
struct Scratch {
    codec: snap::raw::Encoder,
    body: Vec<u8>,
}

/// The chunks of a row group that were made here.
pub struct Encoded {
    /// Their dictionaries and pages.
    pub bytes: Bytes,
    /// What the metadata of each column says, with offsets in `bytes`; none for columns that were not.
    pub columns: Vec<Option<ColumnCloseResult>>,
}

impl Chunks {
    /// Keeps its tables from one row group to the next.
    pub fn new() -> Chunks {
        Chunks {
            gathered: Gathered::default(),
            words: Words::new(),
            texts: Texts::new(),
            numbered: Numbered::default(),
            scratch: Scratch {
                codec: snap::raw::Encoder::new(),
                body: Vec::new(),
            },
            before: 0,
        }
    }

    /// The chunks of the columns that are of a type and of values for which a dictionary is made here.
    ///
    /// # Errors
    /// One is too large for a chunk.
    pub fn encode(&mut self, described: &[ColumnDescPtr], parts: &[Part]) -> Result<Encoded> {
        // Those of one load are much alike.
        let mut sink = TrackedWrite::new(Vec::with_capacity(self.before + self.before / 8));
        let columns = described.iter().enumerate().map(|(column, described)| {
            let Some(statistics) = self.number(column, parts) else {
                return Ok(None);
            };
            self.chunk(&mut sink, described, statistics).map(Some)
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        self.before = sink.bytes_written();
        Ok(Encoded {
            bytes: sink.into_inner()?.into(),
            columns,
        })
    }

    fn number(&mut self, column: usize, parts: &[Part]) -> Option<Statistics> {
        let (gathered, words, out) = (&mut self.gathered, &mut self.words, &mut self.numbered);
        macro_rules! integers {
            ($kind:ty) => {
                integers::number::<$kind>(column, parts, gathered, words, out)
            };
        }
        match parts.first()?.column(column).data_type() {
            ArrowType::Int8 => integers!(Int8Type),
            ArrowType::Int16 => integers!(Int16Type),
            ArrowType::Int32 => integers!(Int32Type),
            ArrowType::Int64 => integers!(Int64Type),
            ArrowType::Date32 => integers!(Date32Type),
            ArrowType::Timestamp(TimeUnit::Microsecond, None) => {
                integers!(TimestampMicrosecondType)
            }
            ArrowType::Utf8 => self.texts.number(column, parts, gathered, words, out),
            _ => None,
        }
    }

    /// Writes what was numbered.
    fn chunk(
        &mut self,
        sink: &mut TrackedWrite<Vec<u8>>,
        described: &ColumnDescPtr,
        statistics: Statistics,
    ) -> Result<ColumnCloseResult> {
        let nullable = described.max_def_level() > 0;
        if !nullable && self.gathered.nulls() > 0 {
            let what = format!("NULL in {}, which takes none", described.path());
            return Err(ParquetError::General(what));
        }
        let mut pages = Pages {
            writer: SerializedPageWriter::new(sink),
            scratch: &mut self.scratch,
            compressed: 0,
            plain: 0,
        };
        let dictionary = pages.dictionary(&self.numbered)?;
        let mut index = OffsetIndexBuilder::new();
        let mut first = None;
        let (rows, width) = (self.gathered.rows, hybrid::width(self.numbered.entries));
        let mut numbers = self.numbered.numbers.as_slice();
        for start in (0..rows).step_by(PAGE_ROWS) {
            let end = rows.min(start + PAGE_ROWS);
            let present = self.gathered.present.get(start..end);
            let values = present.map_or(end - start, |rows| rows.iter().filter(|is| **is).count());
            let (page, behind) = numbers.split_at(values);
            numbers = behind;
            let levels = match present {
                _ if !nullable => Levels::Absent,
                Some(rows) if values < rows.len() => Levels::Listed(rows),
                _ => Levels::All,
            };
            let written = pages.data(end - start, levels, page, width)?;
            index.append_row_count((end - start) as i64);
            index.append_offset_and_size(written.offset as i64, written.compressed_size as i32);
            first.get_or_insert(written.offset);
        }
        let (compressed, plain) = (pages.compressed, pages.plain);
        let metadata = ColumnChunkMetaData::builder(described.clone())
            .set_encodings(vec![
                Encoding::PLAIN,
                Encoding::RLE,
                Encoding::RLE_DICTIONARY,
            ])
            .set_compression(Compression::SNAPPY)
            .set_num_values(rows as i64)
            .set_total_compressed_size(compressed as i64)
            .set_total_uncompressed_size(plain as i64)
            .set_dictionary_page_offset(Some(dictionary.offset as i64))
            .set_data_page_offset(first.unwrap_or_default() as i64)
            .set_statistics(statistics)
            .build()?;
        Ok(ColumnCloseResult {
            bytes_written: compressed as u64,
            rows_written: rows as u64,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: Some(index.build()),
        })
    }
}

/// Which rows of a page have a value.
enum Levels<'a> {
    /// All, as the column takes no NULL; the page says nothing of it.
    Absent,
    /// All, though the column takes NULL.
    All,
    /// Those that are listed.
    Listed(&'a [bool]),
}

/// The pages of one chunk.
struct Pages<'a> {
    writer: SerializedPageWriter<'a, Vec<u8>>,
    scratch: &'a mut Scratch,
    /// Bytes of all pages with their headers, as they are and before compression.
    compressed: usize,
    plain: usize,
}

impl Pages<'_> {
    fn dictionary(&mut self, numbered: &Numbered) -> Result<PageWriteSpec> {
        let page = Page::DictionaryPage {
            buf: compress(&mut self.scratch.codec, &numbered.dictionary)?,
            num_values: numbered.entries as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        self.write(page, numbered.dictionary.len())
    }

    /// A data page: which rows have a value, and the numbers of those that have one.
    fn data(
        &mut self,
        rows: usize,
        levels: Levels<'_>,
        numbers: &[u16],
        width: usize,
    ) -> Result<PageWriteSpec> {
        let Scratch { codec, body } = &mut *self.scratch;
        body.clear();
        if !matches!(levels, Levels::Absent) {
            body.extend([0; 4]);
            match levels {
                Levels::Listed(present) => hybrid::bits(present, body),
                _ => hybrid::repeated(rows, 1, 1, body),
            }
            let length = body.len() as u32 - 4;
            body[..4].copy_from_slice(&length.to_le_bytes());
        }
        body.push(width as u8);
        hybrid::numbers(numbers, width, body);
        let (buf, plain) = (compress(codec, body)?, body.len());
        let page = Page::DataPage {
            buf,
            num_values: rows as u32,
            encoding: Encoding::RLE_DICTIONARY,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        self.write(page, plain)
    }

    fn write(&mut self, page: Page, plain: usize) -> Result<PageWriteSpec> {
        let written = self.writer.write_page(CompressedPage::new(page, plain))?;
        self.compressed += written.compressed_size;
        self.plain += written.uncompressed_size;
        Ok(written)
    }
}

fn compress(codec: &mut snap::raw::Encoder, bytes: &[u8]) -> Result<Bytes> {
    let compressed = codec.compress_vec(bytes);
    Ok(compressed
        .map_err(|e| ParquetError::External(Box::new(e)))?
        .into())
}

#[cfg(test)]
mod tests;
