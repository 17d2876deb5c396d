//! The data directory and its journal where the process dies or the disk fails: only these tests have fault points.

mod crash;
