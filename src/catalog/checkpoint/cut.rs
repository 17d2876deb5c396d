//! Cutting a catalog into chunks.

use super::{CHUNK_BYTES, CheckpointChunk, Laggard, Marked, PartitionPiece, Piece, TabletsPiece};
use crate::catalog::change::{Change, Committed, NewTable};
use crate::catalog::partition::Partition;
use crate::catalog::recovery::{Recovery, RecoveryChange};
use crate::catalog::replica::ReplicaState;
use crate::catalog::state::Catalog;
use crate::catalog::table::Table;
use crate::catalog::txn::{Txn, TxnState};
use crate::ids::NO_VERSION;

/// Tablets of one piece.
const TABLETS_MAX: usize = 1000;

/// Cuts what is journaled of a catalog into chunks; what is observed is left out. Lazy: memory for one chunk.
pub fn chunks(catalog: &Catalog) -> impl Iterator<Item = CheckpointChunk> + '_ {
    let mut pieces = pieces(catalog).peekable();
    std::iter::from_fn(move || {
        pieces.peek()?;
        let mut chunk = CheckpointChunk::default();
        let mut bytes = 0;
        while let Some(piece) =
            pieces.next_if(|piece| bytes == 0 || bytes + size(piece) <= CHUNK_BYTES)
        {
            bytes += size(&piece);
            chunk.pieces.push(piece);
        }
        Some(chunk)
    })
}

fn pieces(catalog: &Catalog) -> impl Iterator<Item = Piece> + '_ {
    let reserved = [
        Change::ReserveIds {
            below: catalog.ids_below,
        },
        Change::ReserveTxns {
            below: catalog.txns_below,
        },
    ];
    let time = catalog.time.map(|at| Change::TimePassed { at });
    let taken_over = taken_over(&catalog.recovery);
    let settings = catalog
        .settings
        .iter()
        .map(|(key, value)| Change::SetConfig {
            key: key.clone(),
            value: value.clone(),
        });
    let users = catalog.users.values().map(|user| Change::CreateUser {
        user: user.as_ref().clone(),
    });
    let backends = catalog.backends.values().flat_map(|backend| {
        let added = Change::AddBackend {
            id: backend.id,
            host: backend.host.clone(),
            port: backend.port,
        };
        let is = backend.node.map(|node| Change::IdentifyBackend {
            id: backend.id,
            node,
        });
        let leaves = backend
            .decommissioned
            .then_some(Change::DecommissionBackend {
                id: backend.id,
                on: true,
            });
        std::iter::once(added).chain(is).chain(leaves)
    });
    let databases = catalog
        .databases
        .values()
        .map(|database| Change::CreateDatabase {
            id: database.id,
            name: database.name.clone(),
            at: database.created,
        });
    let changes = reserved
        .into_iter()
        .chain(time)
        .chain(taken_over)
        .chain(settings)
        .chain(users)
        .chain(backends)
        .chain(databases);
    changes
        .map(Piece::Change)
        .chain(
            catalog
                .tables
                .values()
                .flat_map(|table| of_table(catalog, table)),
        )
        .chain(contents(catalog).map(Piece::Change))
        .chain(doubts(&catalog.recovery).map(Piece::Change))
        .chain(catalog.txns.values().filter_map(|txn| of_txn(catalog, txn)))
}

/// Partitions that one piece tells the doubts of.
const DOUBTED_MAX: usize = 1000;

/// That a frontend was told to take over. It comes before all partitions, so that it puts none in doubt.
fn taken_over(recovery: &Recovery) -> impl Iterator<Item = Change> + use<> {
    let takeovers = recovery.takeovers;
    let told = (takeovers > 0).then_some(RecoveryChange::TakeOver { takeovers });
    let let_go = (takeovers > 0 && !recovery.keeps_unknown).then(|| RecoveryChange::LetGo {
        reason: String::new(),
    });
    told.into_iter().chain(let_go).map(Change::Recovery)
}

/// The partitions that are in doubt.
fn doubts(recovery: &Recovery) -> impl Iterator<Item = Change> + '_ {
    let mut doubted = recovery.doubted();
    std::iter::from_fn(move || {
        let partitions: Vec<_> = doubted.by_ref().take(DOUBTED_MAX).collect();
        (!partitions.is_empty()).then_some(Change::Recovery(RecoveryChange::Doubted { partitions }))
    })
}

/// What is known of the content of tablets, and which of them are to be repaired.
fn contents(catalog: &Catalog) -> impl Iterator<Item = Change> + '_ {
    let checks = catalog
        .checks
        .iter()
        .map(|(tablet, check)| Change::Checked {
            tablets: vec![(*tablet, check.as_ref().clone())],
        });
    let repairs = catalog
        .repairs
        .iter()
        .map(|(tablet, at)| Change::QueueRepairs {
            tablets: vec![*tablet],
            on: true,
            at: *at,
        });
    // After the checks: agreement would undo them.
    let copies = catalog.lineages.iter().flat_map(|(tablet, lineage)| {
        let tablet = *tablet;
        lineage
            .joined()
            .map(move |(replica, source)| Change::Copied {
                tablet,
                replica,
                source,
            })
    });
    checks.chain(copies).chain(repairs)
}

fn of_table<'a>(catalog: &'a Catalog, table: &'a Table) -> impl Iterator<Item = Piece> + 'a {
    let new = NewTable {
        id: table.id,
        db: table.db,
        name: table.name.clone(),
        index: table.index,
        spec: table.spec.clone(),
        at: table.created,
        partitions: Vec::new(),
    };
    let made = Piece::Change(Change::CreateTable(Box::new(new)));
    let partitions = catalog.partitions_of(table).flat_map(move |partition| {
        let of = Piece::Partition(PartitionPiece {
            id: partition.id,
            table: partition.table,
            spec: partition.spec.clone(),
            visible_version: partition.visible_version,
            visible_time: partition.visible_time,
            next_version: partition.next_version,
        });
        std::iter::once(of).chain(of_tablets(catalog, partition))
    });
    std::iter::once(made).chain(partitions)
}

fn of_tablets<'a>(
    catalog: &'a Catalog,
    partition: &'a Partition,
) -> impl Iterator<Item = Piece> + 'a {
    partition.tablets.chunks(TABLETS_MAX).map(move |ids| {
        let mut piece = TabletsPiece {
            partition: partition.id,
            ..TabletsPiece::default()
        };
        for view in ids.iter().filter_map(|id| catalog.tablets.view(*id)) {
            piece.tablets.push(view.id());
            let replicas = view.replicas();
            piece.counts.push(replicas.len() as u16);
            for replica in replicas {
                piece.replicas.push(replica.id);
                piece.backends.push(replica.backend);
                let lags = replica.version != partition.visible_version
                    || replica.last_failed_version != NO_VERSION;
                let marked = Marked {
                    tablet: view.id(),
                    replica: replica.id,
                    bad: replica.set_bad_force,
                    clone: replica.state == ReplicaState::Clone,
                    decommission: replica.state == ReplicaState::Decommission,
                };
                if marked.bad || marked.clone || marked.decommission {
                    piece.marked.push(marked);
                }
                if lags {
                    piece.laggards.push(Laggard {
                        tablet: view.id(),
                        replica: replica.id,
                        version: replica.version,
                        last_failed: replica.last_failed_version,
                        last_success: replica.last_success_version,
                        last_failed_time: replica.last_failed_time,
                    });
                }
            }
        }
        Piece::Tablets(piece)
    })
}

/// A load that has not committed is not journaled.
fn of_txn(catalog: &Catalog, txn: &Txn) -> Option<Piece> {
    let writes = catalog.writes.get(&txn.id);
    match (txn.state, writes) {
        (TxnState::Prepare, _) => None,
        (_, None) => Some(Piece::Txn(txn.clone())),
        (_, Some(writes)) => Some(Piece::Writes(Box::new(Committed {
            txn: txn.clone(),
            writes: writes.as_ref().clone(),
        }))),
    }
}

/// Bytes of a piece, roughly and rather too many.
fn size(piece: &Piece) -> usize {
    match piece {
        Piece::Change(Change::CreateTable(table)) => {
            let columns = table.spec.columns.iter();
            500 + table.spec.comment.len()
                + columns
                    .map(|c| 120 + c.name.len() + c.comment.len())
                    .sum::<usize>()
        }
        Piece::Change(_) => 300,
        Piece::Partition(_) => 400,
        Piece::Tablets(of) => {
            200 + of.tablets.len() * 8
                + of.replicas.len() * 12
                + (of.laggards.len() + of.marked.len()) * 110
        }
        Piece::Txn(txn) => txn_size(txn),
        Piece::Writes(of) => {
            txn_size(&of.txn) + of.writes.with_rows.len() * 6 + of.writes.missed.len() * 12
        }
    }
}

fn txn_size(txn: &Txn) -> usize {
    400 + txn.label.len() + txn.coordinator.len() + txn.reason.len() + txn.versions.len() * 12
}
