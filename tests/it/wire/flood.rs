//! Strangers and nonsense: what a peer that has not logged in can do, and what any peer can send.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use quorate::config::Config;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::client::*;
use super::echo::Server;

fn serves(server: &Server) {
    let mut client = Client::root(server.addr, MODERN);
    assert_eq!(client.query("one").text().len(), 1);
}

/// Everything that the server says until it closes.
fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        said.extend(&buffer[..read]);
    }
    said
}

#[test]
fn two_packets_before_the_log_in_do_nothing() {
    // opensrv-mysql 0.7.0 alone reads freed memory here, and dies once its buffer has a megabyte.
    let server = Server::start();
    for _ in 0..20 {
        let mut client = Client::connect(server.addr);
        let response = client.response("root", "", None, SHA2, MODERN);
        let first = packet(1, &response);
        let (head, tail) = first.split_at(10);
        client.stream.write_all(head).unwrap();
        std::thread::sleep(Duration::from_millis(2));
        let both = [tail, &packet(0, b"\x03source 1"), &packet(0, b"\x03one")].concat();
        client.stream.write_all(&both).unwrap();
        client.expect_from(2);
        assert!(matches!(client.reply(), Reply::Ok { .. }));
        client.expect_from(1);
        assert_eq!(client.reply().text(), [[Some("source 1".to_owned())]]);
        client.expect_from(1);
        assert_eq!(client.reply().text(), [[Some("1".to_owned())]]);
    }
    serves(&server);
}

#[test]
fn a_stranger_may_send_16_kib_and_no_more() {
    let server = Server::start();
    for announced in [(16 << 10) + 1, FULL - 1, FULL] {
        let mut stream = socket(server.addr);
        let mut header = (announced as u32).to_le_bytes();
        header[3] = 1;
        stream.write_all(&header).unwrap();
        // 96 MiB, of which the server keeps nothing.
        let start = Instant::now();
        let chunk = vec![0; 1 << 20];
        let sent = (0..96)
            .take_while(|_| stream.write_all(&chunk).is_ok())
            .count();
        let said = rest(&mut stream);
        assert!(sent == 96 || start.elapsed() < Duration::from_secs(15));
        if !said.is_empty() {
            let error = said.windows(3).any(|bytes| bytes == [0xff, 0x81, 0x04]);
            assert!(error, "1153 was not said");
        }
    }
    serves(&server);
}

#[test]
fn a_silent_stranger_is_shown_out() {
    let config = Config {
        connect_timeout_second: 1,
        ..Config::default()
    };
    let server = Server::with(config, None, None);
    let start = Instant::now();
    let mut silent = Client::connect(server.addr);
    let mut slow = Client::connect(server.addr);
    let response = slow.response("root", "", None, SHA2, MODERN);
    for byte in packet(1, &response) {
        // A byte now and then does not buy more time.
        if slow.stream.write_all(&[byte]).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(silent.is_closed() && slow.is_closed());
    assert!(start.elapsed() < Duration::from_secs(10));
    serves(&server);
}

#[test]
fn strangers_are_counted_and_keep_nobody_out() {
    let server = Server::start();
    let mut strangers: Vec<_> = (0..700).map(|_| socket(server.addr)).collect();
    // While all places are taken by those that say nothing, and more of them come all the time.
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let flood = scope.spawn(|| {
            let mut more = VecDeque::new();
            while !over.load(Ordering::Relaxed) {
                more.push_back(TcpStream::connect(server.addr));
                if more.len() > 300 {
                    more.pop_front();
                }
            }
        });
        for _ in 0..20 {
            let start = Instant::now();
            serves(&server);
            assert!(
                start.elapsed() < Duration::from_secs(1),
                "{:?}",
                start.elapsed()
            );
        }
        over.store(true, Ordering::Relaxed);
        flood.join().unwrap();
    });
    // The first have made room, and were told why.
    for stranger in &mut strangers[..100] {
        let said = rest(stranger);
        let told = said.windows(8).any(|bytes| bytes == b"\xff\x10\x04#0800");
        assert!(told, "1040 was not said: {said:?}");
    }
    drop(strangers);
    let again = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        server.sessions.list().is_empty()
    });
    assert!(again);
    serves(&server);
}

#[test]
fn ten_thousand_packets_of_nonsense_leave_the_server_serving() {
    let server = Server::start();
    let seed = 20_130_101;
    let mut random = StdRng::seed_from_u64(seed);
    let mut sent = 0;
    while sent < 10_000 {
        let logged_in = random.random_bool(0.7);
        let mut client = if logged_in {
            Client::root(server.addr, MODERN | MULTI_STATEMENTS)
        } else {
            Client::connect(server.addr)
        };
        let mut burst = Vec::new();
        for _ in 0..random.random_range(1..200) {
            burst.extend(nonsense(&mut random, logged_in));
            sent += 1;
        }
        // The server may have closed already; what matters is the next client.
        let _ = client.stream.write_all(&burst);
        drop(client);
        if sent % 50 == 0 {
            serves(&server);
        }
    }
    serves(&server);
    let settled = (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        server.sessions.list().is_empty()
    });
    assert!(settled, "connections are left over; seed {seed}");
}

/// One packet: random, truncated, or longer than it says.
fn nonsense(random: &mut StdRng, logged_in: bool) -> Vec<u8> {
    let length = match random.random_range(0..10) {
        0 => 0,
        1..8 => random.random_range(0..64),
        _ => random.random_range(0..20_000),
    };
    let mut payload = vec![0; length];
    random.fill(&mut payload[..]);
    if let (Some(first), true) = (payload.first_mut(), random.random_bool(0.8)) {
        // A command that exists, and not the one that leaves.
        *first =
            [2, 3, 4, 9, 12, 14, 17, 22, 23, 24, 25, 26, 27, 28, 31][random.random_range(0..15)];
    }
    if random.random_bool(0.2) {
        let text = *[
            &b"\x03one"[..],
            b"\x03rows 100",
            b"\x16params ?",
            b"\x17\x01\0\0\0\0\x01\0\0\0\0\x01\x03\0",
        ]
        .get(random.random_range(0..4))
        .unwrap();
        payload = text.to_vec();
    }
    let mut bytes = packet(u8::from(!logged_in), &payload);
    match random.random_range(0..40) {
        0 => bytes[3] = random.random(),
        1 => bytes[random.random_range(0..3)] = random.random(),
        2 => bytes.truncate(random.random_range(0..bytes.len())),
        _ => {}
    }
    bytes
}

#[test]
fn a_client_that_closes_its_half_is_not_waited_for() {
    let server = Server::start();
    let mut stream = socket(server.addr);
    stream.shutdown(Shutdown::Write).unwrap();
    rest(&mut stream);
    let forgotten = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        server.sessions.list().is_empty()
    });
    assert!(forgotten);
}
