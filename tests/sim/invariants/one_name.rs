//! "A node has one name": no machine counts as two living backends, and none as another than the one it is; nor is a storage
//! path in use beside a copy of itself.

use std::collections::BTreeMap;

use crate::setup::machine_of_port;
use crate::world::World;

/// Looks at the backends that readers see as alive.
pub fn check(world: &mut World) {
    let Some((catalog, _)) = world.snapshot() else {
        return;
    };
    let mut living = BTreeMap::new();
    let mut paths = BTreeMap::new();
    for backend in catalog.backends.values() {
        if !catalog.alive(backend.id) {
            continue;
        }
        let known = catalog.backend_states.get(&backend.id);
        let known = known.into_iter().flat_map(|state| &state.paths);
        for path in known.filter(|path| path.online) {
            if let Some(other) = paths.insert(path.hash, backend.id) {
                panic!(
                    "backend {other} and backend {} use one storage path",
                    backend.id
                );
            }
        }
        let at = machine_of_port(backend.port);
        if let Some(other) = living.insert(at, backend.id) {
            panic!(
                "machine {at} is alive as backend {other} and as backend {}",
                backend.id
            );
        }
    }
}
