//! CSV whose rows end where lines end: cut into pieces at line ends, which several threads read at once.

use bytes::Bytes;

use crate::load::block::{Assembler, Block};
use crate::load::error::Error;
use crate::load::feed::Feed;
use crate::load::misfit::Misfits;
use crate::load::source::csv::stripe::{Splitter, Stripe};
use crate::load::source::csv::{Format, Null};
use crate::load::source::{RECORD_BYTES_MAX, Source, too_long};
use crate::load::threads;

/// Bytes of a piece, about; large enough that what is done once a piece does not count.
const PIECE_BYTES: usize = 1 << 20;

/// Pieces for each thread that are read before their rows are handed on.
const PIECES: usize = 4;

/// Reads lines of text.
pub struct Plain {
    cutter: Cutter,
    form: Form,
    /// Line on which the next piece begins.
    line: u64,
}

/// Cuts the input.
struct Cutter {
    feed: Feed<Bytes>,
    ended: bool,
    /// What was read behind the last cut.
    rest: Vec<u8>,
    /// Rows to skip.
    skip: u64,
    returns: bool,
}

/// What the threads know that read pieces.
struct Form {
    separator: u8,
    /// A carriage return ends a line, alone or before a line feed.
    returns: bool,
    null: Null,
    assembler: Assembler,
}

/// Whole lines.
struct Piece {
    text: Vec<u8>,
    /// Line ends that were skipped before it.
    skipped: u64,
}

/// Why there is no further piece.
enum Stop {
    /// A line has no end for too long.
    TooLong,
    Failed(Error),
}

impl Plain {
    /// A reader of `feed`.
    pub fn new(feed: Feed<Bytes>, format: Format, assembler: Assembler) -> Plain {
        let returns = format.delimiter.is_none();
        Plain {
            cutter: Cutter {
                feed,
                ended: false,
                rest: Vec::new(),
                skip: format.skip_header,
                returns,
            },
            form: Form {
                separator: format.separator,
                returns,
                null: format.null(),
                assembler,
            },
            line: 1,
        }
    }
}

impl Source for Plain {
    fn next(&mut self) -> Result<Vec<Block>, Error> {
        let (cutter, form) = (&mut self.cutter, &self.form);
        let mut blocks = Vec::new();
        while blocks.is_empty() {
            let Some(first) = cutter.next() else {
                break;
            };
            // The rest of a short input is in its first piece: no other thread is started for it.
            let more = if cutter.ended {
                0
            } else {
                PIECES * threads::most()
            };
            let pieces = std::iter::once(first).chain(cutter.by_ref().take(more));
            for read in threads::map(pieces, |piece| piece.and_then(|piece| form.read(&piece))) {
                let (mut block, lines) = read.map_err(|stop| match stop {
                    Stop::TooLong => too_long(self.line),
                    Stop::Failed(error) => error,
                })?;
                block.move_lines(self.line);
                self.line += lines;
                if block.total() > 0 {
                    blocks.push(block);
                }
            }
        }
        Ok(blocks)
    }
}

impl Iterator for Cutter {
    type Item = Result<Piece, Stop>;

    fn next(&mut self) -> Option<Self::Item> {
        let piece = self.piece();
        self.ended |= piece.is_err();
        piece.transpose()
    }
}

impl Cutter {
    /// The next piece; `None` at the end of the input.
    fn piece(&mut self) -> Result<Option<Piece>, Stop> {
        let mut text = std::mem::take(&mut self.rest);
        let mut searched = 0;
        while !self.ended {
            if text.len() >= PIECE_BYTES {
                let mut behind = text[searched..].iter();
                if let Some(last) = behind.rposition(|byte| self.ends_line(*byte)) {
                    let cut = searched + last + 1;
                    self.rest.reserve(PIECE_BYTES + PIECE_BYTES / 2);
                    self.rest.extend_from_slice(&text[cut..]);
                    text.truncate(cut);
                    break;
                }
                searched = text.len();
            }
            if text.len() > RECORD_BYTES_MAX {
                return Err(Stop::TooLong);
            }
            match self.feed.take().map_err(Stop::Failed)? {
                Some(chunk) => text.extend_from_slice(&chunk),
                None => self.ended = true,
            }
        }
        if text.is_empty() {
            return Ok(None);
        }
        if text.last().is_some_and(|byte| !self.ends_line(*byte)) {
            text.push(b'\n');
        }
        let skipped = self.skip_rows(&mut text);
        Ok(Some(Piece { text, skipped }))
    }

    fn ends_line(&self, byte: u8) -> bool {
        byte == b'\n' || (byte == b'\r' && self.returns)
    }

    /// Removes the rows that are to be skipped, and says how many line ends. An empty line is no row.
    fn skip_rows(&mut self, text: &mut Vec<u8>) -> u64 {
        let (mut start, mut lines) = (0, 0);
        while self.skip > 0 {
            let Some(length) = text[start..].iter().position(|byte| self.ends_line(*byte)) else {
                break;
            };
            self.skip -= u64::from(length > 0);
            lines += u64::from(text[start + length] == b'\n');
            start += length + 1;
        }
        text.drain(..start);
        lines
    }
}

impl Form {
    /// The rows of a piece, with lines from 0 where the piece before ended, and how many line ends it has.
    fn read(&self, piece: &Piece) -> Result<(Block, u64), Stop> {
        let width = self.assembler.fields().len();
        let mut splitter = Splitter::new(width, self.separator, self.returns);
        let mut reading = self.assembler.reading();
        let mut misfits = Misfits::default();
        let mut rest = piece.text.as_slice();
        while !rest.is_empty() {
            let (rows, next) = rest.split_at(splitter.split(rest, &mut misfits));
            let stripe = Stripe::new(rows, &splitter, &self.null);
            reading.add(&stripe, splitter.lines());
            rest = next;
        }
        let block = reading.finish(misfits, splitter.outside());
        let mut block = block.map_err(Stop::Failed)?;
        block.move_lines(piece.skipped);
        Ok((block, piece.skipped + splitter.line()))
    }
}
