//! What should be done about tablets: their health, checker, scheduler, balancer, placement.
//!
//! Pure: no clock, no I/O, no randomness, no async.

pub mod balance;
pub mod census;
pub mod checker;
pub mod choice;
pub mod cluster;
pub mod consistency;
pub mod desk;
pub mod destination;
pub mod explain;
pub mod healing;
pub mod health;
pub mod load;
pub mod placement;
pub mod priority;
pub mod reason;
pub mod redundant;
pub mod room;
pub mod schedule;
pub mod source;
pub mod task;
#[cfg(test)]
mod testing;
pub mod unseen;
pub mod unsettled;
