//! Loads: how rows find their tablet, the readers of each format, and the coordinator that writes to every replica.
//!
//! Does not own transactions: the leader gives out versions, and says which loads are visible.

pub mod answer;
pub mod block;
pub mod body;
pub mod cast;
pub mod client;
pub mod columns;
pub mod coordinator;
pub mod encode;
pub mod error;
pub mod feed;
pub mod footer;
pub mod hash;
pub mod headers;
pub mod insert;
pub mod label;
pub mod ledger;
pub mod misfit;
pub mod moment;
pub mod number;
pub mod options;
pub mod plan;
pub mod report;
pub mod route;
pub mod send;
pub mod source;
pub mod spool;
#[cfg(test)]
pub mod testing;
pub mod text;
pub mod threads;
pub mod types;
pub mod zone;

pub use insert::{InsertInto, LoadDone, insert};
