//! What readers get: one immutable snapshot, cheap to take, that no writer waits for.

use std::sync::Arc;

use crate::catalog::state::Catalog;
use crate::clock::{Jump, Timestamp};
use crate::config::Config;
use crate::ids::{DbId, TabletId};
use crate::tablet::census::Census;
use crate::tablet::healing::Healing;

/// A snapshot of everything that statements read.
#[derive(Debug, Clone)]
pub struct View {
    /// When it was taken.
    pub now: Timestamp,
    /// What exists.
    pub catalog: Catalog,
    /// Counts and unhealthy tablets, kept up to date as events arrive.
    pub census: Census,
    /// Repair and balance: the queue, what runs, what has ended.
    pub healing: Healing,
    /// Settings in force.
    pub config: Arc<Config>,
    /// This frontend.
    pub frontend: Arc<FrontendInfo>,
    /// Connections of clients that have logged in; 0 where nobody counts them.
    pub connections: u64,
}

/// What SHOW FRONTENDS says of this frontend.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FrontendInfo {
    /// Name, made at first start.
    pub name: String,
    /// Address that clients reach.
    pub host: String,
    /// MySQL port.
    pub mysql_port: u16,
    /// HTTP port.
    pub http_port: u16,
    /// Cluster id, made at first start.
    pub cluster_id: u64,
    /// When this process started.
    pub started: Timestamp,
    /// The last time that the wall clock of its machine was seen to be set.
    pub jump: Option<Jump>,
    /// Drawn at each start: tells this process from any other with the same name.
    pub start: u64,
    /// How often a frontend of this journal was told to take over.
    pub takeovers: u64,
    /// Sequence number of the last journal record.
    pub journal_seq: u64,
    /// Nothing is cloned or dropped yet: the backends have not reported.
    pub safe_mode: bool,
    /// Why it acknowledges nothing any more: backends obey another frontend. Empty when they obey this one.
    pub refused: String,
    /// Why statements that change something are refused, such as a full disk under the journal; empty while they are not.
    pub trouble: String,
}

/// Numbers of one database for SHOW PROC '/statistic'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistic {
    /// Tables.
    pub tables: u64,
    /// Partitions.
    pub partitions: u64,
    /// Indexes, counted for each partition.
    pub indexes: u64,
    /// Tablets.
    pub tablets: u64,
    /// Replicas that exist.
    pub replicas: u64,
    /// Tablets that are not healthy.
    pub unhealthy: u64,
    /// Tablets whose replicas differ in content at the same version.
    pub inconsistent: u64,
    /// Tablets being cloned.
    pub cloning: u64,
    /// Tablets with a replica in error state.
    pub error_state: u64,
}

impl std::ops::Add for Statistic {
    type Output = Statistic;

    fn add(self, other: Statistic) -> Statistic {
        Statistic {
            tables: self.tables + other.tables,
            partitions: self.partitions + other.partitions,
            indexes: self.indexes + other.indexes,
            tablets: self.tablets + other.tablets,
            replicas: self.replicas + other.replicas,
            unhealthy: self.unhealthy + other.unhealthy,
            inconsistent: self.inconsistent + other.inconsistent,
            cloning: self.cloning + other.cloning,
            error_state: self.error_state + other.error_state,
        }
    }
}

impl View {
    /// Numbers of one database, without a walk.
    pub fn statistic(&self, db: DbId) -> Statistic {
        self.census.statistic(db)
    }

    /// Unhealthy tablets of one database, ascending.
    pub fn unhealthy(&self, db: DbId) -> Vec<TabletId> {
        self.census.unhealthy(db)
    }
}
