//! What comparing the content of replicas has shown, for the columns that print it.

use crate::catalog::check::{Check, Verdict};
use crate::catalog::partition::Partition;
use crate::catalog::state::Catalog;
use crate::catalog::table::Table;
use crate::clock::Timestamp;
use crate::ids::ReplicaId;

/// Whether the last comparison found no difference; `None` when none was made, or too few replicas answered.
pub fn consistent(check: &Check) -> Option<bool> {
    match check.verdict {
        Verdict::Consistent => Some(true),
        Verdict::Differs => Some(false),
        Verdict::TimedOut => None,
    }
}

/// The digest of a replica as the number that SHOW prints: all 64 bits, so that it may be negative.
pub fn digest_of(check: &Check, replica: ReplicaId) -> Option<i64> {
    let mut digests = check.digests.iter();
    let (_, digest, _) = digests.find(|(id, ..)| *id == replica)?;
    Some(digest.cast_signed())
}

/// The digest of more than half of `voters`, copies counted once, as the number that SHOW prints.
pub fn majority(
    check: &Check,
    voters: usize,
    witness: impl Fn(ReplicaId) -> ReplicaId,
) -> Option<i64> {
    let differing = check.minority(voters, witness)?;
    let mut digests = check.digests.iter();
    let (_, digest, _) = digests.find(|(id, ..)| !differing.contains(id))?;
    Some(digest.cast_signed())
}

/// When the content of a tablet of the partition was last compared.
pub fn partition_checked(catalog: &Catalog, partition: &Partition) -> Option<Timestamp> {
    let tablets = &partition.tablets;
    let (first, last) = (*tablets.first()?, *tablets.last()?);
    // Tablets of a partition have neighbouring ids; there are no others between them.
    let checks = catalog.checks.range(first..=last);
    let own = checks.filter(|(id, _)| tablets.binary_search(id).is_ok());
    own.map(|(_, check)| check.at).max()
}

/// When the content of a tablet of the table was last compared.
pub fn table_checked(catalog: &Catalog, table: &Table) -> Option<Timestamp> {
    if catalog.checks.is_empty() {
        return None;
    }
    let partitions = catalog.partitions_of(table);
    partitions
        .filter_map(|partition| partition_checked(catalog, partition))
        .max()
}
