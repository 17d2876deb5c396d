//! Prepared statements: parameters of each type, and each way in which COM_STMT_EXECUTE can be wrong.

use quorate::config::Config;

use super::client::*;
use super::echo::Server;
use super::login::{execute, prepare_one};

pub fn prepare(client: &mut Client, text: &str) -> u32 {
    try_prepare(client, text).unwrap()
}

/// The statement's id, or the error.
pub fn try_prepare(client: &mut Client, text: &str) -> Result<u32, Reply> {
    client.start(&[b"\x16", text.as_bytes()].concat());
    let ok = client.read().unwrap();
    if ok[0] != 0 {
        return Err(client.simple(&ok));
    }
    let number = |at: usize| usize::from(u16::from_le_bytes([ok[at], ok[at + 1]]));
    let (columns, params) = (number(5), number(7));
    for definition in client.definitions(params) {
        assert!(definition.starts_with(b"\x03def\0\0\0\x01?\0\x0c\x3f\0"));
    }
    client.definitions(columns);
    Ok(u32::from_le_bytes(ok[1..5].try_into().unwrap()))
}

/// The only value of a binary row of one text.
fn said(reply: Reply) -> String {
    let Reply::Rows { rows, .. } = reply else {
        panic!("{reply:?}")
    };
    let (length, used) = lenenc(&rows[0][2..]);
    String::from_utf8(rows[0][2 + used..2 + used + length].to_vec()).unwrap()
}

#[test]
fn parameters_arrive_with_their_types() {
    let server = Server::start();
    for capabilities in [MODERN, MODERN & !DEPRECATE_EOF] {
        let mut client = Client::root(server.addr, capabilities);
        let cases: &[(&[u8], &[u8], &str)] = &[
            (&[1, 0], &[0xff], "Number(\"-1\")"),
            (&[1, 0x80], &[0xff], "Number(\"255\")"),
            (&[2, 0], &[0, 0x80], "Number(\"-32768\")"),
            (&[3, 0x80], &[0xff; 4], "Number(\"4294967295\")"),
            (&[8, 0], &[0xff; 8], "Number(\"-1\")"),
            (&[8, 0x80], &[0xff; 8], "Number(\"18446744073709551615\")"),
            (&[5, 0], &5.0_f64.to_le_bytes(), "Number(\"5\")"),
            (&[5, 0], &2.5_f64.to_le_bytes(), "Number(\"2.5e0\")"),
            (&[5, 0], &1e300_f64.to_le_bytes(), "Number(\"1e300\")"),
            (&[4, 0], &0.5_f32.to_le_bytes(), "Number(\"5e-1\")"),
            (&[5, 0], &f64::NAN.to_le_bytes(), "Null"),
            (&[6, 0], &[], "Null"),
            (&[253, 0], b"\x03a'b", "Text(\"a'b\")"),
            (&[252, 0], b"\x02\xff\x00", "Bytes([255, 0])"),
            (&[246, 0], b"\x05-1.25", "Number(\"-1.25\")"),
            (&[246, 0], b"\x041;--", "Text(\"1;--\")"),
            (&[10, 0], &[4, 0xdd, 7, 1, 2], "Text(\"2013-01-02\")"),
            (
                &[12, 0],
                &[11, 0xdd, 7, 1, 2, 3, 4, 5, 6, 0, 0, 0],
                "Text(\"2013-01-02 03:04:05.000006\")",
            ),
            (
                &[11, 0],
                &[8, 1, 1, 0, 0, 0, 2, 3, 4],
                "Text(\"-26:03:04\")",
            ),
        ];
        let id = prepare(&mut client, "params ?");
        for (kind, value, expected) in cases {
            let body = [&[0, 1], *kind, value].concat();
            let reply = client.command(&execute(id, &body));
            assert_eq!(said(reply), format!("[{expected}]"));
        }
        // The types of the last time stand.
        let again = client.command(&execute(id, &[0, 0, 0]));
        assert_eq!(said(again), "[Text(\"00:00:00\")]");
    }
}

#[test]
fn each_malformed_execution_is_an_error_and_nothing_more() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    let id = prepare(&mut client, "params ?, ?, ?");
    let malformed: &[&[u8]] = &[
        // No bitmap; no flag behind it; types never sent; no types; half of the types.
        &[],
        &[0],
        &[0, 0],
        &[0, 1],
        &[0, 1, 3, 0, 3],
        // A type that does not exist; a flag that is neither 0 nor 1.
        &[0, 1, 3, 0, 3, 0, 0x77, 0],
        &[0, 2, 3, 0, 3, 0, 3, 0],
        // Values that are cut off: a number, a text, a length, a date, a time.
        &[0, 1, 3, 0, 3, 0, 3, 0, 1, 0, 0, 0, 1],
        &[6, 1, 253, 0, 3, 0, 3, 0, 200, b'x'],
        &[
            6, 1, 253, 0, 3, 0, 3, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        ],
        &[6, 1, 12, 0, 3, 0, 3, 0, 3, 1, 2, 3],
        &[6, 1, 12, 0, 3, 0, 3, 0, 5, 1, 2, 3, 4, 5],
        &[6, 1, 11, 0, 3, 0, 3, 0, 9, 1, 0, 0, 0, 0, 1, 1, 1, 1],
    ];
    for body in malformed {
        assert_eq!(client.command(&execute(id, body)).code(), 1210, "{body:?}");
    }
    // Without the number of iterations, and without an id.
    assert_eq!(client.command(&execute(id, &[])[..7]).code(), 1210);
    assert_eq!(client.command(&[23, 1]).code(), 1243);
    assert_eq!(client.command(&execute(77, &[0])).code(), 1243);
    let good = [6, 1, 3, 0, 3, 0, 3, 0, 9, 0, 0, 0];
    let reply = client.command(&execute(id, &good));
    assert_eq!(said(reply), "[Number(\"9\"), Null, Null]");
}

#[test]
fn long_data_is_gathered_bounded_and_forgotten() {
    let config = Config {
        max_allowed_packet: 1 << 20,
        ..Config::default()
    };
    let server = Server::with(config, None, None);
    let mut client = Client::root(server.addr, MODERN);
    let id = prepare(&mut client, "params ?, ?");
    let long = |param: u16, data: &[u8]| {
        let mut body = vec![24];
        body.extend(id.to_le_bytes());
        body.extend(param.to_le_bytes());
        body.extend(data);
        body
    };
    let run = execute(id, &[2, 1, 252, 0, 3, 0]);
    client.start(&long(0, b"ab"));
    client.start(&long(0, b"cd"));
    assert_eq!(said(client.command(&run)), "[Text(\"abcd\"), Null]");
    // Gone after the execution: now the value must be in the packet.
    assert_eq!(client.command(&run).code(), 1210);
    client.start(&long(0, b"ab"));
    assert_eq!(client.command(&[26, id as u8, 0, 0, 0]).status(), 2);
    assert_eq!(client.command(&run).code(), 1210);
    client.start(&long(2, b"ab"));
    assert_eq!(client.command(&run).code(), 1210);
    for _ in 0..3 {
        client.start(&long(0, &vec![b'x'; 400 << 10]));
    }
    assert_eq!(client.command(&run).code(), 1153);
    client.start(&long(0, b"ab"));
    assert_eq!(said(client.command(&run)), "[Text(\"ab\"), Null]");
}

#[test]
fn closed_statements_are_gone_and_their_close_has_no_answer() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    let id = prepare_one(&mut client);
    let close = |id: u32| [&[25], &id.to_le_bytes()[..]].concat();
    // As clients do: the close and the next command in one write.
    let both = [packet(0, &close(id)), packet(0, b"\x03one")].concat();
    std::io::Write::write_all(&mut client.stream, &both).unwrap();
    client.expect_from(1);
    assert_eq!(client.reply().text().len(), 1);
    assert_eq!(client.command(&execute(id, &[])).code(), 1243);
    client.start(&close(99));
    assert_eq!(client.query("one").text().len(), 1);
}

#[test]
fn a_connection_has_so_many_prepared_statements() {
    let config = Config {
        max_prepared_stmt_count: 2,
        ..Config::default()
    };
    let server = Server::with(config, None, None);
    let mut client = Client::root(server.addr, MODERN);
    let first = prepare_one(&mut client);
    prepare_one(&mut client);
    assert_eq!(client.command(b"\x16one").code(), 1461);
    client.start(&[&[25], &first.to_le_bytes()[..]].concat());
    prepare_one(&mut client);
}

#[test]
fn as_many_parameters_as_the_protocol_can_count() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    let id = prepare(
        &mut client,
        &format!("params {}", vec!["?"; 65_535].join(",")),
    );
    let mut body = vec![0xff; 65_535_usize.div_ceil(8)];
    body.push(1);
    body.extend([3, 0].repeat(65_535));
    assert!(said(client.command(&execute(id, &body))).starts_with("[Null, Null,"));
    let text = format!("\x16params {}", vec!["?"; 65_536].join(","));
    assert_eq!(client.command(text.as_bytes()).code(), 1390);
}

#[test]
fn a_statement_that_is_wrong_is_refused_when_it_is_prepared() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    assert_eq!(client.command(b"\x16").code(), 1065);
    assert_eq!(client.command(b"\x16'open").code(), 1064);
    assert_eq!(client.command(b"\x16fail").code(), 5804);
}
