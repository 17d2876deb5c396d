//! The storage node: storage paths, tablets as versioned rowsets of Parquet segments, and the HTTP listener.
//!
//! Does not decide anything about other nodes: the frontend says what to create, publish and drop. A file exists
//! before metadata names it, and is deleted after no metadata names it.
//!
//! Where to begin: `path` holds a storage path together; `contents` is what it holds, as a value, and how that
//! changes; `writer` makes changes durable. `receive`, `publish`, `scan`, `compact`, `clone` and `clean` are what is done with it;
//! `check`, `digest` and `scrub` look whether it is whole.

mod adopt;
pub mod api;
mod check;
mod checked;
pub mod clean;
pub mod client;
pub mod clone;
pub mod compact;
pub mod contents;
mod create;
mod cut;
mod damage;
mod digest;
pub mod doubts;
pub mod error;
pub mod incoming;
mod listing;
pub mod login;
mod machine;
pub mod meta;
pub mod metrics;
mod open;
pub mod options;
mod pace;
pub mod path;
mod publish;
mod receive;
mod remove;
pub mod report;
mod routes;
pub mod rowset;
pub mod run;
mod salvage;
pub mod scan;
pub mod scrub;
pub mod segment;
pub mod shelf;
pub mod state;
pub mod sums;
pub mod tablet;
pub mod turns;
mod verify;
pub mod whereabouts;
mod writer;

pub use crate::backend::error::Error;
pub use crate::backend::options::{Options, Settings, StoragePath};
pub use crate::backend::run::{Running, start};
pub use crate::backend::state::State;

#[cfg(test)]
mod tests;
