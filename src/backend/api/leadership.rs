//! Which frontend a call is made for, and which of two frontends a backend obeys.
//!
//! A directory of a frontend can be copied, and then two frontends are the same cluster's by everything that they own. A
//! backend obeys one of them. The rule, of frontends with different starts:
//!
//! 1. one that was told to take the cluster over goes before all that were told less often ([`Leadership::takeovers`]);
//! 2. the longer journal goes before the shorter one: it may hold what was acknowledged and the other does not know;
//! 3. of equal journals the later epoch: it was started from what the other one had;
//! 4. of equal epochs the one that was obeyed first.
//!
//! So a frontend that is started again is obeyed, a copy takes over only while nothing has happened since it was made, and
//! an older copy never. Who is refused stops ([`crate::leader::run`]), so two of them do not take turns.

use serde::{Deserialize, Serialize};

/// Header that says for which frontend a call is made: a [`Leadership`] as JSON.
pub const LEADERSHIP_HEADER: &str = "x-quorate-frontend";

/// A frontend at work: who it is, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Leadership {
    /// Cluster.
    pub cluster: u64,
    /// How often a frontend of this journal was told to take over though backends knew of a longer one.
    #[serde(default)]
    pub takeovers: u64,
    /// The last durable record of its journal.
    pub journal: u64,
    /// Sequence of its leadership.
    pub epoch: u64,
    /// Drawn anew at each start of the process.
    pub start: u64,
    /// Name, made at first start; a copy has the same.
    pub name: String,
    /// `host:port` of its HTTP listener.
    pub address: String,
}

/// What one frontend is to a backend that obeys another, or the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The one that is obeyed.
    Obeyed,
    /// One to be obeyed from now on.
    Newer,
    /// The one that is obeyed, before it recovered from a failure of its journal.
    Past,
    /// One that is not obeyed.
    Refused,
}

impl Leadership {
    /// What this one is to who obeys `obeyed`.
    pub fn beside(&self, obeyed: &Leadership) -> Standing {
        if self.start == obeyed.start {
            return match self.epoch >= obeyed.epoch {
                true => Standing::Obeyed,
                false => Standing::Past,
            };
        }
        match self.rank() > obeyed.rank() {
            true => Standing::Newer,
            false => Standing::Refused,
        }
    }

    fn rank(&self) -> (u64, u64, u64) {
        (self.takeovers, self.journal, self.epoch)
    }

    /// The same frontend, as far as either of the two knows it.
    pub fn merged(&self, other: &Leadership) -> Leadership {
        let newer = match other.epoch > self.epoch {
            true => other,
            false => self,
        };
        Leadership {
            journal: self.journal.max(other.journal),
            ..newer.clone()
        }
    }
}

impl std::fmt::Display for Leadership {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Leadership {
            name,
            address,
            epoch,
            start,
            journal,
            ..
        } = self;
        write!(
            f,
            "{name} at {address} (epoch {epoch}, start {start:016x}, journal {journal})"
        )
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    fn frontend(start: u64, journal: u64, epoch: u64) -> Leadership {
        Leadership {
            journal,
            epoch,
            start,
            ..Leadership::default()
        }
    }

    #[test]
    fn a_restart_is_obeyed_and_an_older_copy_is_not() {
        let running = frontend(1, 100, 2);
        assert_eq!(frontend(2, 100, 3).beside(&running), Standing::Newer);
        assert_eq!(frontend(2, 101, 2).beside(&running), Standing::Newer);
        assert_eq!(frontend(2, 100, 2).beside(&running), Standing::Refused);
        assert_eq!(frontend(2, 99, 9).beside(&running), Standing::Refused);
        assert_eq!(frontend(1, 99, 2).beside(&running), Standing::Obeyed);
        assert_eq!(frontend(1, 100, 3).beside(&running), Standing::Obeyed);
        assert_eq!(frontend(1, 100, 1).beside(&running), Standing::Past);
        let told = Leadership {
            takeovers: 1,
            ..frontend(2, 50, 3)
        };
        assert_eq!(told.beside(&running), Standing::Newer);
        assert_eq!(frontend(3, 200, 9).beside(&told), Standing::Refused);
    }

    /// Two frontends on copies of one directory call backends in any order; who is refused stops. The two never both go on,
    /// and who has acknowledged something that the other does not know is not the one that stops alone.
    #[test]
    fn two_frontends_on_copies_never_both_go_on() {
        for seed in 0..2000 {
            let random = &mut StdRng::seed_from_u64(seed);
            let (journal, epoch) = (random.random_range(10..20), random.random_range(1..4));
            let mut frontends = [
                frontend(1, journal, epoch),
                frontend(2, random.random_range(8..22), random.random_range(1..4)),
            ];
            let mut stopped = [false; 2];
            let mut backends: [Option<Leadership>; 3] = Default::default();
            for round in 0..60 {
                let who = random.random_range(0..2);
                let at = random.random_range(0..3);
                if stopped[who] {
                    continue;
                }
                match &backends[at] {
                    Some(obeyed) => match frontends[who].beside(obeyed) {
                        Standing::Refused => stopped[who] = true,
                        _ => backends[at] = Some(frontends[who].clone()),
                    },
                    None => backends[at] = Some(frontends[who].clone()),
                }
                // Only who is obeyed by all that it has called gets further.
                if !stopped[who] && round % 3 == 0 {
                    frontends[who].journal += 1;
                }
            }
            assert!(stopped != [false, false], "seed {seed}: both go on");
        }
    }
}
