//! The MySQL protocol as bytes: a socket on one side, a small service on the other.

mod client;
mod cursors;
mod echo;
mod executing;
mod flood;
mod framing;
mod holding;
mod killing;
mod login;
mod protocol;
mod results;
mod several;
mod tls;
mod values;
