//! `SHOW TABLET FROM [db.]table [PARTITION (p, ..)]` (seed: Check the replica status).

use std::fmt;

use crate::code::Failure;
use crate::proc::index::{TabletReplicaRow, of_partition};
use crate::rows::{Column, Rows, Type, Typed};
use crate::sql::cursor::{Cursor, TableName};
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::partition_list::PartitionList;
use crate::sql::statements::{Context, Spec};
use crate::sql::tail::Tail;

/// `SHOW TABLET FROM [db.]table [PARTITION (p, ..)]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowTabletFrom {
    /// Table.
    pub table: TableName,
    /// Only these partitions.
    pub partitions: PartitionList,
    /// WHERE, ORDER BY, LIMIT. WHERE may name the index as well, by `IndexName`.
    pub tail: Tail,
}

impl Spec for ShowTabletFrom {
    const HEADS: &'static [&'static [&'static str]] =
        &[&["SHOW", "TABLET", "FROM"], &["SHOW", "TABLETS", "FROM"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_tablet_from.ebnf");
    const HELP: &'static str =
        "Lists the replicas of a table's tablets: versions, size, rows, URLs.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW"])?;
        if !c.eat(&["TABLETS"]) {
            c.expect(&["TABLET"])?;
        }
        c.expect(&["FROM"])?;
        Ok(ShowTabletFrom {
            table: c.table_name()?,
            partitions: PartitionList::parse(c)?,
            tail: Tail::parse(c)?,
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(TabletReplicaRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let (_, table) = cx.find_table(&self.table)?;
        let mut rows = Vec::new();
        for partition in cx.find_partitions(table, &self.partitions.names)? {
            rows.extend(of_partition(cx.view, table, partition));
        }
        rows.sort_by_key(|row| (row.tablet_id, row.replica_id));
        let rows = with_index(Rows::of(rows), &table.name);
        Ok(Outcome::Rows(without_last(self.tail.apply(rows)?)))
    }
}

/// Adds a column for the tail to filter by.
fn with_index(mut rows: Rows, index: &str) -> Rows {
    rows.columns.push(Column::new("IndexName", Type::Text));
    for row in &mut rows.rows {
        row.push(index.to_owned().into());
    }
    rows
}

fn without_last(mut rows: Rows) -> Rows {
    rows.columns.pop();
    for row in &mut rows.rows {
        row.pop();
    }
    rows
}

impl fmt::Display for ShowTabletFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, partitions, tail) = (&self.table, &self.partitions, &self.tail);
        write!(f, "SHOW TABLET FROM {table}{partitions}{tail}")
    }
}
