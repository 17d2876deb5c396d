//! Real processes, real disks, real kills. Each test has a cluster of its own on free ports.

mod content;
mod crash;
mod driver;
mod harness;
mod healing;
mod identity;
mod quorum;
mod refusals;
mod repeats;
mod runbooks;
mod waiting;
