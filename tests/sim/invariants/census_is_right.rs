//! "The unhealthy set and `/statistic` are kept up to date as events arrive; a full audit scan runs as the proof."

use quorate::tablet::census::Census;

use crate::world::World;

/// The census equals what a full scan counts.
pub fn check(world: &World) {
    let Some((catalog, census)) = world.snapshot() else {
        return;
    };
    assert_eq!(census, Census::audit(&catalog));
    catalog
        .tablets
        .check(|id| catalog.partitions.contains_key(&id));
}
