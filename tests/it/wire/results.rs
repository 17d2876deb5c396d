//! Answers: status, warnings, errors, result sets in both dialects, and each command byte.

use super::client::*;
use super::echo::Server;
use super::login::{execute, prepare_one};

#[test]
fn ok_carries_rows_status_and_warnings() {
    let server = Server::start();
    for capabilities in [MODERN, MODERN & !DEPRECATE_EOF] {
        let mut client = Client::root(server.addr, capabilities);
        let ok = |affected, status, warnings| Reply::Ok {
            affected,
            status,
            warnings,
        };
        assert_eq!(client.query("done"), ok(3, 2, 0));
        assert_eq!(client.query("warned"), ok(300, 2, 2));
        assert_eq!(client.query("begin"), ok(3, 3, 0));
        assert_eq!(client.query("one").status(), 3);
        assert_eq!(client.command(b"\x0e"), ok(0, 3, 0));
        assert_eq!(client.query("commit"), ok(3, 2, 0));
        assert_eq!(client.query("manual"), ok(3, 0, 0));
        assert_eq!(client.command(b"\x1f"), ok(0, 2, 0));
    }
}

#[test]
fn errors_carry_any_code_and_leave_the_connection_usable() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    let expected = Reply::Err {
        code: 5804,
        state: "HY000".into(),
        message: "tablet 10005: got 1, needed 2".into(),
    };
    assert_eq!(client.query("fail"), expected);
    assert_eq!(client.command(b"\x16fail"), expected);
    assert_eq!(client.query(" -- nothing\n").code(), 1065);
    assert_eq!(client.query("").code(), 1065);
    assert_eq!(client.query("'open").code(), 1064);
    assert_eq!(client.command(b"\x03\xff\xfe").code(), 1300);
    assert_eq!(client.command(b"\x16\xff\xfe").code(), 1300);
    assert_eq!(client.query("one").text(), [[Some("1".to_owned())]]);
}

#[test]
fn a_result_set_that_fails_ends_with_the_error() {
    let server = Server::start();
    for capabilities in [MODERN, MODERN & !DEPRECATE_EOF] {
        let mut client = Client::root(server.addr, capabilities);
        let Reply::Rows { rows, end, .. } = client.query("late 1000") else {
            panic!("no rows")
        };
        assert_eq!((rows.len(), end.code()), (1000, 5804));
        assert_eq!(client.query("one").text().len(), 1);
    }
}

#[test]
fn an_empty_result_set_is_a_result_set() {
    let server = Server::start();
    for capabilities in [MODERN, MODERN & !DEPRECATE_EOF] {
        let mut client = Client::root(server.addr, capabilities);
        let Reply::Rows { columns, rows, end } = client.query("empty") else {
            panic!("no rows")
        };
        assert_eq!((columns.len(), rows.len(), end.status()), (1, 0, 2));
    }
}

#[test]
fn many_rows_arrive_in_order() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    let rows = client.query("rows 200000").text();
    assert_eq!(rows.len(), 200_000);
    assert!(
        rows.iter()
            .enumerate()
            .all(|(n, row)| row[0].as_deref() == Some(n.to_string().as_str()))
    );
}

#[test]
fn administration_cells_print_as_their_columns_say() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        client.query("cells").text(),
        [
            [some("10005"), some("N/A"), some("784.000 B"), some("true")],
            [None, some("N/A"), None, None],
        ]
    );
}

#[test]
fn statements_that_the_library_would_answer_reach_the_service() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    let said = client.query("SELECT @@max_allowed_packet").text();
    assert_eq!(said, [[Some("SELECT @@max_allowed_packet".to_owned())]]);
    assert!(matches!(
        client.query("USE d"),
        Reply::Ok { affected: 3, .. }
    ));
}

#[test]
fn columns_are_described_whole() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    let Reply::Rows { columns, .. } = client.query("one") else {
        panic!("no rows")
    };
    assert_eq!(
        columns[0],
        b"\x03def\x01d\x01t\x01t\x01n\x01n\x0c\x3f\x00\x14\x00\x00\x00\x08\x80\x00\x00\x00\x00"
    );
}

#[test]
fn each_command_byte_is_answered_or_said_to_be_unknown() {
    let server = Server::start();
    let id = Client::connect(server.addr).greeting.id;
    for byte in 0..=255_u8 {
        let mut client = Client::root(server.addr, MODERN);
        client.start(&[byte]);
        match byte {
            1 => assert!(client.is_closed()),
            2 => assert_eq!(client.reply().code(), 1049),
            3 | 22 => assert_eq!(client.reply().code(), 1065),
            4 => assert_eq!(client.reply().code(), 1146),
            9 => assert_eq!(client.read().unwrap(), b"Uptime: 1"),
            12 => assert_eq!(client.reply().code(), 1094),
            14 | 31 => assert_eq!(client.reply().status(), 2),
            17 => {
                assert_eq!(client.reply().code(), 1043);
                assert!(client.is_closed());
            }
            23 | 26 => assert_eq!(client.reply().code(), 1243),
            // No answer: the next command has one.
            24 | 25 => {}
            28 => assert_eq!(client.reply().code(), 1243),
            _ => assert_eq!(client.reply().code(), 1047, "{byte}"),
        }
        if !matches!(byte, 1 | 17) {
            assert_eq!(client.command(b"\x0e").status(), 2, "{byte}");
        }
    }
    let mut client = Client::root(server.addr, MODERN);
    assert!(client.greeting.id > id);
    assert_eq!(client.command(b"").code(), 1047);
}

#[test]
fn fields_and_options_end_with_eof_for_every_client() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    client.start(b"\x04t\0%");
    let field = client.read().unwrap();
    assert_eq!((&field[..4], field.last()), (&b"\x03def"[..], Some(&0xfb)));
    let eof = [0xfe, 0, 0, 2, 0];
    assert_eq!(client.read().unwrap(), eof);
    for option in [0, 1] {
        client.start(&[27, option, 0]);
        assert_eq!(client.read().unwrap(), eof);
    }
    assert_eq!(client.command(&[27, 2, 0]).code(), 1047);
}

#[test]
fn a_reset_forgets_all_but_user_and_database() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    assert_eq!(client.command(b"\x02d").status(), 2);
    assert_eq!(client.query("begin").status(), 3);
    let id = prepare_one(&mut client);
    let Reply::Rows { rows, .. } = client.command(&execute(id, &[])) else {
        panic!("no rows")
    };
    assert_eq!(rows, [b"\0\0\x01\0\0\0\0\0\0\0"]);
    assert_eq!(client.command(b"\x1f").status(), 2);
    assert_eq!(client.command(&execute(id, &[])).code(), 1243);
    let listed = &server.sessions.list()[0];
    assert_eq!(
        (listed.user.as_deref(), listed.db.as_deref()),
        (Some("root"), Some("d"))
    );
}

#[test]
fn a_panic_ends_its_own_connection_only() {
    let server = Server::start();
    let mut bystander = Client::root(server.addr, MODERN);
    let mut client = Client::root(server.addr, MODERN);
    client.start(b"\x03panic");
    assert!(client.is_closed());
    assert_eq!(bystander.query("one").text().len(), 1);
    assert_eq!(
        Client::root(server.addr, MODERN).query("one").text().len(),
        1
    );
}
