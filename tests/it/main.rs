//! Integration tests. One binary, because each one links DataFusion.

mod cluster;
mod grammar;
mod journal;
mod leader;
mod malformed;
mod promises;
mod readme;
mod repair;
mod seeded;
mod slt;
mod tidy;
mod wire;
