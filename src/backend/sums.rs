//! CRC-32 of each block of a file: taken while the file is written, compared whenever a part of it is read.
//!
//! Owns the size of blocks and the sums. Does not own the comparing: that is `checked`.

/// Bytes of a block; the last one of a file has fewer. The size is a part of the format of metadata.
pub const BLOCK: u64 = 64 << 10;

/// The sums of a file whose bytes come one after the other.
#[derive(Debug, Default)]
pub struct Summing {
    whole: crc32fast::Hasher,
    block: crc32fast::Hasher,
    bytes: u64,
    sums: Vec<u32>,
}

/// How many blocks a file of so many bytes has.
pub fn blocks(bytes: u64) -> usize {
    usize::try_from(bytes.div_ceil(BLOCK)).unwrap_or(usize::MAX)
}

impl Summing {
    /// Takes the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = BLOCK - self.bytes % BLOCK;
            let count = usize::try_from(room).unwrap_or(0).min(bytes.len());
            let (now, later) = bytes.split_at(count);
            // Twice over the same bytes is faster than to put sums together.
            self.whole.update(now);
            self.block.update(now);
            self.bytes += count as u64;
            if self.bytes.is_multiple_of(BLOCK) {
                self.sums.push(std::mem::take(&mut self.block).finalize());
            }
            bytes = later;
        }
    }

    /// CRC-32 of all bytes so far.
    pub fn crc(&self) -> u32 {
        self.whole.clone().finalize()
    }

    /// CRC-32 of each block.
    pub fn sums(mut self) -> Vec<u32> {
        if !self.bytes.is_multiple_of(BLOCK) {
            self.sums.push(self.block.finalize());
        }
        self.sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_do_not_depend_on_how_the_bytes_come() {
        let bytes: Vec<u8> = (0..2 * BLOCK + 777).map(|i| (i * i % 251) as u8).collect();
        let of = |pieces: usize| {
            let mut summing = Summing::default();
            bytes.chunks(pieces).for_each(|piece| summing.update(piece));
            (summing.crc(), summing.sums())
        };
        let block = BLOCK as usize;
        let whole: Vec<u32> = bytes.chunks(block).map(crc32fast::hash).collect();
        assert_eq!(whole.len(), blocks(bytes.len() as u64));
        for pieces in [1, 1000, block - 1, block, block + 1, bytes.len()] {
            assert_eq!(of(pieces), (crc32fast::hash(&bytes), whole.clone()));
        }
        assert_eq!((blocks(0), Summing::default().sums()), (0, Vec::new()));
    }
}
