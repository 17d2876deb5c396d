//! The columns against a model of plain structs, over random changes.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::catalog::change::NewPartition;
use crate::catalog::partition::PartitionSpec;
use crate::catalog::table::Medium;
use crate::catalog::versions::Versions;
use crate::clock::Timestamp;
use crate::ids::{DbId, PartitionId, ReplicaId, Version};

/// A generator of the same numbers for the same seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

#[derive(Debug, Clone)]
struct ModelPartition {
    visible: Version,
    tablets: Vec<TabletId>,
}

#[derive(Debug, Clone)]
struct ModelReplica {
    id: ReplicaId,
    backend: BackendId,
    versions: Versions,
    bytes: u64,
    bad: bool,
}

#[derive(Default)]
struct Model {
    partitions: BTreeMap<PartitionId, ModelPartition>,
    tablets: BTreeMap<TabletId, (PartitionId, u32, Vec<ModelReplica>)>,
    next: u64,
    /// Ids that were given out and not used yet: partitions come in another order than their ids.
    kept: Vec<(u64, u32)>,
}

fn new_partition(first: u64, buckets: u32, replicas: u16, random: &mut Random) -> NewPartition {
    let mut backends = Vec::new();
    for _ in 0..buckets {
        let start = random.below(20);
        backends.extend((0..u64::from(replicas)).map(|n| BackendId(1 + (start + n) % 20)));
    }
    NewPartition {
        id: PartitionId(first),
        spec: PartitionSpec {
            name: format!("p{first}"),
            range: None,
            buckets,
            replication_num: replicas,
            medium: Medium::Hdd,
        },
        first_tablet: TabletId(first + 1),
        first_replica: ReplicaId(first + 1 + u64::from(buckets)),
        backends,
    }
}

impl Model {
    fn add(&mut self, tablets: &mut Tablets, random: &mut Random) {
        let late = !self.kept.is_empty() && random.below(3) == 0;
        let (first, buckets) = if late {
            let at = random.below(self.kept.len() as u64) as usize;
            self.kept.swap_remove(at)
        } else {
            let many = random.below(8) == 0;
            let buckets = 1 + random.below(if many { 700 } else { 12 }) as u32;
            let first = self.next;
            self.next += 1 + u64::from(buckets) * 4;
            if random.below(4) == 0 {
                self.kept.push((first, buckets));
                return;
            }
            (first, buckets)
        };
        let new = new_partition(first, buckets, 3, random);
        tablets.add_partition(DbId(1), &new);
        for (bucket, (tablet, replicas)) in (0..).zip(new.tablets()) {
            let replicas = replicas.iter().map(|(id, backend)| ModelReplica {
                id,
                backend,
                versions: Versions::in_step(1),
                bytes: 0,
                bad: false,
            });
            self.tablets
                .insert(tablet, (new.id, bucket, replicas.collect()));
        }
        let ids = new.tablets().map(|(id, _)| id).collect();
        self.partitions.insert(
            new.id,
            ModelPartition {
                visible: 1,
                tablets: ids,
            },
        );
    }

    fn any(&self, random: &mut Random) -> Option<PartitionId> {
        let at = random.below(self.partitions.len().max(1) as u64) as usize;
        self.partitions.keys().nth(at).copied()
    }

    fn remove(&mut self, tablets: &mut Tablets, random: &mut Random) {
        let Some(id) = self.any(random) else { return };
        let gone = self.partitions.remove(&id).expect("it is there");
        tablets.remove(Tablets::span(&gone.tablets).expect("it has tablets"));
        for tablet in gone.tablets {
            self.tablets.remove(&tablet);
        }
    }

    fn publish(&mut self, tablets: &mut Tablets, random: &mut Random, at: Timestamp) {
        let Some(id) = self.any(random) else { return };
        let partition = self.partitions.get_mut(&id).expect("it is there");
        let version = partition.visible + 1;
        let mut missed = BTreeSet::new();
        for tablet in &partition.tablets {
            let (_, _, replicas) = self.tablets.get_mut(tablet).expect("it is there");
            for replica in replicas {
                if random.below(10) == 0 {
                    missed.insert((*tablet, replica.id));
                    replica.versions.fail(version, at);
                } else if replica.versions == Versions::in_step(partition.visible) {
                    replica.versions = Versions::in_step(version);
                } else {
                    replica.versions.succeed(version, at);
                }
            }
        }
        tablets.publish(id, &partition.tablets, version, &missed, at);
        partition.visible = version;
    }

    fn report(&mut self, tablets: &mut Tablets, random: &mut Random, at: Timestamp) {
        let Some(id) = self.any(random) else { return };
        let partition = &self.partitions[&id];
        let tablet = partition.tablets[random.below(partition.tablets.len() as u64) as usize];
        let (_, _, replicas) = self.tablets.get_mut(&tablet).expect("it is there");
        let at_replica = random.below(replicas.len() as u64) as usize;
        let replica = &mut replicas[at_replica];
        // What it caught up with, and no more than there is.
        let version = replica.versions.version
            + random.below((partition.visible - replica.versions.version + 1) as u64) as i64;
        // What is held behind a gap counts when the gap is closed.
        let version = match replica.versions.last_failed {
            failed if failed > 0 && version >= failed => version.max(replica.versions.last_success),
            _ => version,
        };
        let newest = version.max(replica.versions.last_success);
        replica.versions.reach(version, newest, at);
        replica.bytes = random.below(1000);
        replica.bad = random.below(5) == 0;
        let reported = Reported {
            replica: replica.id,
            version,
            newest,
            belief: Belief::All,
            bad: replica.bad,
            bytes: replica.bytes,
            rows: 1,
            rowsets: 1,
            path: 5,
        };
        assert!(
            tablets
                .report(tablet, replica.backend, &reported, at)
                .is_some()
        );
    }

    fn compare(&self, tablets: &Tablets) {
        tablets.check(|id| self.partitions.contains_key(&id));
        assert_eq!(tablets.len(), self.tablets.len() as u64);
        let mut views = tablets.iter();
        let mut on: BTreeMap<BackendId, Vec<TabletId>> = BTreeMap::new();
        for (id, (partition, bucket, replicas)) in &self.tablets {
            let view = views.next().expect("as many as in the model");
            assert_eq!(
                (view.id(), view.partition(), view.bucket()),
                (*id, *partition, *bucket)
            );
            assert_eq!(view.visible(), self.partitions[partition].visible);
            assert_eq!(tablets.get(*id), Some(view.to_ref()));
            for (replica, wanted) in view.replicas().zip(replicas) {
                on.entry(wanted.backend).or_default().push(*id);
                let versions = Versions {
                    version: replica.version,
                    last_failed: replica.last_failed_version,
                    last_success: replica.last_success_version,
                    last_failed_time: replica.last_failed_time,
                };
                assert_eq!(versions, wanted.versions, "replica {}", wanted.id);
                assert_eq!((replica.id, replica.backend), (wanted.id, wanted.backend));
                assert_eq!((replica.data_size, replica.bad), (wanted.bytes, wanted.bad));
            }
        }
        for backend in (1..=20).map(BackendId) {
            let wanted = on.remove(&backend).unwrap_or_default();
            assert_eq!(tablets.replicas_on(backend), wanted.len() as u64);
            assert_eq!(tablets.on_backend(backend), wanted);
        }
    }
}

#[test]
fn columns_hold_what_a_model_of_structs_holds_and_old_snapshots_do_not_change() {
    for seed in 0..40 {
        let (mut model, mut tablets) = (
            Model {
                next: 1,
                ..Model::default()
            },
            Tablets::default(),
        );
        let mut random = Random(seed);
        let mut old: Option<(Tablets, Vec<TabletRef>)> = None;
        for step in 0..150 {
            let at = Timestamp::at(step);
            match random.below(10) {
                0..=2 => model.add(&mut tablets, &mut random),
                3 => model.remove(&mut tablets, &mut random),
                4..=6 => model.publish(&mut tablets, &mut random, at),
                _ => model.report(&mut tablets, &mut random, at),
            }
            if step % 30 == 0 {
                if let Some((snapshot, held)) = old.take() {
                    let now: Vec<_> = snapshot.iter().map(|view| view.to_ref()).collect();
                    assert!(now == held, "seed {seed}: a snapshot changed");
                }
                old = Some((
                    tablets.clone(),
                    tablets.iter().map(|v| v.to_ref()).collect(),
                ));
                model.compare(&tablets);
            }
        }
        model.compare(&tablets);
    }
}

#[test]
fn a_report_of_less_than_was_known_is_believed_only_when_it_is_not_just_old() {
    let mut tablets = Tablets::default();
    let new = new_partition(1, 1, 3, &mut Random(1));
    tablets.add_partition(DbId(1), &new);
    let tablet = new.first_tablet;
    for version in 2..=5 {
        tablets.publish(
            new.id,
            &[tablet],
            version,
            &BTreeSet::new(),
            Timestamp::at(version),
        );
    }
    let backend = new.backends[0];
    let mut reported = Reported {
        replica: new.first_replica,
        version: 3,
        newest: 3,
        belief: Belief::Gains,
        bad: false,
        bytes: 1,
        rows: 1,
        rowsets: 1,
        path: 5,
    };
    let versions = |tablets: &Tablets| {
        let of = tablets
            .view(tablet)
            .and_then(|view| view.on(backend))
            .expect("a replica");
        (of.version, of.last_failed_version, of.last_success_version)
    };
    assert_eq!(
        tablets.report(tablet, backend, &reported, Timestamp::at(9)),
        Some(false)
    );
    assert_eq!(versions(&tablets), (5, -1, 5));
    reported.belief = Belief::All;
    assert_eq!(
        tablets.report(tablet, backend, &reported, Timestamp::at(9)),
        Some(true)
    );
    assert_eq!(versions(&tablets), (3, 5, 3));
    // Nothing that was said before it was filled anew counts, but that it was bad.
    (reported.version, reported.belief, reported.bad) = (5, Belief::Nothing, true);
    tablets.report(tablet, backend, &reported, Timestamp::at(9));
    assert_eq!(versions(&tablets), (3, 5, 3));
    // Good again, it holds what it was filled with, even if a load has come since.
    (reported.version, reported.belief, reported.bad) = (2, Belief::Gains, false);
    tablets.report(tablet, backend, &reported, Timestamp::at(9));
    assert_eq!(versions(&tablets), (2, 5, 3));
    reported.belief = Belief::All;
    reported.version = 5;
    reported.newest = 5;
    assert_eq!(
        tablets.report(tablet, backend, &reported, Timestamp::at(10)),
        Some(true)
    );
    assert_eq!(versions(&tablets), (5, -1, 5));
    // A replica that is not the one placed there is a stranger.
    reported.replica = ReplicaId(999);
    assert_eq!(
        tablets.report(tablet, backend, &reported, Timestamp::at(11)),
        None
    );
}

#[test]
fn a_gap_that_a_report_closes_in_part_hides_no_loss_behind_it() {
    let mut tablets = Tablets::default();
    let new = new_partition(1, 1, 3, &mut Random(1));
    tablets.add_partition(DbId(1), &new);
    let (tablet, backend) = (new.first_tablet, new.backends[0]);
    let missed = BTreeSet::from([(tablet, new.first_replica)]);
    for (version, missed) in [(2, missed), (3, BTreeSet::new())] {
        tablets.publish(new.id, &[tablet], version, &missed, Timestamp::at(version));
    }
    // Filled up to 2, where 3 was found to be wrong and left out; 4 is there, and no reader sees it yet.
    let reported = Reported {
        replica: new.first_replica,
        version: 2,
        newest: 4,
        belief: Belief::All,
        bad: false,
        bytes: 1,
        rows: 1,
        rowsets: 1,
        path: 5,
    };
    tablets.report(tablet, backend, &reported, Timestamp::at(9));
    let of = tablets.view(tablet).and_then(|view| view.on(backend));
    let of = of.expect("a replica");
    assert_eq!((of.version, of.last_failed_version), (2, 3));
}
