//! Putting a catalog together from a checkpoint and the records after it.

use std::sync::Arc;

use super::{CheckpointChunk, PartitionPiece, Piece, TabletsPiece};
use crate::catalog::apply::Misfit;
use crate::catalog::change::Change;
use crate::catalog::partition::Partition;
use crate::catalog::state::Catalog;
use crate::catalog::tablets::{Mark, NewStretch};
use crate::catalog::versions::Versions;
use crate::code::{Code, Coded};

/// Why a journal can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "journal record {seq} does not fit what came before it: {why}; the journal is damaged or from another version"
)]
pub struct Error {
    /// The record; 0 for a chunk of the checkpoint.
    pub seq: u64,
    /// What does not fit.
    pub why: Misfit,
}

impl Coded for Error {
    fn code(&self) -> Code {
        Code::STORAGE
    }
}

/// Puts a catalog together again: first the chunks of a checkpoint, then the records after it. Begins with an empty
/// catalog of a new cluster.
#[derive(Debug)]
pub struct Restorer {
    catalog: Catalog,
}

impl Default for Restorer {
    fn default() -> Restorer {
        Restorer {
            catalog: Catalog::new(),
        }
    }
}

impl Restorer {
    /// Takes the next chunk of the checkpoint.
    pub fn chunk(&mut self, chunk: CheckpointChunk) -> Result<(), Error> {
        for piece in chunk.pieces {
            self.piece(piece).map_err(|why| Error { seq: 0, why })?;
        }
        Ok(())
    }

    /// Takes the next record after the checkpoint.
    pub fn record(&mut self, seq: u64, changes: &[Change]) -> Result<(), Error> {
        for change in changes {
            self.catalog
                .apply(change)
                .map_err(|why| Error { seq, why })?;
        }
        Ok(())
    }

    /// What was restored.
    pub fn finish(self) -> Catalog {
        self.catalog
    }

    fn piece(&mut self, piece: Piece) -> Result<(), Misfit> {
        match piece {
            Piece::Change(change) => {
                self.catalog.apply(&change)?;
            }
            Piece::Partition(partition) => self.partition(partition)?,
            Piece::Tablets(tablets) => self.tablets(&tablets)?,
            Piece::Txn(txn) => self.catalog.keep_txn(txn),
            Piece::Writes(of) => {
                self.catalog.writes.insert(of.txn.id, Arc::new(of.writes));
                self.catalog.keep_txn(of.txn);
            }
        }
        Ok(())
    }

    fn partition(&mut self, of: PartitionPiece) -> Result<(), Misfit> {
        let missing = || Misfit::Missing("table", of.table.to_string());
        let table = self.catalog.tables.get_mut(&of.table).ok_or_else(missing)?;
        Arc::make_mut(table).partitions.push(of.id);
        let partition = Partition {
            id: of.id,
            table: of.table,
            spec: of.spec,
            tablets: Vec::new(),
            visible_version: of.visible_version,
            visible_time: of.visible_time,
            next_version: of.next_version,
        };
        self.catalog.partitions.insert(of.id, Arc::new(partition));
        Ok(())
    }

    fn tablets(&mut self, of: &TabletsPiece) -> Result<(), Misfit> {
        let missing = || Misfit::Missing("partition", of.partition.to_string());
        let partition = self
            .catalog
            .partitions
            .get_mut(&of.partition)
            .ok_or_else(missing)?;
        let partition = Arc::make_mut(partition);
        let table = self
            .catalog
            .tables
            .get(&partition.table)
            .ok_or_else(missing)?;
        let Some(first) = of.tablets.first().copied() else {
            return Ok(());
        };
        let replicas: usize = of.counts.iter().map(|count| usize::from(*count)).sum();
        let whole = of.counts.len() == of.tablets.len()
            && of.replicas.len() == replicas
            && of.backends.len() == replicas;
        let last = partition.tablets.last().copied();
        let ascends = of.tablets.is_sorted_by(|a, b| a < b) && last < Some(first);
        let free = of
            .tablets
            .iter()
            .all(|id| self.catalog.tablets.view(*id).is_none());
        if !whole || !ascends || !free {
            return Err(Misfit::Other(
                "the columns of some tablets do not fit each other",
            ));
        }
        let stretch = NewStretch {
            partition: partition.id,
            db: table.db,
            visible: partition.visible_version,
            wanted: partition.spec.replication_num,
            first_bucket: partition.tablets.len() as u32,
        };
        partition.tablets.extend(&of.tablets);
        let mut at = 0;
        let tablets = of.tablets.iter().zip(&of.counts).map(|(tablet, count)| {
            let places = at..at + usize::from(*count);
            at = places.end;
            let backends = &of.backends[places.clone()];
            (
                *tablet,
                of.replicas[places]
                    .iter()
                    .copied()
                    .zip(backends.iter().copied()),
            )
        });
        self.catalog.tablets.add(first, stretch, tablets);
        self.marks(of)
    }

    /// Versions and marks of the replicas of some tablets that are there already.
    fn marks(&mut self, of: &TabletsPiece) -> Result<(), Misfit> {
        for of in &of.laggards {
            let versions = Versions {
                version: of.version,
                last_failed: of.last_failed,
                last_success: of.last_success,
                last_failed_time: of.last_failed_time,
            };
            if !self
                .catalog
                .tablets
                .restore(of.tablet, of.replica, versions)
            {
                return Err(Misfit::Missing("replica", of.replica.to_string()));
            }
        }
        for of in &of.marked {
            let marks = [
                (Mark::BadByOrder, of.bad),
                (Mark::Clone, of.clone),
                (Mark::Decommission, of.decommission),
            ];
            for (mark, on) in marks {
                if !self.catalog.tablets.mark(of.tablet, of.replica, mark, on) {
                    return Err(Misfit::Missing("replica", of.replica.to_string()));
                }
            }
        }
        Ok(())
    }
}
