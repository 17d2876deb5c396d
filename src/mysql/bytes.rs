//! Reading and writing the protocol's integers and strings. Reading never goes past the end: it says `None`.

/// A place in a packet.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// So many bytes.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// So many bytes, as an array.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A length-encoded integer; the mark for NULL is none.
    pub fn lenenc(&mut self) -> Option<u64> {
        match self.u8()? {
            short @ 0..=0xfa => Some(short.into()),
            0xfc => self.u16().map(u64::from),
            0xfd => self
                .array()
                .map(|[a, b, c]| u32::from_le_bytes([a, b, c, 0]).into()),
            0xfe => self.array().map(u64::from_le_bytes),
            _ => None,
        }
    }

    /// Bytes behind their length-encoded length.
    pub fn lenenc_bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.lenenc()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// Bytes up to a NUL, which is taken too.
    pub fn nul_bytes(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|byte| *byte == 0)?;
        let taken = self.take(end)?;
        self.take(1)?;
        Some(taken)
    }

    /// Bytes up to a NUL or to the end.
    pub fn nul_or_rest(&mut self) -> &'a [u8] {
        self.nul_bytes()
            .unwrap_or_else(|| std::mem::take(&mut self.rest))
    }
}

/// A length-encoded integer: its bytes and how many of them count.
pub fn lenenc(value: u64) -> ([u8; 9], usize) {
    let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
    match value {
        0..=0xfa => ([a, 0, 0, 0, 0, 0, 0, 0, 0], 1),
        0xfb..=0xffff => ([0xfc, a, b, 0, 0, 0, 0, 0, 0], 3),
        0x1_0000..=0xff_ffff => ([0xfd, a, b, c, 0, 0, 0, 0, 0], 4),
        _ => ([0xfe, a, b, c, d, e, f, g, h], 9),
    }
}

/// Appends a length-encoded integer.
pub fn put_lenenc(to: &mut Vec<u8>, value: u64) {
    let (bytes, length) = lenenc(value);
    to.extend(bytes.into_iter().take(length));
}

/// Appends bytes behind their length-encoded length.
pub fn put_lenenc_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    put_lenenc(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_come_back_and_cut_ones_are_none() {
        for value in [
            0,
            250,
            251,
            65_535,
            65_536,
            16_777_215,
            16_777_216,
            u64::MAX,
        ] {
            let mut bytes = Vec::new();
            put_lenenc(&mut bytes, value);
            assert_eq!(Reader::new(&bytes).lenenc(), Some(value));
            bytes.pop();
            assert_eq!(Reader::new(&bytes).lenenc(), None);
        }
    }

    #[test]
    fn a_string_longer_than_the_packet_is_none() {
        assert_eq!(Reader::new(b"\x05abc").lenenc_bytes(), None);
        assert_eq!(Reader::new(b"abc").nul_bytes(), None);
        assert_eq!(Reader::new(b"abc").nul_or_rest(), b"abc");
    }
}
