//! Wrong passwords make the next try wait: of one user from one address, whichever listener it comes to.
//!
//! Owns the waits. Does not own what a right password is, nor what a client is told that had a wrong one. The same user from another
//! address never waits: nobody can lock others out.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::code::{Code, Failure};

/// The wait after the first wrong password; each further one doubles it.
const FIRST: Duration = Duration::from_millis(200);
/// Users at addresses that are remembered at once; the one whose last wrong password is oldest is forgotten for another.
const KNOWN_MAX: usize = 10_000;
/// Letters of a name that are remembered.
const NAME_MAX: usize = 64;
/// Wrong passwords are forgotten after this time without another.
const FORGOTTEN: Duration = Duration::from_secs(600);

/// A user's name, and where the password comes from.
type Guesser = (String, IpAddr);

/// The wrong passwords of a while. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Guesses(Arc<Mutex<Known>>);

/// What is decided by; knows no clock.
#[derive(Debug, Default)]
struct Known {
    tries: BTreeMap<Guesser, Tries>,
    /// The same by number of the last wrong password: the first is the oldest.
    order: BTreeMap<u64, Guesser>,
    last: u64,
}

#[derive(Debug)]
struct Tries {
    wrong: u32,
    number: u64,
    last: Instant,
    /// When the next password may be looked at.
    next: Instant,
}

/// A try that is refused without a look at its password: others of the same user and address wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// After this time it may be looked at.
    pub again: Duration,
}

impl TooMany {
    /// What the client is told.
    pub fn refusal(self, user: &str, address: impl fmt::Display) -> Failure {
        let seconds = self.again.as_secs().max(1);
        let message = format!(
            "Access denied for user '{user}'@'{address}': too many wrong passwords from there; try again in {seconds} s"
        );
        Failure::new(Code::ACCESS_DENIED, message)
    }
}

impl Guesses {
    /// Waits until the password of `user` from `address` may be looked at; `longest` is the longest wait after a wrong one.
    /// [`Guesses::right`] or [`Guesses::wrong`] must follow.
    ///
    /// # Errors
    /// Others of the same user and address wait already.
    pub async fn turn(
        &self,
        user: &str,
        address: IpAddr,
        longest: Duration,
    ) -> Result<(), TooMany> {
        let now = Instant::now();
        let at = self.0.lock().turn(&guesser(user, address), now, longest)?;
        if at > now {
            // Nothing is held meanwhile but the connection itself.
            tokio::time::sleep_until(at).await;
        }
        Ok(())
    }

    /// The password was wrong.
    pub fn wrong(&self, user: &str, address: IpAddr, longest: Duration) {
        let mut known = self.0.lock();
        known.wrong(guesser(user, address), Instant::now(), longest);
    }

    /// The password was right: the wrong ones before it were slips.
    pub fn right(&self, user: &str, address: IpAddr) {
        self.0.lock().forget(&guesser(user, address));
    }
}

fn guesser(user: &str, address: IpAddr) -> Guesser {
    (user.chars().take(NAME_MAX).collect(), address)
}

/// How long the next try waits after so many wrong ones.
fn wait(wrong: u32, longest: Duration) -> Duration {
    let doubled = 1_u32.checked_shl(wrong.saturating_sub(1));
    let doubled = doubled.unwrap_or(u32::MAX);
    FIRST.saturating_mul(doubled).min(longest)
}

impl Known {
    /// When a password may be looked at. Each look takes a turn of its own, so that many at once gain nothing.
    fn turn(&mut self, of: &Guesser, now: Instant, longest: Duration) -> Result<Instant, TooMany> {
        let Some(tries) = self.tries.get_mut(of) else {
            return Ok(now);
        };
        if now.duration_since(tries.last) > FORGOTTEN {
            self.forget(of);
            return Ok(now);
        }
        let at = tries.next.max(now);
        let again = at.duration_since(now);
        if again > longest {
            return Err(TooMany { again });
        }
        tries.next = at + wait(tries.wrong, longest);
        Ok(at)
    }

    fn wrong(&mut self, of: Guesser, now: Instant, longest: Duration) {
        let before = self.tries.get(&of).map(|tries| (tries.wrong, tries.next));
        let (wrong, next) = before.unwrap_or((0, now));
        self.forget(&of);
        while self.tries.len() >= KNOWN_MAX
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.tries.remove(&oldest);
        }
        self.last += 1;
        let wrong = wrong.saturating_add(1);
        let tries = Tries {
            wrong,
            number: self.last,
            last: now,
            next: next.max(now + wait(wrong, longest)),
        };
        self.order.insert(self.last, of.clone());
        self.tries.insert(of, tries);
    }

    fn forget(&mut self, of: &Guesser) {
        if let Some(tries) = self.tries.remove(of) {
            self.order.remove(&tries.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(5);
    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn root() -> Guesser {
        guesser("root", HERE)
    }

    /// The clock after so many wrong passwords, each looked at as soon as it may be.
    fn guess(known: &mut Known, mut now: Instant, tries: u32) -> Instant {
        for _ in 0..tries {
            now = known.turn(&root(), now, LONGEST).expect("a turn");
            known.wrong(root(), now, LONGEST);
        }
        now
    }

    #[test]
    fn each_wrong_password_makes_the_next_wait_longer_up_to_the_longest() {
        let (mut known, begin) = (Known::default(), Instant::now());
        // 0.2 + 0.4 + 0.8 + 1.6 + 3.2 s
        let now = guess(&mut known, begin, 6);
        assert_eq!(now - begin, Duration::from_millis(6200));
        let later = guess(&mut known, now, 20);
        assert_eq!(later - now, Duration::from_secs(100));
        for other in [guesser("ann", HERE), guesser("root", [10, 0, 0, 1].into())] {
            assert_eq!(known.turn(&other, later, LONGEST), Ok(later));
        }
        let turn = known.turn(&root(), later, LONGEST).expect("a turn");
        assert_eq!(turn - later, LONGEST);
        known.forget(&root());
        assert_eq!(known.turn(&root(), later, LONGEST), Ok(later));
    }

    #[test]
    fn many_at_once_gain_nothing_and_do_not_pile_up() {
        let mut known = Known::default();
        let now = guess(&mut known, Instant::now(), 8);
        let turns: Vec<_> = (0..100)
            .map(|_| known.turn(&root(), now, LONGEST))
            .collect();
        assert_eq!(turns.iter().filter(|turn| turn.is_ok()).count(), 1);
        let refused = turns.into_iter().find_map(Result::err).expect("one");
        assert!(refused.again > LONGEST);
        // It was long ago.
        let later = now + FORGOTTEN + LONGEST;
        assert_eq!(known.turn(&root(), later, LONGEST), Ok(later));
        assert!(known.tries.is_empty() && known.order.is_empty());
        // Setting 0: nobody waits.
        known.wrong(root(), later, Duration::ZERO);
        assert_eq!(known.turn(&root(), later, Duration::ZERO), Ok(later));
    }

    #[test]
    fn addresses_without_end_are_forgotten_the_oldest_first() {
        let (mut known, now) = (Known::default(), Instant::now());
        let of = |n: u32| guesser("root", std::net::Ipv4Addr::from(n).into());
        for n in 0..u32::try_from(KNOWN_MAX).expect("a number") + 10 {
            known.wrong(of(n), now, LONGEST);
        }
        let sizes = (known.tries.len(), known.order.len());
        assert_eq!(sizes, (KNOWN_MAX, KNOWN_MAX));
        assert!(!known.tries.contains_key(&of(9)) && known.tries.contains_key(&of(10)));
        let long = "x".repeat(1 << 20);
        assert_eq!(guesser(&long, HERE).0.len(), NAME_MAX);
    }

    #[tokio::test]
    async fn a_turn_ends_when_its_time_has_come() {
        let (guesses, longest) = (Guesses::default(), Duration::from_millis(60));
        let began = Instant::now();
        for _ in 0..3 {
            guesses.turn("root", HERE, longest).await.expect("a turn");
            guesses.wrong("root", HERE, longest);
        }
        assert!(began.elapsed() >= 2 * longest, "{:?}", began.elapsed());
        guesses.right("root", HERE);
        assert!(guesses.0.lock().tries.is_empty());
    }
}
