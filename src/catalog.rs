//! What exists and what is wanted: databases, tables, partitions, tablets and their replicas, backends, users.
//!
//! Pure: no clock, no I/O, no randomness, and no order of a hash map in any answer. The only way to alter a
//! [`Catalog`](state::Catalog) is `apply(Change)`, and a change is in the journal before it is applied. Copies are
//! cheap (structural sharing), which is how readers get a snapshot that no writer waits for.

pub mod apply;
pub mod backend;
pub mod change;
pub mod check;
pub mod checkpoint;
pub mod database;
pub mod lineage;
pub mod observe;
pub mod partition;
pub mod recovery;
pub mod replica;
pub mod schema;
pub mod state;
pub mod table;
pub mod tablets;
pub mod txn;
pub mod user;
pub mod versions;
