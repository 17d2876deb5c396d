//! Which faults a seed has. Each run switches some off entirely, so that the others get room (swarm testing).

use crate::rng::Rng;

/// Chances of faults; times in milliseconds of model time.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Messages lost, in a thousand.
    pub lost: u64,
    /// Messages delivered twice, in a thousand.
    pub repeated: u64,
    /// Longest delay of a message; reorders them when long.
    pub delay_ms: u64,
    /// Longest time that a backend works on a message; what it works on is lost or half done in a crash.
    pub disk_ms: u64,
    /// Crashes of the frontend, in a thousand a second.
    pub frontend_crash: u64,
    /// Crashes of each backend, in a thousand a second.
    pub backend_crash: u64,
    /// Pauses of each backend, in a thousand a second: it answers late and all at once.
    pub pause: u64,
    /// One-way and two-way cuts between two nodes, in a thousand a second.
    pub cut: u64,
    /// Full disks of each backend, in a thousand a second.
    pub full_disk: u64,
    /// Full disks of the frontend, in a thousand a second.
    pub full_journal: u64,
    /// Longest time an append to the journal takes.
    pub journal_ms: u64,
    /// Jumps of the frontend's clock, in a thousand a second.
    pub clock: u64,
    /// Coordinators that die, in a thousand for each of their steps.
    pub client_death: u64,
    /// Statements that make, empty or drop a table, in a thousand a second.
    pub statements: u64,
}

impl Faults {
    /// The profile of a seed.
    pub fn of(rng: &mut Rng) -> Faults {
        let mut maybe = |high: u64| {
            if rng.per_mille(500) {
                rng.between(1, high)
            } else {
                0
            }
        };
        Faults {
            lost: maybe(100),
            repeated: maybe(100),
            delay_ms: 5 + maybe(2000),
            disk_ms: 2 + maybe(500),
            frontend_crash: maybe(60),
            backend_crash: maybe(40),
            pause: maybe(40),
            cut: maybe(40),
            full_disk: maybe(30),
            full_journal: maybe(30),
            journal_ms: 2 + maybe(200),
            clock: maybe(20),
            client_death: maybe(50),
            statements: 20 + maybe(150),
        }
    }

    /// None at all: the second phase.
    pub fn none() -> Faults {
        Faults {
            lost: 0,
            repeated: 0,
            delay_ms: 5,
            disk_ms: 2,
            frontend_crash: 0,
            backend_crash: 0,
            pause: 0,
            cut: 0,
            full_disk: 0,
            full_journal: 0,
            journal_ms: 2,
            clock: 0,
            client_death: 0,
            statements: 0,
        }
    }
}
