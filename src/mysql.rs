//! The MySQL listener. The only module that knows packets; behind it is a [`Service`](crate::frontend::service::Service).
//!
//! opensrv-mysql is the server: it greets, checks log-ins, dispatches commands and writes result sets. It never meets
//! a socket: 0.7.0, the newest release, reads freed memory when two packets arrive together, answers OK to what it does not
//! know, and leaves out status flags and metadata. So each connection has a gate (`mysql/gate.rs`) between socket and crate, which
//! hands in one checked command at a time, answers what the crate can't, and puts right what the crate sends.
//!
//! ```text
//! socket <-> wire (packets) <-> gate <-> inner (pipes) <-> opensrv-mysql <-> shim -> Service
//!                                  \______ slate: what packets can't carry ______/
//! ```

mod auth;
mod bytes;
mod capabilities;
mod columns;
mod error;
mod gate;
mod listener;
mod packets;
mod shim;
mod slate;
pub mod tls;
mod transport;
mod values;
mod wire;

pub use listener::{Terms, serve};
