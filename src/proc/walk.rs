//! Going through all tablets for the tables of `sys`, past whatever is not wanted.

use std::ops::ControlFlow;

use crate::catalog::database::Database;
use crate::catalog::partition::Partition;
use crate::catalog::table::Table;
use crate::catalog::tablets::TabletView;
use crate::ids::{PartitionId, TableId, TabletId};
use crate::proc::table::Wanted;
use crate::view::View;

/// What a tablet belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Home<'a> {
    /// Database.
    pub db: &'a Database,
    /// Table.
    pub table: &'a Table,
    /// Partition.
    pub partition: &'a Partition,
}

impl<'a> Home<'a> {
    /// Where a partition belongs.
    pub fn of(view: &'a View, partition: PartitionId) -> Option<Home<'a>> {
        let catalog = &view.catalog;
        let partition = catalog.partitions.get(&partition)?;
        let table = catalog.tables.get(&partition.table)?;
        let db = catalog.databases.get(&table.db)?;
        Some(Home {
            db,
            table,
            partition,
        })
    }

    /// Hands out the tablets that `wanted` does not exclude by ids and names of what they belong to, until `out` breaks.
    pub fn tablets(
        view: &View,
        wanted: &Wanted,
        out: &mut dyn FnMut(Home<'_>, TabletView<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if let Some(id) = wanted.id("TabletId") {
            let tablet = view.catalog.tablets.view(TabletId(id));
            let found = tablet.and_then(|t| Some((Home::of(view, t.partition())?, t)));
            return match found {
                Some((home, tablet)) if home.wanted(wanted) => out(home, tablet),
                _ => ControlFlow::Continue(()),
            };
        }
        Home::partitions(view, wanted, &mut |home| {
            for tablet in view.catalog.tablets.of_partition(home.partition) {
                out(home, tablet)?;
            }
            ControlFlow::Continue(())
        })
    }

    fn partitions(
        view: &View,
        wanted: &Wanted,
        out: &mut dyn FnMut(Home<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let catalog = &view.catalog;
        if let Some(id) = wanted.id("PartitionId") {
            return match Home::of(view, PartitionId(id)) {
                Some(home) if home.wanted(wanted) => out(home),
                _ => ControlFlow::Continue(()),
            };
        }
        let one = wanted.id("TableId").map(TableId);
        let (one, all) = match one {
            Some(id) => (catalog.tables.get(&id), None),
            None => (None, Some(catalog.tables.values())),
        };
        for table in one.into_iter().chain(all.into_iter().flatten()) {
            for partition in catalog.partitions_of(table) {
                match catalog.databases.get(&table.db) {
                    Some(db) => {
                        let home = Home {
                            db,
                            table,
                            partition,
                        };
                        if home.wanted(wanted) {
                            out(home)?;
                        }
                    }
                    None => break,
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn wanted(&self, wanted: &Wanted) -> bool {
        wanted.allows("DbId", &self.db.id.into())
            && wanted.allows("TableId", &self.table.id.into())
            && wanted.allows("PartitionId", &self.partition.id.into())
            && wanted.allows("DbName", &self.db.name.clone().into())
            && wanted.allows("TableName", &self.table.name.clone().into())
    }
}
