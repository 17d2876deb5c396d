//! Replicas that were damaged and are filled anew from one that has not everything: what they held behind that is gone.

use super::*;

/// A backend says what it holds of the one tablet; it was asked at `asked`.
fn says(world: &mut World, backend: BackendId, asked: i64, (version, bad): (Version, bool)) {
    let tablet = world.tablets()[0];
    let view = world.core.head.tablets.view(tablet).expect("a tablet");
    let of = view.on(backend).expect("a replica").id;
    let mut told = report(tablet, of, version);
    told.bad = bad;
    let result = Ok(ReportAnswer {
        seq: 2,
        full: true,
        tablets: vec![told],
        pending: Vec::new(),
    });
    let asked = Timestamp::at(asked);
    world.step(Event::Report {
        backend,
        asked,
        result,
    });
}

/// A load that all have rows of.
fn load(world: &mut World, label: &str) -> Token {
    let plan = world.begin(label).expect("a load");
    world.send(commit(&plan, &[]))
}

/// Every call but clones is answered with success; those of `silent` wait.
fn answer_others(world: &mut World, silent: &[BackendId]) {
    let mut kept = VecDeque::new();
    while let Some((call, backend, request)) = world.calls.pop_front() {
        if matches!(request, BackendRequest::Clone(_)) || silent.contains(&backend) {
            kept.push_back((call, backend, request));
            continue;
        }
        let result = Ok(TabletErrors::default().into());
        world.step(Event::Answer { call, result });
    }
    world.calls = kept;
}

/// One of three replicas has missed a load and is brought forward: the call, and what it asks for. Its backend finds that what
/// it holds is damaged, and will put a whole copy in its place.
fn being_renewed(world: &mut World) -> (CallId, CloneTablet) {
    let all = world.backends();
    let plan = world.begin("first").expect("a load");
    let seen = world.send(commit(&plan, &all[..1]));
    answer_others(world, &[]);
    assert!(world.reply(seen).expect("an answer").is_ok());
    world.wait(30, &all);
    let (call, to, request) = world.clone_call().expect("a clone");
    assert_eq!((to, request.version), (all[0], 2));
    (call, request)
}

#[test]
fn a_replica_that_was_filled_anew_holds_no_more_than_what_it_was_filled_with() {
    let mut world = cluster(3, 3);
    let (tablet, all) = (world.tablets()[0], world.backends());
    let (call, request) = being_renewed(&mut world);
    let asked = world.now;
    world.now += 10;
    // All three have it; its rows on the first one are thrown away with the rest.
    let seen = load(&mut world, "second");
    answer_others(&mut world, &[]);
    assert!(world.reply(seen).expect("an answer").is_ok());
    assert_eq!(world.versions(tablet, all[0]), (1, 2, 3));
    world.cloned(call, &request);
    assert_eq!(world.versions(tablet, all[0]), (2, 3, 2));
    world.check();
    // What was said of it before the copy ended is of what it was before.
    says(&mut world, all[0], asked, (3, false));
    assert_eq!(world.versions(tablet, all[0]), (2, 3, 2));
    let mut restorer = Restorer::default();
    for (at, changes) in world.journal.iter().enumerate() {
        restorer
            .record(at as u64 + 1, changes)
            .expect("it is replayed");
    }
    let again = restorer.finish();
    let view = again.tablets.view(tablet).expect("a tablet");
    let of = view.on(all[0]).expect("a replica");
    assert_eq!((of.version, of.last_failed_version), (2, 3));
    let asked = world.now + 1;
    says(&mut world, all[0], asked, (3, false));
    assert_eq!(world.versions(tablet, all[0]), (3, -1, 3));
}

#[test]
fn one_that_was_filled_anew_has_to_publish_again_what_nobody_sees_yet() {
    let mut world = cluster(3, 3);
    let (tablet, all) = (world.tablets()[0], world.backends());
    let (call, request) = being_renewed(&mut world);
    let waits = load(&mut world, "second");
    answer_others(&mut world, &all[1..]);
    world.cloned(call, &request);
    // One of the others has it: that makes one, and not two.
    answer_others(&mut world, &[all[0], all[2]]);
    world.wait(10, &all);
    assert!(
        world.reply(waits).is_none(),
        "the first has not said so again"
    );
    let lost = |(_, backend, request): &(CallId, BackendId, BackendRequest)| {
        let again = matches!(request, BackendRequest::Publish(_));
        *backend == all[0] && again
    };
    let at = world
        .calls
        .iter()
        .position(lost)
        .expect("it is asked again");
    let (call, _, _) = world.calls.remove(at).expect("the call");
    let result = Ok(BackendReply::Errors(TabletErrors {
        failed: vec![(tablet, "no such rows".to_owned())],
    }));
    world.step(Event::Answer { call, result });
    assert!(world.reply(waits).is_none());
    answer_others(&mut world, &[all[0]]);
    assert!(world.reply(waits).expect("an answer").is_ok());
    assert_eq!(world.versions(tablet, all[0]), (2, 3, 2));
    world.check();
}

/// A check of files has found it; a report that was asked for before says that nothing is the matter.
#[test]
fn an_older_report_does_not_make_a_bad_replica_good() {
    let mut world = cluster(3, 3);
    let (tablet, all) = (world.tablets()[0], world.backends());
    let seen = load(&mut world, "first");
    answer_others(&mut world, &[]);
    assert!(world.reply(seen).expect("an answer").is_ok());
    world.now += 10;
    let asked = world.now;
    world.pass(10);
    world.core.found_bad(tablet, all[0]);
    says(&mut world, all[0], asked, (2, false));
    let bad = |world: &World| {
        let view = world.core.head.tablets.view(tablet).expect("a tablet");
        view.on(all[0]).expect("a replica").bad
    };
    assert!(bad(&world));
    let asked = world.now + 1;
    says(&mut world, all[0], asked, (2, false));
    assert!(!bad(&world));
}
