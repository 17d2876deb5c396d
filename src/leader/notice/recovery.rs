//! What operators are told in the log of partitions in doubt, and of data that is lost.

use std::fmt;

use super::Weight;
use crate::ids::{BackendId, TabletId, Version};

/// Something about what is in doubt, or lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfRecovery {
    /// Partitions are in doubt no longer.
    Confirmed {
        /// How many.
        count: u64,
        /// Partitions that still are.
        left: u64,
    },
    /// A partition goes on from another version.
    Recovered {
        /// `db.table`.
        table: String,
        /// Partition.
        partition: String,
        /// What readers saw.
        from: Version,
        /// What they see.
        to: Version,
        /// What may have been lost, as was accepted.
        losses: Vec<String>,
        /// Why, as the operator said.
        reason: String,
    },
    /// A backend could not take away what a replica holds above its version.
    NotCut {
        /// The backend.
        backend: BackendId,
        /// The tablet.
        tablet: TabletId,
        /// Why.
        why: String,
    },
    /// A tablet of which no whole copy was left goes on with what is left.
    Accepted {
        /// The tablet.
        tablet: TabletId,
        /// What is lost.
        loss: String,
        /// Why, as the operator said.
        reason: String,
    },
    /// Tablets that are not known are not kept any more.
    LetGo {
        /// Replicas that were listed.
        tablets: u64,
        /// Why, as the operator said.
        reason: String,
    },
}

impl OfRecovery {
    /// How much it matters.
    pub fn weight(&self) -> Weight {
        match self {
            OfRecovery::Confirmed { .. } => Weight::News,
            _ => Weight::Warning,
        }
    }
}

impl fmt::Display for OfRecovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OfRecovery::Confirmed { count, left } => write!(
                f,
                "{count} partitions are as the journal says and take loads; {left} are in doubt"
            ),
            OfRecovery::Recovered {
                table,
                partition,
                from,
                to,
                losses,
                reason,
            } => {
                let losses = match losses.is_empty() {
                    true => String::new(),
                    false => format!("; accepted: {}", losses.join("; ")),
                };
                write!(
                    f,
                    "partition {partition} of table {table} was at version {from} and goes on from {to}, because: {reason}{losses}"
                )
            }
            OfRecovery::NotCut {
                backend,
                tablet,
                why,
            } => write!(
                f,
                "backend {backend} could not take away what tablet {tablet} holds above its version: {why}"
            ),
            OfRecovery::Accepted {
                tablet,
                loss,
                reason,
            } => write!(
                f,
                "the loss of data of tablet {tablet} was accepted, because: {reason}; {loss}"
            ),
            OfRecovery::LetGo { tablets, reason } => write!(
                f,
                "{tablets} replicas of tablets that are not known are kept no longer, because: {reason}"
            ),
        }
    }
}
