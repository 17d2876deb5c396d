//! Loads that have their version and are not seen yet, while what they hinge on is lost, copied or about to go.

use super::*;

/// Found by the simulator (seeds 101831, 2861, 301392): the replicas that the load was written to were bad by the time it was
/// to be seen, a copy had brought it to others, and it waited for ever.
#[test]
fn a_load_that_a_copy_has_brought_to_a_replica_is_seen_there() {
    let mut world = cluster(4, 3);
    let tablet = world.tablets()[0];
    let all = world.backends();
    world.dead(all[2]);
    let plan = world.begin("l").expect("a load");
    let token = world.send(commit(&plan, &[]));
    world.hint();
    let living = [all[0], all[1], all[3]];
    world.wait(2, &living);
    let (call, to, request) = world.clone_call().expect("a clone");
    assert_eq!(
        (to, request.version),
        (all[3], 1),
        "readers see the first version"
    );
    // Its source has been told the second already, though its answer was lost.
    let mut request = request;
    request.version = 2;
    world.cloned(call, &request);
    assert_eq!(world.versions(tablet, all[3]), (1, -1, 1));
    for backend in &all[..2] {
        let replica = world
            .core
            .head
            .tablets
            .view(tablet)
            .expect("it")
            .on(*backend);
        let mut told = report(tablet, replica.expect("a replica").id, 2);
        told.bad = true;
        let result = Ok(ReportAnswer {
            seq: 2,
            full: true,
            tablets: vec![told],
            pending: Vec::new(),
        });
        world.step(Event::Report {
            backend: *backend,
            asked: Timestamp::at(world.now),
            result,
        });
    }
    world.wait(6, &living);
    assert!(world.reply(token).expect("it is visible").is_ok());
    assert_eq!(world.versions(tablet, all[3]), (2, -1, 2));
    world.check();
}

/// Found by the simulator (seeds 200749, 204452): a load waited for a replica that was about to go when its backend died, and the
/// replica waited for the load.
#[test]
fn a_load_does_not_wait_for_a_dead_replica_that_is_about_to_go() {
    let mut world = World::new(4);
    world.table(1, 3, WriteQuorum::All);
    let tablet = world.tablets()[0];
    let all = world.backends();
    for id in &all {
        world.shows(*id);
    }
    world.obliging = false;
    let plan = world.begin("l").expect("a load");
    let token = world.send(commit(&plan, &[]));
    let view = world.core.head.tablets.view(tablet).expect("it");
    let replica = view.on(all[0]).expect("a replica").id;
    while let Some((call, backend, _)) = world.calls.pop_front() {
        if backend != all[0] {
            let result = Ok(TabletErrors::default().into());
            world.step(Event::Answer { call, result });
        }
    }
    world.dead(all[0]);
    world.wait(20, &all[1..]);
    assert!(world.reply(token).is_none(), "its backend may come back");
    world.core.record_own(vec![Change::RetireReplica {
        tablet,
        replica,
        on: true,
    }]);
    world.wait(1, &all[1..]);
    assert!(world.reply(token).expect("it is visible").is_ok());
    world.check();
}
