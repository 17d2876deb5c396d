//! Packets on a connection: framing, sequence numbers, size limits and time limits, both ways.
//!
//! Knows nothing of what is in a packet. A message of 16 MiB - 1 bytes or more is several packets, the last of which
//! is shorter, if need be empty.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

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

/// The client's side of a connection.
pub struct Wire {
    stream: Transport,
    input: BytesMut,
    output: BytesMut,
    sequence: u8,
    /// How long the client may take no output.
    pub write_timeout: Duration,
}

impl Wire {
    /// A connection on which nothing has been said.
    pub fn new(stream: Transport, write_timeout: Duration) -> Wire {
        Wire {
            stream,
            input: BytesMut::new(),
            output: BytesMut::new(),
            sequence: 0,
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

    /// The next whole message. Nothing past the limit is kept: of a longer one only its header is read.
    pub async fn read(&mut self, limits: Limits) -> Result<Bytes, Error> {
        self.release();
        let mut patience = limits.idle;
        let mut whole = BytesMut::new();
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
            if whole.len() + length > limits.bytes {
                return Err(Error::TooLarge {
                    limit: limits.bytes,
                });
            }
            self.fill(length, limits.pause).await?;
            let part = self.input.split_to(length);
            if whole.is_empty() {
                whole = part;
            } else {
                whole.unsplit(part);
            }
            if length < FULL {
                return Ok(whole.freeze());
            }
        }
    }

    async fn header(&mut self, idle: Duration, pause: Duration) -> Result<(usize, u8), Error> {
        self.fill(1, idle).await?;
        self.fill(HEADER, pause).await?;
        let length = usize::try_from(self.input.get_uint_le(3)).unwrap_or(FULL);
        Ok((length, self.input.get_u8()))
    }

    /// Reads until so many bytes are there. Grows with what arrives, not with what was announced.
    async fn fill(&mut self, bytes: usize, patience: Duration) -> Result<(), Error> {
        while self.input.len() < bytes {
            let missing = bytes - self.input.len();
            self.input.reserve(missing.clamp(READ, READ_LARGE));
            let read = timeout(patience, self.stream.read_buf(&mut self.input)).await;
            if read.map_err(|_| Error::Silent(patience))?? == 0 {
                return Err(Error::Closed);
            }
        }
        Ok(())
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
