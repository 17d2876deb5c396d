//! Tests of a whole backend over its HTTP listener, on real directories.

mod adoption;
mod clone_breaks;
mod clone_calls;
mod clone_crash;
mod clones;
mod compaction;
mod crash;
mod digests;
mod flips;
mod identity;
mod loads;
mod node;
mod paths;
mod reads;
mod salvage;
mod segments;
mod time;
mod wiped;
