//! Greeting, log-in by each plugin, refusals, COM_CHANGE_USER.

use quorate::config::Config;

use super::client::*;
use super::echo::{PASSWORD, Server};

#[test]
fn the_greeting_tells_what_is_spoken() {
    let server = Server::start();
    let (one, two) = (Client::connect(server.addr), Client::connect(server.addr));
    let greeting = &one.greeting;
    assert!(greeting.version.starts_with("8.0.33"));
    assert_eq!((greeting.charset, greeting.status), (45, 2));
    assert_eq!(greeting.plugin, SHA2);
    for bit in [
        LONG_PASSWORD,
        CONNECT_WITH_DB,
        PROTOCOL_41,
        SECURE_CONNECTION,
        MULTI_STATEMENTS,
        PLUGIN_AUTH,
        DEPRECATE_EOF,
    ] {
        assert_ne!(greeting.capabilities & bit, 0, "{bit:x}");
    }
    assert_eq!(greeting.capabilities & (SESSION_TRACK | SSL), 0);
    assert_ne!(greeting.salt, two.greeting.salt);
    assert_ne!(greeting.id, two.greeting.id);
    assert!(!greeting.salt.contains(&0) && !greeting.salt.contains(&b'$'));
}

#[test]
fn each_plugin_logs_in_and_others_are_switched() {
    let server = Server::start();
    for plugin in [SHA2, NATIVE, "mysql_clear_password", "client_ed25519"] {
        let mut client = Client::connect(server.addr);
        let reply = client.log_in("ann", PASSWORD, Some("d"), plugin, MODERN);
        assert_eq!(reply.status(), 2, "{plugin}");
        assert_eq!(client.query("one").text(), [[Some("1".to_owned())]]);
    }
}

#[test]
fn the_fast_path_of_sha2_says_so_before_ok() {
    let server = Server::start();
    let mut client = Client::connect(server.addr);
    let response = client.response("ann", PASSWORD, None, SHA2, MODERN);
    client.send(&response).unwrap();
    assert_eq!(client.read().unwrap(), [1, 3]);
    assert_eq!(client.read().unwrap()[0], 0);

    let mut without = Client::connect(server.addr);
    let response = without.response("root", "", None, SHA2, MODERN);
    without.send(&response).unwrap();
    assert_eq!(without.read().unwrap()[0], 0);
}

#[test]
fn an_older_client_that_waits_for_its_challenge_gets_one() {
    let server = Server::start();
    let mut client = Client::connect(server.addr);
    let response = client.response("ann", "", None, NATIVE, MODERN);
    client.send(&response).unwrap();
    assert!(matches!(client.after_proof(PASSWORD), Reply::Ok { .. }));

    let mut ancient = Client::connect(server.addr);
    let capabilities = LONG_PASSWORD | PROTOCOL_41 | SECURE_CONNECTION;
    let reply = ancient.log_in("ann", PASSWORD, None, NATIVE, capabilities);
    assert!(matches!(reply, Reply::Ok { .. }), "{reply:?}");
}

#[test]
fn refusals_are_in_the_words_that_scripts_look_for() {
    let server = Server::start();
    let denied = |user: &str, password: &str, plugin: &str| {
        let mut client = Client::connect(server.addr);
        let reply = client.log_in(user, password, None, plugin, MODERN);
        assert!(client.is_closed());
        reply
    };
    let expected = |user: &str, using: &str| Reply::Err {
        code: 1045,
        state: "28000".into(),
        message: format!("Access denied for user '{user}'@'127.0.0.1' (using password: {using})"),
    };
    for plugin in [SHA2, NATIVE] {
        assert_eq!(denied("ann", "wrong", plugin), expected("ann", "YES"));
        assert_eq!(denied("ann", "", plugin), expected("ann", "NO"));
        assert_eq!(denied("nobody", "x", plugin), expected("nobody", "YES"));
        assert_eq!(denied("root", "x", plugin), expected("root", "YES"));
        assert_eq!(denied("", "", plugin), expected("", "NO"));
    }
    let mut client = Client::connect(server.addr);
    let reply = client.log_in("ann", PASSWORD, Some("nowhere"), SHA2, MODERN);
    assert_eq!(reply.code(), 1049);
}

#[test]
fn wrong_passwords_make_the_next_try_of_that_user_wait() {
    let server = Server::start();
    let guess = |user: &str, password: &str| {
        let mut client = Client::connect(server.addr);
        client.log_in(user, password, None, SHA2, MODERN)
    };
    let began = std::time::Instant::now();
    for _ in 0..4 {
        assert_eq!(guess("ann", "wrong").code(), 1045);
    }
    // 0.2 + 0.4 + 0.8 s
    assert!(began.elapsed() >= std::time::Duration::from_millis(1400));
    // Many at once wait as long, or are refused without a look at the password. Nobody else notices.
    let many: Vec<Reply> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..40)
            .map(|_| scope.spawn(|| guess("ann", "wrong")))
            .collect();
        let began = std::time::Instant::now();
        for _ in 0..5 {
            Client::root(server.addr, MODERN);
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(1));
        tries.into_iter().map(|of| of.join().unwrap()).collect()
    });
    let unseen = |reply: &&Reply| format!("{reply:?}").contains("too many wrong passwords");
    assert!(many.iter().all(|reply| reply.code() == 1045));
    assert!(many.iter().filter(unseen).count() >= 30);
}

#[test]
fn bits_that_were_not_offered_change_nothing() {
    let server = Server::start();
    let mut client = Client::connect(server.addr);
    let everything = MODERN | SESSION_TRACK | 0x0800_0000 | 0x2000_0000 | 0x20 | SSL;
    let reply = client.log_in("root", "", None, SHA2, everything);
    assert_eq!(reply.status(), 2);
    assert_eq!(
        client.query("warned"),
        Reply::Ok {
            affected: 300,
            status: 2,
            warnings: 2
        }
    );
}

#[test]
fn a_changed_user_is_proved_and_starts_anew() {
    let server = Server::start();
    let mut client = Client::root(server.addr, MODERN);
    assert_eq!(client.query("begin").status(), 3);
    let id = prepare_one(&mut client);
    let salt = client.greeting.salt.clone();
    let body = |user: &str, password: &str, plugin: &str, db: &str| {
        let token = token(plugin, password, &salt);
        let mut body = vec![17];
        body.extend(user.as_bytes());
        body.extend([0, token.len() as u8]);
        body.extend(token);
        body.extend(db.as_bytes());
        body.extend([0, 45, 0]);
        body.extend(plugin.as_bytes());
        body.push(0);
        body
    };
    for plugin in [SHA2, NATIVE, "client_ed25519"] {
        client.start(&body("ann", PASSWORD, plugin, "d"));
        assert_eq!(client.after_proof(PASSWORD).status(), 2, "{plugin}");
    }
    assert_eq!(server.sessions.list()[0].user.as_deref(), Some("ann"));
    assert_eq!(client.command(&execute(id, &[])).code(), 1243);

    client.start(&body("ann", "wrong", SHA2, ""));
    assert_eq!(client.after_proof("wrong").code(), 1045);
    assert!(client.is_closed());
}

pub fn prepare_one(client: &mut Client) -> u32 {
    client.start(b"\x16one");
    let ok = client.read().unwrap();
    assert_eq!(ok[0], 0);
    let columns = u16::from_le_bytes([ok[5], ok[6]]);
    client.definitions(columns.into());
    u32::from_le_bytes(ok[1..5].try_into().unwrap())
}

pub fn execute(id: u32, parameters: &[u8]) -> Vec<u8> {
    let mut body = vec![23];
    body.extend(id.to_le_bytes());
    body.extend([0, 1, 0, 0, 0]);
    body.extend(parameters);
    body
}

#[test]
fn the_last_connection_is_kept_for_root() {
    let config = Config {
        max_connections: 1,
        ..Config::default()
    };
    let server = Server::with(config, None, None);
    let first = Client::root(server.addr, MODERN);
    let mut second = Client::connect(server.addr);
    let reply = second.log_in("ann", PASSWORD, None, SHA2, MODERN);
    let Reply::Err { code, state, .. } = reply else {
        panic!("{reply:?}")
    };
    assert_eq!((code, state.as_str()), (1040, "08004"));
    let root = Client::root(server.addr, MODERN);
    let refused = std::panic::catch_unwind(|| Client::connect(server.addr));
    assert!(refused.is_err(), "greeted although full");
    drop((first, root));
}
