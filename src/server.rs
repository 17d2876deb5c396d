//! Puts nodes together: data directory, leader, engine and listeners of a frontend; storage and coordinator of a
//! backend; both kinds in one process for `standalone`.
//!
//! Owns the order in which parts start and stop. Decides nothing while they run.

mod advertised;
mod backend;
mod frontend;
mod standalone;

use std::net::SocketAddr;

use crate::backend::Error as BackendError;
use crate::code::Failure;
use crate::store::error::Error as StoreError;

pub use self::advertised::Advertised;
pub use self::backend::{Backend, BackendOptions, backend, settings};
pub use self::frontend::{Frontend, FrontendOptions, frontend};
pub use self::standalone::{Standalone, standalone};

/// Why a node could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address can't be listened on.
    #[error("can't listen on {0}: {1}; choose another address, or port 0 for a free one")]
    Bind(SocketAddr, std::io::Error),
    /// A listener is bound to every address, and nobody said by which one others reach it.
    #[error(
        "{0} is every address of this machine, and none that other nodes can call; name the one to give them by --advertise-addr HOST[:PORT] (QUORATE_ADVERTISE_ADDR)"
    )]
    NoOwnAddress(SocketAddr),
    /// The data directory or the journal can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The leader can't start, or refuses what a start needs.
    #[error("{0}")]
    Leader(Failure),
    /// A storage path can't be used.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The machine refuses threads or sockets.
    #[error("the operating system refuses what a node needs: {0}")]
    System(String),
    /// The backends of a standalone cluster did not come to life.
    #[error("the backends of this process did not answer within {0} s; the log says why")]
    NotAlive(u64),
    /// A remembered port is not free any more.
    #[error(
        "port {0} of backend {1} is in use by another process; free it: the catalog knows the backend by it"
    )]
    PortTaken(u16, u16),
}
