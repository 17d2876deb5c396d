//! Which frontend a backend obeys, and which node it is.

use std::time::Duration;

use crate::backend::api::{
    HeartbeatAnswer, HeartbeatRequest, Identified, Identify, Leadership, ReportAnswer,
    ReportRequest,
};
use crate::backend::client::{Call, Client, Error};
use crate::backend::tests::node::{Node, TOKEN, options, path, quiet};
use crate::ids::{BackendId, NodeId};

fn frontend(start: u64, journal: u64, epoch: u64) -> (Client, Leadership) {
    let client = Client::new(TOKEN).unwrap();
    let leadership = Leadership {
        cluster: 7,
        journal,
        epoch,
        start,
        name: "fe".to_owned(),
        address: format!("10.0.0.{start}:8030"),
        ..Leadership::default()
    };
    client.speak(&leadership);
    (client, leadership)
}

fn hello(by: &Leadership, backend: u64, node: Option<NodeId>) -> HeartbeatRequest {
    HeartbeatRequest {
        cluster_id: by.cluster,
        backend: BackendId(backend),
        frontend: by.address.clone(),
        epoch: by.epoch,
        trash_expire_sec: 60,
        node,
    }
}

async fn beat(node: &Node, (client, by): &(Client, Leadership)) -> Result<HeartbeatAnswer, Error> {
    let address = node.running.addr.to_string();
    let call = Call::new(&address, "heartbeat", Duration::from_secs(5));
    client.post_json(&call, &hello(by, 5, None)).await
}

async fn report(node: &Node, (client, _): &(Client, Leadership)) -> Result<ReportAnswer, Error> {
    let address = node.running.addr.to_string();
    let call = Call::new(&address, "report", Duration::from_secs(5));
    client.post_json(&call, &ReportRequest { since: 0 }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_frontend_is_obeyed_and_the_other_is_refused_by_every_call_even_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), quiet()).await;
    let (first, copy) = (frontend(1, 50, 2), frontend(2, 40, 9));
    beat(&node, &first).await.unwrap();
    let refused = report(&node, &copy).await.unwrap_err().to_string();
    for words in [
        "obeys frontend fe at 10.0.0.1:8030",
        "10.0.0.2:8030",
        "start 0000000000000002",
    ] {
        assert!(refused.contains(words), "{refused}");
    }
    let known = copy.0.refused().borrow().clone();
    assert!(known.is_some_and(|why| why.contains("obeys frontend")));
    report(&node, &first).await.unwrap();
    node.running.stop().await;

    let node = Node::start(dir.path(), quiet()).await;
    assert!(report(&node, &copy).await.is_err());
    // The first one again, after its restart; from then on its earlier process is refused.
    let again = frontend(3, 50, 3);
    report(&node, &again).await.unwrap();
    assert!(beat(&node, &first).await.is_err());
    assert!(first.0.refused().borrow().is_some());
    assert!(again.0.refused().borrow().is_none());
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_the_same_after_a_restart_and_takes_no_id_that_is_meant_for_another_name() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let paths = vec![path(one.path()), path(two.path())];
    let node = Node::start_with(options(paths.clone(), quiet())).await;
    let Identified { node: id } = node.call("identify", &Identify {}).await;
    let (_, by) = frontend(1, 50, 2);
    let known = async |node: &Node, backend: u64, said: Option<u64>| {
        let said = said.map(NodeId);
        let answer: HeartbeatAnswer = node.call("heartbeat", &hello(&by, backend, said)).await;
        assert_eq!(answer.node, Some(id));
        node.running.state.backend_id()
    };
    assert_eq!(known(&node, 5, None).await, Some(BackendId(5)));
    assert_eq!(known(&node, 6, None).await, Some(BackendId(5)));
    assert_eq!(known(&node, 6, Some(id.0 ^ 1)).await, Some(BackendId(5)));
    node.running.stop().await;
    let node = Node::start_with(options(paths[1..].to_vec(), quiet())).await;
    assert_eq!(known(&node, 6, None).await, Some(BackendId(5)));
    assert_eq!(known(&node, 6, Some(id.0)).await, Some(BackendId(6)));
    node.running.stop().await;
}
