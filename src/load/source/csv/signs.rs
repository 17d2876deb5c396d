//! What bytes of a text mean between fields: separators, ends of rows, enclosing and escaping.

use crate::load::source::csv::Format;

/// The signs of a format.
pub struct Signs {
    separator: Vec<u8>,
    /// `None` means a line end of any kind.
    delimiter: Option<Vec<u8>>,
    pub(super) enclose: Option<u8>,
    pub(super) escape: Option<u8>,
    pub(super) trim: bool,
    /// For each byte, whether it may begin a separator or an end, or escapes.
    special: [bool; 256],
}

/// What ended a field, and where the next begins.
pub enum End {
    Field(usize),
    Row(usize),
}

/// Why there is no field.
pub enum Lack {
    /// More of the text is needed.
    More,
    /// The text has ended within an enclosed field.
    Close,
}

enum Sign {
    None,
    Separator(usize),
    Delimiter(usize),
}

impl Signs {
    pub fn new(format: &Format) -> Signs {
        let mut special = [false; 256];
        let mut mark = |byte: Option<&u8>| {
            if let Some(byte) = byte {
                special[usize::from(*byte)] = true;
            }
        };
        mark(format.separator.first());
        mark(format.escape.as_ref());
        match &format.delimiter {
            Some(bytes) => mark(bytes.first()),
            None => {
                mark(Some(&b'\n'));
                mark(Some(&b'\r'));
            }
        }
        Signs {
            separator: format.separator.clone(),
            delimiter: format.delimiter.clone(),
            enclose: format.enclose,
            escape: format.escape,
            trim: format.trim_space,
            special,
        }
    }

    /// Bytes of the row ends at the start of `text`: empty rows are none.
    pub fn empty_rows(&self, text: &[u8]) -> usize {
        match &self.delimiter {
            None => {
                let ends = text.iter().take_while(|b| matches!(b, b'\n' | b'\r'));
                ends.count()
            }
            Some(end) => {
                let ends = text.chunks(end.len()).take_while(|chunk| *chunk == end);
                ends.count() * end.len()
            }
        }
    }

    /// Which sign stands at the start of `text`; the longer one of two.
    fn at(&self, text: &[u8], ended: bool) -> Result<Sign, Lack> {
        let begins = |sign: &[u8]| {
            if text.starts_with(sign) {
                Ok(sign.len())
            } else if !ended && sign.starts_with(text) {
                Err(Lack::More)
            } else {
                Ok(0)
            }
        };
        let separator = begins(&self.separator)?;
        let delimiter = match &self.delimiter {
            Some(end) => begins(end)?,
            None => usize::from(matches!(text.first(), Some(b'\n' | b'\r'))),
        };
        Ok(match separator.max(delimiter) {
            0 => Sign::None,
            length if length == delimiter => Sign::Delimiter(length),
            length => Sign::Separator(length),
        })
    }

    /// Reads a field that begins at `from`. Hands its bytes to `put`, whether it is enclosed or has an escaped byte to `seen`.
    pub fn field(
        &self,
        text: &[u8],
        from: usize,
        ended: bool,
        field: &mut Field<'_>,
    ) -> Result<End, Lack> {
        let mut from = from;
        if self.trim {
            from += text[from..].iter().take_while(|b| **b == b' ').count();
        }
        match (text.get(from), self.enclose) {
            (None, _) if !ended => Err(Lack::More),
            (Some(byte), Some(enclose)) if *byte == enclose => {
                let behind = self.enclosed(text, from + 1, ended, enclose, field)?;
                field.keep();
                self.open(text, behind, ended, field)
            }
            _ => {
                // With an escape, `\N` would become N.
                let marker = self.escape == Some(b'\\') && text[from..].starts_with(b"\\N");
                if marker {
                    let rest = &text[from + 2..];
                    let alone = match (rest.is_empty(), ended) {
                        (true, false) => return Err(Lack::More),
                        (true, true) => true,
                        (false, _) => !matches!(self.at(rest, ended)?, Sign::None),
                    };
                    if alone {
                        field.put(b"\\N");
                        return self.open(text, from + 2, ended, field);
                    }
                }
                self.open(text, from, ended, field)
            }
        }
    }

    /// A field up to its separator, or the end of its row.
    fn open(
        &self,
        text: &[u8],
        from: usize,
        ended: bool,
        field: &mut Field<'_>,
    ) -> Result<End, Lack> {
        let (mut run, mut at) = (from, from);
        loop {
            let rest = text.get(at..).unwrap_or_default();
            let Some(step) = rest.iter().position(|b| self.special[usize::from(*b)]) else {
                field.put(&text[run..]);
                field.trim(self.trim);
                return match ended {
                    true => Ok(End::Row(text.len())),
                    false => Err(Lack::More),
                };
            };
            at += step;
            if self.escape == Some(text[at]) {
                if at + 1 < text.len() {
                    field.put(&text[run..at]);
                    field.escaped = true;
                    run = at + 1;
                    at += 2;
                } else if ended {
                    at += 1;
                } else {
                    return Err(Lack::More);
                }
                continue;
            }
            let end = match self.at(&text[at..], ended)? {
                Sign::None => {
                    at += 1;
                    continue;
                }
                Sign::Separator(length) => End::Field(at + length),
                Sign::Delimiter(length) => End::Row(at + length),
            };
            field.put(&text[run..at]);
            field.trim(self.trim);
            return Ok(end);
        }
    }

    /// The inner of an enclosed field; gives the place behind it.
    fn enclosed(
        &self,
        text: &[u8],
        from: usize,
        ended: bool,
        enclose: u8,
        field: &mut Field<'_>,
    ) -> Result<usize, Lack> {
        let lack = || if ended { Lack::Close } else { Lack::More };
        let (mut run, mut at) = (from, from);
        loop {
            let rest = text.get(at..).unwrap_or_default();
            let sign = |b: &u8| *b == enclose || Some(*b) == self.escape;
            at += rest.iter().position(sign).ok_or_else(lack)?;
            let next = text.get(at + 1);
            if Some(text[at]) == self.escape {
                field.put(&text[run..at]);
                field.escaped = true;
                next.ok_or_else(lack)?;
                run = at + 1;
                at += 2;
            } else if next == Some(&enclose) {
                field.put(&text[run..=at]);
                at += 2;
                run = at;
            } else if next.is_none() && !ended {
                return Err(Lack::More);
            } else {
                field.put(&text[run..at]);
                return Ok(at + 1);
            }
        }
    }
}

/// A field that is being read.
pub struct Field<'a> {
    data: &'a mut Vec<u8>,
    /// What stands before is not trimmed.
    kept: usize,
    /// A byte of it was escaped.
    pub escaped: bool,
}

impl<'a> Field<'a> {
    pub fn new(data: &'a mut Vec<u8>) -> Field<'a> {
        let kept = data.len();
        Field {
            data,
            kept,
            escaped: false,
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.data.extend_from_slice(bytes);
    }

    fn keep(&mut self) {
        self.kept = self.data.len();
    }

    fn trim(&mut self, wanted: bool) {
        while wanted && self.data.len() > self.kept && self.data.last() == Some(&b' ') {
            self.data.pop();
        }
    }
}
