//! KILL, clients that leave, and the server's stop.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::client::*;
use super::echo::{PASSWORD, Server};

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(10), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn logged(server: &Server, what: &str) -> bool {
    server.log.lock().iter().any(|entry| entry == what)
}

fn waiting(server: &Server) -> (Client, u32) {
    let mut client = Client::root(server.addr, MODERN);
    let id = client.greeting.id;
    client.start(b"\x03wait");
    until("the statement runs", || {
        let listed = server.sessions.list();
        let process = listed.iter().find(|p| p.id == id).unwrap();
        process.statement.as_deref() == Some("wait")
    });
    (client, id)
}

#[test]
fn a_killed_statement_says_so_and_its_connection_goes_on() {
    let server = Server::start();
    let (mut client, id) = waiting(&server);
    server.sessions.kill("root", id, true).unwrap();
    let reply = client.reply();
    let Reply::Err { code, state, .. } = &reply else {
        panic!("{reply:?}")
    };
    assert_eq!((*code, state.as_str()), (1317, "70100"));
    assert_eq!(client.query("one").text().len(), 1);
}

#[test]
fn a_connection_can_be_killed_by_its_number() {
    let server = Server::start();
    let (mut client, id) = waiting(&server);
    let mut ann = Client::connect(server.addr);
    ann.log_in("ann", PASSWORD, None, SHA2, MODERN);
    let kill = [&[12], &id.to_le_bytes()[..]].concat();
    assert_eq!(ann.command(&kill).code(), 1095);
    assert_eq!(ann.command(&[12, 255, 255, 0, 0]).code(), 1094);
    let mut root = Client::root(server.addr, MODERN);
    assert_eq!(root.command(&kill).status(), 2);
    assert_eq!(client.reply().code(), 1317);
    assert!(client.is_closed());
    until("it is forgotten", || server.sessions.list().len() == 2);
    // An idle one too.
    let own = [&[12], &ann.greeting.id.to_le_bytes()[..]].concat();
    assert_eq!(root.command(&own).status(), 2);
    assert!(ann.is_closed());
}

#[test]
fn a_statement_whose_client_left_is_cancelled() {
    let server = Server::start();
    let (client, _) = waiting(&server);
    drop(client);
    until("cancelled", || logged(&server, "cancelled"));
    until("forgotten", || server.sessions.list().is_empty());
}

#[test]
fn a_client_that_takes_nothing_holds_its_query_back() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    client.start(b"\x03endless");
    // The sockets' buffers and our own fill up, then nothing more is taken from the query.
    let mut last = 0;
    until("the query waits", || {
        std::thread::sleep(Duration::from_millis(200));
        let pulled = server.pulled.load(Ordering::Relaxed);
        std::mem::replace(&mut last, pulled) == pulled && pulled > 0
    });
    assert!(last < 1000, "{last} batches were taken");
    server
        .sessions
        .kill("root", client.greeting.id, false)
        .unwrap();
    until("the query is dropped", || logged(&server, "dropped"));
    until("forgotten", || server.sessions.list().is_empty());
}

#[test]
fn a_result_set_that_is_killed_ends_with_the_error() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    client.start(b"\x03endless");
    assert_eq!(client.read().unwrap(), [1]);
    server
        .sessions
        .kill("root", client.greeting.id, true)
        .unwrap();
    client.definitions(1);
    let last = (0..10_000_000)
        .map(|_| client.read().unwrap())
        .find(|row| row[0] == 0xff)
        .unwrap();
    assert_eq!(last[1..3], 1317_u16.to_le_bytes());
    assert!(logged(&server, "dropped"));
    assert_eq!(client.query("one").text().len(), 1);
}

#[test]
fn a_client_that_leaves_ends_its_query() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    client.start(b"\x03endless");
    client.read().unwrap();
    drop(client);
    until("the query is dropped", || logged(&server, "dropped"));
    until("forgotten", || server.sessions.list().is_empty());
}

#[test]
fn time_outs_of_the_session_end_idle_and_stuck_clients() {
    let server = Server::start();
    let mut idle = Client::root(server.addr, MODERN);
    let mut stuck = Client::root(server.addr, MODERN);
    idle.query("brief");
    stuck.query("brief");
    stuck.start(b"\x03endless");
    assert!(idle.is_closed());
    until("forgotten", || server.sessions.list().is_empty());
    assert!(logged(&server, "dropped"));
}

#[test]
fn the_stop_ends_statements_and_connections() {
    let server = Server::start();
    let mut idle = Client::root(server.addr, MODERN);
    let (mut busy, _) = waiting(&server);
    let start = Instant::now();
    server.stop();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(busy.reply().code(), 1317);
    assert!(idle.is_closed());
}
