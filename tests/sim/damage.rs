//! What is lost for good: files, rows, whole storage paths. Never so much that a tablet loses its last whole copy,
//! so that whatever is lost beyond that is the fault of the code under test.
//!
//! The budget of a tablet: damage that nobody knows of yet is on fewer replicas than a load needs, so that one of those
//! which hold a load, or which the leader may keep, is whole; and after the damage a whole replica is left that nobody is about to
//! remove, on another backend. Rows that are pending on a replica may be the only ones of a load that is about to be
//! committed, so such a replica is left alone as well.

use quorate::catalog::replica::ReplicaState;
use quorate::catalog::state::Catalog;
use quorate::catalog::tablets::TabletView;
use quorate::ids::{ReplicaId, TabletId};

use crate::backend::File;
use crate::net::Due;
use crate::world::World;

impl World {
    /// Replicas of a tablet that hold everything that was ever given out, whole, on a path that works, and are not about to
    /// be removed; each with its machine.
    pub fn whole(&self, catalog: &Catalog, view: &TabletView<'_>) -> Vec<(usize, ReplicaId)> {
        let Some(partition) = catalog.partitions.get(&view.partition()) else {
            return Vec::new();
        };
        let upto = partition.next_version - 1;
        let replicas = view.replicas().filter(|replica| {
            // One that is held for bad is neither kept nor copied, whatever is on its disk.
            !self.removed.contains(&replica.id)
                && !self.retired.contains(&replica.id)
                && !replica.bad
                && replica.state == ReplicaState::Normal
        });
        let replicas = replicas.filter(|of| catalog.backends.contains_key(&of.backend));
        let on = replicas.filter_map(|replica| Some((self.machine(replica.backend)?, replica.id)));
        let online = |at: usize| self.backends[at].works(view.id());
        on.filter(|(at, id)| online(*at) && self.serves(*at, view.id(), *id, upto))
            .collect()
    }

    /// Whether a machine's disk can serve a tablet up to a version from that replica, once its path is online.
    pub fn serves(&self, at: usize, tablet: TabletId, replica: ReplicaId, upto: i64) -> bool {
        let held = self.backends[at].replicas.get(&tablet);
        held.is_some_and(|held| held.id == replica && held.serves(upto))
    }

    /// Replicas that the catalog takes for good and complete, and that are not.
    fn unsound(&self, view: &TabletView<'_>) -> usize {
        let visible = view.visible();
        let believed = view
            .replicas()
            .filter(|replica| !replica.bad && replica.version >= visible);
        let unsound = believed.filter(|replica| {
            let at = self.machine(replica.backend);
            !at.is_some_and(|at| self.serves(at, view.id(), replica.id, visible))
        });
        unsound.count()
    }

    /// Whether everything that a machine holds of a tablet may go.
    pub fn can_lose(&self, catalog: &Catalog, at: usize, tablet: TabletId) -> bool {
        let Some(view) = catalog.tablets.view(tablet) else {
            // It may be being made at this moment.
            return false;
        };
        let mut pending = self.backends[at].pending.values();
        let whole = self.whole(catalog, &view);
        !pending.any(|tablets| tablets.contains_key(&tablet))
            && whole.iter().any(|(other, _)| *other != at)
    }

    /// Whether damage that nobody notices at once may be done to a replica.
    fn can_hurt(&self, catalog: &Catalog, at: usize, tablet: TabletId) -> bool {
        let Some(view) = catalog.tablets.view(tablet) else {
            return false;
        };
        let needed = usize::from(self.quorum(catalog, &view));
        self.can_lose(catalog, at, tablet) && self.unsound(&view) + 1 < needed
    }

    /// Replicas that a load of a tablet needs.
    fn quorum(&self, catalog: &Catalog, view: &TabletView<'_>) -> u16 {
        let partition = catalog.partitions.get(&view.partition());
        let table = partition.and_then(|partition| catalog.tables.get(&partition.table));
        let quorum = table.map(|table| table.spec.properties.write_quorum);
        quorum.map_or(1, |quorum| quorum.needed(view.wanted()))
    }

    /// Whether a storage path with a replica may die. The leader hears of it later, and may mean to do with one copy less
    /// meanwhile: one more of those that it takes for complete is so.
    pub fn can_wipe(&self, catalog: &Catalog, at: usize, tablet: TabletId) -> bool {
        let Some(view) = catalog.tablets.view(tablet) else {
            return false;
        };
        self.can_lose(catalog, at, tablet) && self.unsound(&view) + 1 < usize::from(view.wanted())
    }

    /// Whether a tablet has damage that a smaller number of replicas might not survive.
    pub fn is_hurt(&self, view: &TabletView<'_>) -> bool {
        let id = view.id();
        let mut held = self.backends.iter().filter_map(|of| of.replicas.get(&id));
        self.unsound(view) > 0 || held.any(|held| held.damaged()) || self.altered.contains(&id)
    }
}

fn some_tablet(world: &mut World, at: usize) -> Option<TabletId> {
    let held: Vec<TabletId> = world.backends[at].replicas.keys().copied().collect();
    let some = world.rng.below(held.len().max(1) as u64) as usize;
    held.get(some).copied()
}

/// A file of some tablet is lost, or a byte of it flips.
pub fn some_file(world: &mut World, at: usize) {
    let Some(catalog) = world.decided() else {
        return;
    };
    let Some(tablet) = some_tablet(world, at) else {
        return;
    };
    if !world.can_hurt(&catalog, at, tablet) {
        return;
    }
    let file = match world.rng.per_mille(500) {
        true => File::Lost,
        false => File::Flipped,
    };
    let known = catalog.tablets.view(tablet);
    let wanted = known.map_or(0, |view| world.quorum(&catalog, &view));
    if spoil(world, at, tablet, file) && wanted < 3 {
        // A load that repair has taken a holder from may be on this replica alone: it must not go unnoticed for long.
        world.backends[at].read(tablet);
    }
}

/// Does it to one of the tablet's files. Says whether there was one.
pub fn spoil(world: &mut World, at: usize, tablet: TabletId, file: File) -> bool {
    let World { backends, rng, .. } = world;
    let Some(held) = backends[at].replicas.get_mut(&tablet) else {
        return false;
    };
    let mut files: Vec<_> = held
        .published
        .values_mut()
        .filter(|of| of.load.is_some())
        .collect();
    if files.is_empty() {
        return false;
    }
    let one = rng.below(files.len() as u64) as usize;
    files[one].file = file;
    world.say(format!("{file:?} file of tablet {tablet} on machine {at}"));
    true
}

/// Rows of some tablet change. At most once for each tablet, and only where two others can outvote it.
pub fn some_rows(world: &mut World, at: usize) {
    let Some(catalog) = world.decided() else {
        return;
    };
    let Some(tablet) = some_tablet(world, at) else {
        return;
    };
    let whole = catalog
        .tablets
        .view(tablet)
        .map(|view| world.whole(&catalog, &view));
    if world.altered.contains(&tablet) || whole.is_none_or(|whole| whole.len() < 3) {
        return;
    }
    alter(world, at, tablet);
}

/// Alters rows of a tablet on a machine. Says whether it has any.
pub fn alter(world: &mut World, at: usize, tablet: TabletId) -> bool {
    let salt = 1 + world.rng.below(1 << 30);
    let held = world.backends[at].replicas.get_mut(&tablet);
    let rows = held.and_then(|held| held.published.values_mut().find(|of| of.load.is_some()));
    let Some(rows) = rows else { return false };
    rows.salt = salt;
    world.say(format!("altered rows of tablet {tablet} on machine {at}"));
    world.altered.insert(tablet);
    true
}

/// A storage path fails for some seconds and comes back as it was. Meanwhile its replicas are bad, and may be removed.
pub fn some_path_offline(world: &mut World, at: usize) {
    let Some(path) = some_path(world, at) else {
        return;
    };
    world.backends[at].paths[path].online = false;
    world.say(format!("path {path} of machine {at} is offline"));
    let back = world.now_ms + world.rng.between(500, 15_000);
    world.net.at(back, Due::PathBack { backend: at, path });
}

/// A storage path dies and an empty one takes its place, if all that it holds is elsewhere as well.
pub fn some_path_wiped(world: &mut World, at: usize) {
    if let Some(path) = some_path(world, at) {
        wipe(world, at, path);
    }
}

/// A storage path of which all that it holds is elsewhere as well.
fn some_path(world: &mut World, at: usize) -> Option<usize> {
    let catalog = world.decided()?;
    let paths = world.backends[at].paths.len() as u64;
    let path = world.rng.below(paths) as usize;
    let held = world.backends[at].replicas.iter();
    let mut here = held.filter(|(_, held)| held.path == path);
    here.all(|(tablet, _)| world.can_wipe(&catalog, at, *tablet))
        .then_some(path)
}

/// Empties a storage path.
pub fn wipe(world: &mut World, at: usize, path: usize) {
    let held = world.backends[at].replicas.iter();
    let here = held.filter(|(_, held)| held.path == path);
    let tablets: Vec<TabletId> = here.map(|(tablet, _)| *tablet).collect();
    for tablet in tablets {
        if let Some(held) = world.backends[at].take(tablet) {
            world.destroyed.insert(held.id);
        }
    }
    world.say(format!("path {path} of machine {at} is wiped"));
    world.work += 1;
    world.backends[at].paths[path].hash = 100_000 + world.work as i64;
    world.marks.hit("storage path wiped");
}
