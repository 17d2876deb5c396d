//! Incidents that other systems had (`peers`), as scenarios that ours must live through.
//!
//! Each was run on a core that was broken on purpose, and failed there; what was broken stands in the table of
//! [`crate`]'s comment or, where a backend can be made careless in the model, as a test of its own.

mod content;
mod decommission;
mod lost;
mod moves;
mod queue;
mod restarts;
