//! CSV whose rows end where lines end: cut into pieces at line ends, which several threads read at once.

use std::sync::Arc;

use bytes::{Buf, Bytes};

use crate::load::block::{Assembler, Block};
use crate::load::body::Body;
use crate::load::error::Error;
use crate::load::misfit::Misfits;
use crate::load::source::csv::stripe::{Splitter, Stripe};
use crate::load::source::csv::{Format, Null};
use crate::load::source::{RECORD_BYTES_MAX, Source, too_long};
use crate::load::threads::{self, Ahead};

/// Fewest bytes of a piece, but for the last; enough that what is done once a piece does not count.
const PIECE_BYTES: usize = 256 << 10;

/// Fewest bytes of what arrives at once that are not copied to what arrived before.
const UNCOPIED_BYTES: usize = 32 << 10;

/// Reads lines of text.
pub struct Plain {
    /// Until the first piece is read.
    start: Option<Cutter>,
    /// What several threads read, if the input is longer than one piece.
    ahead: Option<Ahead<Read>>,
    form: Arc<Form>,
    /// Line on which the next piece begins.
    line: u64,
}

/// A block with lines from 0, and how many line ends it has.
type Read = Result<(Block, u64), Stop>;

/// Cuts the input.
struct Cutter {
    body: Body,
    ended: bool,
    /// What was read and is in no piece yet.
    rest: Vec<u8>,
    /// Bytes of it in which no line ends.
    searched: usize,
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
#[derive(Default)]
struct Piece {
    /// Nearly all of it as it arrived, and not copied.
    texts: Vec<Bytes>,
    bytes: usize,
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
    /// A reader of `body`.
    pub fn new(body: Body, separator: u8, format: Format, assembler: Assembler) -> Plain {
        let returns = format.delimiter.is_none();
        Plain {
            start: Some(Cutter {
                body,
                ended: false,
                rest: Vec::new(),
                searched: 0,
                skip: format.skip_header,
                returns,
            }),
            ahead: None,
            form: Arc::new(Form {
                separator,
                returns,
                null: format.null(),
                assembler,
            }),
            line: 1,
        }
    }

    /// What comes of the next piece.
    fn read(&mut self) -> Option<Read> {
        if let Some(mut cutter) = self.start.take() {
            let (first, form) = (cutter.next(), self.form.clone());
            if cutter.ended {
                // No thread is started for a short input.
                return Some(form.read(first?));
            }
            let pieces = first.into_iter().chain(cutter);
            self.ahead = Some(threads::ahead(pieces, move |piece| form.read(piece)));
        }
        self.ahead.as_mut()?.next()
    }
}

impl Source for Plain {
    fn next(&mut self) -> Result<Vec<Block>, Error> {
        while let Some(read) = self.read() {
            let (mut block, lines) = read.map_err(|stop| match stop {
                Stop::TooLong => too_long(self.line),
                Stop::Failed(error) => error,
            })?;
            block.move_lines(self.line);
            self.line += lines;
            if block.total() > 0 {
                return Ok(vec![block]);
            }
        }
        Ok(Vec::new())
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
        let mut piece = Piece::default();
        while piece.bytes < PIECE_BYTES && !self.ended {
            match self.body.take().map_err(Stop::Failed)? {
                Some(chunk) if chunk.len() < UNCOPIED_BYTES => self.gather(&chunk, &mut piece),
                Some(chunk) => self.cut(chunk, &mut piece),
                None => self.ended = true,
            }
            if self.rest.len() > RECORD_BYTES_MAX {
                return Err(Stop::TooLong);
            }
        }
        if self.ended && !self.rest.is_empty() {
            if !self.rest.last().is_some_and(|byte| self.ends_line(*byte)) {
                self.rest.push(b'\n');
            }
            piece.add(std::mem::take(&mut self.rest).into());
        }
        if piece.texts.is_empty() {
            return Ok(None);
        }
        self.skip_rows(&mut piece);
        Ok(Some(piece))
    }

    /// Takes a small chunk. Its lines are added with those before and behind them.
    fn gather(&mut self, chunk: &[u8], piece: &mut Piece) {
        self.rest.extend_from_slice(chunk);
        if self.rest.len() < PIECE_BYTES {
            return;
        }
        let mut unsearched = self.rest[self.searched..].iter();
        match unsearched.rposition(|byte| self.ends_line(*byte)) {
            Some(last) => {
                let mut text = Bytes::from(std::mem::take(&mut self.rest));
                self.rest
                    .extend_from_slice(&text.split_off(self.searched + last + 1));
                piece.add(text);
                self.searched = 0;
            }
            None => self.searched = self.rest.len(),
        }
    }

    /// Adds the lines that end in this chunk, as it is but for the first.
    fn cut(&mut self, mut chunk: Bytes, piece: &mut Piece) {
        let ends = |byte: &u8| self.ends_line(*byte);
        let Some(last) = chunk.iter().rposition(ends) else {
            return self.rest.extend_from_slice(&chunk);
        };
        let behind = chunk.split_off(last + 1);
        if !self.rest.is_empty() {
            let first = chunk.iter().position(ends).unwrap_or(last);
            self.rest.extend_from_slice(&chunk.split_to(first + 1));
            piece.add(std::mem::take(&mut self.rest).into());
        }
        piece.add(chunk);
        self.rest.extend_from_slice(&behind);
        self.searched = 0;
    }

    fn ends_line(&self, byte: u8) -> bool {
        byte == b'\n' || (byte == b'\r' && self.returns)
    }

    /// Removes the rows that are to be skipped, and counts their line ends. An empty line is no row.
    fn skip_rows(&mut self, piece: &mut Piece) {
        for text in &mut piece.texts {
            while self.skip > 0 {
                let Some(length) = text.iter().position(|byte| self.ends_line(*byte)) else {
                    break;
                };
                self.skip -= u64::from(length > 0);
                piece.skipped += u64::from(text[length] == b'\n');
                text.advance(length + 1);
            }
        }
    }
}

impl Piece {
    fn add(&mut self, text: Bytes) {
        self.bytes += text.len();
        if !text.is_empty() {
            self.texts.push(text);
        }
    }
}

impl Form {
    /// The rows of a piece, with lines from 0 where the piece before ended, and how many line ends it has.
    fn read(&self, piece: Result<Piece, Stop>) -> Read {
        let piece = piece?;
        let width = self.assembler.fields().len();
        let mut splitter = Splitter::new(width, self.separator, self.returns);
        let mut reading = self.assembler.reading();
        let mut misfits = Misfits::default();
        let mut is_first = true;
        for text in &piece.texts {
            let mut rest: &[u8] = text;
            while !rest.is_empty() {
                let (rows, next) = rest.split_at(splitter.split(rest, &mut misfits));
                let stripe = Stripe::new(rows, &splitter, &self.null);
                reading.add(&stripe, splitter.lines());
                if std::mem::take(&mut is_first) {
                    // The other rows are much like the first ones.
                    let left = piece.bytes.saturating_sub(rows.len());
                    reading.reserve(1.1 * left as f64 / rows.len().max(1) as f64);
                }
                rest = next;
            }
        }
        let block = reading.finish(misfits, splitter.outside());
        let mut block = block.map_err(Stop::Failed)?;
        block.move_lines(piece.skipped);
        Ok((block, piece.skipped + splitter.line()))
    }
}
