//! Rows of plain text cut into fields, a thousand at a time: what one pass over the columns touches stays in the
//! processor's caches.

use crate::load::misfit::{Misfits, Reason};
use crate::load::source::csv::Null;
use crate::load::text::Fields;

/// Most rows of a stripe.
const ROWS: usize = 1024;

/// Bytes of a row that does not fit which its report can show.
const SHOWN_BYTES: usize = 1024;

/// Where a field stands in its text.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: u32,
    end: u32,
}

/// Finds fields and rows. What it found last is kept column by column.
pub struct Splitter {
    width: usize,
    separator: u8,
    /// A carriage return ends a row too.
    returns: bool,
    spans: Vec<Span>,
    rows: usize,
    /// Line of each row.
    lines: Vec<u64>,
    /// Line ends that were read.
    line: u64,
    /// Rows that were left out, because they have another number of fields.
    outside: u64,
}

/// A stripe of rows: the text, and what the splitter found in it.
pub struct Stripe<'a> {
    text: &'a [u8],
    found: &'a Splitter,
    null: &'a Null,
    is_utf8: bool,
}

/// The row that is being read.
#[derive(Default)]
struct Row {
    start: usize,
    /// Where the field begins that is being read, and which one it is.
    field_start: usize,
    field: usize,
}

impl Splitter {
    /// For rows of so many fields.
    pub fn new(width: usize, separator: u8, returns: bool) -> Splitter {
        Splitter {
            width,
            separator,
            returns,
            spans: vec![Span::default(); width * ROWS],
            rows: 0,
            lines: Vec::with_capacity(ROWS),
            line: 0,
            outside: 0,
        }
    }

    /// Lines of the rows that were found last, from 0 at the beginning of the first text.
    pub fn lines(&self) -> &[u64] {
        &self.lines
    }

    /// Line ends of all texts so far.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Rows that were left out of all texts so far.
    pub fn outside(&self) -> u64 {
        self.outside
    }

    /// Reads rows from the start of `text`, which ends with a row's end, until it has enough. Says how many bytes they take.
    pub fn split(&mut self, text: &[u8], misfits: &mut Misfits) -> usize {
        self.rows = 0;
        self.lines.clear();
        let mut row = Row::default();
        for (word, piece) in text.chunks(8).enumerate() {
            let mut found = self.ends(piece);
            while found != 0 {
                let at = word * 8 + (found.trailing_zeros() / 8) as usize;
                found &= found - 1;
                let byte = text[at];
                if byte == self.separator {
                    self.field(&mut row, at);
                } else if byte == b'\n' || (byte == b'\r' && self.returns) {
                    self.row(&mut row, text, at, misfits);
                    self.line += u64::from(byte == b'\n');
                    if self.rows == ROWS {
                        return at + 1;
                    }
                }
            }
        }
        text.len()
    }

    /// The highest bit of each byte that ends a field, or may end a row; the first byte is lowest.
    fn ends(&self, piece: &[u8]) -> u64 {
        let (word, valid) = match piece.try_into() {
            Ok(word) => (u64::from_le_bytes(word), u64::MAX),
            Err(_) => {
                let mut padded = [0; 8];
                padded[..piece.len()].copy_from_slice(piece);
                let valid = (1 << (8 * piece.len())) - 1;
                (u64::from_le_bytes(padded), valid)
            }
        };
        (equal(word, self.separator) | below(word, b'\r' + 1)) & valid
    }

    fn field(&mut self, row: &mut Row, end: usize) {
        if row.field < self.width {
            self.spans[row.field * ROWS + self.rows] = Span {
                start: row.field_start as u32,
                end: end as u32,
            };
        }
        row.field += 1;
        row.field_start = end + 1;
    }

    /// Ends a row. An empty one is none.
    fn row(&mut self, row: &mut Row, text: &[u8], end: usize, misfits: &mut Misfits) {
        if end > row.start {
            self.field(row, end);
            if row.field == self.width {
                self.lines.push(self.line);
                self.rows += 1;
            } else {
                self.outside += 1;
                let reason = Reason::FieldCount {
                    found: row.field,
                    expected: self.width,
                };
                misfits.add(self.line, None, reason, || {
                    let shown = end.min(row.start + SHOWN_BYTES);
                    String::from_utf8_lossy(&text[row.start..shown]).into_owned()
                });
            }
        }
        *row = Row {
            start: end + 1,
            field_start: end + 1,
            field: 0,
        };
    }
}

/// All bits of a word but the highest of each byte.
const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;

/// The highest bit of each byte of the word that is below `byte`, which is at most 128.
fn below(word: u64, byte: u8) -> u64 {
    // As in `equal`, no sum is carried into the next byte.
    let sums = (word & LOW) + u64::from_le_bytes([128 - byte; 8]);
    !(sums | word | LOW)
}

/// The highest bit of each byte of the word that is `byte`.
fn equal(word: u64, byte: u8) -> u64 {
    let other = word ^ u64::from_le_bytes([byte; 8]);
    // Adding to seven bits carries into the eighth unless all seven are 0, and never into the next byte.
    !(((other & LOW) + LOW) | other | LOW)
}

impl<'a> Stripe<'a> {
    /// The rows that `found` found last, at the start of `text`.
    pub fn new(text: &'a [u8], found: &'a Splitter, null: &'a Null) -> Stripe<'a> {
        // A separator within ASCII never cuts a character.
        let is_utf8 = found.separator.is_ascii() && std::str::from_utf8(text).is_ok();
        Stripe {
            text,
            found,
            null,
            is_utf8,
        }
    }

    fn span(&self, row: usize, field: usize) -> Option<Span> {
        self.found.spans.get(field * ROWS + row).copied()
    }
}

impl Fields for Stripe<'_> {
    fn rows(&self) -> usize {
        self.found.rows
    }

    fn get(&self, row: usize, field: usize) -> Option<&[u8]> {
        let Span { start, end } = self.span(row, field)?;
        let text = self.text.get(start as usize..end as usize)?;
        (!self.null.is(text)).then_some(text)
    }

    fn word(&self, row: usize, field: usize) -> Option<(u64, u32)> {
        if self.null.number {
            return None;
        }
        let Span { start, end } = self.span(row, field)?;
        let bytes = self
            .text
            .get((end as usize).checked_sub(8)?..end as usize)?;
        Some((u64::from_le_bytes(bytes.try_into().ok()?), end - start))
    }

    fn is_utf8(&self) -> bool {
        self.is_utf8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_found_in_each_place_and_no_other() {
        for byte in 0..=u8::MAX {
            for wanted in [b',', b'\n', 0, 1, 0x7f, 0x80, 0xff] {
                for place in 0..8 {
                    let mut word = [wanted ^ 0x55; 8];
                    word[place] = byte;
                    let expected = if byte == wanted {
                        0x80 << (8 * place)
                    } else {
                        0
                    };
                    assert_eq!(equal(u64::from_le_bytes(word), wanted), expected);
                    let mut word = [0xff; 8];
                    word[place] = byte;
                    let limit = wanted.min(127) + 1;
                    let expected = u64::from(byte < limit) << (8 * place + 7);
                    assert_eq!(below(u64::from_le_bytes(word), limit), expected);
                }
            }
        }
    }

    #[test]
    fn a_stripe_ends_when_it_is_full_and_the_next_goes_on_where_it_ended() {
        let text = b"7,8\n".repeat(ROWS + 1);
        let mut splitter = Splitter::new(2, b',', false);
        let mut misfits = Misfits::default();
        let used = splitter.split(&text, &mut misfits);
        assert_eq!((used, splitter.rows), (4 * ROWS, ROWS));
        let rest = &text[used..];
        assert_eq!(splitter.split(rest, &mut misfits), 4);
        assert_eq!((splitter.rows, splitter.lines()), (1, &[1024][..]));
        let null = Null {
            marker: None,
            number: false,
        };
        let stripe = Stripe::new(rest, &splitter, &null);
        assert_eq!(stripe.get(0, 1), Some(&b"8"[..]));
    }
}
