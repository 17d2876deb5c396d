//! The two pipes between gate and crate.
//!
//! Inward, the crate is never given bytes of two packets in one read: it keeps a pointer into a buffer that it has
//! freed when that happens (0.7.0, `packet_reader.rs`).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, DuplexStream, ReadBuf};
use tokio::sync::mpsc;

use crate::mysql::error::Error;
use crate::mysql::wire::{HEADER, Wire};

/// Bytes of answers that may wait between crate and gate; then the statement waits for its client.
const PIPE: usize = 64 << 10;

/// The gate's ends.
pub struct Inner {
    to: mpsc::Sender<Bytes>,
    from: DuplexStream,
    input: BytesMut,
}

/// What the crate reads from.
pub struct Inward {
    from: mpsc::Receiver<Bytes>,
    packet: Bytes,
}

/// The gate's ends, and the two ends that the crate gets.
pub fn pipes() -> (Inner, Inward, DuplexStream) {
    let (to, received) = mpsc::channel(1);
    let (from, outward) = tokio::io::duplex(PIPE);
    let inner = Inner {
        to,
        from,
        input: BytesMut::new(),
    };
    let inward = Inward {
        from: received,
        packet: Bytes::new(),
    };
    (inner, inward, outward)
}

impl AsyncRead for Inward {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.packet.is_empty() {
            match ready!(this.from.poll_recv(cx)) {
                Some(packet) => this.packet = packet,
                None => return Poll::Ready(Ok(())),
            }
        }
        let taken = this.packet.len().min(buf.remaining());
        buf.put_slice(&this.packet.split_to(taken));
        Poll::Ready(Ok(()))
    }
}

impl Inner {
    /// Hands the crate a command, which is short.
    pub async fn send(&self, command: &[u8]) -> Result<(), Error> {
        let mut packet = BytesMut::with_capacity(HEADER + command.len());
        let [a, b, c, ..] = command.len().to_le_bytes();
        packet.extend_from_slice(&[a, b, c, 0]);
        packet.extend_from_slice(command);
        let sent = self.to.send(packet.freeze()).await;
        sent.map_err(|_| Error::Inner("it stopped reading"))
    }

    /// Gives the buffer of an answer back, which was perhaps large: the next one may be long in coming.
    pub fn release(&mut self) {
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
    }

    /// The length of the crate's next packet.
    pub async fn header(&mut self, wire: &mut Wire) -> Result<usize, Error> {
        self.fill(HEADER, wire).await?;
        let length = self.input.get_uint_le(3);
        self.input.advance(1);
        usize::try_from(length).map_err(|_| Error::Inner("a packet without end"))
    }

    /// So many bytes of a packet.
    pub async fn body(&mut self, length: usize, wire: &mut Wire) -> Result<BytesMut, Error> {
        self.fill(length, wire).await?;
        Ok(self.input.split_to(length))
    }

    /// The crate's next packet.
    pub async fn packet(&mut self, wire: &mut Wire) -> Result<BytesMut, Error> {
        let length = self.header(wire).await?;
        self.body(length, wire).await
    }

    /// Waits for the crate. Meanwhile the client gets what there is, and is watched: when it goes, so does its statement.
    async fn fill(&mut self, bytes: usize, wire: &mut Wire) -> Result<(), Error> {
        while self.input.len() < bytes {
            wire.flush().await?;
            self.input.reserve(PIPE);
            let read = tokio::select! {
                biased;
                read = self.from.read_buf(&mut self.input) => read?,
                gone = wire.gone() => return Err(gone),
            };
            if read == 0 {
                return Err(Error::Inner("it stopped answering"));
            }
        }
        Ok(())
    }
}
