//! Several statements in one text.

use super::client::*;
use super::echo::Server;

/// SERVER_MORE_RESULTS_EXISTS.
const MORE: u16 = 8;

#[test]
fn results_come_in_order_and_each_but_the_last_says_more() {
    let server = Server::start();
    for eof in [DEPRECATE_EOF, 0] {
        let mut client = Client::root(
            server.addr,
            (MODERN & !DEPRECATE_EOF) | eof | MULTI_STATEMENTS,
        );
        let first = client.query("one; done; begin; empty; cells");
        assert_eq!((first.text().len(), first.status()), (1, 2 | MORE));
        assert_eq!(client.reply().status(), 2 | MORE);
        assert_eq!(client.reply().status(), 3 | MORE);
        let empty = client.reply();
        assert_eq!((empty.text().len(), empty.status()), (0, 3 | MORE));
        assert_eq!(client.reply().status(), 3);
        assert_eq!(client.query("one;").text(), [[Some("1".to_owned())]]);
    }
}

#[test]
fn the_first_error_is_the_last_answer() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN | MULTI_STATEMENTS);
    assert_eq!(client.query("one; fail; done").status(), 2 | MORE);
    assert_eq!(client.reply().code(), 5804);
    let late = client.query("late 3; done");
    assert_eq!(late.code(), 5804);
    assert_eq!(client.query("one").text().len(), 1);
    assert_eq!(*server.log.lock(), ["one", "fail", "late 3", "one"]);
}

#[test]
fn without_agreement_a_second_statement_is_a_syntax_error() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    let refused = client.query("one;\n  done");
    let Reply::Err { code, message, .. } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(code, 1064);
    assert!(message.contains("line 2, column 3"), "{message}");
    assert!(server.log.lock().is_empty());
    client.start(&[27, 0, 0]);
    client.read().unwrap();
    assert_eq!(client.query("one; done").status(), 2 | MORE);
    assert_eq!(client.reply().status(), 2);
    client.start(&[27, 1, 0]);
    client.read().unwrap();
    assert_eq!(client.query("one; done").code(), 1064);
    assert_eq!(client.command(b"\x16one; done").code(), 1064);
}
