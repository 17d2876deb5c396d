//! Bodies: read as a whole within limits, or thrown away.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use bytes::BytesMut;
use futures::StreamExt;

use crate::memory::{Account, Charge, Exhausted};

/// Most bytes that are read only so that their sender gets to the answer.
const DRAIN_BYTES_MAX: u64 = 64 << 20;
/// The longest time for that.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);

/// Why a body was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is too long.
    #[error("the body is longer than the {0} bytes that are taken here")]
    Long(usize),
    /// It did not come.
    #[error("nothing of the body came for {} s", .0.as_secs())]
    Idle(Duration),
    /// There is no memory for it.
    #[error(transparent)]
    Memory(#[from] Exhausted),
    /// It broke off.
    #[error("the body broke off: {0}")]
    Broken(String),
}

impl Error {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Error::Long(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Error::Idle(_) => StatusCode::REQUEST_TIMEOUT,
            Error::Memory(_) => StatusCode::SERVICE_UNAVAILABLE,
            Error::Broken(_) => StatusCode::BAD_REQUEST,
        }
    }
}

/// A whole body, with what it costs.
///
/// # Errors
/// It is longer than `most`, stops growing for `idle`, breaks off, or finds no room in `memory`.
pub async fn read(
    body: Body,
    most: usize,
    memory: &Account,
    idle: Duration,
) -> Result<(Bytes, Charge), Error> {
    let mut charge = memory.open("bodies of HTTP calls");
    let mut stream = body.into_data_stream();
    let mut whole = BytesMut::new();
    loop {
        let next = tokio::time::timeout(idle, stream.next()).await;
        let piece = match next.map_err(|_| Error::Idle(idle))? {
            None => return Ok((whole.freeze(), charge)),
            Some(piece) => piece.map_err(|e| Error::Broken(e.to_string()))?,
        };
        if whole.len().saturating_add(piece.len()) > most {
            return Err(Error::Long(most));
        }
        charge.grow(piece.len() as u64)?;
        whole.extend_from_slice(&piece);
    }
}

/// Reads a body beside the answer and throws it away, within limits. A client that has asked before it sends anything is not told to
/// send.
pub fn drain(body: Body, headers: &HeaderMap) {
    let empty = !headers.contains_key(CONTENT_LENGTH)
        && !headers.contains_key(axum::http::header::TRANSFER_ENCODING);
    if empty || headers.contains_key(EXPECT) {
        return;
    }
    tokio::spawn(async move {
        let mut stream = body.into_data_stream();
        let all = async {
            let mut bytes = 0;
            while let Some(Ok(piece)) = stream.next().await {
                bytes += piece.len() as u64;
                if bytes > DRAIN_BYTES_MAX {
                    return;
                }
            }
        };
        // Whoever still sends then loses the connection, and perhaps the answer.
        let _ = tokio::time::timeout(DRAIN_TIME_MAX, all).await;
    });
}
