//! Clones whose source is cut off, dies, compacts, or has a wrong file.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::backend::api::CloneTablet;
use crate::backend::compact::compact;
use crate::backend::tests::clones::{only_named, source_of};
use crate::backend::tests::node::{Node, assert_same_rows, files, quiet};
use crate::ids::TabletId;

/// A connection to a backend that breaks after some bytes of its answers, as often as there are bytes left.
struct Cable {
    address: SocketAddr,
    /// Bytes after which a connection breaks.
    each: Arc<AtomicU64>,
    broken: Arc<AtomicU64>,
}

impl Cable {
    async fn to(node: &Node, each: u64) -> Cable {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let cable = Cable {
            address: socket.local_addr().unwrap(),
            each: Arc::new(AtomicU64::new(each)),
            broken: Arc::default(),
        };
        let (target, each, broken) = (node.running.addr, cable.each.clone(), cable.broken.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = socket.accept().await {
                let each = each.load(Ordering::SeqCst);
                if each > 0 {
                    tokio::spawn(carry(client, target, each, broken.clone()));
                }
            }
        });
        cable
    }
}

async fn carry(client: TcpStream, target: SocketAddr, mut left: u64, broken: Arc<AtomicU64>) {
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
    });
    let mut buffer = vec![0; 4096];
    while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
        let sent = usize::try_from(left).unwrap().min(read);
        if to_client.write_all(&buffer[..sent]).await.is_err() {
            return;
        }
        left -= sent as u64;
        if left == 0 {
            broken.fetch_add(1, Ordering::SeqCst);
            return;
        }
    }
}

async fn source(dir: &std::path::Path) -> Node {
    source_of(dir, 4, 20_000).await
}

/// A clone whose connections break within each file.
async fn cut_off(source: &Node, size: u64) -> (Cable, CloneTablet) {
    let cable = Cable::to(source, size / 4 * 2 / 3).await;
    let mut request = Node::clone_request(source, 1, 2001, 5);
    request.source = cable.address.to_string();
    (cable, request)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_stream_is_taken_up_where_it_stopped() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = source(dirs[0].path()).await;
    let size = source.reported(1).await.unwrap().data_size;
    let node = Node::start(dirs[1].path(), quiet()).await;
    let (cable, request) = cut_off(&source, size).await;
    let answer = node.clone_tablet(&request).await.unwrap();
    let broken = cable.broken.load(Ordering::SeqCst);
    assert!(broken >= 4, "{broken} connections broke");
    assert_eq!(answer.bytes, size, "nothing came twice");
    assert_same_rows(&source, &node, 1, 5).await;
    node.running.stop().await;
    source.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_dies_half_way_leaves_nothing() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = source(dirs[0].path()).await;
    let size = source.reported(1).await.unwrap().data_size;
    let node = Node::start(dirs[1].path(), quiet()).await;
    let (cable, mut request) = cut_off(&source, size).await;
    request.bytes_per_second = size;
    let (answer, ()) = tokio::join!(node.clone_tablet(&request), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        cable.each.store(0, Ordering::SeqCst);
    });
    let (status, text) = answer.unwrap_err();
    assert_eq!(status, 502, "{text}");
    assert!(text.contains(&cable.address.to_string()), "{text}");
    assert_eq!(files(dirs[1].path()).len(), 0);
    assert!(node.reported(1).await.is_none());
    assert_eq!(node.running.state.copying().running.progress(), []);
    assert_eq!(node.running.state.paths()[0].state().data_used, 0);
    let request = Node::clone_request(&source, 1, 2001, 5);
    node.clone_tablet(&request).await.unwrap();
    assert_same_rows(&source, &node, 1, 5).await;
    node.running.stop().await;
    source.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn compaction_of_the_source_takes_no_file_away_and_what_is_gone_is_asked_for_anew() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = source(dirs[0].path()).await;
    let size = source.reported(1).await.unwrap().data_size;
    for (replica, forget) in [(2001, false), (2002, true)] {
        let node = Node::start(&dirs[1].path().join(replica.to_string()), quiet()).await;
        let mut request = Node::clone_request(&source, 1, replica, 5);
        request.bytes_per_second = size;
        source
            .put(100 + replica, 1, if forget { 7 } else { 6 }, 0..1000)
            .await;
        let (answer, rowsets) = tokio::join!(node.clone_tablet(&request), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let rowsets = compact(&source.running.state, TabletId(1)).await.unwrap();
            if forget {
                // As if the source had been started anew.
                source.running.state.copying().holds.release_all();
            }
            rowsets
        });
        let answer = answer.unwrap();
        assert!(rowsets > 0 || forget);
        assert_same_rows(&source, &node, 1, answer.tablet.version).await;
        assert!(answer.tablet.version >= 5);
        node.running.stop().await;
    }
    // A copier's hold has an end.
    only_named(dirs[0].path(), &source).await;
    source.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_file_of_the_source_is_refused_and_reported() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = source(dirs[0].path()).await;
    let node = Node::start(dirs[1].path(), quiet()).await;
    let file = files(dirs[0].path()).into_iter().nth(2).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::write(&file, bytes).unwrap();
    let seq = source.report(0).await.seq;
    let request = Node::clone_request(&source, 1, 2001, 5);
    let (status, text) = node.clone_tablet(&request).await.unwrap_err();
    assert_eq!(status, 502, "{text}");
    assert!(
        text.contains("is corrupt") && text.contains("CRC-32"),
        "{text}"
    );
    assert_eq!(files(dirs[1].path()).len(), 0);
    assert!(node.reported(1).await.is_none());
    let changed = source.report(seq).await.tablets;
    assert!(changed.len() == 1 && changed[0].bad, "{changed:?}");
    let (status, text) = node.clone_tablet(&request).await.unwrap_err();
    assert!(status == 502 && text.contains("replica is bad"), "{text}");
    node.running.stop().await;
    source.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_file_of_the_source_is_refused_and_reported() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = source(dirs[0].path()).await;
    let node = Node::start(dirs[1].path(), quiet()).await;
    std::fs::remove_file(files(dirs[0].path()).first().unwrap()).unwrap();
    let request = Node::clone_request(&source, 1, 2001, 5);
    let (status, text) = node.clone_tablet(&request).await.unwrap_err();
    assert!(status == 502 && text.contains("is lost"), "{text}");
    assert!(source.reported(1).await.unwrap().bad);
    assert_eq!(files(dirs[1].path()).len(), 0);
    let mut request = request;
    request.source_replica = crate::ids::ReplicaId(7);
    let (status, text) = node.clone_tablet(&request).await.unwrap_err();
    assert!(status == 502 && text.contains("not as replica 7"), "{text}");
    node.running.stop().await;
    source.running.stop().await;
}
