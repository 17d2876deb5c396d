//! The frontend's load routes over HTTP, before a leader that answers as it is told.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::*;
use crate::backend::client::Client;
use crate::catalog::backend::BackendState;
use crate::catalog::database::Database;
use crate::catalog::txn::{Txn, TxnState};
use crate::catalog::user::{User, Verifier};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::frontend::guesses::Guesses;
use crate::ids::{BackendId, DbId, TableId, TxnId, UserId};
use crate::leader::handle::Asked;
use crate::load::client::{LoadClient, Remote};
use crate::load::error::Error;
use crate::load::testing::plan;
use crate::proc::testing;
use crate::view::View;

mod redirects;

/// The sample cluster with a user, a live backend, a table, and loads of two labels.
fn view() -> View {
    let mut view = testing::view();
    let catalog = &mut view.catalog;
    let root = User {
        id: UserId(1),
        name: "root".into(),
        password: Verifier::Empty,
    };
    catalog.users.insert("root".into(), Arc::new(root));
    let live = BackendState {
        alive: true,
        ..BackendState::default()
    };
    catalog
        .backend_states
        .insert(BackendId(10001), Arc::new(live));
    let db = catalog.databases[&DbId(1001)].as_ref().clone();
    let mut tables = db.tables.clone();
    tables.insert("t".into(), TableId(1));
    catalog
        .databases
        .insert(db.id, Arc::new(Database { tables, ..db }));
    let spec = plan(&[], 1).spec;
    let table = crate::catalog::table::Table {
        id: TableId(1),
        db: DbId(1001),
        name: "t".into(),
        index: Default::default(),
        spec,
        created: Timestamp::at(0),
        partitions: Vec::new(),
    };
    catalog.tables.insert(table.id, Arc::new(table));
    for (id, label, state) in [
        (1, "done", TxnState::Aborted),
        (2, "done", TxnState::Visible),
        (3, "busy", TxnState::Prepare),
    ] {
        let txn = Txn {
            id: TxnId(id),
            label: label.into(),
            db: DbId(1001),
            table: TableId(1),
            coordinator: String::new(),
            source: String::new(),
            state,
            prepared: Timestamp::at(0),
            committed: None,
            published: None,
            finished: None,
            timeout_ms: 0,
            reason: String::new(),
            versions: Vec::new(),
            failed_replicas: 0,
            rows: 0,
            backend: None,
            hold: None,
        };
        catalog.keep_txn(txn);
    }
    view
}

/// A frontend's listener; the answer is its address.
async fn frontend(
    view: View,
    reply: impl FnMut(Request) -> Result<Reply, Failure> + Send + 'static,
) -> String {
    let (_, views) = watch::channel(Arc::new(view));
    showing(views, reply).await
}

/// A frontend whose view changes.
async fn showing(
    views: watch::Receiver<Arc<View>>,
    mut reply: impl FnMut(Request) -> Result<Reply, Failure> + Send + 'static,
) -> String {
    let (requests, mut asked) = mpsc::channel::<Asked>(8);
    let leader = Handle::new(requests, views, Arc::new(SystemClock::new()));
    tokio::spawn(async move {
        while let Some(asked) = asked.recv().await {
            let _ = asked.reply.send(reply(asked.request));
        }
    });
    let accounts = auth::Accounts {
        leader: leader.clone(),
        guesses: Guesses::default(),
    };
    let memory = crate::memory::Account::new(1 << 30);
    let guard = Guard::new("token", accounts, memory, Duration::from_secs(60));
    let client = Client::new("token").unwrap();
    let router = routes(leader.clone(), &guard)
        .merge(crate::door::hello(&guard))
        .merge(crate::http::redirect::routes(
            leader.clone(),
            client,
            &guard,
        ))
        .merge(crate::http::load_state::routes(leader, &guard));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

fn basic(user: &str) -> String {
    format!("Basic {}", STANDARD.encode(user))
}

fn remote(address: &str, token: &str, user: &str) -> Remote {
    Remote {
        client: Client::new(token).unwrap(),
        address: address.into(),
        authorization: Some(basic(user)),
    }
}

fn begin(label: &str) -> Begin {
    Begin {
        db: "shop".into(),
        table: "t".into(),
        label: label.into(),
        timeout_ms: 7000,
        coordinator: "BE: here".into(),
        process: None,
        partitions: vec!["p1".into()],
    }
}

#[tokio::test]
async fn a_coordinator_begins_commits_and_aborts_through_the_leader() {
    let address = frontend(view(), |request| match request {
        Request::BeginLoad(begin) => {
            assert_eq!(
                (begin.timeout_ms, begin.source),
                (7000, "BACKEND_STREAMING")
            );
            let mut plan = plan(&["a:1".into()], 1);
            plan.label = begin.label;
            plan.partitions[0].range.as_mut().unwrap().upper =
                Some(crate::catalog::partition::Bound::Int(i128::MAX));
            Ok(Reply::Begun(Arc::new(plan)))
        }
        Request::CommitLoad(commit) if commit.rows == 0 => Ok(Reply::Committed),
        Request::CommitLoad(_) => Ok(Reply::Visible {
            versions: Vec::new(),
        }),
        Request::AbortLoad { txn, reason } if reason == "why" => Err(Failure::new(
            Code::TXN,
            format!("transaction {txn} has ended"),
        )),
        other => panic!("{other:?}"),
    })
    .await;
    let remote = remote(&address, "token", "root:");
    let plan = remote.begin(begin("new")).await.unwrap();
    let later = Instant::now() + Duration::from_secs(20);
    assert_eq!((plan.label.as_str(), plan.txn), ("new", TxnId(7)));
    let mut commit = CommitLoad {
        txn: plan.txn,
        written: Vec::new(),
        rows: 0,
        bytes: 0,
    };
    assert_eq!(
        remote.commit(&plan, commit.clone(), later).await,
        Ok(Committed::Later)
    );
    commit.rows = 1;
    assert_eq!(
        remote.commit(&plan, commit, later).await,
        Ok(Committed::Visible)
    );
    let refused = remote.abort(plan.txn, "why".into()).await.unwrap_err();
    assert_eq!(
        refused,
        Error::Refused(Failure::new(Code::TXN, "transaction 7 has ended"))
    );
}

#[tokio::test]
async fn strangers_are_refused_and_a_label_tells_the_state_of_its_load() {
    let address = frontend(view(), |_| Err(Failure::new(Code::LABEL_EXISTS, "taken"))).await;
    let stranger = remote(&address, "guess", "root:").begin(begin("x")).await;
    assert!(matches!(stranger, Err(Error::Frontend { why, .. }) if why.contains("token")));
    let wrong = remote(&address, "token", "root:wrong")
        .begin(begin("x"))
        .await;
    assert!(matches!(wrong, Err(Error::Refused(f)) if f.code == Code::ACCESS_DENIED));
    let txn = TxnId(2);
    for (label, existing) in [
        ("done", Existing::Visible { txn }),
        ("busy", Existing::Begun { txn: TxnId(3) }),
        ("gone", Existing::Running),
    ] {
        let taken = remote(&address, "token", "root:").begin(begin(label)).await;
        let expected = Error::LabelExists {
            label: label.into(),
            existing,
        };
        assert_eq!(taken.unwrap_err(), expected);
    }
}

/// A view in which the load of label `done` is in that state and has so much time.
fn done(state: TxnState, timeout_ms: u64) -> Arc<View> {
    let mut view = view();
    let prepared = SystemClock::new().now();
    let txns = &mut view.catalog.txns;
    let txn = Txn {
        state,
        prepared,
        timeout_ms,
        reason: "its table was dropped".into(),
        ..Txn::clone(&txns[&TxnId(2)])
    };
    txns.insert(txn.id, Arc::new(txn));
    Arc::new(view)
}

#[tokio::test]
async fn a_load_that_another_committed_is_waited_for_until_it_is_seen_or_its_time_is_over() {
    let (shown, views) = watch::channel(done(TxnState::Committed, 600_000));
    let taken = |_| Err(Failure::new(Code::LABEL_EXISTS, "taken"));
    let address = showing(views, taken).await;
    let remote = Arc::new(remote(&address, "token", "root:"));
    let existing = match remote.begin(begin("done")).await {
        Err(Error::LabelExists { existing, .. }) => existing,
        other => panic!("{other:?}"),
    };
    let Existing::Committed { txn, left_ms } = existing else {
        panic!("{existing:?}");
    };
    let wait = || {
        let (remote, left) = (remote.clone(), Duration::from_millis(left_ms));
        tokio::spawn(async move { remote.wait(txn, Instant::now() + left).await })
    };
    let waiting = wait();
    // What else happens does not end it.
    shown.send(done(TxnState::Committed, 600_000)).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished());
    shown.send(done(TxnState::Visible, 600_000)).unwrap();
    assert_eq!(waiting.await.unwrap(), Ok(Committed::Visible));
    assert_eq!(wait().await.unwrap(), Ok(Committed::Visible));

    shown.send(done(TxnState::Committed, 100)).unwrap();
    assert_eq!(wait().await.unwrap(), Ok(Committed::Later));
    shown.send(done(TxnState::Committed, 600_000)).unwrap();
    let waiting = wait();
    shown.send(done(TxnState::Aborted, 600_000)).unwrap();
    let dropped = waiting.await.unwrap().unwrap_err();
    assert!(
        dropped.to_string().contains("its table was dropped"),
        "{dropped}"
    );
}

#[tokio::test]
async fn the_end_of_a_frontend_ends_who_waits_there() {
    let (shown, views) = watch::channel(done(TxnState::Committed, 600_000));
    let (requests, _asked) = mpsc::channel::<Asked>(8);
    let leader = Handle::new(requests, views, Arc::new(SystemClock::new()));
    let waiting = tokio::spawn(async move { label::visible(&leader, TxnId(2)).await });
    tokio::task::yield_now().await;
    drop(shown);
    let ended = waiting.await.unwrap().unwrap_err();
    assert_eq!(ended.code, Code::SERVER_SHUTDOWN);
}

#[tokio::test]
async fn the_fate_of_a_commit_is_asked_for_until_the_deadline() {
    let mut asked = 0;
    let address = frontend(view(), move |_| {
        asked += 1;
        match asked {
            1 | 2 => Err(Failure::new(Code::SERVER_SHUTDOWN, "stopping")),
            3 => Ok(Reply::Visible {
                versions: Vec::new(),
            }),
            _ => Err(Failure::new(Code::QUORUM, "tablet 10: 1 < 2")),
        }
    })
    .await;
    let remote = remote(&address, "token", "root:");
    let plan = plan(&["a:1".into()], 1);
    let later = Instant::now() + Duration::from_secs(20);
    let commit = CommitLoad {
        txn: plan.txn,
        written: Vec::new(),
        rows: 1,
        bytes: 0,
    };
    assert_eq!(
        remote.commit(&plan, commit.clone(), later).await,
        Ok(Committed::Visible)
    );
    let refused = remote.commit(&plan, commit.clone(), later).await;
    assert!(matches!(refused, Err(Error::Refused(f)) if f.code == Code::QUORUM));
    let nobody = Remote {
        address: "127.0.0.1:1".into(),
        ..remote
    };
    // Its time, and what is added to that, is over.
    let past = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
    let unknown = nobody.commit(&plan, commit, past).await;
    assert!(matches!(
        unknown,
        Err(Error::OutcomeUnknown { txn: TxnId(7), .. })
    ));
}

#[tokio::test]
async fn a_client_that_lost_its_answer_asks_by_label() {
    let address = frontend(view(), |_| Ok(Reply::Done)).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    for (label, state) in [
        ("done", "VISIBLE"),
        ("busy", "PREPARE"),
        ("none", "UNKNOWN"),
    ] {
        let url = format!("http://{address}/api/shop/get_load_state?label={label}");
        let answer = client
            .get(url)
            .header("authorization", basic("root:"))
            .send()
            .await
            .unwrap();
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(
            (&body["state"], &body["status"]),
            (&state.into(), &"OK".into())
        );
    }
    let url = format!("http://{address}/api/shop/get_load_state?label=done");
    assert_eq!(client.get(url).send().await.unwrap().status(), 401);
}
