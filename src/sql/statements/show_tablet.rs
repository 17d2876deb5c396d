//! `SHOW TABLET <id>`: what a tablet belongs to, and the statement that shows its replicas (seed: Check the replica
//! status of a specific tablet).

use std::fmt;

use crate::code::Failure;
use crate::ids::TabletId;
use crate::proc::index::signed;
use crate::proc::walk::Home;
use crate::row;
use crate::rows::{Column, Rows, Typed};
use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::statements::{Context, Spec};

/// `SHOW TABLET <id>`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowTablet {
    /// Tablet.
    pub tablet: TabletId,
}

row! {
    /// What a tablet belongs to. An unknown tablet has a row too, without names.
    pub struct TabletRow {
        /// Name of the database.
        db_name: Option<String> => "DbName" Text,
        /// Name of the table.
        table_name: Option<String> => "TableName" Text,
        /// Name of the partition.
        partition_name: Option<String> => "PartitionName" Text,
        /// Name of the index.
        index_name: Option<String> => "IndexName" Text,
        /// Database.
        db_id: i64 => "DbId" Int,
        /// Table.
        table_id: i64 => "TableId" Int,
        /// Partition.
        partition_id: i64 => "PartitionId" Int,
        /// Index.
        index_id: i64 => "IndexId" Int,
        /// Whether the catalog holds the tablet in its partition.
        is_sync: bool => "IsSync" Bool,
        /// The statement that shows its replicas.
        detail_cmd: String => "DetailCmd" Text,
    }
}

impl Spec for ShowTablet {
    const HEADS: &'static [&'static [&'static str]] = &[&["SHOW", "TABLET"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/show_tablet.ebnf");
    const HELP: &'static str = "Says which table a tablet belongs to, and how to see its replicas.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["SHOW", "TABLET"])?;
        Ok(ShowTablet {
            tablet: TabletId(c.number()?),
        })
    }

    fn columns(&self, _cx: Context<'_>) -> Option<Vec<Column>> {
        Some(TabletRow::columns())
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        let tablet = cx.view.catalog.tablets.get(self.tablet);
        let home = tablet.and_then(|tablet| Home::of(cx.view, tablet.partition));
        Ok(Outcome::Rows(Rows::of([TabletRow::new(self.tablet, home)])))
    }
}

impl TabletRow {
    fn new(tablet: TabletId, home: Option<Home<'_>>) -> TabletRow {
        let id = |of: fn(Home<'_>) -> u64| home.map_or(-1, |home| signed(of(home)));
        let db_id = id(|home| home.db.id.0);
        let table_id = id(|home| home.table.id.0);
        let partition_id = id(|home| home.partition.id.0);
        let index_id = id(|home| home.table.index.0);
        TabletRow {
            db_name: home.map(|home| home.db.name.clone()),
            table_name: home.map(|home| home.table.name.clone()),
            partition_name: home.map(|home| home.partition.spec.name.clone()),
            index_name: home.map(|home| home.table.name.clone()),
            db_id,
            table_id,
            partition_id,
            index_id,
            is_sync: home.is_some_and(|home| home.partition.tablets.contains(&tablet)),
            detail_cmd: format!(
                "SHOW PROC '/dbs/{db_id}/{table_id}/partitions/{partition_id}/{index_id}/{tablet}';"
            ),
        }
    }
}

impl fmt::Display for ShowTablet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHOW TABLET {}", self.tablet)
    }
}
