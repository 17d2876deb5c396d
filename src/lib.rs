//! Quorate keeps replicated tables whole, and is run in SQL over the MySQL protocol.
//!
//! # Bird's-eye view
//!
//! A **frontend** owns the catalog: databases, tables, partitions, tablets, and where each tablet's replicas are. It
//! speaks MySQL to clients, HTTP to loaders, and decides what happens. **Backends** keep the replicas: rowsets of
//! Parquet segments on storage paths. Frontend and backends speak HTTP with one shared token.
//!
//! A replica is healthy only if its version is right, its files are there, and its content is that of its siblings.
//!
//! # One statement, from packet to packet
//!
//! `mysql` takes a packet through its gate and hands text to [`frontend::service::Service`]; `frontend::engine` cuts
//! it into tokens ([`sql::script`]), parses ([`sql::statements`]), and runs the statement against a [`view::View`]. The
//! statement changes nothing: it returns an [`sql::outcome::Outcome`], which the engine performs: rows go back, a
//! request goes to the leader, a query goes to DataFusion (`system`).
//!
//! A query runs under a [`system::control::Control`]: it holds the memory, the turn, and the reason to stop, and a node above
//! each node of its plan (`system::watch`) asks for them. Nothing that a query does is out of its reach for long.
//!
//! # One change, from request to disk
//!
//! [`leader`] gives every event an order. Its `core` is pure: `step(now, Event) -> Vec<Action>`. The shell around it
//! appends records to the journal ([`store`]), calls backends, and answers; nothing is answered before the record that
//! it depends on is durable. The simulator in `tests/sim` drives the same `core` from one seed.
//!
//! # One load
//!
//! A coordinator (a backend, or the frontend for INSERT) begins a transaction, routes rows by partition and bucket
//! ([`load`]), writes one Parquet segment a tablet, and sends the same bytes to every replica. Each makes a pending
//! rowset durable. At commit the leader counts the write quorum of every tablet, gives the version, journals it, and
//! has it published; when a quorum has published, readers see it. Who comes with the label of a load that is committed
//! waits for that too ([`load::label`]): nobody is told that a load is finished before its rows can be read.
//!
//! # One repair
//!
//! Backends report, heartbeats fail: the [`tablet::census`] notes which tablets are remarkable. `tablet::checker` makes
//! tasks of them, `tablet::schedule` decides about one task with what lies on its `tablet::desk` (source, destination,
//! redundant, slots), and `leader::core`'s `heal` performs it: a new replica is in the journal first, its backend then
//! clones it from a peer (`backend::clone`), the answer puts it in normal use. A replica too many is marked, waits for the
//! loads that began before, and goes. `tablet::balance` makes tasks too; EXPLAIN TABLET asks the same deciders. The content
//! view compares digests (`leader::core`'s `content`) and hands what is wrong to the same repair.
//!
//! # Where things are
//!
//! | folder | what | may know |
//! |---|---|---|
//! | [`ids`] [`clock`] [`code`] [`rows`] [`config`] [`durable`] [`fault`] [`lock`] [`memory`] [`overlay`] [`proof`] [`redo`] | words | nothing above |
//! | [`listener`] [`door`] | HTTP connections, and who may call a route | words |
//! | [`catalog`] | what exists and is wanted | words |
//! | [`tablet`] | health of tablets, and what should be done | catalog |
//! | [`leader`] | order of events; `core` pure, `run` its shell | catalog, tablet, store |
//! | [`store`] | journal, identity, data directory | catalog |
//! | [`load`] | routing, readers, coordinator | catalog, leader, backend |
//! | [`backend`] | the storage node | catalog's types |
//! | [`proc`] | the PROC tree: one path, one file | view |
//! | [`system`] | tables for DataFusion, user tables and system tables | view, proc |
//! | [`sql`] | the dialect: one statement, one file | view, proc |
//! | [`frontend`] | performs outcomes | everything above |
//! | [`mysql`] [`http`] | listeners | frontend |
//! | [`server`] [`cli`] | wiring, commands | everything |
//!
//! `tests/it/tidy.rs` holds this table as data and fails on a breach.
//!
//! # What is absent on purpose
//!
//! * `catalog`, `tablet` and `leader::core` have no clock, no I/O, no async, no randomness, and no order of a hash map.
//! * Nothing changes the catalog but `apply(Change)`, and a change is in the journal before it is applied.
//! * `proc`, `system`, `sql` and `http` read a [`view::View`] and take no lock that a writer needs.
//! * Only `mysql` knows packets; only `http`, `backend`, `load`, `listener` and `door` know axum; sqlparser's parser is known to the cursor
//!   and to the two statements that hand it whole queries.
//! * No globals: two frontends can run in one process.
//! * No text is built and parsed again: parameters are bound as tokens.
//!
//! # Where this differs from the design, and why
//!
//! * A backend reads its own Parquet and streams rows to the frontend, which runs DataFusion over them. Files never
//!   leave a backend, so compaction needs no leases, and a reader whose replica dies goes on with another from the row
//!   it had reached: rows of a tablet have one order on every replica, whatever has been compacted.
//! * The frontend asks backends for their reports; backends need not know where frontends are until they coordinate.
//! * A replica's id is its placement's epoch: a replica is placed once and ids only grow. Backends refuse a lower id than
//!   the one they hold, and a publish names the replica that it means.
//! * A lost copy is not dropped to make room while another backend is free, though StarRocks' rule counts it as room
//!   taken; and repair waits for its delay only where a dead backend may come back with what is missing.
//! * A committed load becomes visible with the replicas that are left of its quorum once repair has put others in the
//!   place of the rest: they missed it, and are brought forward like any that did.
//! * Loads make the column chunks of common types themselves (`load/encode/chunk`), though the Parquet library could: it takes
//!   more than twice the time, and loads are bound by it. Everything else of a file is the library's.
//! * The segments of a load are made durable by one flush of the file system where there are many: one by one, each waits
//!   for the journal of the file system twice.
//! * Changes of a backend's metadata are durable in a [redo log](redo) before they get into the embedded store: a commit of that
//!   costs two flushes and three times the processor time, and a load needs two on each backend.
//! * The publish of a load does not wait until the loads before it are visible, only the load itself does: else loads of one table
//!   would go through the calls of each other.
//! * A [`clock::Timestamp`] is both clocks in one value: compared and subtracted by elapsed time, printed by the wall clock. So no
//!   decision can go by the wall clock, and no place needs to convert. Time for which no process ran does not count for what
//!   ages (labels, trash, hints, checks): how long it was is known only by a wall clock that may be wrong by days, and what ages too
//!   slowly harms less than what is forgotten at once. What nodes tell each other is spans.
//! * The begin of a load is not journaled: ids are reserved in blocks, so one is never given twice, and a load that has
//!   not committed has nothing to lose.
#![forbid(unsafe_code)]

pub mod backend;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod code;
pub mod config;
pub mod door;
pub mod durable;
pub mod fault;
pub mod frontend;
pub mod http;
pub mod ids;
pub mod leader;
pub mod listener;
pub mod load;
pub mod lock;
pub mod memory;
pub mod mysql;
pub mod overlay;
pub mod proc;
pub mod proof;
pub mod redo;
pub mod rows;
pub mod server;
pub mod sql;
pub mod store;
pub mod system;
pub mod tablet;
pub mod view;
