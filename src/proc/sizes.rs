//! Sums over the replicas of a table or partition: bytes, rows, how many there are.
//!
//! Owns the rule of which replica speaks for a tablet: the largest of those that are in step.

use std::ops::Add;

use crate::catalog::partition::Partition;
use crate::catalog::state::Catalog;
use crate::catalog::table::Table;

/// What the replicas of some tablets hold, as last reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sizes {
    /// Bytes of one copy of each tablet.
    pub one_copy: u64,
    /// Bytes of all replicas.
    pub all_copies: u64,
    /// Rows of one copy of each tablet.
    pub rows: u64,
    /// Replicas.
    pub replicas: u64,
}

impl Sizes {
    /// Of all tablets of a table.
    pub fn of_table(catalog: &Catalog, table: &Table) -> Sizes {
        let partitions = catalog.partitions_of(table);
        partitions.fold(Sizes::default(), |sum, partition| {
            sum + Sizes::of_partition(catalog, partition)
        })
    }

    /// Of all tablets of a partition.
    pub fn of_partition(catalog: &Catalog, partition: &Partition) -> Sizes {
        let tablets = catalog.tablets.of_partition(partition);
        tablets.fold(Sizes::default(), |sum, tablet| {
            let mut of = Sizes::default();
            for replica in tablet.replicas() {
                of.replicas += 1;
                of.all_copies = of.all_copies.saturating_add(replica.data_size);
                if !replica.bad && replica.version >= partition.visible_version {
                    of.one_copy = of.one_copy.max(replica.data_size);
                    of.rows = of.rows.max(replica.row_count);
                }
            }
            sum + of
        })
    }
}

impl Add for Sizes {
    type Output = Sizes;

    fn add(self, other: Sizes) -> Sizes {
        Sizes {
            one_copy: self.one_copy.saturating_add(other.one_copy),
            all_copies: self.all_copies.saturating_add(other.all_copies),
            rows: self.rows.saturating_add(other.rows),
            replicas: self.replicas.saturating_add(other.replicas),
        }
    }
}
