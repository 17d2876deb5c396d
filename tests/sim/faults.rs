//! Which faults a seed has. Each run switches some off entirely, so that the others get room (swarm testing).

use crate::rng::Rng;

/// Seeds with faults that only repair can mend, in a thousand.
pub const HEALS: u64 = 750;

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
    /// Full disks of each backend, in a thousand a second; half of them tell of room.
    pub full_disk: u64,
    /// Disks of a backend that answer nothing while its process does, in a thousand a second for each.
    pub hung_disk: u64,
    /// Full disks of the frontend, in a thousand a second.
    pub full_journal: u64,
    /// Longest time an append to the journal takes.
    pub journal_ms: u64,
    /// Jumps of the wall clock of each node, in a thousand a second.
    pub clock: u64,
    /// Coordinators that die, in a thousand for each of their steps.
    pub client_death: u64,
    /// Statements that make, empty or drop a table, in a thousand a second.
    pub statements: u64,
    /// Cuts between two backends, in a thousand a second for each.
    pub peer_cut: u64,
    /// Disks and networks of a backend that become slow, in a thousand a second for each.
    pub slow: u64,
    /// Reports that arrive seconds late, in a thousand.
    pub stale_report: u64,
    /// Files that are lost, or of which a byte is flipped, in a thousand a second.
    pub bad_file: u64,
    /// Rows that are altered so that checksums fit, in a thousand a second.
    pub altered: u64,
    /// Storage paths that go offline and come back as they were, in a thousand a second.
    pub offline: u64,
    /// Storage paths that die and come back empty, in a thousand a second.
    pub wiped: u64,
    /// Queries of each backend that read some tablet, in a thousand a second.
    pub reads: u64,
    /// Milliseconds by which orders to drop replicas are late.
    pub late_drop_ms: u64,
    /// Machines that get a second name or another one, in a thousand a second for each.
    pub names: u64,
    /// Machines that are started on a copy of another's storage paths, in a thousand a second.
    pub twins: u64,
    /// Copies of the frontend's journal, and frontends that are started on them, in a thousand a second.
    pub copies: u64,
    /// Statements that an operator steers repair and balance with, in a thousand a second.
    pub operator: u64,
    /// Statements by which replicas are handed over while no backend fails, in a thousand a second.
    pub handover: u64,
    /// Backends that are dropped by force, or added again, in a thousand a second.
    pub forgets: u64,
}

impl Faults {
    /// The profile of a seed: some of what the network, processes and disks can do, and in three of four seeds some of
    /// what only repair can mend.
    pub fn of(rng: &mut Rng) -> Faults {
        let mut maybe = |high: u64| match rng.per_mille(500) {
            true => rng.between(1, high),
            false => 0,
        };
        let passing = Faults {
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
            peer_cut: maybe(40),
            slow: maybe(40),
            stale_report: maybe(300),
            reads: maybe(300),
            names: maybe(15),
            copies: maybe(200),
            hung_disk: maybe(25),
            ..Faults::none()
        };
        let lasting = Faults {
            offline: maybe(30),
            bad_file: maybe(300),
            altered: maybe(60),
            wiped: maybe(30),
            operator: maybe(400),
            twins: maybe(60),
            reads: 300,
            ..passing.clone()
        };
        // Copies of disks count as no whole ones: damage may only be done where there are none.
        let damage = lasting.bad_file + lasting.altered + lasting.offline + lasting.wiped;
        let lasting = Faults {
            twins: if damage > 0 { 0 } else { lasting.twins },
            ..lasting
        };
        match rng.per_mille(HEALS) {
            true => lasting,
            false => passing,
        }
    }

    /// The profile of a seed in which replicas are handed over and nothing else happens to backends: no load may fail for it.
    pub fn calm(rng: &mut Rng) -> Faults {
        let mut maybe = |high: u64| match rng.per_mille(500) {
            true => rng.between(1, high),
            false => 0,
        };
        Faults {
            delay_ms: 5 + maybe(200),
            disk_ms: 2 + maybe(100),
            journal_ms: 2 + maybe(200),
            clock: maybe(20),
            statements: maybe(100),
            slow: maybe(60),
            stale_report: maybe(300),
            late_drop_ms: maybe(20_000),
            handover: 40 + maybe(300),
            ..Faults::none()
        }
    }

    /// The profile of a seed in which an operator drops backends by force, whatever they hold, and adds them again. Nothing is
    /// destroyed: once all are back, nothing may be missing.
    pub fn forgetful(rng: &mut Rng) -> Faults {
        Faults {
            bad_file: 0,
            altered: 0,
            offline: 0,
            wiped: 0,
            twins: 0,
            operator: 0,
            forgets: rng.between(20, 150),
            ..Faults::of(rng)
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
            hung_disk: 0,
            full_journal: 0,
            journal_ms: 2,
            clock: 0,
            client_death: 0,
            statements: 0,
            peer_cut: 0,
            slow: 0,
            stale_report: 0,
            bad_file: 0,
            altered: 0,
            offline: 0,
            wiped: 0,
            reads: 0,
            late_drop_ms: 0,
            names: 0,
            copies: 0,
            twins: 0,
            handover: 0,
            forgets: 0,
            operator: 0,
        }
    }

    /// Whether something is lost for good, or placement is changed by statements.
    pub fn lasting(&self) -> bool {
        let damage = self.bad_file + self.altered + self.offline + self.wiped + self.twins;
        damage + self.operator + self.handover + self.forgets > 0
    }
}
