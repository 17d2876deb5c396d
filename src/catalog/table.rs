//! A table: columns, how rows find their partition and bucket, and the properties of its replicas.

use serde::{Deserialize, Serialize};

use crate::catalog::schema::ColumnDef;
use crate::clock::Timestamp;
use crate::ids::{DbId, IndexId, PartitionId, TableId};

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Identity; never given twice.
    pub id: TableId,
    /// The database that holds it.
    pub db: DbId,
    /// Name; compared with case.
    pub name: String,
    /// The base index, named like the table.
    pub index: IndexId,
    /// What CREATE TABLE said.
    pub spec: TableSpec,
    /// When it was created.
    pub created: Timestamp,
    /// Partitions in range order (the one partition of an unpartitioned table has the table's name).
    pub partitions: Vec<PartitionId>,
}

/// The definition of a table, as CREATE TABLE gives it and SHOW CREATE TABLE prints it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableSpec {
    /// Columns; the first `key_columns` of them are the DUPLICATE KEY.
    pub columns: Vec<ColumnDef>,
    /// How many leading columns form the DUPLICATE KEY; at least 1.
    pub key_columns: usize,
    /// COMMENT; empty when there is none.
    pub comment: String,
    /// PARTITION BY.
    pub partitioning: Partitioning,
    /// DISTRIBUTED BY.
    pub distribution: Distribution,
    /// PROPERTIES.
    pub properties: TableProperties,
}

/// How rows find their partition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Partitioning {
    /// One partition for all rows.
    None,
    /// By ranges of one column (an index into [`TableSpec::columns`]).
    Range {
        /// The partition column: an integer, DATE or DATETIME, NOT NULL or nullable (NULL sorts first).
        column: usize,
    },
}

/// How rows of a partition find their bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// Columns to hash (indices into [`TableSpec::columns`]); empty means RANDOM.
    pub columns: Vec<usize>,
    /// Buckets of a new partition; `None` means automatic (see `starrocks.md` 1.9: by number of backends).
    pub buckets: Option<u32>,
}

/// Properties of a table that its replicas obey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableProperties {
    /// Replicas of each new tablet; 1 or more.
    pub replication_num: u16,
    /// How many replicas must hold a load before it succeeds.
    pub write_quorum: WriteQuorum,
    /// Where new replicas go first; `None`: any medium (not shown by SHOW CREATE TABLE).
    pub storage_medium: Option<Medium>,
    /// Bytes a bucket of a RANDOM table with automatic buckets should hold; 0 means not set.
    pub bucket_size: u64,
}

/// Property `write_quorum` (seed: Write quorum).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WriteQuorum {
    /// More than half; the default.
    Majority,
    /// One replica.
    One,
    /// Every replica.
    All,
}

impl WriteQuorum {
    /// How many of `replication_num` replicas must acknowledge.
    pub fn needed(self, replication_num: u16) -> u16 {
        match self {
            WriteQuorum::Majority => replication_num / 2 + 1,
            WriteQuorum::One => 1,
            WriteQuorum::All => replication_num,
        }
    }

    /// The word as SQL writes it.
    pub fn word(self) -> &'static str {
        match self {
            WriteQuorum::Majority => "MAJORITY",
            WriteQuorum::One => "ONE",
            WriteQuorum::All => "ALL",
        }
    }

    /// The quorum that `word` names, in any case.
    pub fn parse(word: &str) -> Option<WriteQuorum> {
        [WriteQuorum::Majority, WriteQuorum::One, WriteQuorum::All]
            .into_iter()
            .find(|q| q.word().eq_ignore_ascii_case(word))
    }
}

/// The kind of disk under a storage path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Medium {
    /// A spinning disk; the default.
    Hdd,
    /// A solid state disk.
    Ssd,
}

impl Medium {
    /// The word as SQL writes it.
    pub fn word(self) -> &'static str {
        match self {
            Medium::Hdd => "HDD",
            Medium::Ssd => "SSD",
        }
    }

    /// The medium that `word` names, in any case.
    pub fn parse(word: &str) -> Option<Medium> {
        [Medium::Hdd, Medium::Ssd]
            .into_iter()
            .find(|m| m.word().eq_ignore_ascii_case(word))
    }
}
