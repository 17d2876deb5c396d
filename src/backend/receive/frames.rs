//! Takes the body of a load apart: headers, and the bytes of the segments between them.
//!
//! Pure: bytes in, pieces out, whatever the sizes in which they arrive.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

use crate::backend::api::SegmentHeader;
use crate::backend::error::Error;

/// Longest header.
const HEADER_MAX: usize = 64 << 10;

/// What the body says, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A segment begins.
    Begin(SegmentHeader),
    /// Bytes of the segment that began last.
    Data(Bytes),
    /// The segment that began last is whole.
    End,
}

/// The state between two arrivals.
#[derive(Debug, Default)]
pub struct Frames {
    head: BytesMut,
    /// Bytes of the present segment that are to come; `None` between segments.
    left: Option<u64>,
}

impl Frames {
    /// The pieces that `data` completes.
    ///
    /// # Errors
    /// The body is not what a coordinator sends.
    pub fn feed(&mut self, mut data: Bytes) -> Result<VecDeque<Piece>, Error> {
        let mut pieces = VecDeque::new();
        loop {
            match self.left {
                Some(0) => {
                    self.left = None;
                    pieces.push_back(Piece::End);
                }
                Some(_) | None if data.is_empty() => return Ok(pieces),
                Some(left) => {
                    let count = usize::try_from(left).map_or(data.len(), |l| l.min(data.len()));
                    pieces.push_back(Piece::Data(data.split_to(count)));
                    self.left = Some(left - count as u64);
                }
                None => {
                    if let Some(header) = self.header(&mut data)? {
                        self.left = Some(header.bytes);
                        pieces.push_back(Piece::Begin(header));
                    }
                }
            }
        }
    }

    /// Whether the body may end here.
    pub fn is_between(&self) -> bool {
        self.left.is_none() && self.head.is_empty()
    }

    fn header(&mut self, data: &mut Bytes) -> Result<Option<SegmentHeader>, Error> {
        if !self.take(data, 4) {
            return Ok(None);
        }
        let length = self
            .head
            .first_chunk::<4>()
            .map_or(0, |b| u32::from_be_bytes(*b)) as usize;
        if length == 0 {
            // The coordinator waits for its own input, and lives.
            self.head.clear();
            return Ok(None);
        }
        if length > HEADER_MAX {
            return Err(Error::Request(format!(
                "a segment header of {length} bytes; {HEADER_MAX} is the most"
            )));
        }
        if !self.take(data, 4 + length) {
            return Ok(None);
        }
        self.head.advance(4);
        let header = serde_json::from_slice(&self.head)
            .map_err(|e| Error::Request(format!("a segment header can't be read: {e}")))?;
        self.head.clear();
        Ok(Some(header))
    }

    /// Fills `head` up to `wanted` bytes, as far as `data` goes.
    fn take(&mut self, data: &mut Bytes, wanted: usize) -> bool {
        let count = wanted.saturating_sub(self.head.len()).min(data.len());
        self.head.extend_from_slice(&data.split_to(count));
        self.head.len() >= wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TabletId;

    fn header(bytes: u64) -> SegmentHeader {
        SegmentHeader {
            tablet: TabletId(7),
            ordinal: 0,
            rows: 1,
            bytes,
            crc: 2,
        }
    }

    fn body(parts: &[&[u8]]) -> Vec<u8> {
        let mut body = Vec::new();
        for part in parts {
            let json = serde_json::to_vec(&header(part.len() as u64)).unwrap();
            body.extend(u32::try_from(json.len()).unwrap().to_be_bytes());
            body.extend(json);
            body.extend_from_slice(part);
        }
        body
    }

    #[test]
    fn a_body_says_the_same_in_whatever_sizes_it_arrives() {
        let body = body(&[b"hello", b"", b"worlds"]);
        for size in [1, 2, 3, 7, 64, body.len()] {
            let mut frames = Frames::default();
            let (mut begun, mut data, mut ended) = (Vec::new(), Vec::new(), 0);
            for chunk in body.chunks(size) {
                for piece in frames.feed(Bytes::copy_from_slice(chunk)).unwrap() {
                    match piece {
                        Piece::Begin(header) => begun.push(header.bytes),
                        Piece::Data(bytes) => data.extend_from_slice(&bytes),
                        Piece::End => ended += 1,
                    }
                }
            }
            assert_eq!((begun, ended), (vec![5, 0, 6], 3), "chunks of {size}");
            assert_eq!(data, b"helloworlds");
            assert!(frames.is_between());
        }
    }

    #[test]
    fn signs_of_life_between_segments_say_nothing() {
        let mut all = vec![0; 8];
        all.extend(body(&[b"hello"]));
        all.extend([0; 4]);
        for size in [1, 3, all.len()] {
            let mut frames = Frames::default();
            let chunks = all.chunks(size).map(Bytes::copy_from_slice);
            let pieces = chunks.flat_map(|chunk| frames.feed(chunk).unwrap());
            let ended = pieces.filter(|piece| *piece == Piece::End).count();
            assert_eq!(ended, 1, "chunks of {size}");
            assert!(frames.is_between());
        }
    }

    #[test]
    fn nonsense_is_refused_and_a_cut_is_seen() {
        let mut frames = Frames::default();
        assert!(frames.feed(Bytes::from_static(&[255; 8])).is_err());
        let mut frames = Frames::default();
        assert!(frames.feed(Bytes::from_static(b"\0\0\0\x02{}")).is_err());
        let body = body(&[b"hello"]);
        let mut frames = Frames::default();
        frames
            .feed(Bytes::copy_from_slice(&body[..body.len() - 1]))
            .unwrap();
        assert!(!frames.is_between());
    }
}
