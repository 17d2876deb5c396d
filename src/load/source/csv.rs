//! CSV and its relatives: any one-byte separator, optional enclosing, `\N` and one more text for NULL.

use bytes::Bytes;

use crate::load::block::Assembler;
use crate::load::feed::Feed;
use crate::load::source::Source;
use crate::load::source::csv::enclosed::Enclosed;
use crate::load::source::csv::plain::Plain;

mod enclosed;
mod plain;
mod stripe;

/// How the fields of a file are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// Byte between fields.
    pub separator: u8,
    /// Byte that ends a row; `None` means a line end of any kind.
    pub delimiter: Option<u8>,
    /// Byte around fields that hold separators; `None` means that no byte is special.
    pub enclose: Option<u8>,
    /// Rows to skip at the start.
    pub skip_header: u64,
    /// A text that means NULL, beside `\N`.
    pub null_marker: Option<Vec<u8>>,
}

/// The reader of `feed`. Where a line end always ends a row, a file can be cut there and read on several threads.
pub fn open(feed: Feed<Bytes>, format: Format, assembler: Assembler) -> Box<dyn Source> {
    let lines = matches!(format.delimiter, None | Some(b'\n')) && format.separator != b'\n';
    match format.enclose {
        None if lines => Box::new(Plain::new(feed, format, assembler)),
        _ => Box::new(Enclosed::new(feed, format, assembler)),
    }
}

impl Format {
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
