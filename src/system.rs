//! Queries: MySQL's SELECT on DataFusion, over user tables, `information_schema` and `sys`.
//!
//! A query goes through here as a tree: [`rewrite`] turns MySQL's meaning into DataFusion's, [`names`] finds tables and
//! functions, [`planner`] plans, and [`scan`] fetches rows of tablets from backends. Reads a snapshot; takes no lock.
//! Does not own connections, time limits or answers: those are `frontend::engine`'s.

pub mod agree;
pub mod coerce;
pub mod constant;
pub mod control;
pub mod error;
pub mod functions;
pub mod information_schema;
pub mod kinds;
pub mod lanes;
pub mod names;
pub mod naming;
pub mod planner;
pub mod pool;
pub mod prune;
pub mod rewrite;
pub mod rows_table;
pub mod scan;
pub mod sources;
pub mod sys;
pub mod tables;
pub mod turns;
pub mod types;
pub mod user_table;
pub mod values;
pub mod watch;
pub mod weight;
