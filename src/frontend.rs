//! A running frontend: performs what statements want, and wires leader, queries and listeners together.

pub mod answer;
pub mod engine;
pub mod guesses;
pub mod service;
pub mod sessions;
