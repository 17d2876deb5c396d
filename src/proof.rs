//! How nodes of a cluster show each other that they know its token, without sending it.
//!
//! A caller that is new to a node says hello with a number that nobody has used; the node answers with one of its own and proves by
//! both that it knows the token. Only then does the caller make calls, each with a proof over both numbers, a count that never comes
//! twice, and the head of the request: method, path, the user on whose behalf it is made, and every header of ours. Who is not of
//! the cluster sees proofs that are of no use elsewhere, later, or for another call.
//!
//! What this does not do: connections are not encrypted, and bodies and answers carry no proof; who sits between two nodes can read
//! and change those. A node keeps nothing for a stranger that says hello.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, Mac};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// The header that carries a proof.
pub const PROOF_HEADER: &str = "x-quorate-proof";
/// The header by which a node that was started again asks a caller to say hello again.
pub const AGAIN_HEADER: &str = "x-quorate-hello";
/// The path of a hello.
pub const HELLO_PATH: &str = "/api/internal/hello";
/// What the names of our headers begin with: their values are proven.
const OURS: &str = "x-quorate-";

/// Callers that a node remembers; the one that came first has to say hello again when there are more.
const SESSIONS_MAX: usize = 4096;
/// How far counts may be out of order; calls run at once.
const WINDOW: u64 = 8192;

type Nonce = [u8; 16];
/// A node's number: its order, a random part, and a proof that this process made it.
type Ticket = [u8; 40];
type Key = [u8; 32];

/// A hello.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The caller's number, in hexadecimal digits.
    pub nonce: String,
}

/// The answer to a hello.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The node's number.
    pub ticket: String,
    /// That it knows the token.
    pub proof: String,
}

/// The head of a request, as both sides see it.
#[derive(Debug)]
pub struct Head<'a> {
    /// Method, in capital letters.
    pub method: &'a str,
    /// Path with query.
    pub path: &'a str,
    /// Names in small letters, with values.
    pub headers: Vec<(&'a str, &'a [u8])>,
}

/// A caller's first words to a node.
#[derive(Debug)]
pub struct Greeting {
    token: Arc<str>,
    nonce: Nonce,
}

impl Greeting {
    /// A new one.
    pub fn new(token: Arc<str>) -> Greeting {
        let nonce = rand::random();
        Greeting { token, nonce }
    }

    /// What is sent.
    pub fn ask(&self) -> Ask {
        Ask {
            nonce: hex(&self.nonce),
        }
    }

    /// What the node has answered lets calls be made; `None` where it does not know the token.
    pub fn met(self, answer: &Answer) -> Option<Session> {
        let ticket: Ticket = unhex(&answer.ticket)?;
        let proof = unhex::<32>(&answer.proof)?;
        let mac = keyed(self.token.as_bytes(), &[NODE, &self.nonce, &ticket]);
        mac.verify_slice(&proof).ok()?;
        Some(Session {
            nonce: self.nonce,
            ticket,
            key: session_key(&self.token, &self.nonce, &ticket),
            count: AtomicU64::new(0),
        })
    }
}

/// What a caller keeps of a node that has proven itself.
#[derive(Debug)]
pub struct Session {
    nonce: Nonce,
    ticket: Ticket,
    key: Key,
    count: AtomicU64,
}

impl Session {
    /// The proof of one call.
    pub fn prove(&self, head: &Head<'_>) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mac = over(&self.key, count, head).finalize().into_bytes();
        let (nonce, ticket, mac) = (hex(&self.nonce), hex(&self.ticket), hex(&mac));
        format!("{nonce}.{ticket}.{count}.{mac}")
    }
}

/// Why a call is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It carries no proof, or a wrong one.
    Stranger,
    /// It belongs to a hello that is not known any more; its sender may say hello again.
    Again,
}

/// The node's side: answers hellos, and checks proofs.
#[derive(Debug)]
pub struct Proofs {
    token: Arc<str>,
    /// Of this process: proves that a ticket was made here.
    own: Key,
    next: AtomicU64,
    sessions: Mutex<Sessions>,
}

/// Callers that have proven themselves, by the order of their hellos.
#[derive(Debug, Default)]
struct Sessions {
    seen: BTreeMap<u64, Window>,
    /// Hellos before this one are forgotten.
    from: u64,
}

impl Proofs {
    /// A node that knows `token`.
    pub fn new(token: &str) -> Proofs {
        Proofs {
            token: token.into(),
            own: rand::random(),
            next: AtomicU64::new(1),
            sessions: Mutex::default(),
        }
    }

    /// Answers a hello; `None` when it is none. Keeps nothing of it.
    pub fn hello(&self, ask: &Ask) -> Option<Answer> {
        let nonce: Nonce = unhex(&ask.nonce)?;
        let order = self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let random: [u8; 16] = rand::random();
        let made = self.made(&nonce, &order, &random).finalize().into_bytes();
        let mut ticket: Ticket = [0; 40];
        let parts = order.iter().chain(&random).chain(&made);
        ticket
            .iter_mut()
            .zip(parts)
            .for_each(|(to, from)| *to = *from);
        let proof = keyed(self.token.as_bytes(), &[NODE, &nonce, &ticket]);
        Some(Answer {
            ticket: hex(&ticket),
            proof: hex(&proof.finalize().into_bytes()),
        })
    }

    fn made(&self, nonce: &Nonce, order: &[u8], random: &[u8]) -> Hmac<Sha256> {
        keyed(&self.own, &[b"quorate ticket", nonce, order, random])
    }

    /// Checks the proof of a call. The same one is let in once.
    ///
    /// # Errors
    /// Why it is not let in.
    pub fn admit(&self, proof: Option<&[u8]>, head: &Head<'_>) -> Result<(), Refusal> {
        let told = proof.and_then(Told::read).ok_or(Refusal::Stranger)?;
        let (order, rest) = told.ticket.split_at(8);
        let (random, made) = rest.split_at(16);
        let expected = self.made(&told.nonce, order, random);
        if expected.verify_truncated_left(made).is_err() {
            return Err(Refusal::Again);
        }
        let key = session_key(&self.token, &told.nonce, &told.ticket);
        let right = over(&key, told.count, head).verify_slice(&told.mac);
        right.map_err(|_| Refusal::Stranger)?;
        let order = order.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
        self.sessions.lock().take(order, told.count)
    }
}

/// A proof, read.
struct Told {
    nonce: Nonce,
    ticket: Ticket,
    count: u64,
    mac: [u8; 32],
}

impl Told {
    fn read(proof: &[u8]) -> Option<Told> {
        let mut parts = std::str::from_utf8(proof).ok()?.split('.');
        let told = Told {
            nonce: unhex(parts.next()?)?,
            ticket: unhex(parts.next()?)?,
            count: parts.next()?.parse().ok()?,
            mac: unhex(parts.next()?)?,
        };
        parts.next().is_none().then_some(told)
    }
}

impl Sessions {
    fn take(&mut self, order: u64, count: u64) -> Result<(), Refusal> {
        if order < self.from {
            return Err(Refusal::Again);
        }
        let fresh = self.seen.entry(order).or_default().take(count);
        while self.seen.len() > SESSIONS_MAX {
            // What was seen of it is forgotten, so nothing of it may come again.
            if let Some((oldest, _)) = self.seen.pop_first() {
                self.from = oldest.saturating_add(1);
            }
        }
        fresh.then_some(()).ok_or(Refusal::Again)
    }
}

/// The counts that came, as far back as they may be out of order.
#[derive(Debug, Default)]
struct Window {
    /// One more than the largest.
    end: u64,
    /// A bit a count, at its place modulo [`WINDOW`]; empty until it is needed.
    bits: Vec<u64>,
}

impl Window {
    /// Whether a count has not come before. One that is too far back may have.
    fn take(&mut self, count: u64) -> bool {
        self.bits.resize((WINDOW / 64) as usize, 0);
        if count >= self.end {
            let passed = (count - self.end).min(WINDOW);
            for place in 0..passed {
                self.set(self.end + place, false);
            }
            self.end = count.saturating_add(1);
            self.set(count, true);
            return count < u64::MAX;
        }
        let fresh = self.end - count <= WINDOW && !self.is_set(count);
        if fresh {
            self.set(count, true);
        }
        fresh
    }

    fn is_set(&self, count: u64) -> bool {
        let word = self.bits.get((count % WINDOW / 64) as usize);
        word.is_none_or(|word| word >> (count % 64) & 1 == 1)
    }

    fn set(&mut self, count: u64, on: bool) {
        if let Some(word) = self.bits.get_mut((count % WINDOW / 64) as usize) {
            let bit = 1 << (count % 64);
            *word = if on { *word | bit } else { *word & !bit };
        }
    }
}

const NODE: &[u8] = b"quorate node";

fn session_key(token: &str, nonce: &Nonce, ticket: &Ticket) -> Key {
    let mac = keyed(token.as_bytes(), &[b"quorate session", nonce, ticket]);
    mac.finalize().into_bytes().into()
}

/// The proof over the head of a request.
fn over(key: &Key, count: u64, head: &Head<'_>) -> Hmac<Sha256> {
    let covered =
        |name: &str| name == "authorization" || (name.starts_with(OURS) && name != PROOF_HEADER);
    let headers = head.headers.iter().filter(|(name, _)| covered(name));
    let mut headers: Vec<_> = headers.copied().collect();
    headers.sort_unstable();
    let count = count.to_be_bytes();
    let mut parts = vec![&count[..], head.method.as_bytes(), head.path.as_bytes()];
    for (name, value) in &headers {
        parts.extend([name.as_bytes(), *value]);
    }
    keyed(key, &parts)
}

/// Each part goes with its length, so that no two lists of parts are the same text.
fn keyed(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac,
        // A key of any length will do.
        Err(never) => unreachable!("{never}"),
    };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |of: &u8| {
            char::from(*of)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        let [high, low] = pair else { return None };
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
