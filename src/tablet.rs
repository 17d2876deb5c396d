//! What should be done about tablets: their health, and (later) checker, scheduler, balancer, placement.
//!
//! Pure: no clock, no I/O, no randomness, no async.

pub mod census;
pub mod cluster;
pub mod health;
pub mod placement;
