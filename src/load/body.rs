//! The bytes of a body as its reader wants them: unpacked, and without the mark that some programs put at the start of a text.
//!
//! Owns what compressed bodies are and how far they may grow. Does not own what the bytes mean.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use flate2::read::MultiGzDecoder;
use lz4_flex::frame::FrameDecoder;

use crate::load::error::Error;
use crate::load::feed::Feed;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, of one or more members.
    Gzip,
    /// Frames of Zstandard.
    Zstd,
    /// Frames of LZ4.
    Lz4,
}

/// The mark of UTF-8 that editors and spreadsheets put at the start of a text.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What compressed bodies begin with, and what says so.
const MAGIC: &[(&[u8], &str)] = &[
    (b"\x1f\x8b\x08", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4_frame"),
];

/// Bytes that are unpacked at once.
const PIECE_BYTES: usize = 256 << 10;

/// A body may unpack to so many bytes, whatever it is.
const GROWN_MIN: u64 = 256 << 20;
/// A longer one may unpack to so many times its bytes. Tables shrink to a tenth; what grows more is made to fill disks.
const GROWN_TIMES: u64 = 200;

/// Largest window of a Zstandard frame, as a power of two: what the command uses without `--long`.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// A body that is read piece by piece.
pub struct Body {
    packed: Packed,
    /// The start of the body, until it is known whether it is the mark.
    start: Option<Vec<u8>>,
    is_text: bool,
    ended: bool,
    grown: u64,
}

enum Packed {
    Plain(Feed<Bytes>),
    Gzip(Box<MultiGzDecoder<Packets>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, io::BufReader<Packets>>>),
    Lz4(Box<FrameDecoder<Packets>>),
}

impl Body {
    /// The body that comes through `feed`; of one that is text, the mark at its start is dropped.
    ///
    /// # Errors
    /// The library could not begin.
    pub fn new(feed: Feed<Bytes>, compression: Compression, is_text: bool) -> Result<Body, Error> {
        let packets = |feed| Packets {
            feed,
            rest: Bytes::new(),
            ended: false,
            taken: 0,
            failed: None,
        };
        let packed = match compression {
            Compression::None => Packed::Plain(feed),
            Compression::Gzip => Packed::Gzip(Box::new(MultiGzDecoder::new(packets(feed)))),
            Compression::Zstd => {
                let decoder = zstd::stream::read::Decoder::new(packets(feed));
                let mut decoder = decoder.map_err(|e| Error::Internal(e.to_string()))?;
                decoder
                    .window_log_max(ZSTD_WINDOW_LOG_MAX)
                    .map_err(|e| Error::Internal(e.to_string()))?;
                Packed::Zstd(Box::new(decoder))
            }
            Compression::Lz4 => Packed::Lz4(Box::new(FrameDecoder::new(packets(feed)))),
        };
        Ok(Body {
            packed,
            start: Some(Vec::new()),
            is_text,
            ended: false,
            grown: 0,
        })
    }

    /// The next piece; `None` at the end. Blocks.
    ///
    /// # Errors
    /// The input broke off, or is not compressed as it is said to be, or unpacks to more than it may.
    pub fn take(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(mut start) = self.start.take() else {
            return self.piece();
        };
        loop {
            let piece = self.piece()?;
            let ended = piece.is_none();
            let mut bytes = piece.unwrap_or_default();
            if !start.is_empty() || (bytes.len() < 4 && !ended) {
                start.extend_from_slice(&bytes);
                bytes = Bytes::new();
            }
            if start.len() < 4 && bytes.is_empty() && !ended {
                continue;
            }
            if !start.is_empty() {
                bytes = start.into();
            }
            self.begin(&mut bytes)?;
            return Ok((!bytes.is_empty() || !ended).then_some(bytes));
        }
    }

    /// Looks at the start of a body.
    fn begin(&self, bytes: &mut Bytes) -> Result<(), Error> {
        let plain = matches!(self.packed, Packed::Plain(_));
        let packed = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic));
        if let Some((_, name)) = packed.filter(|_| plain && self.is_text) {
            return Err(Error::Input(format!(
                "the body begins as {name} does: say so with header 'compression: {name}'"
            )));
        }
        if self.is_text && bytes.starts_with(MARK) {
            bytes.advance(MARK.len());
        }
        Ok(())
    }

    fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        if self.ended {
            return Ok(None);
        }
        let piece = self.next()?;
        self.ended = piece.is_none();
        Ok(piece)
    }

    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if let Packed::Plain(feed) = &mut self.packed {
            return feed.take();
        }
        let mut piece = vec![0; PIECE_BYTES];
        let mut filled = 0;
        while filled < piece.len() {
            match self.unpack(&mut piece[filled..])? {
                0 => break,
                more => filled += more,
            }
        }
        piece.truncate(filled);
        self.grown += filled as u64;
        let most = GROWN_MIN.max(GROWN_TIMES.saturating_mul(self.packets().map_or(0, |p| p.taken)));
        if self.grown > most {
            return Err(Error::Input(format!(
                "the body unpacks to more than {GROWN_TIMES} times its bytes: send it in pieces, or not compressed"
            )));
        }
        Ok((filled > 0).then(|| piece.into()))
    }

    /// Unpacks some bytes; 0 at the end.
    fn unpack(&mut self, to: &mut [u8]) -> Result<usize, Error> {
        loop {
            let (name, read) = match &mut self.packed {
                Packed::Plain(_) => return Ok(0),
                Packed::Gzip(decoder) => ("gzip", decoder.read(to)),
                Packed::Zstd(decoder) => ("zstd", decoder.read(to)),
                Packed::Lz4(decoder) => ("lz4_frame", decoder.read(to)),
            };
            let failed = self.packets().and_then(|packets| packets.failed.take());
            match (failed, read) {
                (Some(error), _) => return Err(error),
                (None, Err(error)) => {
                    return Err(Error::Input(format!(
                        "the body can't be unpacked as {name}: {error}"
                    )));
                }
                // A frame has ended; another may follow.
                (None, Ok(0)) if self.lz4_goes_on()? => {}
                (None, Ok(read)) => return Ok(read),
            }
        }
    }

    fn lz4_goes_on(&mut self) -> Result<bool, Error> {
        match &mut self.packed {
            Packed::Lz4(decoder) => decoder.get_mut().has_more(),
            _ => Ok(false),
        }
    }

    fn packets(&mut self) -> Option<&mut Packets> {
        match &mut self.packed {
            Packed::Plain(_) => None,
            Packed::Gzip(decoder) => Some(decoder.get_mut()),
            Packed::Zstd(decoder) => Some(decoder.get_mut().get_mut()),
            Packed::Lz4(decoder) => Some(decoder.get_mut()),
        }
    }
}

/// A feed as a reader.
struct Packets {
    feed: Feed<Bytes>,
    rest: Bytes,
    ended: bool,
    taken: u64,
    /// Why the feed broke off.
    failed: Option<Error>,
}

impl Packets {
    fn has_more(&mut self) -> Result<bool, Error> {
        while self.rest.is_empty() && !self.ended {
            match self.feed.take()? {
                Some(piece) => self.rest = piece,
                None => self.ended = true,
            }
        }
        Ok(!self.rest.is_empty())
    }
}

impl Read for Packets {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self.has_more() {
            Ok(false) => return Ok(0),
            Ok(true) => {}
            Err(error) => {
                let why = error.to_string();
                self.failed = Some(error);
                return Err(io::Error::other(why));
            }
        }
        let many = self.rest.len().min(to.len());
        self.rest.copy_to_slice(&mut to[..many]);
        self.taken += many as u64;
        Ok(many)
    }
}

#[cfg(test)]
mod tests;
