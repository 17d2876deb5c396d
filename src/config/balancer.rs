//! What the balancer evens out.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What the balancer evens out (StarRocks: `tablet_sched_balancer_strategy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Balancer {
    /// The loads of backends and nothing else (seed).
    BeLoadScore,
    /// The loads of backends; where they are even, the tablets of each partition and of each table.
    DiskAndTablet,
}

impl Balancer {
    fn word(self) -> &'static str {
        match self {
            Balancer::BeLoadScore => "be_load_score",
            Balancer::DiskAndTablet => "disk_and_tablet",
        }
    }
}

impl fmt::Display for Balancer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Balancer {
    type Err = ();

    fn from_str(text: &str) -> Result<Balancer, ()> {
        let all = [Balancer::BeLoadScore, Balancer::DiskAndTablet];
        let mut all = all.into_iter();
        all.find(|of| text.eq_ignore_ascii_case(of.word()))
            .ok_or(())
    }
}
