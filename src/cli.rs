//! The commands of the binary: what a person types, and what a script reads back.
//!
//! Owns arguments, the ready line, signals and exit statuses. Does not own how a node starts: that is `server`.

pub mod args;
pub mod client;
pub mod print;
mod progress;
pub mod serve;
