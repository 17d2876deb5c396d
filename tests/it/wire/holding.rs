//! What clients make a frontend hold: each kind of it is charged to the account of memory, refused where there is no room while the
//! connection goes on, and given back. What is not charged is found by a look at the whole process.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use quorate::config::Config;
use quorate::memory;

use super::client::*;
use super::echo::Server;
use super::executing::{prepare, try_prepare};
use super::login::execute;

const MEGABYTE: usize = 1 << 20;
/// What the server may hold for its clients.
const ROOM: u64 = 96 << 20;
/// What the process may take besides: buffers of the clients, which are in it too, and what the allocator keeps.
const BESIDES: u64 = 160 << 20;
/// MySQL: ER_OUT_OF_RESOURCES.
const NO_ROOM: u16 = 1041;

/// Holds something more, by the last of the connections or by a new one. Answers with the refusal where there is no room.
type Hold = fn(&Server, &mut Vec<Client>, usize) -> Option<Reply>;

/// What a connection does before it is idle.
type Work<'a> = &'a dyn Fn(&mut Client);

/// Each kind of thing that a client can make the server keep.
const KINDS: [(&str, Hold); 6] = [
    ("prepared statements", |_, clients, _| prepared(clients)),
    ("prepared statements", |_, clients, _| parameters(clients)),
    ("user variables", |_, clients, at| variables(clients, at)),
    ("user variables", |_, clients, at| names(clients, at)),
    ("long data", long_data),
    ("packets", unfinished),
];

/// Runs the test `name` of this file in a process of its own, whose memory is nobody else's. Whether this is that process.
fn alone(name: &str) -> bool {
    const MARK: &str = "QUORATE_TEST_ALONE";
    if std::env::var(MARK).is_ok() {
        return true;
    }
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("wire::holding::{name}")])
        .env(MARK, name)
        // The allocator returns what is large at once, so that what is still taken is held by somebody.
        .env("MALLOC_MMAP_THRESHOLD_", "131072")
        .status();
    assert!(status.unwrap().success(), "{name}");
    false
}

fn resident() -> u64 {
    memory::resident().unwrap()
}

/// Waits until nothing is charged.
fn all_given_back(server: &Server, what: &str) {
    let back = (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        server.memory.used() == 0
    });
    assert!(back, "{what}: {} are still charged", server.memory.used());
}

fn refusal(reply: Reply) -> Option<Reply> {
    matches!(reply, Reply::Err { .. }).then_some(reply)
}

fn prepared(clients: &mut [Client]) -> Option<Reply> {
    let text = format!("length '{}'", "x".repeat(MEGABYTE));
    try_prepare(clients.last_mut()?, &text).err()
}

/// Short texts, with many words and parameters.
fn parameters(clients: &mut [Client]) -> Option<Reply> {
    let text = format!("params {}", vec!["?"; 20_000].join(","));
    try_prepare(clients.last_mut()?, &text).err()
}

fn variables(clients: &mut [Client], at: usize) -> Option<Reply> {
    let text = format!("variable {MEGABYTE} name{at}");
    refusal(clients.last_mut()?.query(&text))
}

/// Short values of variables with long names.
fn names(clients: &mut [Client], at: usize) -> Option<Reply> {
    let text = format!("variable 1 n{at}{}", "x".repeat(MEGABYTE));
    refusal(clients.last_mut()?.query(&text))
}

fn long_data(server: &Server, clients: &mut Vec<Client>, at: usize) -> Option<Reply> {
    if at.is_multiple_of(8) {
        clients.push(Client::root(server.addr, MODERN));
    }
    let client = clients.last_mut()?;
    let id = prepare(client, "params ?");
    let before = server.memory.used();
    let head = [&b"\x18"[..], &id.to_le_bytes(), &[0, 0]].concat();
    client.start(&[head, vec![b'x'; 2 * MEGABYTE]].concat());
    assert_eq!(client.query("one").text().len(), 1);
    // The command has no answer: the next execution says what was wrong.
    match server.memory.used() > before + MEGABYTE as u64 {
        true => None,
        false => Some(client.command(&execute(id, &[0, 1, 253, 0]))),
    }
}

/// A packet of which a part is missing, each on a connection of its own.
fn unfinished(server: &Server, clients: &mut Vec<Client>, _: usize) -> Option<Reply> {
    const LENGTH: usize = 8 * MEGABYTE;
    let mut client = Client::root(server.addr, MODERN);
    let before = server.memory.used();
    let mut packet = (LENGTH as u32).to_le_bytes().to_vec();
    packet[3] = 0;
    packet.extend(b"\x03length '");
    packet.resize(LENGTH / 2, b'x');
    client.stream.write_all(&packet).unwrap();
    let come = (0..50).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        server.memory.used() > before + (LENGTH / 4) as u64
    });
    let told = (!come).then(|| {
        let rest = vec![b'x'; LENGTH + 4 - packet.len()];
        client.stream.write_all(&rest).unwrap();
        client.expect_from(1);
        client.reply()
    });
    clients.push(client);
    told
}

#[test]
fn each_kind_is_charged_refused_with_a_clear_error_and_given_back() {
    if !alone("each_kind_is_charged_refused_with_a_clear_error_and_given_back") {
        return;
    }
    let server = Server::holding(ROOM, Config::default(), None, None);
    let base = resident();
    for (what, hold) in KINDS {
        let mut clients = vec![Client::root(server.addr, MODERN)];
        let refused = (0..1000).find_map(|at| {
            let told = hold(&server, &mut clients, at);
            assert!(server.memory.used() <= ROOM, "{what}");
            told
        });
        let (held, taken) = (server.memory.used(), resident().saturating_sub(base));
        let Some(Reply::Err { code, message, .. }) = refused else {
            panic!("{what}: {refused:?} while {held} are charged and {taken} taken")
        };
        assert_eq!(code, NO_ROOM, "{what}: {message}");
        assert!(message.contains("process_mem_limit"), "{what}: {message}");
        assert!(held > ROOM / 3, "{what}: refused at {held}");
        assert!(
            taken < ROOM + BESIDES,
            "{what}: {held} charged, {taken} taken"
        );
        // The connection that was refused goes on, and so do new ones.
        assert_eq!(clients.last_mut().unwrap().query("one").text().len(), 1);
        drop(clients.pop());
        Client::root(server.addr, MODERN);
        drop(clients);
        all_given_back(&server, what);
    }
    // Each kind has taken the same room.
    let taken = resident().saturating_sub(base);
    assert!(taken < ROOM + BESIDES, "{taken} at the end");
}

#[test]
fn all_kinds_are_given_back_when_the_connection_is_reset() {
    let server = Server::holding(ROOM, Config::default(), None, None);
    let mut client = Client::root(server.addr, MODERN);
    for (name, reset) in [
        ("COM_RESET_CONNECTION", &b"\x1f"[..]),
        ("COM_CHANGE_USER", b"\x11root\0\0\0\x2d\0"),
    ] {
        let id = prepare(&mut client, "params ?");
        let head = [&b"\x18"[..], &id.to_le_bytes(), &[0, 0]].concat();
        client.start(&[head, vec![b'x'; MEGABYTE]].concat());
        assert!(matches!(
            client.query("variable 100000 a"),
            Reply::Ok { .. }
        ));
        assert!(server.memory.used() > MEGABYTE as u64 + 100_000, "{name}");
        client.start(reset);
        client.after_proof("");
        assert_eq!(client.query("one").text().len(), 1);
        all_given_back(&server, name);
    }
    // Closed one by one, and what was executed has forgotten its values.
    let id = prepare(&mut client, "params ?");
    let head = [&b"\x18"[..], &id.to_le_bytes(), &[0, 0]].concat();
    client.start(&[head, vec![b'x'; MEGABYTE]].concat());
    client.command(&execute(id, &[0, 1, 253, 0]));
    assert!(server.memory.used() < MEGABYTE as u64);
    client.start(&[b"\x19", &id.to_le_bytes()[..]].concat());
    assert_eq!(client.query("one").text().len(), 1);
    all_given_back(&server, "COM_STMT_CLOSE");
}

#[test]
fn an_idle_connection_holds_little_whatever_it_did_before() {
    if !alone("an_idle_connection_holds_little_whatever_it_did_before") {
        return;
    }
    const CONNECTIONS: u64 = 12;
    const EACH: u64 = 1 << 20;
    let server = Server::start();
    let many = format!("params {}", vec!["?"; 65_535].join(","));
    let kinds: [(&str, Work<'_>); 3] = [
        ("many parameters", &|client| {
            let id = prepare(client, &many);
            client.start(&[b"\x19", &id.to_le_bytes()[..]].concat());
        }),
        ("a large row", &|client| {
            client.query("text 15000000");
        }),
        ("a large statement", &|client| {
            let text = format!("length '{}'", "x".repeat(8 * MEGABYTE));
            client.query(&text);
        }),
    ];
    let mut idle = Vec::new();
    for (what, work) in kinds {
        // What the allocator and the threads keep is there before.
        work(&mut Client::root(server.addr, MODERN));
        server.log.lock().clear();
        let base = resident();
        for _ in 0..CONNECTIONS {
            let mut client = Client::root(server.addr, MODERN);
            work(&mut client);
            assert_eq!(client.query("one").text().len(), 1);
            idle.push(client);
        }
        // What the service behind the listener notes for tests.
        server.log.lock().clear();
        let grown = resident().saturating_sub(base);
        assert!(grown < CONNECTIONS * EACH + (16 << 20), "{what}: {grown}");
    }
    assert_eq!(server.memory.used(), 0);
}
