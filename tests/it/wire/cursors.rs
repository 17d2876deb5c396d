//! Cursors of COM_STMT_EXECUTE: rows in pieces, several at once, empty ones, closed ones, and what they hold.

use quorate::config::Config;

use super::client::*;
use super::echo::Server;
use super::executing::prepare;
use super::login::execute;
use super::protocol::Reply;

const CURSOR_EXISTS: u16 = 0x40;
const LAST_ROW_SENT: u16 = 0x80;

/// Executes statement `id` with a cursor; the status behind its columns.
fn open(client: &mut Client, id: u32) -> Result<u16, Reply> {
    let mut command = execute(id, &[]);
    command[5] = 1;
    client.start(&command);
    let first = client.read().unwrap();
    if matches!(first[0], 0 | 0xff) {
        return Err(client.simple(&first));
    }
    for _ in 0..first[0] {
        client.read().unwrap();
    }
    let end = client.read().unwrap();
    assert_eq!(end[0], 0xfe, "the only end of the definitions");
    match client.simple(&end) {
        Reply::Ok { status, .. } => Ok(status & (CURSOR_EXISTS | LAST_ROW_SENT)),
        other => Err(other),
    }
}

/// Fetches up to `count` rows: how many came, and the status behind them; or the error.
fn fetch(client: &mut Client, id: u32, count: u32) -> Result<(usize, u16), Reply> {
    client.start(&[&[28][..], &id.to_le_bytes(), &count.to_le_bytes()].concat());
    let mut rows = 0;
    loop {
        let packet = client.read().unwrap();
        if packet[0] == 0xff || (packet[0] == 0xfe && packet.len() < 9) {
            return match client.simple(&packet) {
                Reply::Ok { status, .. } => Ok((rows, status & (CURSOR_EXISTS | LAST_ROW_SENT))),
                error => Err(error),
            };
        }
        rows += 1;
    }
}

fn command(code: u8, id: u32) -> Vec<u8> {
    [&[code][..], &id.to_le_bytes()].concat()
}

#[test]
fn rows_come_in_pieces_and_the_last_says_so() {
    let server = Server::start();
    for capabilities in [MODERN, MODERN & !DEPRECATE_EOF] {
        let mut client = Client::root(server.addr, capabilities);
        let id = prepare(&mut client, "rows 7");
        assert_eq!(open(&mut client, id), Ok(CURSOR_EXISTS));
        assert_eq!(fetch(&mut client, id, 3), Ok((3, CURSOR_EXISTS)));
        assert_eq!(fetch(&mut client, id, 4), Ok((4, CURSOR_EXISTS)));
        assert_eq!(fetch(&mut client, id, 4), Ok((0, LAST_ROW_SENT)));
        assert_eq!(fetch(&mut client, id, 4).unwrap_err().code(), 1421);
        assert_eq!(fetch(&mut client, 99, 4).unwrap_err().code(), 1243);
        // An empty result, one that is none, and errors before and behind the first row.
        for (text, expected) in [("empty", 0), ("rows 5", 5)] {
            let id = prepare(&mut client, text);
            assert_eq!(open(&mut client, id), Ok(CURSOR_EXISTS), "{text}");
            assert_eq!(fetch(&mut client, id, 10), Ok((expected, LAST_ROW_SENT)));
        }
        let id = prepare(&mut client, "done");
        assert!(matches!(open(&mut client, id), Err(Reply::Ok { .. })));
        let id = prepare(&mut client, "late 0");
        assert_eq!(open(&mut client, id).unwrap_err().code(), 5804);
        let id = prepare(&mut client, "late 3");
        assert_eq!(open(&mut client, id), Ok(CURSOR_EXISTS));
        assert_eq!(fetch(&mut client, id, 2), Ok((2, CURSOR_EXISTS)));
        assert_eq!(fetch(&mut client, id, 2).unwrap_err().code(), 5804);
    }
}

#[test]
fn cursors_interleave_and_other_statements_go_between() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    let ids = ["rows 20000", "rows 30000"].map(|text| prepare(&mut client, text));
    for id in ids {
        assert_eq!(open(&mut client, id), Ok(CURSOR_EXISTS));
    }
    for _ in 0..19 {
        for id in ids {
            assert_eq!(fetch(&mut client, id, 1000), Ok((1000, CURSOR_EXISTS)));
        }
        assert_eq!(client.query("rows 2").code(), 0);
    }
    assert_eq!(fetch(&mut client, ids[0], 5000), Ok((1000, LAST_ROW_SENT)));
    assert_eq!(
        fetch(&mut client, ids[1], 50_000),
        Ok((11_000, LAST_ROW_SENT))
    );
    assert_eq!(server.memory.used(), held_by_statements(&server));
}

/// What two prepared statements hold, give or take nothing.
fn held_by_statements(server: &Server) -> u64 {
    let mut client = Client::root(server.addr, MODERN);
    let before = server.memory.used();
    for text in ["rows 20000", "rows 30000"] {
        prepare(&mut client, text);
    }
    server.memory.used() - before
}

#[test]
fn closing_and_executing_again_end_a_cursor() {
    let server = Server::holding(8 << 20, Config::default(), None, None);
    let mut client = Client::root(server.addr, MODERN);
    let id = prepare(&mut client, "endless");
    // RESET, again with a cursor, a connection's reset: each time what runs is given up.
    assert_eq!(open(&mut client, id), Ok(CURSOR_EXISTS));
    assert_eq!(fetch(&mut client, id, 9000), Ok((9000, CURSOR_EXISTS)));
    assert!(matches!(client.command(&command(26, id)), Reply::Ok { .. }));
    assert_eq!(fetch(&mut client, id, 1).unwrap_err().code(), 1421);
    assert_eq!(open(&mut client, id), Ok(CURSOR_EXISTS));
    assert_eq!(open(&mut client, id), Ok(CURSOR_EXISTS));
    assert_eq!(fetch(&mut client, id, 10), Ok((10, CURSOR_EXISTS)));
    // Another statement is closed while the cursor runs; then the cursor's own.
    let other = prepare(&mut client, "rows 1");
    assert_eq!(fetch(&mut client, id, 1).unwrap_err().code(), 1041);
    assert_eq!(open(&mut client, id), Ok(CURSOR_EXISTS));
    client.start(&command(25, other));
    assert_eq!(fetch(&mut client, id, 10), Ok((10, CURSOR_EXISTS)));
    client.start(&command(25, id));
    assert_eq!(fetch(&mut client, id, 1).unwrap_err().code(), 1243);
    let id = prepare(&mut client, "endless");
    assert_eq!(open(&mut client, id), Ok(CURSOR_EXISTS));
    assert!(matches!(client.command(&[31]), Reply::Ok { .. }));
    assert_eq!(client.query("rows 2").code(), 0);
}

#[test]
fn a_row_of_many_packets_is_kept_and_fetched_whole() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    let id = prepare(&mut client, "text 16777215");
    for parked in [false, true] {
        assert_eq!(open(&mut client, id), Ok(CURSOR_EXISTS));
        if parked {
            assert_eq!(client.query("rows 2").code(), 0);
        }
        client.start(&[&command(28, id)[..], &[1, 0, 0, 0]].concat());
        assert_eq!(client.read().unwrap().len(), 2 + 4 + 16_777_215);
        client.read().unwrap();
        assert_eq!(fetch(&mut client, id, 9), Ok((1, LAST_ROW_SENT)));
    }
}

#[test]
fn killing_reaches_a_cursor_that_is_fetched_and_silence_parks_one() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    client.query("brief");
    let id = prepare(&mut client, "rows 50000");
    assert_eq!(open(&mut client, id), Ok(CURSOR_EXISTS));
    let before = server.memory.used();
    std::thread::sleep(std::time::Duration::from_millis(1900));
    assert!(
        server.memory.used() > before + 50_000 * 8,
        "the rows are kept"
    );
    assert!(client.is_closed(), "by wait_timeout");
}
