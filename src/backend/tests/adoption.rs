//! Replicas that go on under new ids.

use crate::backend::api::{AdoptTablets, Adopted};
use crate::backend::tests::node::{Node, options, path, quiet};
use crate::ids::{ReplicaId, TabletId};

#[tokio::test(flavor = "multi_thread")]
async fn an_adopted_replica_keeps_its_rows_and_no_earlier_order_means_it() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    node.create(&[1]).await;
    node.put(10, 1, 2, 0..10).await;
    let adopt = |held, new| AdoptTablets {
        tablets: vec![
            (TabletId(1), ReplicaId(held), ReplicaId(new)),
            (TabletId(9), ReplicaId(1), ReplicaId(new)),
        ],
    };
    let seq = node.report(0).await.seq;
    // It has another replica; and an id never goes back.
    for (held, new) in [(7, 2001), (1001, 900)] {
        let refused: Adopted = node.call("adopt_tablets", &adopt(held, new)).await;
        assert_eq!((refused.tablets.len(), refused.failed.len()), (0, 2));
    }
    for _ in 0..2 {
        let adopted: Adopted = node.call("adopt_tablets", &adopt(1001, 2001)).await;
        let told = &adopted.tablets[0];
        assert_eq!((told.replica, told.version), (ReplicaId(2001), 2));
        assert_eq!(adopted.failed.len(), 1, "tablet 9 is not here");
    }
    let changed = node.report(seq).await.tablets;
    assert_eq!(changed[0].replica, ReplicaId(2001));
    let refused = node.drop_tablet(1, 1001, 1).await.failed;
    assert!(refused[0].1.contains("replica 2001"), "{refused:?}");
    node.running.stop().await;
    let node = Node::start_with(options(vec![path(dir.path())], quiet())).await;
    let told = node.reported(1).await.unwrap();
    assert_eq!(told.replica, ReplicaId(2001));
    assert_eq!(node.ids(1, 2).await.len(), 10);
    node.running.stop().await;
}
