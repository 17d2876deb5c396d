//! Thrift's compact protocol, as far as it is needed to walk a structure without keeping it: what a size says is held against the
//! bytes that are left before anything is done with it.

/// Structures within structures, at most; those of Parquet are four deep.
const DEPTH_MAX: usize = 100;

/// Structures in lists, at most, of one text: each costs its reader a hundred bytes or more.
pub const STRUCTS_MAX: usize = 1 << 20;

/// Why a text can't be walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// It ends before it is complete.
    Short,
    /// It says something that can't be.
    Nonsense(&'static str),
}

/// Kinds of values, by their numbers in the protocol.
pub mod kind {
    /// Whole numbers of 32 bits.
    pub const I32: u8 = 5;
    /// Whole numbers of 64 bits.
    pub const I64: u8 = 6;
    /// Bytes, of texts too.
    pub const BINARY: u8 = 8;
    /// Lists.
    pub const LIST: u8 = 9;
    /// Structures.
    pub const STRUCT: u8 = 12;
}

/// A place in a text.
#[derive(Debug, Clone)]
pub struct Walk<'a> {
    text: &'a [u8],
    at: usize,
    structs: usize,
}

impl<'a> Walk<'a> {
    /// The beginning of `text`.
    pub fn new(text: &'a [u8]) -> Walk<'a> {
        Walk {
            text,
            at: 0,
            structs: 0,
        }
    }

    /// Bytes walked so far.
    pub fn walked(&self) -> usize {
        self.at
    }

    fn left(&self) -> usize {
        self.text.len() - self.at
    }

    fn byte(&mut self) -> Result<u8, Wrong> {
        let byte = self.text.get(self.at).copied().ok_or(Wrong::Short)?;
        self.at += 1;
        Ok(byte)
    }

    fn pass(&mut self, bytes: u64) -> Result<(), Wrong> {
        match usize::try_from(bytes) {
            Ok(bytes) if bytes <= self.left() => {
                self.at += bytes;
                Ok(())
            }
            _ => Err(Wrong::Short),
        }
    }

    fn unsigned(&mut self) -> Result<u64, Wrong> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Wrong::Nonsense("a number of more than 64 bits"))
    }

    /// A whole number of any width.
    pub fn number(&mut self) -> Result<i64, Wrong> {
        let raw = self.unsigned()?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// A length in bytes, and the bytes.
    pub fn binary(&mut self) -> Result<&'a [u8], Wrong> {
        let length = self.unsigned()?;
        let start = self.at;
        self.pass(length)?;
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// The head of a list: how many values of which kind. There are at least as many bytes left as it has values.
    pub fn list(&mut self) -> Result<(usize, u8), Wrong> {
        let head = self.byte()?;
        let size = match head >> 4 {
            15 => self.unsigned()?,
            size => u64::from(size),
        };
        let size = self.plausible(size)?;
        if head & 15 == kind::STRUCT {
            self.structs = self.structs.saturating_add(size);
            if self.structs > STRUCTS_MAX {
                return Err(Wrong::Nonsense("more than a million structures in lists"));
            }
        }
        Ok((size, head & 15))
    }

    /// No value is smaller than a byte.
    fn plausible(&self, size: u64) -> Result<usize, Wrong> {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        match size <= self.left() {
            true => Ok(size),
            false => Err(Wrong::Short),
        }
    }

    /// Walks a structure: `take` is told number and kind of each field, and says whether it has walked its value.
    pub fn fields(
        &mut self,
        mut take: impl FnMut(&mut Walk<'a>, i16, u8) -> Result<bool, Wrong>,
    ) -> Result<(), Wrong> {
        let mut last = 0;
        while let Some((number, kind)) = self.field(last)? {
            if !take(self, number, kind)? {
                self.skip(kind, DEPTH_MAX)?;
            }
            last = number;
        }
        Ok(())
    }

    fn field(&mut self, last: i16) -> Result<Option<(i16, u8)>, Wrong> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        let number = match head >> 4 {
            0 => i16::try_from(self.number()?).ok(),
            step => last.checked_add(i16::from(step)),
        };
        let number = number.ok_or(Wrong::Nonsense("a field's number that there can't be"))?;
        Ok(Some((number, head & 15)))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Result<(), Wrong> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(Wrong::Nonsense("structures nested more than 100 deep"));
        };
        match kind {
            // The value of a boolean field is its kind.
            1 | 2 => Ok(()),
            3 => self.pass(1),
            4..=6 => self.unsigned().map(drop),
            7 => self.pass(8),
            8 => self.binary().map(drop),
            9 | 10 => {
                let (size, kind) = self.list()?;
                (0..size).try_for_each(|_| self.skip_element(kind, depth))
            }
            11 => {
                let size = self.unsigned()?;
                let size = self.plausible(size)?;
                let kinds = if size == 0 { 0 } else { self.byte()? };
                (0..size).try_for_each(|_| {
                    self.skip_element(kinds >> 4, depth)?;
                    self.skip_element(kinds & 15, depth)
                })
            }
            12 => {
                let mut last = 0;
                while let Some((number, kind)) = self.field(last)? {
                    self.skip(kind, depth)?;
                    last = number;
                }
                Ok(())
            }
            13 => self.pass(16),
            _ => Err(Wrong::Nonsense("a value of a kind that there is not")),
        }
    }

    /// In lists a boolean is a byte.
    fn skip_element(&mut self, kind: u8, depth: usize) -> Result<(), Wrong> {
        match kind {
            1 | 2 => self.pass(1),
            _ => self.skip(kind, depth),
        }
    }
}
