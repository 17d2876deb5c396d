//! Who is let in, and who is not.

use super::*;

fn met(node: &Proofs, token: &str) -> Option<Session> {
    let greeting = Greeting::new(token.into());
    let answer = node.hello(&greeting.ask())?;
    greeting.met(&answer)
}

fn head<'a>(path: &'a str, headers: &[(&'a str, &'a [u8])]) -> Head<'a> {
    Head {
        method: "POST",
        path,
        headers: headers.to_vec(),
    }
}

#[test]
fn who_knows_the_token_is_let_in_once_with_each_proof_and_for_that_call_only() {
    let node = Proofs::new("secret");
    let session = met(&node, "secret").expect("the same token");
    let call = head("/api/internal/publish", &[("authorization", b"Basic x")]);
    let proof = session.prove(&call);
    for other in [
        head("/api/internal/drop", &[("authorization", b"Basic x")]),
        head("/api/internal/publish", &[("authorization", b"Basic y")]),
        head("/api/internal/publish", &[]),
        head(
            "/api/internal/publish",
            &[("authorization", b"Basic x"), ("x-quorate-frontend", b"1")],
        ),
    ] {
        assert_eq!(
            node.admit(Some(proof.as_bytes()), &other),
            Err(Refusal::Stranger)
        );
    }
    assert_eq!(node.admit(Some(proof.as_bytes()), &call), Ok(()));
    assert_eq!(
        node.admit(Some(proof.as_bytes()), &call),
        Err(Refusal::Again)
    );
    let plain = head("/api/internal/publish", &[("accept", b"*/*")]);
    let proof = session.prove(&plain);
    let bare = head("/api/internal/publish", &[]);
    assert_eq!(node.admit(Some(proof.as_bytes()), &bare), Ok(()));
}

#[test]
fn who_does_not_know_the_token_is_neither_met_nor_let_in() {
    let node = Proofs::new("secret");
    assert!(met(&node, "other").is_none());
    let call = head("/x", &[]);
    for proof in [
        None,
        Some(&b""[..]),
        Some(b"secret"),
        Some(b"00.00.0.00"),
        Some(b"\xff"),
    ] {
        assert_eq!(node.admit(proof, &call), Err(Refusal::Stranger));
    }
    // Somebody who heard a hello, and guesses the token.
    let greeting = Greeting::new("secret".into());
    let answer = node.hello(&greeting.ask()).expect("a hello");
    let ticket = unhex(&answer.ticket).expect("a ticket");
    let forged = Session {
        key: session_key("guess", &greeting.nonce, &ticket),
        nonce: greeting.nonce,
        ticket,
        count: AtomicU64::new(0),
    };
    let proof = forged.prove(&call);
    assert_eq!(
        node.admit(Some(proof.as_bytes()), &call),
        Err(Refusal::Stranger)
    );
    let again = Proofs::new("secret");
    let session = met(&node, "secret").expect("the same token");
    let proof = session.prove(&call);
    assert_eq!(
        again.admit(Some(proof.as_bytes()), &call),
        Err(Refusal::Again)
    );
}

#[test]
fn counts_come_in_any_order_within_the_window_and_none_twice() {
    let mut window = Window::default();
    assert!(window.take(5) && window.take(3) && window.take(4) && window.take(0));
    assert!(!window.take(5) && !window.take(3) && !window.take(0));
    assert!(window.take(5 + WINDOW) && !window.take(5) && window.take(6) && !window.take(6));
    assert!(window.take(1 << 40) && !window.take(6 + WINDOW) && window.take((1 << 40) - 1));
}

#[test]
fn a_caller_that_is_forgotten_says_hello_again_and_nothing_of_it_counts_twice() {
    let node = Proofs::new("secret");
    let call = head("/x", &[]);
    let first = met(&node, "secret").expect("a hello");
    let proof = first.prove(&call);
    assert_eq!(node.admit(Some(proof.as_bytes()), &call), Ok(()));
    for _ in 0..SESSIONS_MAX {
        let other = met(&node, "secret").expect("a hello");
        let other = other.prove(&call);
        assert_eq!(node.admit(Some(other.as_bytes()), &call), Ok(()));
    }
    assert_eq!(node.sessions.lock().seen.len(), SESSIONS_MAX);
    assert_eq!(
        node.admit(Some(proof.as_bytes()), &call),
        Err(Refusal::Again)
    );
}
