//! The one place where events get an order.
//!
//! `core` is pure: `step(now, Event) -> Vec<Action>`. `run` is its async shell: it feeds events and performs actions.
//! The simulator drives the same `core`.

pub mod action;
pub mod core;
pub mod event;
pub mod handle;
pub mod heartbeat;
pub mod notice;
pub mod request;
pub mod run;
