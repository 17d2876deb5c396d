//! Which version a partition in doubt can go on from, and what speaks against it.
//!
//! The newest version of which every tablet has a whole copy. A version above it was never acknowledged if there is a tablet of
//! which so many copies were shown that a write quorum can't be among the others: then nothing is lost.

use super::super::Core;
use crate::backend::api::TabletReport;
use crate::catalog::partition::Partition;
use crate::catalog::replica::{Replica, ReplicaState};
use crate::catalog::tablets::TabletView;
use crate::ids::{BackendId, PartitionId, ReplicaId, TabletId, Version};

/// What can become of a partition in doubt.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) partition: PartitionId,
    /// `db.table` and the partition's name.
    pub(super) names: (String, String),
    /// What readers see.
    pub(super) known: Version,
    /// What they will see.
    pub(super) version: Version,
    /// Tablets of which somebody holds more than is known.
    pub(super) ahead: Vec<TabletId>,
    /// Replicas that do not hold the version.
    pub(super) missed: Vec<(TabletId, ReplicaId)>,
    /// Replicas that hold more than the version.
    pub(super) cut: Vec<(BackendId, TabletId, ReplicaId)>,
    /// Replicas of which nothing was shown.
    pub(super) untold: Vec<(TabletId, ReplicaId)>,
    /// Rows that come, where that is known.
    pub(super) rows: Option<i64>,
    /// What has to come first.
    pub(super) blockers: Vec<String>,
    /// What may be lost.
    pub(super) losses: Vec<String>,
    /// The acknowledgement of nothing above the version can be excluded, of each of its tablets.
    sure: bool,
}

/// What is known of one tablet.
struct Shown<'a> {
    view: TabletView<'a>,
    /// Replicas that were shown, each with its report.
    told: Vec<(Replica, &'a TabletReport)>,
    untold: Vec<Replica>,
    /// Enough were shown that no write quorum is among the others.
    enough: bool,
}

impl Plan {
    /// Whether everything was shown and nobody holds more than is known.
    pub(super) fn adds_nothing(&self) -> bool {
        self.version == self.known
            && self.ahead.is_empty()
            && self.cut.is_empty()
            && self.untold.is_empty()
            && self.blockers.is_empty()
            && self.losses.is_empty()
            && self.sure
    }
}

impl Core {
    /// What can become of a partition in doubt, by what was shown so far.
    pub(super) fn recovery_plan(&self, partition: &Partition, wanted: Option<Version>) -> Plan {
        let tablets: Vec<Shown<'_>> = self
            .head
            .tablets
            .of_partition(partition)
            .map(|view| self.shown(partition, view))
            .collect();
        let known = partition.visible_version;
        let best = tablets.iter().filter_map(Shown::best).min();
        // What was decided stays, whatever is shown later.
        let cut = self.head.recovery.cuts(partition.id);
        let newest = best.unwrap_or(known).max(known);
        let version = cut.or(wanted).unwrap_or(newest);
        let mut plan = Plan {
            partition: partition.id,
            names: self.names_of(partition),
            known,
            version,
            ahead: Vec::new(),
            missed: Vec::new(),
            cut: Vec::new(),
            untold: Vec::new(),
            rows: tablets
                .iter()
                .map(|of| of.gained(known, version))
                .sum::<Option<i64>>(),
            blockers: self.waits_first(partition),
            losses: Vec::new(),
            sure: tablets.iter().all(|of| of.enough),
        };
        if version < known {
            plan.blockers.push(format!(
                "readers see version {known}, and a lower one would take away what they see"
            ));
        } else if cut.is_none() && version < newest {
            plan.losses.push(format!(
                "versions {} to {newest} are held of every tablet and would be taken away",
                version + 1
            ));
        }
        for of in &tablets {
            of.add_to(&mut plan, partition.next_version);
        }
        if !tablets.iter().any(|of| of.excludes_more_than(version)) {
            plan.losses.push(unheard(&tablets, version));
        }
        plan.losses.extend(self.strangers_ahead(partition, version));
        plan
    }

    fn shown<'a>(&'a self, partition: &Partition, view: TabletView<'a>) -> Shown<'a> {
        let held = self.recovery.held.get(&view.id());
        let mut told = Vec::new();
        let mut untold = Vec::new();
        let mut all = 0;
        for replica in view.replicas() {
            all += 1;
            let of = held.and_then(|held| held.get(&replica.backend));
            let of = of.filter(|of| of.replica == replica.id);
            match of {
                Some(of) => told.push((replica, of)),
                // One that its backend does not have, or that an operator has given up, has nothing to tell.
                None if replica.bad || replica.state == ReplicaState::Clone => {}
                None => untold.push(replica),
            }
        }
        let table = self.head.tables.get(&partition.table);
        let quorum = table.map(|table| table.spec.properties.write_quorum);
        let wanted = partition.spec.replication_num;
        let needed = quorum.map_or(1, |quorum| usize::from(quorum.needed(wanted)));
        let all = usize::from(wanted).max(all);
        Shown {
            enough: told.len() + needed > all,
            view,
            told,
            untold,
        }
    }

    /// `db.table` and the name of a partition.
    pub(super) fn names_of(&self, partition: &Partition) -> (String, String) {
        let table = self.head.tables.get(&partition.table);
        let db = table.and_then(|table| self.head.databases.get(&table.db));
        let name = match (db, table) {
            (Some(db), Some(table)) => format!("{}.{}", db.name, table.name),
            _ => partition.table.to_string(),
        };
        (name, partition.spec.name.clone())
    }

    /// Loads that the journal knows and that nobody sees yet.
    fn waits_first(&self, partition: &Partition) -> Vec<String> {
        let waits = partition.visible_version + 1 < partition.next_version;
        let waits = waits.then(|| {
            format!(
                "a load is committed at version {} and not visible yet; SHOW PROC '/transactions' says what it waits for",
                partition.visible_version + 1
            )
        });
        let unheard = self.reports.nobody_was_heard();
        let unheard = unheard
            .then(|| "no backend has shown yet what it has; wait, or see SHOW BACKENDS".to_owned());
        waits.into_iter().chain(unheard).collect()
    }

    /// Replicas that the catalog does not know, with more than a version.
    fn strangers_ahead(&self, partition: &Partition, version: Version) -> Vec<String> {
        let strangers = self.reports.strangers();
        let ahead = strangers.filter(|(_, of)| {
            of.version > version && partition.tablets.binary_search(&of.tablet).is_ok()
        });
        let ahead = ahead.map(|(backend, of)| {
            format!(
                "backend {backend} holds version {} of tablet {} as replica {}, which is not known here",
                of.version, of.tablet, of.replica
            )
        });
        ahead.collect()
    }
}

impl Shown<'_> {
    /// The highest version of which there is a whole copy that can be read.
    fn best(&self) -> Option<Version> {
        let usable = self
            .told
            .iter()
            .filter(|(replica, of)| !replica.bad && !of.bad);
        Some(usable.map(|(_, of)| of.version).max().unwrap_or(0))
    }

    /// Whether no version above this one was ever acknowledged: it would be on one of those that were shown.
    fn excludes_more_than(&self, version: Version) -> bool {
        self.enough && self.told.iter().all(|(_, of)| of.version <= version)
    }

    /// Rows that come with a version; known where a replica is still at the one before.
    fn gained(&self, known: Version, version: Version) -> Option<i64> {
        if known == version {
            return Some(0);
        }
        let at = |wanted| {
            let mut held = self.told.iter().filter(|(_, of)| of.version == wanted);
            held.next().map(|(_, of)| of.row_count)
        };
        let (before, after) = (at(known)?, at(version)?);
        i64::try_from(after).ok()?.checked_sub_unsigned(before)
    }

    fn add_to(&self, plan: &mut Plan, next: Version) {
        let tablet = self.view.id();
        if self.told.iter().any(|(_, of)| of.max_version >= next) {
            plan.ahead.push(tablet);
        }
        if self.best().is_none_or(|best| best < plan.version) {
            plan.blockers.push(format!(
                "no copy of tablet {tablet} that was shown holds version {}; start the backends that have one (ADMIN SHOW REPLICA STATUS FROM {})",
                plan.version, plan.names.0
            ));
        }
        let mut held = Vec::new();
        for (replica, of) in &self.told {
            if of.version >= plan.version && !of.bad {
                held.push(replica.id);
            }
            if of.max_version > plan.version && !replica.set_bad_force {
                plan.cut.push((replica.backend, tablet, replica.id));
            }
        }
        let untold = self.untold.iter().map(|replica| (tablet, replica.id));
        plan.untold.extend(untold);
        let replicas = self.view.replicas().map(|replica| replica.id);
        let missed = replicas.filter(|id| !held.contains(id));
        plan.missed.extend(missed.map(|id| (tablet, id)));
    }
}

/// What may be lost with replicas that were not shown.
fn unheard(tablets: &[Shown<'_>], version: Version) -> String {
    let of = tablets.iter().find(|of| of.best() == Some(version));
    let of = of.or(tablets.first());
    let detail = of.map_or(String::new(), |of| {
        let untold = of.untold.iter().map(|replica| replica.backend.to_string());
        let untold: Vec<String> = untold.collect();
        let who = match untold.is_empty() {
            true => "the others are gone".to_owned(),
            false => format!("those of backends {} were not", untold.join(", ")),
        };
        format!(
            ": of tablet {}, {} of {} copies were shown, {who}",
            of.view.id(),
            of.told.len(),
            of.view.replicas().len()
        )
    });
    format!("loads above version {version} may have been acknowledged and would be lost{detail}")
}
