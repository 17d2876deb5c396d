//! "Loads go on while replicas are moved": where backends come and go in order and nothing fails, no load ever hears that too
//! few replicas can be written, whatever its quorum.

use crate::world::World;

/// Looks at every load of a run in which nothing failed.
pub fn check(world: &mut World) {
    if !world.calm {
        return;
    }
    world.marks.hit("replicas handed over in peace");
    for load in &world.loads {
        assert_eq!(
            load.short, 0,
            "load {} was refused though nothing has failed: {:?}",
            load.no, load
        );
    }
}
