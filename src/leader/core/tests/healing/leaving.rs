//! Backends that are being emptied: when they are gone, and what they wait for.

use super::*;

#[test]
fn a_backend_that_is_decommissioned_is_emptied_and_then_gone() {
    let mut world = cluster(4, 3);
    let tablet = world.tablets()[0];
    let all = world.backends();
    let address = |world: &World, id: BackendId| {
        let backend = &world.core.head.backends[&id];
        (backend.host.clone(), backend.port)
    };
    let leave = |world: &World, ids: &[BackendId]| {
        Request::Heal(HealRequest::Decommission {
            backends: ids.iter().map(|id| address(world, *id)).collect(),
            on: true,
        })
    };
    let refused = world
        .ask(leave(&world, &all[..2]))
        .expect_err("two of four");
    assert!(
        refused.message.contains("insufficient BE number"),
        "{}",
        refused.message
    );
    assert_eq!(world.ask(leave(&world, &all[..1])), Ok(Reply::Done));
    world.wait(2, &all);
    let (call, to, request) = world.clone_call().expect("a clone");
    assert_eq!(to, all[3]);
    // A load that began before keeps the old replica until it has ended.
    world.obliging = true;
    let plan = world.begin("l").expect("a load");
    world.cloned(call, &request);
    world.wait(3, &all);
    let marked = (all[0], ReplicaState::Decommission);
    assert!(
        world.replicas(tablet).contains(&marked),
        "{:?}",
        world.replicas(tablet)
    );
    let token = world.send(commit(&plan, &[]));
    world.obliging = false;
    world.wait(1, &all);
    assert!(world.reply(token).expect("visible").is_ok());
    // The new one missed that load, so it is brought forward before the old one goes.
    world.wait(1, &all);
    let (call, to, request) = world.clone_call().expect("a clone of what it lacks");
    assert_eq!((to, request.version), (all[3], 2));
    world.cloned(call, &request);
    world.wait(25, &all);
    assert!(!world.core.head.backends.contains_key(&all[0]));
    assert_eq!(world.core.census.remarkable(), []);
    world.check();
}

#[test]
fn a_backend_that_is_empty_stays_until_the_load_that_it_coordinates_has_ended() {
    let mut world = cluster(4, 3);
    let all = world.backends();
    let homes = world.homes(world.tablets()[0]);
    let empty = all.iter().find(|id| !homes.contains(id)).copied();
    let empty = empty.expect("a backend without a replica");
    let Request::BeginLoad(load) = begin("l") else {
        panic!("a load")
    };
    let process = Some(Process {
        backend: empty,
        started: Timestamp::at(0),
    });
    let Ok(Reply::Begun(plan)) = world.ask(Request::BeginLoad(BeginLoad { process, ..load }))
    else {
        panic!("a plan")
    };
    let backend = world.core.head.backends[&empty].clone();
    world
        .ask(Request::Heal(HealRequest::Decommission {
            backends: vec![(backend.host.clone(), backend.port)],
            on: true,
        }))
        .expect("three stay");
    world.wait(25, &all);
    assert!(world.core.head.backends.contains_key(&empty));
    world
        .ask(Request::AbortLoad {
            txn: plan.txn,
            reason: "the client is gone".to_owned(),
        })
        .expect("it ends");
    world.wait(25, &all);
    assert!(!world.core.head.backends.contains_key(&empty));
    world.check();
}
