//! What should be done about tablets: their health, checker, scheduler, balancer, placement.
//!
//! Pure: no clock, no I/O, no randomness, no async.

pub mod census;
pub mod cluster;
pub mod healing;
pub mod health;
pub mod load;
pub mod placement;
pub mod reason;
pub mod task;
