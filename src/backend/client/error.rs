//! How a call can fail. Each text names the node, the call and the cause.

use std::error::Error as _;
use std::time::Duration;

use crate::backend::client::Call;
use crate::code::{Code, Coded};

/// Why a call gave no answer that could be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The node can't be reached, or the connection broke; whether it did what was asked is not known.
    #[error("node {address}: {call} failed: {cause}")]
    Lost {
        /// `host:port`.
        address: String,
        /// The call.
        call: String,
        /// What the network said.
        cause: String,
    },
    /// No answer came in time; whether the node did what was asked is not known.
    #[error("node {address}: {call} gave no answer within {} ms", timeout.as_millis())]
    Late {
        /// `host:port`.
        address: String,
        /// The call.
        call: String,
        /// How long was waited.
        timeout: Duration,
    },
    /// The node answered with an error.
    #[error("node {address}: {call} was refused ({status}): {message}")]
    Refused {
        /// `host:port`.
        address: String,
        /// The call.
        call: String,
        /// HTTP status.
        status: u16,
        /// Its reason.
        message: String,
    },
    /// Whoever answers there has not proven to be of the cluster, so it was told nothing.
    #[error("{address} is no node of this cluster: {why}")]
    Stranger {
        /// `host:port`.
        address: String,
        /// What it did.
        why: String,
    },
    /// The answer is longer than any that the call may have.
    #[error("node {address}: {call} was answered by more than the {most} bytes that are taken")]
    Long {
        /// `host:port`.
        address: String,
        /// The call.
        call: String,
        /// Most bytes of an answer.
        most: usize,
    },
    /// The client could not be made.
    #[error("calls to other nodes can't be made: {cause}")]
    Client {
        /// Why.
        cause: String,
    },
}

impl Error {
    /// The error of a failed exchange.
    pub(super) fn of(call: &Call<'_>, cause: &reqwest::Error) -> Error {
        if cause.is_timeout() && !cause.is_connect() {
            Error::late(call)
        } else {
            Error::lost(call).because(cause)
        }
    }

    pub(super) fn late(call: &Call<'_>) -> Error {
        Error::Late {
            address: call.address.to_owned(),
            call: call.name.to_owned(),
            timeout: call.timeout,
        }
    }

    pub(super) fn lost(call: &Call<'_>) -> Error {
        Error::Lost {
            address: call.address.to_owned(),
            call: call.name.to_owned(),
            cause: String::new(),
        }
    }

    pub(super) fn refused(call: &Call<'_>, status: u16, message: String) -> Error {
        Error::Refused {
            address: call.address.to_owned(),
            call: call.name.to_owned(),
            status,
            message,
        }
    }

    /// The same loss with its cause.
    pub(super) fn because(mut self, because: &reqwest::Error) -> Error {
        if let Error::Lost { cause, .. } = &mut self {
            *cause = with_causes(because);
        }
        self
    }
}

impl Coded for Error {
    fn code(&self) -> Code {
        Code::BACKEND
    }
}

/// The words of the innermost causes: the outer ones say only that a request failed.
pub(super) fn with_causes(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    let from = causes.len().saturating_sub(2);
    match causes.get(from..) {
        Some(last) if !last.is_empty() => last.join(": "),
        _ => error.to_string(),
    }
}
