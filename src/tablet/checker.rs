//! The checker: which tablets need a task (seed: Tablet Checker; StarRocks: TabletChecker).
//!
//! It looks at the tablets that the census holds for remarkable, so a round costs what is wrong and not what exists. Owns
//! the delay before repair and the order: tablets of hinted partitions come first, and past the limit of the queue.

use std::collections::BTreeSet;

use imbl::OrdMap;

use crate::catalog::tablets::TabletView;
use crate::clock::Timestamp;
use crate::ids::TabletId;
use crate::tablet::desk::Desk;
use crate::tablet::health::{Health, Priority, TabletStatus, tablet_health};
use crate::tablet::reason::{Reason, Ruling};
use crate::tablet::source;
use crate::tablet::task::{Kind, Task};

/// What a round found.
#[derive(Debug, Default)]
pub struct Found {
    /// Tasks to queue.
    pub tasks: Vec<Task>,
    /// Tablets that miss a replica whose backend may come back, since when.
    pub seen: OrdMap<TabletId, Timestamp>,
    /// Tablets that were looked at.
    pub checked: u64,
    /// Of those, not healthy.
    pub unhealthy: u64,
    /// Partitions with a tablet that is not healthy, of those that are hinted.
    pub hinted: BTreeSet<crate::ids::PartitionId>,
}

/// One round over the tablets that are remarkable.
pub fn round(desk: &Desk<'_>, remarkable: &[TabletId]) -> Found {
    let mut found = Found::default();
    if desk.safe_mode {
        return found;
    }
    let views = || {
        let views = remarkable.iter();
        views.filter_map(|id| desk.catalog.tablets.view(*id))
    };
    let hinted = |tablet: &TabletView<'_>| desk.healing.hints.contains_key(&tablet.partition());
    if !desk.healing.hints.is_empty() {
        for tablet in views().filter(hinted) {
            look(desk, &tablet, true, &mut found);
        }
    }
    let mut room = Room::of(desk);
    for tablet in views().filter(|tablet| !hinted(tablet)) {
        let before = found.tasks.len();
        let admitted = room.left(desk, &tablet);
        look(desk, &tablet, admitted, &mut found);
        room.taken += found.tasks.len() - before;
    }
    found
}

/// Looks at one tablet; a task of it may be queued if it is `admitted`.
fn look(desk: &Desk<'_>, tablet: &TabletView<'_>, admitted: bool, found: &mut Found) {
    found.checked += 1;
    let health = tablet_health(desk.cluster, tablet);
    if health.status == TabletStatus::Healthy {
        return;
    }
    found.unhealthy += 1;
    let hinted = desk.healing.hints.contains_key(&tablet.partition());
    if hinted {
        found.hinted.insert(tablet.partition());
    }
    // Noted of what is queued as well: the scheduler asks for the delay again.
    if may_come_back(desk, tablet, health) {
        let since = desk.healing.seen.get(&tablet.id()).copied();
        found.seen.insert(tablet.id(), since.unwrap_or(desk.now));
    }
    let queued = desk.healing.task(tablet.id()).is_some();
    if admitted && !queued && delay_left_ms(desk, tablet, health) == 0 {
        found.tasks.extend(task(desk, tablet, health, hinted));
    }
}

/// Whether there is room in the queue for a tablet that is not hinted.
pub fn admits(desk: &Desk<'_>, tablet: &TabletView<'_>) -> bool {
    Room::of(desk).left(desk, tablet)
}

/// The task that a tablet needs.
pub fn task(
    desk: &Desk<'_>,
    tablet: &TabletView<'_>,
    health: Health,
    hinted: bool,
) -> Option<Task> {
    let partition = desk.catalog.partitions.get(&tablet.partition())?;
    let priority = match hinted {
        true => Priority::VeryHigh,
        false => health.priority,
    };
    Some(Task {
        table: partition.table,
        visible: partition.visible_version,
        committed: partition.next_version - 1,
        medium: partition.spec.medium,
        ..Task::new(
            tablet.id(),
            (tablet.db(), tablet.partition()),
            Kind::Repair,
            health.status,
            priority,
            desk.now,
        )
    })
}

/// Milliseconds until a tablet may be repaired, in case a lost backend comes back: one, two or three times the factor for
/// HIGH, NORMAL and LOW (StarRocks), from when the checker saw it first. What is VERY_HIGH or hinted, behind, or lacks nothing
/// that could come back by itself does not wait. The scheduler asks too: a tablet may have been queued for something else.
pub fn delay_left_ms(desk: &Desk<'_>, tablet: &TabletView<'_>, health: Health) -> u64 {
    let times = match health.priority {
        Priority::VeryHigh => return 0,
        Priority::High => 1,
        Priority::Normal => 2,
        Priority::Low => 3,
    };
    let hinted = desk.healing.hints.contains_key(&tablet.partition());
    if hinted || !may_come_back(desk, tablet, health) {
        return 0;
    }
    let factor = desk.config.tablet_sched_repair_delay_factor_second;
    let delay_ms = factor.saturating_mul(1000).saturating_mul(times);
    let since = desk.healing.seen.get(&tablet.id());
    let waited = since.map_or(0, |since| desk.now.since_ms(*since));
    delay_ms.saturating_sub(waited)
}

/// Whether a replica is missed, and one is lost only because its backend does not answer.
fn may_come_back(desk: &Desk<'_>, tablet: &TabletView<'_>, health: Health) -> bool {
    health.counts.alive < health.wanted && desk.absent(tablet).next().is_some()
}

/// Room in the queue. Tasks that can't be carried out have a limit of their own, so that they keep nobody out.
struct Room {
    taken: usize,
    stuck: usize,
    most: usize,
}

impl Room {
    fn of(desk: &Desk<'_>) -> Room {
        let stuck = |task: &&std::sync::Arc<Task>| {
            let failing = task.reason.as_ref().map(Reason::ruling) == Some(Ruling::No);
            failing && task.adjusted.is_some()
        };
        let pending = desk.healing.pending.values();
        let stuck = pending.filter(stuck).count();
        Room {
            taken: desk.healing.pending.len() - stuck,
            stuck,
            most: usize::try_from(desk.config.tablet_sched_max_scheduling_tablets)
                .unwrap_or(usize::MAX),
        }
    }

    /// Whether a tablet may be queued. One that nothing can be copied for may not where many such wait already.
    fn left(&self, desk: &Desk<'_>, tablet: &TabletView<'_>) -> bool {
        let full = self.taken >= self.most || desk.healing.running.len() >= self.most;
        let hopeless = || self.stuck >= self.most && !source::exists(desk, tablet);
        !full && !hopeless()
    }
}
