//! `/dbs/<db>/<table>/partitions/<partition>/<index>/<tablet>`: the replicas of one tablet; DetailCmd of SHOW TABLET
//! leads here (seed: Check the replica status of a specific tablet).

use crate::catalog::replica::Replica;
use crate::clock::Timestamp;
use crate::ids::{BackendId, ReplicaId, TabletId, Version};
use crate::proc::urls::{compaction_status, meta_url};
use crate::proc::{Error, Node, Place};
use crate::row;
use crate::view::View;

row! {
    /// A replica.
    pub struct ReplicaRow {
        /// Replica.
        replica_id: ReplicaId => "ReplicaId" Int,
        /// Where it lives.
        backend_id: BackendId => "BackendId" Int,
        /// The highest version up to which it holds every load.
        version: Version => "Version" Int,
        /// Always 0; kept because programs read it.
        version_hash: i64 => "VersionHash" Int,
        /// The newest version whose load it holds; -1 when unknown.
        lst_success_version: Version => "LstSuccessVersion" Int,
        /// Always 0.
        lst_success_version_hash: i64 => "LstSuccessVersionHash" Int,
        /// The newest version that it missed; -1 when it missed none.
        lst_failed_version: Version => "LstFailedVersion" Int,
        /// Always 0.
        lst_failed_version_hash: i64 => "LstFailedVersionHash" Int,
        /// When it missed that one.
        lst_failed_time: Option<Timestamp> => "LstFailedTime" Time or "N/A",
        /// A schema of its own; -1: it has that of its index.
        schema_hash: i64 => "SchemaHash" Int,
        /// Bytes on disk, as last reported.
        data_size: u64 => "DataSize" Bytes,
        /// Rows, as last reported.
        row_count: u64 => "RowCount" Int,
        /// What it is being used for: `NORMAL`, `CLONE`, `DECOMMISSION`.
        state: &'static str => "State" Text,
        /// Its files are lost or wrong, or an operator said so.
        is_bad: bool => "IsBad" Bool,
        /// Rowsets, as last reported.
        version_count: u32 => "VersionCount" Int,
        /// The storage path; -1 until it is reported.
        path_hash: i64 => "PathHash" Int,
        /// Where its backend describes it.
        meta_url: Option<String> => "MetaUrl" Text or "N/A",
        /// Where its backend tells of its compaction.
        compaction_status: Option<String> => "CompactionStatus" Text or "N/A",
        /// An operator set IsBad, and only an operator clears it (StarRocks).
        is_set_bad_force: bool => "IsSetBadForce" Bool,
        /// Whether it can't apply loads; never so for duplicate keys (StarRocks).
        is_error_state: bool => "IsErrorState" Bool,
        /// What of its files is lost or wrong, as its backend says.
        cause: Option<String> => "Cause" Text or "N/A",
    }
}

/// `/dbs/{db}/{table}/partitions/{partition}/{index}/{tablet}`.
pub struct Replicas;

impl Node for Replicas {
    const PATH: &'static str = "/dbs/{db}/{table}/partitions/{partition}/{index}/{tablet}";
    type Row = ReplicaRow;

    fn rows(at: &Place<'_>) -> Result<Vec<ReplicaRow>, Error> {
        let tablet = at.tablet()?;
        let replicas = tablet.replicas.iter();
        Ok(replicas
            .map(|r| ReplicaRow::new(at.view, tablet.id, r))
            .collect())
    }
}

impl ReplicaRow {
    /// The row of a replica.
    pub fn new(view: &View, tablet: TabletId, replica: &Replica) -> ReplicaRow {
        let backend = view.catalog.backends.get(&replica.backend);
        ReplicaRow {
            replica_id: replica.id,
            backend_id: replica.backend,
            version: replica.version,
            version_hash: 0,
            lst_success_version: replica.last_success_version,
            lst_success_version_hash: 0,
            lst_failed_version: replica.last_failed_version,
            lst_failed_version_hash: 0,
            lst_failed_time: replica.last_failed_time,
            schema_hash: -1,
            data_size: replica.data_size,
            row_count: replica.row_count,
            state: replica.state.word(),
            is_bad: replica.bad,
            version_count: replica.version_count,
            path_hash: replica.path_hash,
            meta_url: backend.map(|b| meta_url(b, tablet)),
            compaction_status: backend.map(|b| compaction_status(b, tablet)),
            is_set_bad_force: replica.set_bad_force,
            is_error_state: false,
            cause: cause(view, replica),
        }
    }
}

/// What of a replica's files is lost or wrong, as its backend says.
pub fn cause(view: &View, replica: &Replica) -> Option<String> {
    let known = view.catalog.causes.get(&(replica.backend, replica.id))?;
    Some(known.to_string())
}
