//! The index at the end of a Parquet file, looked through before the library reads it: the library reserves memory by what a file
//! says of itself, and follows its schema by recursion, so that 51 bytes can end the process.
//!
//! Owns the limits of what a footer may say. Does not read rows, nor judge whether a file is a good one: what passes here costs
//! its reader a bounded amount of memory and stack, that is all.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use self::thrift::{Walk, Wrong, kind};

pub mod thrift;

/// Most bytes of a footer.
const FOOTER_BYTES_MAX: u64 = 64 << 20;
/// Most columns.
const COLUMNS_MAX: usize = 4096;
/// Most elements of a schema: its columns and the groups around them.
const ELEMENTS_MAX: usize = 2 * COLUMNS_MAX;
/// Most groups around a column. The library recurses once for each.
const DEPTH_MAX: usize = 100;
/// Most column chunks: row groups times columns.
const CHUNKS_MAX: usize = 1 << 18;
/// Bytes behind the footer: its length, and `PAR1`.
const TAIL: u64 = 8;

/// Why a file is not given to the library.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be read.
    #[error("reading the end of the file: {0}")]
    Io(#[from] io::Error),
    /// Its footer says what can't be, or more than is taken.
    #[error("the footer of the file can't be believed: {0}")]
    Footer(String),
}

impl From<Wrong> for Error {
    fn from(wrong: Wrong) -> Error {
        Error::Footer(match wrong {
            Wrong::Short => "a size in it is larger than what is left of it".to_owned(),
            Wrong::Nonsense(what) => what.to_owned(),
        })
    }
}

/// Looks through the footer of a file.
///
/// # Errors
/// [`Error::Footer`] says which limit is passed.
pub fn check(file: &File) -> Result<(), Error> {
    let length = file.metadata()?.len();
    let wrong = |why: &str| Err(Error::Footer(why.to_owned()));
    if length < TAIL {
        return wrong("the file is shorter than the smallest Parquet file");
    }
    let mut tail = [0; TAIL as usize];
    file.read_exact_at(&mut tail, length - TAIL)?;
    let [a, b, c, d, magic @ ..] = tail;
    if magic != *b"PAR1" {
        return wrong("the file does not end with PAR1");
    }
    let bytes = u64::from(u32::from_le_bytes([a, b, c, d]));
    if bytes > length - TAIL {
        return wrong("it is said to be longer than the file");
    }
    if bytes > FOOTER_BYTES_MAX {
        return wrong("it is longer than 64 MB");
    }
    let mut footer = vec![0; usize::try_from(bytes).unwrap_or(0)];
    file.read_exact_at(&mut footer, length - TAIL - bytes)?;
    look_through(&footer, length)
}

/// The same, of the bytes of a footer and the length of its file.
fn look_through(footer: &[u8], length: u64) -> Result<(), Error> {
    let mut columns = None;
    let mut chunks = 0;
    let mut rows = 0_i64;
    Walk::new(footer).fields(|walk, number, of| match number {
        2 => {
            columns = Some(schema(walk, of)?);
            Ok(true)
        }
        4 => {
            for _ in 0..structs(walk, of)? {
                let group = row_group(walk, length)?;
                if columns.is_some_and(|columns| columns != group.chunks) {
                    return Err(Wrong::Nonsense(
                        "a row group lacks columns, or has too many",
                    ));
                }
                chunks += group.chunks;
                rows = rows
                    .checked_add(group.rows)
                    .ok_or(Wrong::Nonsense("more rows than can be counted"))?;
                if chunks > CHUNKS_MAX {
                    return Err(Wrong::Nonsense("more than 262144 column chunks"));
                }
            }
            Ok(true)
        }
        _ => Ok(false),
    })?;
    match columns {
        None => Err(Error::Footer("it has no schema".to_owned())),
        Some(_) => Ok(()),
    }
}

/// A field of another kind would be walked here otherwise than by the library.
fn must_be(wanted: u8, of: u8) -> Result<(), Wrong> {
    match of == wanted {
        true => Ok(()),
        false => Err(Wrong::Nonsense("a field of another kind than it must be")),
    }
}

/// The size of a list that should be one of structures. An empty one may be of any kind.
fn structs(walk: &mut Walk<'_>, of: u8) -> Result<usize, Wrong> {
    must_be(kind::LIST, of)?;
    match walk.list()? {
        (size, kind::STRUCT) => Ok(size),
        (0, _) => Ok(0),
        _ => Err(Wrong::Nonsense("a list of something other than structures")),
    }
}

/// Walks a schema; the answer is how many columns it has.
fn schema(walk: &mut Walk<'_>, of: u8) -> Result<usize, Wrong> {
    let elements = structs(walk, of)?;
    if elements > ELEMENTS_MAX {
        return Err(Wrong::Nonsense("more than 8192 elements in the schema"));
    }
    // For each group that is open, how many of its members are still to come.
    let mut open: Vec<i64> = Vec::new();
    let mut columns = 0;
    for element in 0..elements {
        let children = element_children(walk)?;
        match open.last_mut() {
            Some(left) => *left -= 1,
            None if element == 0 => {}
            None => return Err(Wrong::Nonsense("a column outside of the schema's root")),
        }
        match children {
            Some(n) if n < 0 || n > elements as i64 => {
                return Err(Wrong::Nonsense("a group with more members than there are"));
            }
            Some(n) if n > 0 => open.push(n),
            _ => columns += 1,
        }
        if open.len() > DEPTH_MAX {
            return Err(Wrong::Nonsense("columns nested more than 100 deep"));
        }
        while open.last() == Some(&0) {
            open.pop();
        }
    }
    if !open.is_empty() {
        return Err(Wrong::Nonsense("a group that lacks members"));
    }
    if columns > COLUMNS_MAX {
        return Err(Wrong::Nonsense("more than 4096 columns"));
    }
    Ok(columns)
}

fn element_children(walk: &mut Walk<'_>) -> Result<Option<i64>, Wrong> {
    let mut children = None;
    walk.fields(|walk, number, of| match number {
        // The width of fixed-length values.
        2 => match must_be(kind::I32, of).and_then(|()| walk.number())? {
            0..=0x0010_0000 => Ok(true),
            _ => Err(Wrong::Nonsense(
                "values of a fixed length of more than 1 MB",
            )),
        },
        5 => {
            must_be(kind::I32, of)?;
            children = Some(walk.number()?);
            Ok(true)
        }
        _ => Ok(false),
    })?;
    Ok(children)
}

struct Group {
    chunks: usize,
    rows: i64,
}

fn row_group(walk: &mut Walk<'_>, length: u64) -> Result<Group, Wrong> {
    let mut group = Group { chunks: 0, rows: 0 };
    walk.fields(|walk, number, of| match number {
        1 => {
            group.chunks = structs(walk, of)?;
            (0..group.chunks).try_for_each(|_| chunk(walk, length))?;
            Ok(true)
        }
        3 => {
            must_be(kind::I64, of)?;
            group.rows = count(walk.number()?)?;
            Ok(true)
        }
        _ => Ok(false),
    })?;
    Ok(group)
}

/// A column chunk: where it says that it lies must be in the file.
fn chunk(walk: &mut Walk<'_>, length: u64) -> Result<(), Wrong> {
    walk.fields(|walk, number, of| {
        if number != 3 {
            return Ok(false);
        }
        must_be(kind::STRUCT, of)?;
        let (mut bytes, mut data, mut dictionary) = (0, 0, None);
        walk.fields(|walk, number, of| {
            if !matches!(number, 5..=7 | 9..=11) {
                return Ok(false);
            }
            must_be(kind::I64, of)?;
            let told = count(walk.number()?)?;
            match number {
                7 => bytes = told,
                9 => data = told,
                11 => dictionary = Some(told),
                _ => {}
            }
            Ok(true)
        })?;
        let end = dictionary.unwrap_or(data).checked_add(bytes);
        match end.and_then(|end| u64::try_from(end).ok()) {
            Some(end) if end <= length => Ok(true),
            _ => Err(Wrong::Nonsense("a column chunk outside of the file")),
        }
    })
}

fn count(number: i64) -> Result<i64, Wrong> {
    match number {
        0.. => Ok(number),
        _ => Err(Wrong::Nonsense("a negative count or place")),
    }
}

#[cfg(test)]
mod tests;
