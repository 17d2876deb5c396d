//! Benchmarks: each compares side by side in one run, and prints a table. `cargo bench [-- NAME ..]`.
//!
//! No figure here is asserted: absolute times belong to machines, and ratios are for people to judge. `FLIGHTS=FILE` has
//! the flights of a file loaded instead of those that are made.

mod catalog;
mod clone;
mod cluster;
mod content;
mod flights;
mod foreground;
mod heal;
mod load;
mod statements;
mod stats;

fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    let benchmarks: [(&str, fn()); 7] = [
        ("catalog", catalog::run),
        ("clone", clone::run),
        ("content", content::run),
        ("foreground", foreground::run),
        ("heal", heal::run),
        ("load", load::run),
        ("statements", statements::run),
    ];
    for (name, run) in benchmarks {
        if wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str())) {
            println!("\n== {name}");
            run();
        }
    }
}
