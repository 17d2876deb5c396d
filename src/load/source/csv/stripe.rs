//! Rows of plain text cut into fields, a thousand at a time: what one pass over the columns touches stays in the
//! processor's caches.

use wide::u8x16;

use crate::load::misfit::{Misfits, Reason};
use crate::load::source::csv::Null;
use crate::load::text::Fields;
use crate::load::text::places::Places;

/// Most rows of a stripe. Were it a power of two, the fields of a row would stand in each other's way in the processor's
/// caches.
const ROWS: usize = 1000;

/// Bytes that are searched at once.
const STEP: usize = 64;

/// Bytes of a row that does not fit which its report can show.
const SHOWN_BYTES: usize = 1024;

/// Finds fields and rows. What it found last is kept column by column.
pub struct Splitter {
    width: usize,
    separator: u8,
    /// A carriage return ends a row too.
    returns: bool,
    /// For each field of a row, and one more before the first: where the field of each row ends.
    ends: Vec<u32>,
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
    /// The field that is being read.
    field: usize,
}

impl Splitter {
    /// For rows of so many fields.
    pub fn new(width: usize, separator: u8, returns: bool) -> Splitter {
        Splitter {
            width,
            separator,
            returns,
            ends: vec![0; (width + 1) * ROWS],
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
        self.begin(&row);
        for (step, piece) in text.chunks(STEP).enumerate() {
            let mut found = self.found(piece);
            while found != 0 {
                let at = step * STEP + found.trailing_zeros() as usize;
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
                    self.begin(&row);
                }
            }
        }
        text.len()
    }

    /// A bit for each byte that ends a field, or may end a row; the first byte is lowest.
    fn found(&self, piece: &[u8]) -> u64 {
        let mut padded = [0; STEP];
        let (bytes, valid) = match piece.first_chunk() {
            Some(bytes) => (bytes, u64::MAX),
            None => {
                padded[..piece.len()].copy_from_slice(piece);
                (&padded, (1 << piece.len()) - 1)
            }
        };
        let (separator, last) = (u8x16::splat(self.separator), u8x16::splat(b'\r'));
        let (sixteens, _) = bytes.as_chunks();
        let bits = sixteens.iter().rev().fold(0, |bits, sixteen| {
            let bytes = u8x16::new(*sixteen);
            let found = bytes.cmp_eq(separator) | bytes.min(last).cmp_eq(bytes);
            (bits << 16) | u64::from(found.move_mask() as u16)
        });
        bits & valid
    }

    /// A row begins.
    fn begin(&mut self, row: &Row) {
        self.ends[self.rows] = (row.start as u32).wrapping_sub(1);
    }

    fn field(&mut self, row: &mut Row, end: usize) {
        row.field += 1;
        if row.field <= self.width {
            self.ends[row.field * ROWS + self.rows] = end as u32;
        }
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
            field: 0,
        };
    }
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

    /// The end of a field of each row; the field before the first is 0.
    fn ends(&self, field: usize) -> Option<&[u32]> {
        let ends = self.found.ends.get(field * ROWS..)?;
        ends.get(..self.found.rows)
    }
}

impl Fields for Stripe<'_> {
    fn rows(&self) -> usize {
        self.found.rows
    }

    fn get(&self, row: usize, field: usize) -> Option<&[u8]> {
        let start = self.ends(field)?.get(row)?.wrapping_add(1) as usize;
        let end = *self.ends(field + 1)?.get(row)? as usize;
        let text = self.text.get(start..end)?;
        (!self.null.is(text)).then_some(text)
    }

    fn places(&self, field: usize) -> Option<Places<'_>> {
        let marker = self.null.marker.as_deref().map(<[u8]>::first);
        Some(Places {
            text: self.text,
            before: self.ends(field)?,
            ends: self.ends(field + 1)?,
            null_firsts: [b'\\', *marker.flatten().unwrap_or(&b'\\')],
            empty_may_be_null: marker == Some(None),
            number_may_be_null: self.null.number,
        })
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
        for separator in [b',', b'\t', 0, 0x7f, 0x80, 0xff] {
            let splitter = Splitter::new(1, separator, false);
            for byte in 0..=u8::MAX {
                let ends = byte == separator || byte <= b'\r';
                let other = b'x' ^ (separator & 1);
                for (length, place) in [(64, 0), (64, 17), (64, 63), (1, 0), (40, 39)] {
                    let mut piece = vec![other; length];
                    piece[place] = byte;
                    let expected = u64::from(ends) << place;
                    assert_eq!(splitter.found(&piece), expected, "{byte} at {place}");
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
        assert_eq!((splitter.rows, splitter.lines()), (1, &[ROWS as u64][..]));
        let null = Null {
            marker: None,
            number: false,
        };
        let stripe = Stripe::new(rest, &splitter, &null);
        assert_eq!(stripe.get(0, 1), Some(&b"8"[..]));
    }
}
