//! The truth on disk: the journal port with its implementations, and what a frontend's data directory holds.
//!
//! Owns durability: a record is on the disk when [`Journal::append`](journal::Journal::append) has returned, and is
//! read back whole or refused. Does not know what a record says.

pub mod epochs;
pub mod error;
pub mod files;
pub mod identity;
pub mod journal;
pub mod memory;
pub mod redb;

#[cfg(test)]
mod tests;
