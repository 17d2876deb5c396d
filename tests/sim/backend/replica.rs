//! A replica on a model disk: its versions, what each holds, and what has become of its files.

use std::collections::BTreeMap;

use quorate::backend::api::TabletSpec;
use quorate::ids::{FIRST_VERSION, ReplicaId, TxnId, Version};

/// A load as rows carry it: the number that its client gave it.
pub type LoadNo = u64;

/// What has become of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// As it was written.
    Whole,
    /// Gone.
    Lost,
    /// There, and its checksum does not fit.
    Flipped,
}

/// What one version holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rowset {
    /// The transaction that it came from.
    pub txn: TxnId,
    /// Its rows; `None` for an empty one.
    pub load: Option<LoadNo>,
    /// Its file.
    pub file: File,
    /// Not 0 where the rows are not those that were loaded, and checksums fit all the same.
    pub salt: u64,
}

impl Rowset {
    /// A rowset as a load wrote it.
    pub fn new(txn: TxnId, load: Option<LoadNo>) -> Rowset {
        Rowset {
            txn,
            load,
            file: File::Whole,
            salt: 0,
        }
    }

    /// Bytes on disk.
    pub fn size(&self) -> u64 {
        self.load.map_or(0, size_of)
    }

    /// Whether its rows can be read.
    pub fn whole(&self) -> bool {
        self.load.is_none() || self.file == File::Whole
    }
}

/// Bytes of a load in one tablet.
pub fn size_of(load: LoadNo) -> u64 {
    (1 + load % 5) << 20
}

/// One replica on a model disk.
#[derive(Debug, Clone)]
pub struct ModelReplica {
    /// Replica.
    pub id: ReplicaId,
    /// Placement epoch.
    pub epoch: u64,
    /// The storage path, by its place among those of the backend.
    pub path: usize,
    /// Version that it began at.
    pub base: Version,
    /// What each published version holds.
    pub published: BTreeMap<Version, Rowset>,
    /// The backend knows that a file is lost or wrong.
    pub bad: bool,
}

impl ModelReplica {
    /// An empty replica.
    pub fn new(spec: &TabletSpec, path: usize) -> ModelReplica {
        ModelReplica {
            id: spec.replica,
            epoch: spec.epoch,
            path,
            base: spec.version.max(FIRST_VERSION),
            published: BTreeMap::new(),
            bad: false,
        }
    }

    /// Highest version without a gap below it.
    pub fn version(&self) -> Version {
        let mut version = self.base;
        while self.published.contains_key(&(version + 1)) {
            version += 1;
        }
        version
    }

    /// Highest version that is held at all.
    pub fn newest(&self) -> Version {
        let newest = self.published.keys().next_back().copied();
        newest.unwrap_or(self.base).max(self.base)
    }

    /// Loads that a reader at `version` sees, in order.
    pub fn content(&self, version: Version) -> Vec<LoadNo> {
        let seen = self.published.range(..=version);
        seen.filter_map(|(_, of)| of.load).collect()
    }

    /// Every load that it holds.
    pub fn loads(&self) -> impl Iterator<Item = LoadNo> + '_ {
        self.published.values().filter_map(|of| of.load)
    }

    /// Whether a reader at `version` can be served: every version is there with a file that can be read.
    pub fn serves(&self, version: Version) -> bool {
        self.version() >= version && self.published.range(..=version).all(|(_, of)| of.whole())
    }

    /// Whether a file is lost or wrong.
    pub fn damaged(&self) -> bool {
        self.published.values().any(|of| !of.whole())
    }

    /// Bytes on disk.
    pub fn size(&self) -> u64 {
        self.published.values().map(Rowset::size).sum()
    }

    /// What the rows up to `version` amount to, with their number.
    pub fn digest(&self, version: Version) -> (u64, u64) {
        let rows = self.published.range(..=version);
        let rows = rows.filter_map(|(version, of)| Some((version, of.load?, of.salt)));
        rows.fold((0xCBF2_9CE4_8422_2325, 0), |(digest, count), row| {
            let (version, load, salt) = row;
            let mut digest: u64 = digest;
            for part in [version.unsigned_abs(), load, salt] {
                digest = (digest ^ part)
                    .wrapping_mul(0x0100_0000_01B3)
                    .rotate_left(23);
            }
            (digest, count + 1)
        })
    }
}
