//! What ends a connection.

use std::io;
use std::time::Duration;

use crate::code::{Code, Failure};
use crate::memory::Exhausted;

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client has gone, or said COM_QUIT.
    #[error("the client closed the connection")]
    Closed,
    /// KILL, or the frontend stops.
    #[error("the connection was ended by KILL or by the server's stop")]
    Ended,
    /// The socket failed.
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    /// The client did nothing for too long.
    #[error("the client was silent for {0:?}")]
    Silent(Duration),
    /// More bytes than are taken at this point.
    #[error("Got a packet bigger than 'max_allowed_packet' bytes ({limit})")]
    TooLarge {
        /// The limit that was passed.
        limit: usize,
    },
    /// A sequence number that does not follow.
    #[error("Got packets out of order (expected {expected}, got {got})")]
    OutOfOrder {
        /// The number that should have come.
        expected: u8,
        /// The number that came.
        got: u8,
    },
    /// The handshake can't be understood.
    #[error("Bad handshake: {0}")]
    Handshake(&'static str),
    /// Others that want to log in have taken its place.
    #[error("Too many connections wait for their log-in")]
    Crowded,
    /// There is no memory for what the client sends.
    #[error("{0}")]
    Memory(#[from] Exhausted),
    /// The client was refused, and told why.
    #[error("{0}")]
    Refused(Failure),
    /// opensrv-mysql ended, or sent what was not expected.
    #[error("the protocol library failed: {0}")]
    Inner(&'static str),
}

impl Error {
    /// What the client is told before the connection closes; `None` where there is nobody to tell or nothing to say.
    pub fn farewell(&self) -> Option<Failure> {
        let code = match self {
            Error::Closed | Error::Ended | Error::Io(_) | Error::Silent(_) => return None,
            Error::TooLarge { .. } => Code::PACKET_TOO_LARGE,
            Error::OutOfOrder { .. } => Code::PACKETS_OUT_OF_ORDER,
            Error::Handshake(_) => Code::HANDSHAKE,
            Error::Crowded => Code::TOO_MANY_CONNECTIONS,
            Error::Memory(why) => return Some((*why).into()),
            Error::Refused(failure) => return Some(failure.clone()),
            Error::Inner(_) => Code::UNKNOWN,
        };
        Some(Failure::new(code, self.to_string()))
    }
}
