//! The seed's calls over HTTP, before a leader that answers as it is told: on a frontend, and on a backend that passes them on.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::{Method, Response};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::*;
use crate::backend::client::Client;
use crate::catalog::change::Change;
use crate::catalog::check::{Check, Verdict};
use crate::catalog::user::{User, Verifier};
use crate::clock::{SystemClock, Timestamp};
use crate::code::Code;
use crate::door::{self, Caller, Checked, Users};
use crate::frontend::guesses::Guesses;
use crate::http::shard_repair_backend::{self, ShardRepair};
use crate::ids::{ReplicaId, UserId};
use crate::leader::handle::Asked;
use crate::leader::request::Reply;
use crate::proc::sample;

/// The sample cluster, in which a tablet of each partition differs, both are queued, and the first is in work.
fn view() -> View {
    let mut view = sample::view();
    let root = User {
        id: UserId(1),
        name: "root".to_owned(),
        password: Verifier::Empty,
    };
    view.catalog.users.insert("root".to_owned(), Arc::new(root));
    let check = Check {
        at: Timestamp::at(1),
        version: 2,
        verdict: Verdict::Differs,
        digests: vec![(ReplicaId(14_000), 1, 1), (ReplicaId(14_001), 2, 1)],
    };
    let tablets = [TabletId(13_000), TabletId(13_002)];
    let changes = [
        Change::Checked {
            tablets: tablets.map(|tablet| (tablet, check.clone())).to_vec(),
        },
        Change::QueueRepairs {
            tablets: tablets.to_vec(),
            on: true,
            at: Timestamp::at(2),
        },
    ];
    for change in changes {
        let touched = view.catalog.apply(&change).unwrap();
        view.census.follow(&view.catalog, &touched);
    }
    view.healing.repairing.insert(tablets[0]);
    view
}

type Requests = Arc<Mutex<Vec<Request>>>;

/// A frontend and a backend beside it; the answers are their addresses, and what the leader was asked.
async fn nodes(view: View, refusal: Option<Failure>) -> (String, String, Requests) {
    let (requests, mut asked) = mpsc::channel::<Asked>(8);
    let (_, views) = watch::channel(Arc::new(view));
    let leader = Handle::new(requests, views, Arc::new(SystemClock::new()));
    let seen = Requests::default();
    let told = seen.clone();
    tokio::spawn(async move {
        while let Some(asked) = asked.recv().await {
            told.lock().push(asked.request);
            let reply = refusal.clone().map_or(Ok(Reply::Done), Err);
            let _ = asked.reply.send(reply);
        }
    });
    let accounts = auth::Accounts {
        leader: leader.clone(),
        guesses: Guesses::default(),
    };
    let guard = guard(accounts);
    let routes = routes(leader, &guard).merge(door::hello(&guard));
    let frontend = serve(routes).await;
    let address = frontend.clone();
    let node = ShardRepair {
        client: Client::new("token").unwrap(),
        // It has no replica of anything in the sample.
        frontend: Box::new(move || Some((address.clone(), BackendId(10_003)))),
    };
    let backend = serve(shard_repair_backend::routes(node, &self::guard(Anybody))).await;
    (frontend, backend, seen)
}

/// A backend's guard asks the frontend; here the frontend is asked by the call that is passed on.
struct Anybody;

impl Users for Anybody {
    fn check<'a>(&'a self, _: Caller<'a>, _: bool) -> Checked<'a> {
        Box::pin(async { Ok(()) })
    }
}

fn guard(users: impl Users) -> Guard {
    let memory = crate::memory::Account::new(1 << 30);
    Guard::new("token", users, memory, Duration::from_secs(60))
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

async fn ask(address: &str, method: Method, call: &str) -> Response {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = format!("http://{address}/shard-repair/{call}");
    let client = reqwest::Client::new();
    client.request(method, url).send().await.unwrap()
}

/// Status and error of a call, which has said the same in its header.
async fn refused(address: &str, method: Method, call: &str) -> (u16, String) {
    let answer = ask(address, method, call).await;
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/json");
    let header = answer.headers().get("x-influxdb-error").cloned();
    let body: serde_json::Value = answer.json().await.unwrap();
    let error = body["error"].as_str().unwrap().to_owned();
    assert_eq!(header.is_none(), status == 401);
    assert!(header.is_none_or(|header| header == error.as_str()));
    (status, error)
}

const LISTED: &str = r#"{
  "shards": [
    {
      "id": "13000",
      "database": "shop",
      "retention_policy": "orders.p1",
      "start_time": "-9223372036854775806",
      "end_time": "1359676800000000000",
      "expires": "0",
      "status": "diff"
    },
    {
      "id": "13002",
      "database": "shop",
      "retention_policy": "orders.p2",
      "start_time": "1359676800000000000",
      "end_time": "1362096000000000000",
      "expires": "0",
      "status": "diff"
    }
  ],
  "queued_shards": [
    "13000",
    "13002"
  ],
  "processing_shards": [
    "13000"
  ]
}"#;

#[tokio::test]
async fn the_list_has_the_seeds_form_on_frontends_and_backends() {
    let (frontend, backend, _) = nodes(view(), None).await;
    for (address, call) in [
        (&frontend, "status"),
        (&frontend, "status?local=true"),
        (&backend, "status"),
        (&backend, "status?local=false"),
        // The sample places a replica of every tablet on every backend.
        (&backend, "status?local=true"),
    ] {
        let answer = ask(address, Method::GET, call).await;
        assert_eq!(answer.status(), 200, "{call}");
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert_eq!(answer.text().await.unwrap(), LISTED, "{call}");
    }
}

#[test]
fn a_list_of_nothing_has_empty_lists_and_local_leaves_out_what_is_elsewhere() {
    let empty = serde_json::to_string_pretty(&Status::default()).unwrap();
    let expected = "{\n  \"shards\": [],\n  \"queued_shards\": [],\n  \"processing_shards\": []\n}";
    assert_eq!(empty, expected);
    assert_eq!(Status::of(&view(), Some(BackendId(7))), Status::default());
}

#[tokio::test]
async fn repairs_are_queued_and_cancelled_with_an_empty_answer() {
    let (frontend, backend, seen) = nodes(view(), None).await;
    for (address, call) in [
        (&frontend, "repair?id=13000"),
        (&backend, "repair?id=13000"),
        (&frontend, "cancel-repair?id=13000&local=false"),
        (&backend, "cancel-repair?id=13000&local=true"),
    ] {
        let answer = ask(address, Method::POST, call).await;
        assert_eq!(answer.status(), 204, "{call}");
        assert_eq!(answer.text().await.unwrap(), "", "{call}");
    }
    let tablets = vec![TabletId(13_000)];
    let asked = [true, true, false, false].map(|on| {
        Request::Heal(HealRequest::RepairTablets {
            tablets: tablets.clone(),
            on,
        })
    });
    assert_eq!(*seen.lock(), asked);
}

#[tokio::test]
async fn wrong_calls_are_told_apart() {
    let (frontend, backend, seen) = nodes(view(), None).await;
    for address in [&frontend, &backend] {
        for (call, error) in [
            ("repair", r#"invalid shard id: """#),
            ("repair?id=", r#"invalid shard id: """#),
            ("repair?id=abc", r#"invalid shard id: "abc""#),
            ("repair?id=-1", r#"invalid shard id: "-1""#),
            ("repair?id=%2B1", r#"invalid shard id: "+1""#),
            (
                "cancel-repair?id=18446744073709551616",
                r#"invalid shard id: "18446744073709551616""#,
            ),
            ("repair?id=99", "shard not found: 99"),
            ("cancel-repair?id=99&local=true", "shard not found: 99"),
            (
                "cancel-repair?id=13000&local=maybe",
                r#"invalid local: "maybe""#,
            ),
        ] {
            let told = refused(address, Method::POST, call).await;
            assert_eq!(told, (400, error.to_owned()), "{call}");
        }
        let told = refused(address, Method::GET, "status?local=").await;
        assert_eq!(told, (400, r#"invalid local: """#.to_owned()));
        assert_eq!(refused(address, Method::GET, "other").await.0, 404);
        for (method, call, allowed) in [
            (Method::POST, "status", "GET"),
            (Method::GET, "repair?id=13000", "POST"),
            (Method::DELETE, "cancel-repair?id=13000", "POST"),
        ] {
            let answer = ask(address, method.clone(), call).await;
            assert_eq!(answer.headers()["allow"], allowed);
            let told = refused(address, method, call).await;
            assert_eq!(told, (405, format!("method not allowed: use {allowed}")));
        }
    }
    assert!(seen.lock().is_empty());
}

#[tokio::test]
async fn a_leader_that_is_not_ready_and_a_frontend_that_is_not_there_are_server_errors() {
    let busy = Failure::new(Code::NOT_READY, "not now");
    let (frontend, backend, _) = nodes(view(), Some(busy)).await;
    for address in [&frontend, &backend] {
        let told = refused(address, Method::POST, "repair?id=13000").await;
        assert_eq!(told, (500, "not now".to_owned()));
    }
    let alone = |frontend: Option<(String, BackendId)>| ShardRepair {
        client: Client::new("token").unwrap(),
        frontend: Box::new(move || frontend.clone()),
    };
    let lost = Some(("127.0.0.1:1".to_owned(), BackendId(1)));
    for frontend in [None, lost] {
        let backend = serve(shard_repair_backend::routes(
            alone(frontend),
            &guard(Anybody),
        ))
        .await;
        assert_eq!(refused(&backend, Method::GET, "status").await.0, 500);
    }
}

#[tokio::test]
async fn a_password_is_asked_for_once_root_has_one_and_nodes_need_the_token() {
    let mut view = view();
    let root = User {
        id: UserId(1),
        name: "root".to_owned(),
        password: Verifier::Hashed {
            native: [0; 20],
            sha2: [0; 32],
        },
    };
    view.catalog.users.insert("root".to_owned(), Arc::new(root));
    let (frontend, backend, _) = nodes(view, None).await;
    for address in [&frontend, &backend] {
        let answer = ask(address, Method::GET, "status").await;
        assert_eq!(
            answer.headers()["www-authenticate"],
            "Basic realm=\"quorate\""
        );
        assert_eq!(refused(address, Method::GET, "status").await.0, 401);
    }
    let client = reqwest::Client::new();
    let url = format!("http://{frontend}/api/internal/shard_repair");
    let call = Call::Status { on: None };
    let answer = client.post(url).json(&call).send().await.unwrap();
    assert_eq!(answer.status(), 403);
}
