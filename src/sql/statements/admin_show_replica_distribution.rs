//! `ADMIN SHOW REPLICA DISTRIBUTION FROM [db.]table [PARTITION (p, ..)]` (seed: Check the replica status).

use std::collections::BTreeMap;
use std::fmt;

use crate::code::Failure;
use crate::ids::BackendId;
use crate::proc::backends::share;
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::{Cursor, TableName};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::partition_list::PartitionList;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `ADMIN SHOW REPLICA DISTRIBUTION FROM ..`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminShowReplicaDistribution {
    /// Table.
    pub table: TableName,
    /// Only these partitions.
    pub partitions: PartitionList,
    /// WHERE, ORDER BY, LIMIT.
    pub tail: Tail,
}

row! {
    /// A backend, dead ones and those without replicas too.
    pub struct DistributionRow {
        /// Backend.
        backend_id: BackendId => "BackendId" Int,
        /// Replicas of the table on it.
        replica_num: u64 => "ReplicaNum" Int,
        /// A `>` for each time that it has the mean number of replicas.
        graph: String => "Graph" Text,
        /// Its part of all replicas.
        percent: f64 => "Percent" Percent,
    }
}

impl Spec for AdminShowReplicaDistribution {
    const HEADS: &'static [&'static [&'static str]] =
        &[&["ADMIN", "SHOW", "REPLICA", "DISTRIBUTION"]];
    const GRAMMAR: &'static str =
        include_str!("../../../grammar/admin_show_replica_distribution.ebnf");
    const HELP: &'static str = "Shows how many replicas of a table each backend has.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ADMIN", "SHOW", "REPLICA", "DISTRIBUTION", "FROM"])?;
        Ok(AdminShowReplicaDistribution {
            table: c.table_name()?,
            partitions: PartitionList::parse(c)?,
            tail: Tail::parse(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(DistributionRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let catalog = &cx.view.catalog;
        let (_, table) = cx.find_table(&self.table)?;
        let mut counts: BTreeMap<BackendId, u64> =
            catalog.backends.keys().map(|id| (*id, 0)).collect();
        for partition in cx.find_partitions(table, &self.partitions.names)? {
            for tablet in catalog.tablets.of_partition(partition) {
                for replica in tablet.replicas() {
                    // Replicas on dropped backends have no line and do not count.
                    if let Some(count) = counts.get_mut(&replica.backend) {
                        *count += 1;
                    }
                }
            }
        }
        let rows = Rows::of(distribution(&counts));
        Ok(Outcome::Rows(self.tail.apply(rows)?))
    }
}

fn distribution(counts: &BTreeMap<BackendId, u64>) -> Vec<DistributionRow> {
    let total: u64 = counts.values().sum();
    let backends = counts.len() as u64;
    let line = |(backend_id, count): (&BackendId, &u64)| DistributionRow {
        backend_id: *backend_id,
        replica_num: *count,
        // How often the mean fits in, cut off as in the seed's sample.
        graph: ">".repeat(
            count
                .saturating_mul(backends)
                .checked_div(total)
                .and_then(|times| usize::try_from(times).ok())
                .unwrap_or(0),
        ),
        percent: share(*count, total),
    };
    counts.iter().map(line).collect()
}

impl fmt::Display for AdminShowReplicaDistribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, partitions, tail) = (&self.table, &self.partitions, &self.tail);
        write!(
            f,
            "ADMIN SHOW REPLICA DISTRIBUTION FROM {table}{partitions}{tail}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seed's sample: 96 replicas on 9 backends.
    #[test]
    fn graph_and_percent_are_those_of_the_seed() {
        let counts = [7, 9, 7, 7, 9, 11, 18, 15, 13];
        let counts = (10_000..).map(BackendId).zip(counts).collect();
        let rows = Rows::of(distribution(&counts));
        let printed: Vec<String> = (0..rows.rows.len())
            .map(|row| {
                let text = |name| rows.text(row, name).unwrap_or_default();
                format!(
                    "{} {} [{}] {}",
                    text("BackendId"),
                    text("ReplicaNum"),
                    text("Graph"),
                    text("Percent")
                )
            })
            .collect();
        assert_eq!(
            printed,
            [
                "10000 7 [] 7.29 %",
                "10001 9 [] 9.38 %",
                "10002 7 [] 7.29 %",
                "10003 7 [] 7.29 %",
                "10004 9 [] 9.38 %",
                "10005 11 [>] 11.46 %",
                "10006 18 [>] 18.75 %",
                "10007 15 [>] 15.62 %",
                "10008 13 [>] 13.54 %",
            ]
        );
    }

    #[test]
    fn an_empty_table_has_nothing_anywhere() {
        let rows = Rows::of(distribution(&BTreeMap::from([(BackendId(1), 0)])));
        assert_eq!(rows.text(0, "Percent").as_deref(), Some("0.00 %"));
        assert_eq!(rows.text(0, "Graph").as_deref(), Some(""));
    }
}
