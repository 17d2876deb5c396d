//! One thing that changed: the words of the journal, and the only way to alter a catalog.
//!
//! Records are kept for years, so fields have names on disk: a field may be added with `#[serde(default)]`, and none is
//! ever given another meaning. Every id that a change makes stands inside it.

use serde::{Deserialize, Serialize};

use crate::catalog::check::Check;
use crate::catalog::partition::PartitionSpec;
use crate::catalog::recovery::RecoveryChange;
use crate::catalog::table::{Medium, TableProperties, TableSpec};
use crate::catalog::txn::{Txn, Writes};
use crate::catalog::user::{User, Verifier};
use crate::clock::Timestamp;
use crate::ids::{
    BackendId, DbId, IndexId, NodeId, PartitionId, ReplicaId, TableId, TabletId, TxnId, Version,
};

/// One thing that changed. A journal record is a list of them that are applied together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// Ids below this one may be given out; after a start, the first id given is this one. So an id that was told to a
    /// backend before a crash is never given again.
    ReserveIds {
        /// The first id that may not be given out yet.
        below: u64,
    },
    /// The same for transactions.
    ReserveTxns {
        /// The first transaction id that may not be given out yet.
        below: u64,
    },
    /// CREATE DATABASE.
    CreateDatabase {
        /// Identity.
        id: DbId,
        /// Name.
        name: String,
        /// When.
        at: Timestamp,
    },
    /// DROP DATABASE, with all its tables.
    DropDatabase {
        /// Identity.
        id: DbId,
    },
    /// CREATE TABLE; its tablets exist on their backends by now.
    CreateTable(Box<NewTable>),
    /// DROP TABLE.
    DropTable {
        /// Identity.
        id: TableId,
    },
    /// ALTER TABLE .. ADD PARTITION; the tablets exist on their backends by now.
    AddPartitions {
        /// The table.
        table: TableId,
        /// The new partitions.
        partitions: Vec<NewPartition>,
        /// When.
        at: Timestamp,
    },
    /// ALTER TABLE .. DROP PARTITION.
    DropPartition {
        /// Identity.
        id: PartitionId,
    },
    /// TRUNCATE TABLE: empty partitions take the place of old ones.
    ReplacePartitions {
        /// The table.
        table: TableId,
        /// The partitions that go.
        old: Vec<PartitionId>,
        /// Those that take their place, in the same order.
        new: Vec<NewPartition>,
        /// When.
        at: Timestamp,
    },
    /// ALTER TABLE .. SET.
    SetTableProperties {
        /// The table.
        table: TableId,
        /// All of its properties, as they are now.
        properties: TableProperties,
    },
    /// MODIFY PARTITION .. SET: what is wanted of its replicas.
    SetPartition {
        /// The partition.
        partition: PartitionId,
        /// Replicas of each tablet.
        replication_num: u16,
        /// Where new replicas go first.
        medium: Medium,
    },
    /// ALTER SYSTEM ADD BACKEND.
    AddBackend {
        /// Identity.
        id: BackendId,
        /// Host.
        host: String,
        /// HTTP port.
        port: u16,
    },
    /// A backend has said for the first time which node it is, or that its disks are new ones.
    IdentifyBackend {
        /// Identity.
        id: BackendId,
        /// The node's own id.
        node: NodeId,
    },
    /// A backend listens elsewhere: ALTER SYSTEM MODIFY BACKEND HOST, or ADD BACKEND of a node that is known.
    MoveBackend {
        /// Identity.
        id: BackendId,
        /// Its host from now on.
        host: String,
        /// Its HTTP port from now on.
        port: u16,
    },
    /// ALTER SYSTEM DROP BACKEND.
    DropBackend {
        /// Identity.
        id: BackendId,
    },
    /// ALTER SYSTEM DECOMMISSION BACKEND, or its CANCEL.
    DecommissionBackend {
        /// Identity.
        id: BackendId,
        /// It is to be emptied; `false` takes that back.
        on: bool,
    },
    /// A replica that a clone is about to fill. It holds nothing yet and is in state CLONE.
    AddReplica {
        /// Its tablet.
        tablet: TabletId,
        /// Identity; the placement has no other name, so a replica is never placed twice.
        replica: ReplicaId,
        /// Where.
        backend: BackendId,
        /// When.
        at: Timestamp,
    },
    /// A clone has filled a replica: it is in normal use from now on.
    FinishClone {
        /// Its tablet.
        tablet: TabletId,
        /// The replica.
        replica: ReplicaId,
        /// Everything up to here is held.
        version: Version,
        /// What it brought has taken the place of what the replica held.
        #[serde(default)]
        renewed: bool,
        /// When.
        at: Timestamp,
    },
    /// A replica is about to be removed (`true`), or stays after all.
    RetireReplica {
        /// Its tablet.
        tablet: TabletId,
        /// The replica.
        replica: ReplicaId,
        /// It goes.
        on: bool,
    },
    /// A replica does not exist any more; its backend drops it when it hears of that, or reports it.
    RemoveReplica {
        /// Its tablet.
        tablet: TabletId,
        /// The replica.
        replica: ReplicaId,
    },
    /// A replica whose backend was dropped is reported by another one, which is the same machine with a new id, and lives there
    /// from now on.
    AdoptReplica {
        /// Its tablet.
        tablet: TabletId,
        /// The replica.
        replica: ReplicaId,
        /// Where it is.
        backend: BackendId,
    },
    /// ADMIN SET REPLICA STATUS: an operator said that a replica is bad, or takes that back.
    SetReplicaBad {
        /// Its tablet.
        tablet: TabletId,
        /// The replica.
        replica: ReplicaId,
        /// It is bad.
        bad: bool,
    },
    /// Consistency checks of tablets have ended.
    Checked {
        /// Each with what came of it.
        tablets: Vec<(TabletId, Check)>,
    },
    /// Tablets are queued for a repair of their content (`true`), or leave the queue.
    QueueRepairs {
        /// Tablets.
        tablets: Vec<TabletId>,
        /// Queued, or not any more.
        on: bool,
        /// When.
        at: Timestamp,
    },
    /// ADMIN SET FRONTEND CONFIG .. WITH PERSISTENT.
    SetConfig {
        /// The key's proper name.
        key: String,
        /// Value.
        value: String,
    },
    /// CREATE USER.
    CreateUser {
        /// The account.
        user: User,
    },
    /// SET PASSWORD.
    SetPassword {
        /// Whose.
        name: String,
        /// The new password's hashes.
        password: Verifier,
    },
    /// DROP USER.
    DropUser {
        /// Name.
        name: String,
    },
    /// A load's rows are durable; a second call decides about it.
    Prepare(Box<Committed>),
    /// A load has its versions; it will become visible.
    Commit(Box<Committed>),
    /// A load can be seen.
    Visible {
        /// Transaction.
        txn: TxnId,
        /// When.
        at: Timestamp,
        /// When its publish was first sent.
        published: Option<Timestamp>,
        /// Replicas of the touched partitions that do not hold the load's version.
        missed: Vec<(TabletId, ReplicaId)>,
    },
    /// A load has been given up.
    Aborted(Box<Txn>),
    /// Labels that are no longer remembered.
    ForgetTxns {
        /// Transactions that have ended.
        txns: Vec<TxnId>,
    },
    /// So far is the elapsed time of this cluster, though nothing else happened.
    TimePassed {
        /// When.
        at: Timestamp,
    },
    /// Rows of one replica were copied to another, which is no witness of its own from now on.
    Copied {
        /// Their tablet.
        tablet: TabletId,
        /// The copy.
        replica: ReplicaId,
        /// Whose rows it has.
        source: ReplicaId,
    },
    /// What a take-over put in doubt, and how that ends.
    Recovery(RecoveryChange),
}

/// A table that came to exist.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewTable {
    /// Identity.
    pub id: TableId,
    /// The database.
    pub db: DbId,
    /// Name.
    pub name: String,
    /// Its base index.
    pub index: IndexId,
    /// Definition.
    pub spec: TableSpec,
    /// When.
    pub at: Timestamp,
    /// Its first partitions, in range order.
    pub partitions: Vec<NewPartition>,
}

/// A partition that came to exist, empty, at the first version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewPartition {
    /// Identity.
    pub id: PartitionId,
    /// Definition; `buckets` is not 0 here.
    pub spec: PartitionSpec,
    /// Tablet of bucket 0; the other buckets have the ids that follow.
    pub first_tablet: TabletId,
    /// First replica of bucket 0; the others have the ids that follow, bucket by bucket.
    pub first_replica: ReplicaId,
    /// Where the replicas are: `replication_num` for each bucket, bucket by bucket.
    pub backends: Vec<BackendId>,
}

/// A load that got its versions, or waits for the call that gives it them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Committed {
    /// The transaction, with its versions.
    pub txn: Txn,
    /// What it wrote.
    pub writes: Writes,
}

impl Change {
    /// The last moment that it tells of.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Change::CreateDatabase { at, .. }
            | Change::AddPartitions { at, .. }
            | Change::ReplacePartitions { at, .. }
            | Change::AddReplica { at, .. }
            | Change::FinishClone { at, .. }
            | Change::QueueRepairs { at, .. }
            | Change::Visible { at, .. }
            | Change::TimePassed { at } => Some(*at),
            Change::CreateTable(table) => Some(table.at),
            Change::Checked { tablets } => tablets.iter().map(|(_, check)| check.at).max(),
            Change::Prepare(of) => of.txn.hold.map(|hold| hold.since),
            Change::Commit(of) => of.txn.committed,
            Change::Aborted(txn) => txn.finished,
            Change::Recovery(RecoveryChange::Recovered(of)) => Some(of.at),
            Change::Recovery(RecoveryChange::Accepted { at, .. }) => Some(*at),
            Change::ReserveIds { .. }
            | Change::ReserveTxns { .. }
            | Change::DropDatabase { .. }
            | Change::DropTable { .. }
            | Change::DropPartition { .. }
            | Change::SetTableProperties { .. }
            | Change::SetPartition { .. }
            | Change::AddBackend { .. }
            | Change::IdentifyBackend { .. }
            | Change::MoveBackend { .. }
            | Change::DropBackend { .. }
            | Change::DecommissionBackend { .. }
            | Change::RetireReplica { .. }
            | Change::AdoptReplica { .. }
            | Change::RemoveReplica { .. }
            | Change::SetReplicaBad { .. }
            | Change::SetConfig { .. }
            | Change::CreateUser { .. }
            | Change::SetPassword { .. }
            | Change::DropUser { .. }
            | Change::ForgetTxns { .. }
            | Change::Recovery(_)
            | Change::Copied { .. } => None,
        }
    }
}

impl NewPartition {
    /// The tablets in bucket order, each with its replicas and where they are.
    pub fn tablets(&self) -> impl Iterator<Item = (TabletId, NewReplicas<'_>)> {
        let each = usize::from(self.spec.replication_num).max(1);
        (0u64..)
            .zip(self.backends.chunks(each))
            .map(move |(bucket, backends)| {
                let tablet = TabletId(self.first_tablet.0.saturating_add(bucket));
                let first = self.first_replica.0.saturating_add(bucket * each as u64);
                (tablet, NewReplicas { first, backends })
            })
    }
}

/// The replicas of one tablet of a [`NewPartition`].
#[derive(Debug, Clone, Copy)]
pub struct NewReplicas<'a> {
    first: u64,
    backends: &'a [BackendId],
}

impl<'a> NewReplicas<'a> {
    /// Each replica and where it is.
    pub fn iter(self) -> impl Iterator<Item = (ReplicaId, BackendId)> + 'a {
        (self.first..)
            .map(ReplicaId)
            .zip(self.backends.iter().copied())
    }
}
