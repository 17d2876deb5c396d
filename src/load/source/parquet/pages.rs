//! The pages of a Parquet file, looked through before the library reads them: how large they become, and how many rows can be
//! read at once whatever they hold.
//!
//! A value of a dictionary may stand in every row, and a value may repeat what stands before it; a page may also become larger than
//! it says, since the library unpacks some codecs to their end. So 130 kB could become gigabytes.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use parquet::basic::{Compression, Type};
use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::serialized_reader::SerializedPageReader;

use super::delta;
use crate::load::error::Error;
use crate::load::footer::thrift::{Walk, Wrong, kind};

/// Most bytes of a page, unpacked. Writers make pages of 1 MB, a few of up to 100.
const PAGE_BYTES_MAX: i64 = 256 << 20;
/// Most bytes of a page of each column together: the library holds as many.
const PAGES_BYTES_MAX: u64 = 512 << 20;
/// Bytes of a header that are read first; a header with long statistics is read again with more.
const HEADER_BYTES: usize = 4 << 10;
/// Most bytes of a header.
const HEADER_BYTES_MAX: usize = 1 << 20;

/// Bytes that a row may take in the columns `leaves`, those of their widest chunks added up. What a page holds beside that is
/// bounded by the page.
///
/// # Errors
/// A page can't be believed, or is larger than what is taken.
pub fn widest_row(
    file: &Arc<File>,
    metadata: &ParquetMetaData,
    leaves: &[usize],
) -> Result<u64, Error> {
    let (mut row, mut pages) = (0_u64, 0_u64);
    for leaf in leaves {
        let mut column = Size { value: 8, page: 0 };
        for group in metadata.row_groups() {
            let chunk = group.columns().get(*leaf);
            let chunk = chunk.ok_or_else(|| wrong("a row group lacks a column"))?;
            let size = Chunk { file, of: chunk }.size()?;
            column.value = column.value.max(size.value);
            column.page = column.page.max(size.page);
        }
        row = row.saturating_add(column.value);
        pages = pages.saturating_add(column.page);
    }
    match pages > PAGES_BYTES_MAX {
        true => Err(wrong(&format!(
            "one page of each column unpacks to {pages} bytes together, more than the {PAGES_BYTES_MAX} that are taken; \
             write smaller pages, or load fewer columns at once"
        ))),
        false => Ok(row),
    }
}

/// Of a column.
struct Size {
    /// Bytes that one value takes at most, or on the average of the page where it is so most.
    value: u64,
    /// Bytes of its largest page, unpacked.
    page: u64,
}

struct Chunk<'a> {
    file: &'a Arc<File>,
    of: &'a ColumnChunkMetaData,
}

/// What the header of a page says.
#[derive(Debug, Default, Clone, Copy)]
struct Header {
    of: i64,
    unpacked: i64,
    packed: i64,
    values: i64,
    encoding: i64,
    /// Bytes of levels, which are never packed, before the values (pages of version 2).
    levels: i64,
    plain: bool,
    /// The field that describes its values, by number.
    described: i64,
    bytes: u64,
}

/// Kind of a page: the dictionary of the others.
const DICTIONARY: i64 = 2;
/// Encoding DELTA_LENGTH_BYTE_ARRAY.
const DELTA_LENGTHS: i64 = 6;
/// Encoding DELTA_BYTE_ARRAY.
const DELTA_TEXTS: i64 = 7;

impl Chunk<'_> {
    fn size(&self) -> Result<Size, Error> {
        let (start, length) = self.of.byte_range();
        let mut at = start;
        let end = start.saturating_add(length);
        let mut size = Size { value: 8, page: 0 };
        let (mut dictionary, mut delta) = (false, false);
        while at < end {
            let header = self.header(at, end)?;
            let data = at + header.bytes;
            if header.of == DICTIONARY && at != start {
                return Err(wrong("a dictionary behind other pages"));
            }
            at = data.saturating_add(unsigned(header.packed));
            if at > end {
                return Err(wrong("a page is longer than its column"));
            }
            self.unpacks_to_what_it_says(&header, data)?;
            size.page = size.page.max(unsigned(header.unpacked));
            if header.of == DICTIONARY {
                dictionary = true;
                continue;
            }
            delta |= header.encoding == DELTA_LENGTHS || header.encoding == DELTA_TEXTS;
            // What is written value by value takes as many bytes in memory, and its page says how many values share them.
            let each = header.unpacked / header.values.max(1);
            size.value = size.value.max(unsigned(each) + 1);
        }
        let of = self.of.column_type();
        if of == Type::FIXED_LEN_BYTE_ARRAY {
            let width = i64::from(self.of.column_descr().type_length());
            size.value = size.value.max(unsigned(width));
        }
        if delta || (dictionary && of == Type::BYTE_ARRAY) {
            size.value = size.value.max(self.longest(delta)?);
        }
        Ok(size)
    }

    fn header(&self, at: u64, end: u64) -> Result<Header, Error> {
        let mut bytes = HEADER_BYTES;
        loop {
            let left = usize::try_from(end - at).unwrap_or(usize::MAX);
            let mut text = vec![0; bytes.min(left)];
            self.file.read_exact_at(&mut text, at).map_err(unreadable)?;
            match header(&text) {
                Ok(header) => return plausible(header),
                Err(Wrong::Short) if bytes < left && bytes < HEADER_BYTES_MAX => bytes *= 16,
                Err(Wrong::Short) => return Err(wrong("a page has no end of its header")),
                Err(Wrong::Nonsense(what)) => return Err(wrong(what)),
            }
        }
    }

    /// The library unpacks these codecs until their end, wherever that is.
    fn unpacks_to_what_it_says(&self, header: &Header, at: u64) -> Result<(), Error> {
        let codec = self.of.compression();
        let endless = matches!(
            codec,
            Compression::GZIP(_) | Compression::BROTLI(_) | Compression::LZ4
        );
        if header.plain || !endless {
            return Ok(());
        }
        let skipped = unsigned(header.levels);
        let Some(packed) = unsigned(header.packed).checked_sub(skipped) else {
            return Err(wrong("a page is shorter than its levels"));
        };
        let limit = unsigned(header.unpacked - header.levels);
        let input = Part {
            file: self.file,
            at: at + skipped,
            left: packed,
        };
        let input = io::BufReader::new(input);
        // What does not unpack at all, the library refuses in its own words.
        let unpacked = match codec {
            Compression::GZIP(_) => counted(flate2::read::MultiGzDecoder::new(input), limit),
            Compression::BROTLI(_) => counted(brotli::Decompressor::new(input, 4096), limit),
            _ => counted(lz4_flex::frame::FrameDecoder::new(input), limit),
        };
        match unpacked > limit {
            true => Err(wrong("a page unpacks to more than it says")),
            false => Ok(()),
        }
    }

    /// The longest value of the dictionary, and with `delta` of the pages that say values by what they differ in.
    fn longest(&self, delta: bool) -> Result<u64, Error> {
        let rows = usize::try_from(self.of.num_values()).unwrap_or(0);
        let mut pages = SerializedPageReader::new(self.file.clone(), self.of, rows, None)
            .map_err(super::unreadable)?;
        let mut longest = 0;
        let nullable = self.of.column_descr().max_def_level() > 0;
        while let Some(page) = pages.get_next_page().map_err(super::unreadable)? {
            let (buf, levels, encoding) = match &page {
                Page::DictionaryPage { buf, .. } => {
                    longest = longest.max(longest_plain(buf));
                    if delta {
                        continue;
                    }
                    break;
                }
                Page::DataPage { buf, encoding, .. } => {
                    let levels = if nullable { levels_before(buf) } else { 0 };
                    (buf, levels, *encoding)
                }
                Page::DataPageV2 {
                    buf,
                    encoding,
                    def_levels_byte_len,
                    rep_levels_byte_len,
                    ..
                } => {
                    let levels = u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len);
                    let levels = usize::try_from(levels).unwrap_or(usize::MAX);
                    (buf, levels, *encoding)
                }
            };
            let values = buf.get(levels..).unwrap_or_default();
            longest = longest.max(delta::longest(encoding, values)?);
        }
        Ok(longest)
    }
}

fn header(text: &[u8]) -> Result<Header, Wrong> {
    let mut header = Header::default();
    let mut walk = Walk::new(text);
    walk.fields(|walk, number, of| {
        let to = match (number, of) {
            (1, kind::I32) => &mut header.of,
            (2, kind::I32) => &mut header.unpacked,
            (3, kind::I32) => &mut header.packed,
            (5 | 7 | 8, kind::STRUCT) => {
                if header.described != 0 {
                    return Err(Wrong::Nonsense("a page that is described twice"));
                }
                header.described = i64::from(number);
                data(walk, number == 8, &mut header)?;
                return Ok(true);
            }
            (1..=3 | 5 | 7 | 8, _) => {
                return Err(Wrong::Nonsense("a page's field of another kind"));
            }
            _ => return Ok(false),
        };
        *to = walk.number()?;
        Ok(true)
    })?;
    header.bytes = walk.walked() as u64;
    Ok(header)
}

/// What the header says of the values: in its first two fields, or for version 2 in more.
fn data(walk: &mut Walk<'_>, second: bool, header: &mut Header) -> Result<(), Wrong> {
    walk.fields(|walk, number, of| {
        match (number, of, second) {
            (1, kind::I32, _) => header.values = walk.number()?,
            (2, kind::I32, false) | (4, kind::I32, true) => header.encoding = walk.number()?,
            (5 | 6, kind::I32, true) => {
                let bytes = walk.number()?;
                if bytes < 0 {
                    return Err(Wrong::Nonsense("levels of a negative length"));
                }
                header.levels = header.levels.saturating_add(bytes);
            }
            // Whether it is packed: the value of a boolean is its kind.
            (7, 2, true) => header.plain = true,
            (1, _, _) | (2, _, false) | (4..=6, _, true) => {
                return Err(Wrong::Nonsense("a page's field of another kind"));
            }
            _ => return Ok(false),
        }
        Ok(number != 7)
    })
}

fn plausible(header: Header) -> Result<Header, Error> {
    let Header {
        unpacked,
        packed,
        values,
        levels,
        ..
    } = header;
    if unpacked < 0 || packed < 0 || values < 0 || levels > unpacked {
        return Err(wrong("a page has a negative size"));
    }
    if unpacked > PAGE_BYTES_MAX {
        return Err(wrong(&format!(
            "a page unpacks to {unpacked} bytes, more than the {PAGE_BYTES_MAX} that are taken; write smaller pages"
        )));
    }
    // The library goes by the one or the other.
    if !matches!(
        (header.of, header.described),
        (0, 5) | (1, 0) | (DICTIONARY, 7) | (3, 8)
    ) {
        return Err(wrong("a page is not of the kind that it is described as"));
    }
    // No value of a dictionary is smaller than a bit.
    if header.of == DICTIONARY && values > unpacked.saturating_mul(8) {
        return Err(wrong("a dictionary has more values than it has room for"));
    }
    Ok(header)
}

/// Bytes of the levels of a page of version 1, with their length.
fn levels_before(page: &[u8]) -> usize {
    match page.first_chunk::<4>() {
        Some(length) => 4_usize.saturating_add(u32::from_le_bytes(*length) as usize),
        None => page.len(),
    }
}

/// The longest of values that stand one after another, each behind its length.
fn longest_plain(mut values: &[u8]) -> u64 {
    let mut longest = 0;
    while let Some((length, rest)) = values.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length);
        longest = longest.max(u64::from(length));
        values = rest.get(length as usize..).unwrap_or_default();
    }
    longest
}

/// Bytes that `unpacked` gives, counted up to a little above `limit`.
fn counted(unpacked: impl Read, limit: u64) -> u64 {
    let mut piece = [0; 8192];
    let mut sum = 0;
    let mut unpacked = unpacked;
    while sum <= limit {
        match unpacked.read(&mut piece) {
            Ok(0) => break,
            Ok(bytes) => sum += bytes as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    sum
}

/// A part of a file.
struct Part<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self
            .file
            .read_at(into.get_mut(..most).unwrap_or_default(), self.at)?;
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

/// Sizes have been found not to be negative.
fn unsigned(size: i64) -> u64 {
    u64::try_from(size).unwrap_or(0)
}

fn wrong(what: &str) -> Error {
    Error::Input(format!("the Parquet file can't be believed: {what}"))
}

fn unreadable(error: io::Error) -> Error {
    Error::Input(format!("the Parquet file can't be read: {error}"))
}
