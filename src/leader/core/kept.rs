//! Who would still serve reads of a tablet if some of its replicas went: asked by everything that takes copies away by an
//! order, and by backends before they give one up.
//!
//! What repair and balance remove by themselves asks [`can_lose`](crate::tablet::redundant::can_lose), which knows the same of a
//! replica; safe mode sees to it that backends have been heard of by then.

use super::{Core, Error};
use crate::catalog::replica::Replica;
use crate::catalog::tablets::TabletView;
use crate::ids::{ReplicaId, TabletId};
use crate::tablet::unseen::can_spare;

impl Core {
    /// A replica that is not among those that go and could serve a read: it is whole, its backend gives signs of life and has shown since
    /// the start what it has, and was not told that it may give it up.
    pub(super) fn keeper(
        &self,
        tablet: &TabletView<'_>,
        goes: impl Fn(&Replica) -> bool,
    ) -> Option<Replica> {
        let visible = tablet.visible();
        tablet.replicas().find(|replica| {
            !goes(replica)
                && replica.whole(visible)
                && self.head.alive(replica.backend)
                && !self.head.doubted(replica.backend)
                && self.reports.heard(replica.backend)
                && !self.content.given_up(tablet.id(), replica.id)
        })
    }

    /// Whether reads go on without some replicas, and so does every load that has its version.
    pub(super) fn does_without(
        &self,
        tablet: &TabletView<'_>,
        goes: impl Fn(&Replica) -> bool,
    ) -> bool {
        let lost: Vec<ReplicaId> = tablet
            .replicas()
            .filter(|replica| goes(replica))
            .map(|replica| replica.id)
            .collect();
        self.keeper(tablet, &goes).is_some() && can_spare(&self.head, tablet, &lost)
    }

    /// Refuses to take away replicas of tablets that can't be read without them.
    pub(super) fn all_do_without(
        &self,
        tablets: impl IntoIterator<Item = TabletId>,
        goes: impl Fn(&Replica) -> bool,
    ) -> Result<(), Error> {
        let views = tablets.into_iter();
        let views = views.filter_map(|id| self.head.tablets.view(id));
        let mut left = views.filter(|view| !self.does_without(view, &goes));
        let Some(first) = left.next() else {
            return Ok(());
        };
        Err(Error::LastCopies {
            tablet: first.id(),
            table: self.table_name(&first),
            other: self.away(&first, &goes),
            count: 1 + left.count() as u64,
        })
    }

    /// The backend with another whole copy that can't be read now: it does not live, or has not shown what it has.
    pub(super) fn away(
        &self,
        tablet: &TabletView<'_>,
        goes: impl Fn(&Replica) -> bool,
    ) -> Option<String> {
        let mut others = tablet.replicas().filter(|replica| !goes(replica));
        let of = others.find(|replica| {
            replica.whole(tablet.visible()) && self.head.backends.contains_key(&replica.backend)
        })?;
        Some(self.head.backends.get(&of.backend)?.address())
    }

    /// `db.table` of a tablet.
    pub(super) fn table_name(&self, tablet: &TabletView<'_>) -> String {
        let partition = self.head.partitions.get(&tablet.partition());
        let table = partition.and_then(|of| self.head.tables.get(&of.table));
        let db = table.and_then(|table| self.head.databases.get(&table.db));
        match (db, table) {
            (Some(db), Some(table)) => format!("{}.{}", db.name, table.name),
            _ => String::new(),
        }
    }
}
