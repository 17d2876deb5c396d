//! The rules as a table: one line a tablet.

use std::sync::Arc;

use super::*;
use crate::catalog::backend::{Backend, BackendState};
use crate::catalog::change::{Change, NewPartition, NewTable};
use crate::catalog::partition::PartitionSpec;
use crate::catalog::table::{
    Distribution, Medium, Partitioning, TableProperties, TableSpec, WriteQuorum,
};
use crate::catalog::tablets::{Belief, Reported};
use crate::clock::Timestamp;
use crate::ids::{BackendId, DbId, IndexId, PartitionId, ReplicaId, TableId, TabletId};

/// Backends by a letter each: `u`p, `d`own, `l`eaving; each on its own host unless `together`.
fn catalog(backends: &str, together: bool, wanted: u16, replicas: &[u64]) -> Catalog {
    let mut catalog = Catalog::new();
    for (at, letter) in (1..).zip(backends.chars()) {
        let id = BackendId(at);
        let backend = Backend {
            id,
            host: if together {
                "one".to_owned()
            } else {
                format!("h{at}")
            },
            port: at as u16,
            decommissioned: letter == 'l',
            node: None,
        };
        let state = BackendState {
            alive: letter != 'd',
            ..BackendState::default()
        };
        catalog.backends.insert(id, Arc::new(backend));
        catalog.backend_states.insert(id, Arc::new(state));
    }
    let spec = TableSpec {
        columns: Vec::new(),
        key_columns: 1,
        comment: String::new(),
        partitioning: Partitioning::None,
        distribution: Distribution {
            columns: Vec::new(),
            buckets: Some(1),
        },
        properties: TableProperties {
            replication_num: wanted,
            write_quorum: WriteQuorum::Majority,
            storage_medium: None,
            bucket_size: 0,
        },
    };
    let partition = NewPartition {
        id: PartitionId(103),
        spec: PartitionSpec {
            name: "t".to_owned(),
            range: None,
            buckets: 1,
            replication_num: replicas.len() as u16,
            medium: Medium::Hdd,
        },
        first_tablet: TabletId(104),
        first_replica: ReplicaId(105),
        backends: replicas.iter().map(|id| BackendId(*id)).collect(),
    };
    let table = NewTable {
        id: TableId(101),
        db: DbId(100),
        name: "t".to_owned(),
        index: IndexId(102),
        spec,
        at: Timestamp::at(0),
        partitions: vec![partition],
    };
    let name = "d".to_owned();
    for change in [
        Change::CreateDatabase {
            id: DbId(100),
            name,
            at: Timestamp::at(0),
        },
        Change::CreateTable(Box::new(table)),
        Change::SetPartition {
            partition: PartitionId(103),
            replication_num: wanted,
            medium: Medium::Hdd,
        },
    ] {
        catalog.apply(&change).expect("it fits");
    }
    catalog
}

fn health(catalog: &Catalog) -> (TabletStatus, Priority) {
    let view = catalog.tablets.view(TabletId(104)).expect("the tablet");
    let health = tablet_health(&Cluster::of(catalog), &view);
    (health.status, health.priority)
}

#[test]
fn the_first_rule_that_fits_decides() {
    use Priority::{High, Low, Normal, VeryHigh};
    use TabletStatus::{Healthy, Redundant, ReplicaMissing, ReplicaRelocating};
    type Rule = (&'static str, u16, &'static [u64], (TabletStatus, Priority));
    let rules: [Rule; 12] = [
        ("uuu", 3, &[1, 2, 3], (Healthy, Normal)),
        ("uud", 3, &[1, 2, 3], (ReplicaMissing, Normal)),
        ("udd", 3, &[1, 2, 3], (ReplicaMissing, High)),
        // The third is free for what was on the fourth.
        ("uuud", 3, &[1, 2, 4], (ReplicaMissing, Normal)),
        ("uuuud", 3, &[1, 2, 5], (ReplicaMissing, Normal)),
        ("uuuu", 3, &[1, 2], (ReplicaMissing, Normal)),
        ("uuuu", 3, &[1, 2, 3, 4], (Redundant, VeryHigh)),
        ("uuul", 3, &[1, 2, 4], (ReplicaRelocating, Low)),
        ("uuul", 3, &[1, 2, 3, 4], (Redundant, VeryHigh)),
        ("uuuul", 3, &[1, 2, 5], (ReplicaRelocating, Low)),
        ("uuulll", 3, &[1, 4, 5], (ReplicaRelocating, Normal)),
        ("d", 1, &[1], (ReplicaMissing, High)),
    ];
    for (backends, wanted, replicas, expected) in rules {
        let of = catalog(backends, false, wanted, replicas);
        assert_eq!(health(&of), expected, "{backends} {wanted} {replicas:?}");
    }
}

#[test]
fn two_copies_on_one_host_count_once_where_there_are_hosts_enough() {
    let mut of = catalog("uuuu", false, 3, &[1, 2, 3]);
    let second = Backend {
        host: "h1".to_owned(),
        ..Backend::clone(&of.backends[&BackendId(2)])
    };
    of.backends.insert(BackendId(2), Arc::new(second));
    assert_eq!(
        health(&of),
        (TabletStatus::ReplicaMissing, Priority::Normal)
    );
    let one = catalog("uuu", true, 3, &[1, 2, 3]);
    assert_eq!(health(&one), (TabletStatus::Healthy, Priority::Normal));
}

#[test]
fn a_replica_that_is_behind_or_bad_does_not_count() {
    let mut of = catalog("uuu", false, 3, &[1, 2, 3]);
    let mut reported = Reported {
        replica: ReplicaId(106),
        version: 0,
        newest: 0,
        belief: Belief::All,
        bad: false,
        bytes: 0,
        rows: 0,
        rowsets: 1,
        path: 1,
    };
    let report = |of: &mut Catalog, reported: &Reported| {
        of.observe_replica(TabletId(104), BackendId(2), reported, Timestamp::at(1))
    };
    assert_eq!(report(&mut of, &reported), Some(true));
    assert_eq!(
        health(&of),
        (TabletStatus::VersionIncomplete, Priority::Normal)
    );
    let status = |of: &Catalog| {
        let view = of.tablets.view(TabletId(104)).expect("the tablet");
        let replica = view.on(BackendId(2)).expect("a replica");
        replica_status(of, view.visible(), &replica)
    };
    assert_eq!(status(&of), ReplicaStatus::VersionError);
    reported.version = 1;
    reported.newest = 1;
    assert_eq!(report(&mut of, &reported), Some(true));
    assert_eq!(
        (health(&of).0, status(&of)),
        (TabletStatus::Healthy, ReplicaStatus::Ok)
    );
    reported.bad = true;
    assert_eq!(report(&mut of, &reported), Some(true));
    assert_eq!(
        (health(&of).0, status(&of)),
        (TabletStatus::ForceRedundant, ReplicaStatus::Dead)
    );
}

/// Puts backends on hosts, by a letter each.
fn on_hosts(catalog: &mut Catalog, hosts: &str) {
    for (at, host) in (1..).zip(hosts.chars()) {
        let id = BackendId(at);
        let backend = Backend {
            host: host.to_string(),
            ..Backend::clone(&catalog.backends[&id])
        };
        catalog.backends.insert(id, Arc::new(backend));
    }
}

fn orders(of: &[u64]) -> Vec<Vec<u64>> {
    if of.len() < 2 {
        return vec![of.to_vec()];
    }
    let first = |at: usize| {
        let mut rest = of.to_vec();
        let taken = rest.remove(at);
        orders(&rest).into_iter().map(move |mut order| {
            order.push(taken);
            order
        })
    };
    (0..of.len()).flat_map(first).collect()
}

#[test]
fn of_a_host_the_best_replica_counts_in_whatever_order_they_were_made() {
    use TabletStatus::{Healthy, Redundant, ReplicaMissing, ReplicaRelocating};
    type Rule = (
        &'static str,
        &'static str,
        u16,
        &'static [u64],
        TabletStatus,
        (usize, usize),
    );
    let rules: [Rule; 8] = [
        // The new copy is beside the one that leaves.
        ("lu uu uu", "aabbcc", 3, &[1, 2, 3, 5], Redundant, (3, 3)),
        (
            "lu uu uu",
            "aabbcc",
            3,
            &[1, 3, 5],
            ReplicaRelocating,
            (3, 2),
        ),
        ("lu uu uu", "aabbcc", 3, &[2, 3, 5], Healthy, (3, 3)),
        // All on one machine.
        ("luuu", "aaaa", 1, &[1, 2], Redundant, (1, 1)),
        ("luuu", "aaaa", 1, &[1], ReplicaRelocating, (1, 0)),
        // A dead one beside one that lives.
        ("du uu uu", "aabbcc", 3, &[1, 2, 3, 5], Redundant, (3, 3)),
        ("uu uu uu", "aabbcc", 3, &[1, 2, 3], ReplicaMissing, (2, 2)),
        // Too few hosts stay: copies on one host are no defect.
        ("luuu", "baaa", 2, &[1, 2, 3], Redundant, (3, 2)),
    ];
    for (backends, hosts, wanted, replicas, status, (alive, stable)) in rules {
        let backends = backends.replace(' ', "");
        for order in orders(replicas) {
            let mut of = catalog(&backends, false, wanted, &order);
            on_hosts(&mut of, hosts);
            let view = of.tablets.view(TabletId(104)).expect("the tablet");
            let health = tablet_health(&Cluster::of(&of), &view);
            let found = (health.status, (health.counts.alive, health.counts.stable));
            assert_eq!(
                found,
                (status, (alive, stable)),
                "{backends} {hosts} {order:?}"
            );
        }
    }
}
