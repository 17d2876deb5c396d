//! What a model backend reports: all of its tablets, or those that changed.

use std::collections::BTreeMap;

use quorate::backend::api::{ReportAnswer, TabletReport};
use quorate::ids::{ReplicaId, TabletId};

use super::ModelBackend;

/// Which tablets changed since the process started, in order.
#[derive(Debug, Default)]
pub struct Changes {
    seq: u64,
    last: BTreeMap<TabletId, (u64, ReplicaId)>,
}

impl Changes {
    /// A replica changed, came or went.
    pub fn touch(&mut self, tablet: TabletId, replica: ReplicaId) {
        self.seq += 1;
        self.last.insert(tablet, (self.seq, replica));
    }
}

impl ModelBackend {
    /// Grows with each change, and from one process to the next.
    pub fn seq(&self) -> u64 {
        self.started * 1000 + 1 + self.changes.seq
    }

    /// What changed after `since`, or everything where that is not known.
    pub fn report(&self, since: u64) -> ReportAnswer {
        let first = self.started * 1000 + 1;
        let full = since < first || since > self.seq();
        let mut tablets: Vec<TabletReport> = Vec::new();
        if full {
            tablets.extend(self.replicas.keys().filter_map(|id| self.report_of(*id)));
        } else {
            let later = self
                .changes
                .last
                .iter()
                .filter(|(_, (seq, _))| first + seq > since);
            for (tablet, (_, replica)) in later {
                let held = self.report_of(*tablet);
                tablets.push(held.unwrap_or_else(|| gone(*tablet, *replica)));
            }
        }
        ReportAnswer {
            seq: self.seq(),
            full,
            tablets,
            pending: self.pending.keys().copied().collect(),
        }
    }

    /// One tablet as this backend sees it.
    pub fn report_of(&self, tablet: TabletId) -> Option<TabletReport> {
        let held = self.replicas.get(&tablet)?;
        let path = &self.paths[held.path];
        let version = held.version();
        Some(TabletReport {
            tablet,
            replica: held.id,
            epoch: held.epoch,
            version,
            max_version: held.newest(),
            bad: held.bad || !path.online,
            why: None,
            data_size: held.size(),
            row_count: held.content(version).len() as u64,
            version_count: u32::try_from(held.published.len()).unwrap_or(u32::MAX),
            path_hash: path.hash,
            dropped: false,
        })
    }
}

fn gone(tablet: TabletId, replica: ReplicaId) -> TabletReport {
    TabletReport {
        tablet,
        replica,
        epoch: 1,
        version: 0,
        max_version: 0,
        bad: false,
        why: None,
        data_size: 0,
        row_count: 0,
        version_count: 0,
        path_hash: -1,
        dropped: true,
    }
}
