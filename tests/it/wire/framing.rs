//! Packets: together, in pieces, at the 16 MiB boundary, too large, out of order.

use std::io::Write;
use std::time::Duration;

use quorate::config::Config;

use super::client::*;
use super::echo::Server;

fn answered(text: &str) -> Vec<Vec<Option<String>>> {
    vec![vec![Some(text.to_owned())]]
}

#[test]
fn two_packets_in_one_segment_are_two_commands() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    let both = [packet(0, b"\x03done"), packet(0, b"\x03one")].concat();
    client.stream.write_all(&both).unwrap();
    client.expect_from(1);
    assert!(matches!(client.reply(), Reply::Ok { affected: 3, .. }));
    client.expect_from(1);
    assert_eq!(client.reply().text(), answered("1"));
    assert_eq!(*server.log.lock(), ["done", "one"]);
}

#[test]
fn many_commands_in_one_segment_are_all_done_in_order() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    // Larger than what is read ahead.
    let many: Vec<u8> = (0..5000)
        .flat_map(|n| packet(0, format!("\x03source {n}").as_bytes()))
        .collect();
    client.stream.write_all(&many).unwrap();
    for n in 0..5000 {
        client.expect_from(1);
        assert_eq!(client.reply().text(), answered(&format!("source {n}")));
    }
}

#[test]
fn a_command_may_come_a_byte_at_a_time() {
    let server = Server::start();
    let mut client = Client::connect(server.addr);
    let response = client.response("root", "", None, SHA2, MODERN);
    let drop_by_drop = |client: &mut Client, bytes: Vec<u8>| {
        for byte in bytes {
            client.stream.write_all(&[byte]).unwrap();
        }
    };
    drop_by_drop(&mut client, packet(1, &response));
    client.expect_from(2);
    assert!(matches!(client.reply(), Reply::Ok { .. }));
    drop_by_drop(&mut client, packet(0, b"\x03source 7"));
    client.expect_from(1);
    assert_eq!(client.reply().text(), answered("source 7"));
}

#[test]
fn statements_around_16_mib_arrive_whole() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    let head = b"\x03length '";
    for size in [FULL - 1, FULL, FULL + 1, 2 * FULL, 2 * FULL + 1] {
        let mut command = head.to_vec();
        command.resize(size - 1, b'x');
        command.push(b'\'');
        let reply = client.command(&command);
        assert_eq!(reply.text(), answered(&(size - 1).to_string()), "{size}");
    }
    assert_eq!(client.query("one").text(), answered("1"));
}

#[test]
fn rows_around_16_mib_arrive_whole() {
    let server = Server::start();
    for capabilities in [MODERN, MODERN & !DEPRECATE_EOF] {
        let mut client = Client::root(server.addr, capabilities);
        // A value of so many bytes has a length of 4 bytes before it, from 16 MiB on 9.
        for row in [
            FULL - 1,
            FULL,
            FULL + 1,
            FULL + 4,
            FULL + 10,
            2 * FULL,
            2 * FULL + 1,
        ] {
            let prefix = if row > FULL + 4 { 9 } else { 4 };
            let size = row - prefix;
            let Reply::Rows { rows, end, .. } = client.query(&format!("text {size}")) else {
                panic!("no rows")
            };
            assert_eq!(rows.len(), 2, "{row}");
            assert_eq!(rows[0].len(), row);
            assert!(rows[0][prefix..].iter().all(|byte| *byte == b'x'));
            assert_eq!(rows[1], b"\x03end");
            assert_eq!(end.status(), 2);
        }
    }
}

#[test]
fn a_statement_larger_than_allowed_is_refused_in_words() {
    let config = Config {
        max_allowed_packet: 1 << 20,
        ..Config::default()
    };
    let server = Server::with(config, None, None);
    for size in [(1 << 20) + 1, 20 << 20] {
        let mut client = Client::root(server.addr, MODERN);
        client.start(&vec![3; size]);
        // Said behind the first header: of a large message no more is read.
        client.expect_from(1);
        assert_eq!(client.reply().code(), 1153);
        assert!(client.is_closed());
    }
    let mut client = Client::root(server.addr, MODERN);
    let mut fits = b"\x03length '".to_vec();
    fits.resize((1 << 20) - 1, b'x');
    fits.push(b'\'');
    assert_eq!(client.command(&fits).text().len(), 1);
}

#[test]
fn packets_out_of_order_end_the_connection() {
    let server = Server::start();
    for bytes in [packet(1, b"\x03one"), packet(255, b"\x03one"), {
        let mut bytes = packet(0, &vec![3; FULL]);
        bytes.extend(packet(2, b"one"));
        bytes
    }] {
        let mut client = Client::root(server.addr, MODERN);
        client.stream.write_all(&bytes).unwrap();
        let mut header = [0; 4];
        client.stream.read_exact(&mut header).unwrap();
        let mut error = vec![0; header[0].into()];
        client.stream.read_exact(&mut error).unwrap();
        assert_eq!(error[..3], [0xff, 0x84, 0x04]);
        assert!(client.is_closed());
    }
}

#[test]
fn a_client_that_stops_inside_a_packet_is_left() {
    let server = Server::start();
    let mut client = Client::connect(server.addr);
    let config = Config::default();
    assert_eq!(config.connect_timeout_second, 10);
    // Three bytes of a header, then nothing but an end.
    client.stream.write_all(&[1, 0, 0]).unwrap();
    drop(client);
    let gone = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        server.sessions.list().is_empty()
    });
    assert!(gone);
}
