//! EXPLAIN on clusters made by hand, and against the scheduler on clusters made at random.

use std::sync::Arc;

use super::*;
use crate::catalog::change::Change;
use crate::catalog::tablets::{Belief, Reported};
use crate::clock::Timestamp;
use crate::tablet::checker;
use crate::tablet::reason::Ruling;
use crate::tablet::schedule;
use crate::tablet::testing::{GB, Model};

/// Four backends, and a tablet on the first three.
fn four() -> (Model, Vec<BackendId>, TabletId) {
    let mut model = Model::with(4, 1000 * GB);
    let ids = model.backends();
    let tablet = model.table(&[ids[..3].to_vec()], GB, Medium::Hdd)[0];
    model.measure();
    (model, ids, tablet)
}

fn asked(model: &Model, tablet: TabletId) -> Explanation {
    let explained = model.desk(|desk| explain(desk, tablet));
    explained.expect("the tablet exists")
}

fn reason(explained: &Explanation, backend: BackendId, role: Role) -> Reason {
    let mut rows = explained.rows.iter();
    let row = rows.find(|row| row.backend == backend && row.role == role);
    row.expect("each backend in each role").reason.clone()
}

fn kill(model: &mut Model, id: BackendId) {
    model
        .catalog
        .observe_backend(id, |state| state.alive = false);
}

#[test]
fn a_healthy_tablet_is_said_to_be() {
    let (model, ids, tablet) = four();
    let explained = asked(&model, tablet);
    assert_eq!(explained.verdict, format!("tablet {tablet} is healthy"));
    assert_eq!((explained.decision, explained.reason), (None, None));
    let order: Vec<(BackendId, Role)> = explained
        .rows
        .iter()
        .map(|row| (row.backend, row.role))
        .collect();
    let mut sorted = order.clone();
    sorted.sort_unstable();
    assert_eq!((order.len(), &order), (2 * ids.len(), &sorted));
    assert_eq!(model.desk(|desk| explain(desk, TabletId(1))), None);
}

#[test]
fn a_lost_replica_waits_for_its_backend_and_is_then_copied() {
    let (mut model, ids, tablet) = four();
    kill(&mut model, ids[2]);
    let since = Timestamp::at(model.now - 78_000);
    model.healing.seen.insert(tablet, since);
    let explained = asked(&model, tablet);
    let id = ids[2];
    assert_eq!(
        explained.verdict,
        format!(
            "tablet {tablet} is REPLICA_MISSING (2 of 3 replicas alive): repair begins in 42 s, in case backend {id} comes back"
        )
    );
    assert_eq!(explained.decision, None);
    let table = model
        .catalog
        .tables
        .values()
        .next()
        .expect("one")
        .name
        .clone();
    let hint = format!("ADMIN REPAIR TABLE `d`.`{table}` PARTITION (`p`)");
    assert_eq!(explained.remedy, Some(hint));
    assert_eq!(
        reason(&explained, ids[0], Role::Source),
        Reason::Fits(ids[0])
    );
    assert_eq!(
        reason(&explained, ids[2], Role::Source),
        Reason::Dead(ids[2])
    );
    assert_eq!(
        reason(&explained, ids[0], Role::Destination),
        Reason::HasReplica(ids[0])
    );
    assert_eq!(
        reason(&explained, ids[3], Role::Destination),
        Reason::Fits(ids[3])
    );

    model.now += 42_000;
    let explained = asked(&model, tablet);
    let Some(Decision::Copy {
        source,
        destination,
        ..
    }) = explained.decision
    else {
        panic!("{}", explained.verdict);
    };
    let (from, to) = (source.backend, destination.backend);
    assert_eq!(to, ids[3]);
    assert_eq!(
        explained.verdict,
        format!(
            "tablet {tablet} is REPLICA_MISSING (2 of 3 replicas alive): next step: full clone from backend {from} to backend {to}"
        )
    );
    model.config.tablet_sched_max_scheduling_tablets = 0;
    assert_eq!(asked(&model, tablet).reason, Some(Reason::QueueFull));
    model.safe_mode = true;
    assert_eq!(asked(&model, tablet).reason, Some(Reason::SafeMode));
}

#[test]
fn without_a_source_it_says_so_and_every_backend_says_why() {
    let (mut model, ids, tablet) = four();
    ids[..3].iter().for_each(|id| kill(&mut model, *id));
    model.config.tablet_sched_repair_delay_factor_second = 0;
    let explained = asked(&model, tablet);
    assert_eq!(
        explained.verdict,
        format!(
            "tablet {tablet} is REPLICA_MISSING (0 of 3 replicas alive): it waits: unable to find source replica"
        )
    );
    for id in &ids[..3] {
        assert_eq!(reason(&explained, *id, Role::Source), Reason::Dead(*id));
    }
    assert_eq!(
        reason(&explained, ids[3], Role::Source),
        Reason::HasNoReplica(ids[3])
    );
    let shown = explained.rows.iter().find(|row| row.backend == ids[0]);
    assert_eq!(
        shown.and_then(|row| row.remedy.as_deref()),
        Some("SHOW PROC '/backends'")
    );
}

#[test]
fn a_replica_too_many_and_a_move_are_explained_too() {
    let mut model = Model::with(4, 1000 * GB);
    let ids = model.backends();
    model.table(&vec![vec![ids[0]]; 40], GB, Medium::Hdd);
    model.measure();
    let task = model.pick().remove(0);
    let tablet = task.tablet;
    model.healing.pending.insert(tablet, Arc::new(task));
    let explained = asked(&model, tablet);
    let Some(Decision::Copy { destination, .. }) = &explained.decision else {
        panic!("{}", explained.verdict);
    };
    let to = destination.backend;
    let start = format!(
        "tablet {tablet} is healthy: next step: full clone from backend {} to backend {to}",
        ids[0]
    );
    assert_eq!(explained.verdict, start);
    assert!(explained.rows.iter().all(|row| row.decider == "balance"));
    assert_eq!(
        reason(&explained, ids[0], Role::Source),
        Reason::Fits(ids[0])
    );
    assert_eq!(reason(&explained, to, Role::Destination), Reason::Fits(to));

    model.healing.pending.remove(&tablet);
    let partition = model
        .catalog
        .tablets
        .view(tablet)
        .expect("a tablet")
        .partition();
    model.apply(Change::SetPartition {
        partition,
        replication_num: 1,
        medium: Medium::Hdd,
    });
    let replica = crate::ids::ReplicaId(999_999);
    let at = Timestamp::at(model.now);
    model.apply(Change::AddReplica {
        tablet,
        replica,
        backend: ids[1],
        at,
    });
    model.apply(Change::FinishClone {
        tablet,
        replica,
        version: 1,
        renewed: false,
        at,
    });
    let explained = asked(&model, tablet);
    assert!(
        explained.verdict.starts_with(&format!(
            "tablet {tablet} is REDUNDANT (2 replicas, 1 wanted): next step: replica "
        )),
        "{}",
        explained.verdict
    );
}

#[test]
fn every_reason_has_a_ruling_and_those_that_need_somebody_have_a_statement() {
    let (model, ids, _) = four();
    let id = ids[0];
    let helps = |reason: &Reason| model.desk(|desk| remedy(reason, desk));
    assert_eq!(
        helps(&Reason::Busy(id)).as_deref(),
        Some("ADMIN SET FRONTEND CONFIG (\"tablet_sched_slot_num_per_path\" = \"4\")")
    );
    assert_eq!(
        helps(&Reason::NoDestination).as_deref(),
        Some("ALTER SYSTEM ADD BACKEND \"host:port\"")
    );
    assert_eq!(
        helps(&Reason::Leaving(id)),
        Some(format!("CANCEL DECOMMISSION BACKEND \"h0:{}\"", id.0))
    );
    assert_eq!(helps(&Reason::Fits(id)), None);
    assert_eq!(helps(&Reason::HasReplica(id)), None);
}

/// What EXPLAIN says is what the scheduler decides, and its rows bear that out.
#[test]
fn rows_agree_with_the_decision_on_clusters_at_random() {
    let mut seed = 7_u64;
    let mut draw = |below: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let (mut copies, mut waits) = (0, 0);
    for _ in 0..400 {
        let mut model = Model::with(3 + draw(4), (1 + draw(3)) * 5 * GB);
        model.config.tablet_sched_repair_delay_factor_second = 0;
        model.config.tablet_sched_slot_num_per_path = draw(4);
        let ids = model.backends();
        let tablet = model.table(&[ids[..3].to_vec()], GB, Medium::Hdd)[0];
        let replicas: Vec<_> = model
            .catalog
            .tablets
            .view(tablet)
            .expect("new")
            .replicas()
            .collect();
        model.measure();
        for id in &ids {
            if draw(4) == 0 {
                kill(&mut model, *id);
            }
            if draw(6) == 0 {
                model.apply(Change::DecommissionBackend { id: *id, on: true });
            }
        }
        for replica in replicas.iter().filter(|_| draw(4) == 0) {
            let of = Reported {
                replica: replica.id,
                version: 1,
                newest: 1,
                belief: Belief::All,
                bad: true,
                bytes: GB,
                rows: 1,
                rowsets: 1,
                path: replica.path_hash,
            };
            model
                .catalog
                .observe_replica(tablet, replica.backend, &of, Timestamp::at(model.now));
        }
        let explained = asked(&model, tablet);
        let decided = model.desk(|desk| {
            let view = desk.catalog.tablets.view(tablet)?;
            let health = tablet_health(desk.cluster, &view);
            let task = checker::task(desk, &view, health, false)?;
            (health.status != TabletStatus::Healthy).then(|| schedule::decide(desk, &task))
        });
        assert_eq!(explained.decision, decided, "{}", explained.verdict);
        let fits = |role| {
            let rows = explained.rows.iter().filter(move |row| row.role == role);
            rows.filter(|row| row.reason.ruling() == Ruling::Yes)
                .map(|row| row.backend)
                .collect::<Vec<_>>()
        };
        match decided {
            Some(Decision::Copy {
                source,
                destination,
                ..
            }) => {
                copies += 1;
                assert!(
                    fits(Role::Source).contains(&source.backend),
                    "{explained:?}"
                );
                assert!(
                    fits(Role::Destination).contains(&destination.backend),
                    "{explained:?}"
                );
            }
            Some(Decision::Later(Reason::NoSource | Reason::SourceBusy)) => {
                waits += 1;
                assert!(fits(Role::Source).is_empty(), "{explained:?}");
            }
            Some(Decision::Later(Reason::NoDestination | Reason::DestinationBusy)) => {
                waits += 1;
                assert!(fits(Role::Destination).is_empty(), "{explained:?}");
            }
            _ => {}
        }
    }
    assert!(copies > 30 && waits > 30, "{copies} copies, {waits} waits");
}
