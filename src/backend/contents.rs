//! What one storage path holds, as an immutable value, and the only way to change it: a draft.
//!
//! A draft changes the value and writes down the same change for metadata, so that the two can't differ. It takes
//! effect when metadata is durable. Owns what names a file; does not own when a draft is committed: `writer` does.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use imbl::OrdMap;
use serde::Serialize;

use crate::backend::error::Error;
use crate::backend::meta::{Op, Table, pair};
use crate::backend::rowset::Rowset;
use crate::backend::segment::Segment;
use crate::backend::tablet::{
    Columns, ColumnsRecord, Damage, Pending, PendingRecord, Tablet, Trash, TrashRecord,
};
use crate::clock::Timestamp;
use crate::ids::{ReplicaId, TabletId, TxnId, Version};

/// What one storage path holds.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// Replicas in use.
    pub tablets: OrdMap<TabletId, Arc<Tablet>>,
    /// Rows of loads that are not published.
    pub pending: OrdMap<(TxnId, TabletId), Arc<Pending>>,
    /// Dropped replicas.
    pub trash: OrdMap<(TabletId, ReplicaId), Arc<Trash>>,
    /// Bytes of the files of dropped replicas.
    pub trash_bytes: u64,
    /// Columns of the tables, by their key in metadata.
    pub columns: OrdMap<u64, Arc<Columns>>,
}

/// A change of [`Contents`] that is not durable yet.
#[derive(Debug, Default)]
pub struct Draft {
    /// How it will be.
    pub contents: Contents,
    /// The same for metadata.
    pub ops: Vec<Op>,
    /// Files that metadata will name.
    pub fresh: Vec<Arc<Segment>>,
    /// Files that metadata will not name any more.
    pub gone: Vec<Arc<Segment>>,
    /// Tablets that the frontend should hear of.
    pub touched: BTreeSet<TabletId>,
    /// Why it can't be written down; it takes no effect then.
    pub failed: Option<Error>,
}

impl Contents {
    /// Adds a dropped replica.
    pub fn put_trash(&mut self, key: (TabletId, ReplicaId), trash: Trash) {
        self.take_trash(key);
        self.trash_bytes += trash.tablet.bytes();
        self.trash.insert(key, Arc::new(trash));
    }

    fn take_trash(&mut self, key: (TabletId, ReplicaId)) -> Option<Arc<Trash>> {
        let trash = self.trash.remove(&key)?;
        self.trash_bytes = self.trash_bytes.saturating_sub(trash.tablet.bytes());
        Some(trash)
    }
}

impl Draft {
    /// A draft that changes nothing yet.
    pub fn of(contents: Contents) -> Draft {
        Draft {
            contents,
            ..Draft::default()
        }
    }

    /// Adds what a later draft, made from this one's contents, changes.
    pub fn absorb(&mut self, later: Draft) {
        self.contents = later.contents;
        self.ops.extend(later.ops);
        self.fresh.extend(later.fresh);
        self.gone.extend(later.gone);
        self.touched.extend(later.touched);
    }

    /// The tablet as the draft leaves it.
    pub fn tablet(&self, id: TabletId) -> Result<Arc<Tablet>, Error> {
        self.contents
            .tablets
            .get(&id)
            .cloned()
            .ok_or(Error::UnknownTablet(id))
    }

    /// Adds a tablet with its rowsets. One of the same id must have left before.
    pub fn create(&mut self, tablet: Tablet) {
        let columns = tablet.columns.clone();
        if self
            .contents
            .columns
            .insert(columns.key, columns.clone())
            .is_none()
        {
            let record = ColumnsRecord {
                columns: columns.columns.clone(),
                key_columns: columns.key_columns,
            };
            self.put(Table::Columns, pair(columns.key, 0), &record);
        }
        let id = tablet.id();
        self.put(Table::Tablets, pair(id.0, 0), &tablet.record());
        for rowset in &tablet.rowsets {
            self.put_rowset(id, rowset);
            self.fresh.extend(rowset.segments.iter().cloned());
        }
        self.set(tablet);
    }

    /// Puts `new` in the place of the rowsets within its range of versions. Their files are not wanted any more,
    /// except those that `new` holds as well.
    pub fn replace(&mut self, tablet: &Tablet, new: Rowset) {
        let versions = new.start..=new.end;
        self.replace_range(tablet, versions, vec![new]);
    }

    /// Puts `new`, which ascends, in the place of the rowsets within a range of versions.
    pub fn replace_range(
        &mut self,
        tablet: &Tablet,
        versions: RangeInclusive<Version>,
        new: Vec<Rowset>,
    ) {
        let id = tablet.id();
        let new: Vec<Arc<Rowset>> = new.into_iter().map(Arc::new).collect();
        let (old, mut rowsets): (Vec<_>, Vec<_>) = tablet
            .rowsets
            .iter()
            .cloned()
            .partition(|r| versions.contains(&r.start) && versions.contains(&r.end));
        let wanted = || new.iter().flat_map(|r| &r.segments);
        for rowset in &old {
            self.delete(Table::Rowsets, pair(id.0, rowset.start.unsigned_abs()));
            let segments = rowset.segments.iter();
            let unwanted = segments.filter(|s| !wanted().any(|n| Arc::ptr_eq(s, n)));
            self.gone.extend(unwanted.cloned());
        }
        self.fresh.extend(wanted().cloned());
        for rowset in &new {
            self.put_rowset(id, rowset);
        }
        let at = rowsets.partition_point(|r| r.end < *versions.start());
        rowsets.splice(at..at, new);
        self.set(tablet.with_rowsets(rowsets));
    }

    /// Takes away the rowsets above a version. One that reaches beyond it without rows there ends with it.
    pub fn cut(&mut self, tablet: &Tablet, version: Version) {
        let across = tablet
            .rowsets
            .iter()
            .find(|r| r.start <= version && r.end > version);
        let shorter = across.map(|r| r.ending(version));
        let from = shorter.as_ref().map_or(version + 1, |r| r.start);
        if tablet.max_version() > version {
            self.replace_range(tablet, from..=Version::MAX, shorter.into_iter().collect());
        }
    }

    /// Notes that files of a tablet are lost or wrong.
    pub fn mark_bad(&mut self, tablet: &Tablet, damage: Damage) {
        let mut tablet = tablet.clone();
        tablet.damage = Some(damage);
        self.put(Table::Tablets, pair(tablet.id().0, 0), &tablet.record());
        self.set(tablet);
    }

    /// Files of a tablet were lost or wrong, and it goes on without them.
    pub fn heal(&mut self, tablet: &Tablet) {
        let mut tablet = tablet.clone();
        tablet.damage = None;
        self.put(Table::Tablets, pair(tablet.id().0, 0), &tablet.record());
        self.set(tablet);
    }

    /// Gives a replica another id; its files and what loads wrote to it stay.
    pub fn rename(&mut self, tablet: &Tablet, replica: ReplicaId) {
        let mut tablet = tablet.clone();
        tablet.spec.replica = replica;
        self.put(Table::Tablets, pair(tablet.id().0, 0), &tablet.record());
        self.set(tablet);
    }

    /// Keeps rows of a load that has no version yet; they take the place of earlier ones of the same load.
    pub fn put_pending(&mut self, txn: TxnId, tablet: TabletId, pending: Pending) {
        let record = PendingRecord {
            created: pending.created,
            segments: pending.segments.iter().map(|s| s.record.clone()).collect(),
        };
        self.put(Table::Pending, pair(txn.0, tablet.0), &record);
        self.fresh.extend(pending.segments.iter().cloned());
        let old = self
            .contents
            .pending
            .insert((txn, tablet), Arc::new(pending));
        self.gone
            .extend(old.iter().flat_map(|p| p.segments.iter().cloned()));
    }

    /// Takes out rows of a load, to give them a version or to forget them.
    pub fn take_pending(&mut self, txn: TxnId, tablet: TabletId) -> Option<Arc<Pending>> {
        let pending = self.contents.pending.remove(&(txn, tablet))?;
        self.delete(Table::Pending, pair(txn.0, tablet.0));
        Some(pending)
    }

    /// Forgets rows of a load.
    pub fn forget_pending(&mut self, txn: TxnId, tablet: TabletId) -> bool {
        match self.take_pending(txn, tablet) {
            Some(pending) => {
                self.gone.extend(pending.segments.iter().cloned());
                true
            }
            None => false,
        }
    }

    /// Moves a tablet to the trash, and forgets the loads that wrote to it.
    pub fn trash(&mut self, tablet: &Arc<Tablet>, dropped: Timestamp) {
        let id = tablet.id();
        self.retire(tablet, dropped);
        let loads: Vec<_> = self
            .contents
            .pending
            .keys()
            .filter(|(_, tablet)| *tablet == id)
            .copied()
            .collect();
        for (txn, tablet) in loads {
            self.forget_pending(txn, tablet);
        }
    }

    /// Moves a tablet to the trash. What loads wrote to it stays, for the one that takes its place.
    pub fn retire(&mut self, tablet: &Arc<Tablet>, dropped: Timestamp) {
        let id = tablet.id();
        let key = (id, tablet.spec.replica);
        // A replica that was filled anew has left its first files there, under the same key.
        self.purge(key.0, key.1);
        for rowset in &tablet.rowsets {
            self.delete(Table::Rowsets, pair(id.0, rowset.start.unsigned_abs()));
        }
        self.delete(Table::Tablets, pair(id.0, 0));
        let record = TrashRecord {
            dropped,
            tablet: tablet.record(),
            rowsets: tablet.rowsets.iter().map(|r| r.record()).collect(),
        };
        self.put(Table::Trash, pair(id.0, key.1.0), &record);
        self.contents.tablets.remove(&id);
        self.contents.put_trash(
            key,
            Trash {
                dropped,
                tablet: tablet.clone(),
            },
        );
        self.touched.insert(id);
    }

    /// Deletes a dropped replica for good.
    pub fn purge(&mut self, tablet: TabletId, replica: ReplicaId) {
        if let Some(trash) = self.contents.take_trash((tablet, replica)) {
            self.delete(Table::Trash, pair(tablet.0, replica.0));
            let files = trash.tablet.rowsets.iter().flat_map(|r| r.segments.iter());
            self.gone.extend(files.cloned());
        }
    }

    fn set(&mut self, tablet: Tablet) {
        self.touched.insert(tablet.id());
        self.contents.tablets.insert(tablet.id(), Arc::new(tablet));
    }

    fn put_rowset(&mut self, tablet: TabletId, rowset: &Rowset) {
        let key = pair(tablet.0, rowset.start.unsigned_abs());
        self.put(Table::Rowsets, key, &rowset.record());
    }

    /// Writes a record of metadata.
    pub fn put<T: Serialize>(&mut self, table: Table, key: [u8; 16], record: &T) {
        match Op::put(table, key, record) {
            Ok(op) => self.ops.push(op),
            Err(error) => drop(self.failed.get_or_insert(error)),
        }
    }

    fn delete(&mut self, table: Table, key: [u8; 16]) {
        self.ops.push(Op {
            table,
            key,
            value: None,
        });
    }
}
