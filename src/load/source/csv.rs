//! CSV and its relatives: separators of any bytes, optional enclosing and escaping, `\N` and one more text for NULL.

use crate::load::block::Assembler;
use crate::load::body::Body;
use crate::load::source::Source;
use crate::load::source::csv::enclosed::Enclosed;
use crate::load::source::csv::plain::Plain;

mod enclosed;
mod plain;
mod records;
mod signs;
mod stripe;

/// How the fields of a file are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// Bytes between fields.
    pub separator: Vec<u8>,
    /// Bytes that end a row; `None` means a line end of any kind.
    pub delimiter: Option<Vec<u8>>,
    /// Byte around fields that hold separators; `None` means that no byte is special.
    pub enclose: Option<u8>,
    /// Byte before one that is taken as it is.
    pub escape: Option<u8>,
    /// Blanks around fields are dropped, but not those that are enclosed.
    pub trim_space: bool,
    /// Double quotes around a field are dropped.
    pub trim_double_quotes: bool,
    /// Rows to skip at the start.
    pub skip_header: u64,
    /// A text that means NULL, beside `\N`.
    pub null_marker: Option<Vec<u8>>,
}

/// The reader of `body`. Where a line end always ends a row and a byte alone says what it is, a file can be cut at line ends and
/// read on several threads.
pub fn open(body: Body, format: Format, assembler: Assembler) -> Box<dyn Source> {
    match format.plain() {
        Some(separator) => Box::new(Plain::new(body, separator, format, assembler)),
        None => Box::new(Enclosed::new(body, format, assembler)),
    }
}

impl Format {
    /// The separator, where no byte means anything else than where it stands alone.
    fn plain(&self) -> Option<u8> {
        let lines = matches!(self.delimiter.as_deref(), None | Some(b"\n"));
        let signs = self.enclose.is_some() || self.escape.is_some();
        let trims = self.trim_space || self.trim_double_quotes;
        match self.separator.as_slice() {
            [separator] if lines && !signs && !trims => Some(*separator),
            _ => None,
        }
    }

    fn null(&self) -> Null {
        let sign_or_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-');
        let marker = self.null_marker.clone();
        Null {
            number: marker.iter().any(|text| text.iter().all(sign_or_digit)),
            marker,
        }
    }
}

/// Which texts mean NULL.
#[derive(Debug, Clone)]
struct Null {
    marker: Option<Vec<u8>>,
    /// The marker may read as a number.
    number: bool,
}

impl Null {
    /// Whether a field's text means NULL. First bytes differ nearly always, and cost less to compare than whole texts.
    fn is(&self, text: &[u8]) -> bool {
        match (text.first(), self.marker.as_deref()) {
            (Some(b'\\'), _) if text == b"\\N" => true,
            (first, Some(marker)) => first == marker.first() && text == marker,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
