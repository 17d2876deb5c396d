//! Packets on a connection: framing, sequence numbers, size limits and time limits, both ways.
//!
//! Knows nothing of what is in a packet. A message of 16 MiB - 1 bytes or more is several packets, the last of which
//! is shorter, if need be empty.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::memory::{Charge, Exhausted};
use crate::mysql::error::Error;
use crate::mysql::transport::Transport;

/// Bytes of a packet that another packet continues.
pub const FULL: usize = 0xff_ffff;
/// Bytes of a packet's header: length and sequence number.
pub const HEADER: usize = 4;
/// Output is handed to the socket in pieces of about so many bytes.
const FLUSH_AT: usize = 64 << 10;
/// Bytes that are read ahead while a command runs.
const READ_AHEAD: usize = 16 << 10;
/// Bytes of a message that are kept where there is no room for all of it: enough to tell which command it is, and of what.
const HEAD: usize = 16;
/// Buffers larger than this are given back once they are empty.
const KEEP: usize = 256 << 10;
/// How much is asked of the socket at once.
const READ: usize = 8 << 10;
const READ_LARGE: usize = 256 << 10;

/// What one message may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of all its packets.
    pub bytes: usize,
    /// How long its first byte may take.
    pub idle: Duration,
    /// How long the client may pause inside it.
    pub pause: Duration,
}

/// What a client has sent.
#[derive(Debug)]
pub enum Message {
    /// All of it.
    Whole(Bytes),
    /// All of it has been read, but there was no room to keep it.
    Refused {
        /// How it began.
        head: Bytes,
        /// What there was no room for.
        why: Exhausted,
    },
}

impl Message {
    /// The message, where one that is not whole ends the connection.
    pub fn whole(self) -> Result<Bytes, Error> {
        match self {
            Message::Whole(message) => Ok(message),
            Message::Refused { why, .. } => Err(why.into()),
        }
    }
}

/// The client's side of a connection.
pub struct Wire {
    stream: Transport,
    input: BytesMut,
    output: BytesMut,
    sequence: u8,
    /// What the message that comes takes.
    held: Charge,
    /// How long the client may take no output.
    pub write_timeout: Duration,
}

impl Wire {
    /// A connection on which nothing has been said.
    pub fn new(stream: Transport, write_timeout: Duration, held: Charge) -> Wire {
        Wire {
            stream,
            input: BytesMut::new(),
            output: BytesMut::new(),
            sequence: 0,
            held,
            write_timeout,
        }
    }

    /// A command begins: its first packet has number 0.
    pub fn restart_sequence(&mut self) {
        self.sequence = 0;
    }

    /// Goes over to TLS.
    pub async fn upgrade(&mut self, config: Arc<rustls::ServerConfig>) -> Result<(), Error> {
        let read = self.input.split().freeze();
        Ok(self.stream.upgrade(config, read).await?)
    }

    /// The next whole message. Nothing past the limit is kept: of a longer one only its header is read. Its bytes are charged as they
    /// come, until the next message is read; one for which there is no room is read to its end all the same, so that the connection
    /// can go on.
    pub async fn read(&mut self, limits: Limits) -> Result<Message, Error> {
        if self.input.is_empty() {
            // It may be the last part of a buffer that held the message before, however large.
            self.input = BytesMut::new();
        }
        self.held.shrink(u64::MAX);
        let mut patience = limits.idle;
        let (mut whole, mut bytes) = (BytesMut::new(), 0);
        let mut refused = None;
        loop {
            let (length, sequence) = self.header(patience, limits.pause).await?;
            patience = limits.pause;
            if sequence != self.sequence {
                return Err(Error::OutOfOrder {
                    expected: self.sequence,
                    got: sequence,
                });
            }
            self.sequence = self.sequence.wrapping_add(1);
            bytes += length;
            if bytes > limits.bytes {
                return Err(Error::TooLarge {
                    limit: limits.bytes,
                });
            }
            if refused.is_none() {
                refused = self.take(length, limits.pause, &mut whole).await?;
            } else {
                self.skip(length, limits.pause).await?;
            }
            if length < FULL {
                let message = whole.freeze();
                return Ok(match refused {
                    None => Message::Whole(message),
                    Some(why) => Message::Refused { head: message, why },
                });
            }
        }
    }

    /// Appends a packet's bytes to `whole`, if there is room for both; else passes over them, keeps the head, and says why.
    async fn take(
        &mut self,
        length: usize,
        pause: Duration,
        whole: &mut BytesMut,
    ) -> Result<Option<Exhausted>, Error> {
        while self.input.len() < length {
            let held = self.input.capacity().saturating_add(whole.len());
            if let Err(why) = self.held.set(held as u64) {
                let here = self.input.len().min(length);
                whole.extend_from_slice(&self.input[..here.min(HEAD)]);
                *whole = BytesMut::from(&whole[..whole.len().min(HEAD)]);
                self.skip(length, pause).await?;
                return Ok(Some(why));
            }
            self.more(length - self.input.len(), pause).await?;
        }
        let part = self.input.split_to(length);
        if whole.is_empty() {
            *whole = part;
        } else {
            whole.unsplit(part);
        }
        Ok(None)
    }

    /// Reads so many bytes and keeps none.
    async fn skip(&mut self, mut left: usize, pause: Duration) -> Result<(), Error> {
        loop {
            let here = self.input.len().min(left);
            self.input.advance(here);
            left -= here;
            self.release();
            if left == 0 {
                self.held.shrink(u64::MAX);
                return Ok(());
            }
            self.more(left, pause).await?;
        }
    }

    async fn header(&mut self, idle: Duration, pause: Duration) -> Result<(usize, u8), Error> {
        self.fill(1, idle).await?;
        self.fill(HEADER, pause).await?;
        let length = usize::try_from(self.input.get_uint_le(3)).unwrap_or(FULL);
        Ok((length, self.input.get_u8()))
    }

    /// Reads until so many bytes are there, few enough for a header. Grows with what arrives, not with what was announced.
    async fn fill(&mut self, bytes: usize, patience: Duration) -> Result<(), Error> {
        while self.input.len() < bytes {
            self.more(bytes - self.input.len(), patience).await?;
        }
        Ok(())
    }

    /// Reads what there is, of so many bytes that are missing.
    async fn more(&mut self, missing: usize, patience: Duration) -> Result<(), Error> {
        self.input.reserve(missing.clamp(READ, READ_LARGE));
        let read = timeout(patience, self.stream.read_buf(&mut self.input)).await;
        match read.map_err(|_| Error::Silent(patience))?? {
            0 => Err(Error::Closed),
            _ => Ok(()),
        }
    }

    /// Waits for the first bytes of a message, but not for longer than `patience`; whether they came.
    pub async fn awaited(&mut self, patience: Duration) -> Result<bool, Error> {
        match self.fill(1, patience).await {
            Ok(()) => Ok(true),
            Err(Error::Silent(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Waits until the client has gone. Reads ahead a little, because only reading tells.
    pub async fn gone(&mut self) -> Error {
        while self.input.len() < READ_AHEAD {
            self.input.reserve(READ);
            match self.stream.read_buf(&mut self.input).await {
                Ok(0) => return Error::Closed,
                Ok(_) => {}
                Err(error) => return Error::Io(error),
            }
        }
        std::future::pending().await
    }

    /// Appends a message to the output, in as many packets as it needs.
    pub fn put(&mut self, message: &[u8]) {
        let mut chunks = message.chunks_exact(FULL);
        for chunk in chunks.by_ref() {
            self.put_header(FULL);
            self.output.extend_from_slice(chunk);
        }
        self.put_header(chunks.remainder().len());
        self.output.extend_from_slice(chunks.remainder());
    }

    /// Appends the header of one packet, whose bytes follow by [`put_part`](Wire::put_part).
    pub fn put_header(&mut self, length: usize) {
        let [a, b, c, ..] = length.to_le_bytes();
        self.output.extend_from_slice(&[a, b, c, self.sequence]);
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// Appends bytes of a packet.
    pub fn put_part(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }

    /// Hands the output to the socket if there is much of it.
    pub async fn relieve(&mut self) -> Result<(), Error> {
        if self.output.len() >= FLUSH_AT {
            self.flush().await?;
        }
        Ok(())
    }

    /// Hands all output to the socket.
    pub async fn flush(&mut self) -> Result<(), Error> {
        let patience = self.write_timeout;
        if self.output.is_empty() {
            return Ok(());
        }
        while self.output.has_remaining() {
            let written = timeout(patience, self.stream.write_buf(&mut self.output)).await;
            if written.map_err(|_| Error::Silent(patience))?? == 0 {
                return Err(Error::Closed);
            }
        }
        timeout(patience, self.stream.flush())
            .await
            .map_err(|_| Error::Silent(patience))??;
        self.release();
        Ok(())
    }

    /// Says the last word and reads what the client is still sending, so that the word is not lost to a reset.
    pub async fn part(mut self, last: &[u8], drain: Duration) {
        const DRAIN_MAX: usize = 2 << 30;
        self.put(last);
        if self.flush().await.is_err() || self.stream.shutdown().await.is_err() {
            return;
        }
        let mut drained = 0_usize;
        let _ = timeout(drain, async {
            while drained < DRAIN_MAX {
                self.input.clear();
                self.input.reserve(READ_LARGE);
                match self.stream.read_buf(&mut self.input).await {
                    Ok(0) | Err(_) => break,
                    Ok(read) => drained += read,
                }
            }
        })
        .await;
    }

    /// Gives large buffers back when they are empty.
    fn release(&mut self) {
        for buffer in [&mut self.input, &mut self.output] {
            if buffer.is_empty() && buffer.capacity() > KEEP {
                *buffer = BytesMut::new();
            }
        }
    }
}
