//! The one account of memory of a process: what is about to be held is charged first, and refused where there is no room.
//!
//! A part of the process, such as all sessions or one of them, may have an account of its own below that of the process: what is charged
//! to it is charged to those above as well, and it can't take what others need.
//!
//! Owns the sums and their limits. Does not own the limits of single queries, sessions or bodies, which their places know, nor
//! what the process really holds: allocations that nobody charges are found by asking the system ([`resident`]).

use std::fmt;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::code::{Code, Coded};

/// The account. Clones are handles to the same one; a process has one for all that runs in it.
#[derive(Debug, Clone)]
pub struct Account(Arc<Sums>);

#[derive(Debug)]
struct Sums {
    setting: &'static str,
    limit: AtomicU64,
    used: AtomicU64,
    /// The account above, and how many bytes it never refuses to this one.
    above: Option<(Account, u64)>,
}

/// Bytes that somebody holds. They are given back when the value is dropped.
#[derive(Debug)]
pub struct Charge {
    account: Account,
    what: &'static str,
    bytes: u64,
}

/// There is no room for what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub struct Exhausted {
    /// For what memory was asked, such as "a query" or "prepared statements".
    pub what: &'static str,
    /// Bytes that were asked.
    pub asked: u64,
    /// Bytes that everything together held at that moment.
    pub used: u64,
    /// Bytes that everything together may hold.
    pub limit: u64,
    /// The setting that says so.
    pub setting: &'static str,
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Exhausted {
            what,
            asked,
            used,
            limit,
            setting,
        } = self;
        write!(
            f,
            "no memory for {what}: {asked} bytes were asked while {used} of {limit} are in use \
             (setting {setting}); try again when other statements have ended"
        )
    }
}

impl Coded for Exhausted {
    fn code(&self) -> Code {
        Code::OUT_OF_RESOURCES
    }
}

/// Without a limit.
impl Default for Account {
    fn default() -> Account {
        Account::new(u64::MAX)
    }
}

impl Account {
    /// The account of a process, with nothing in it.
    pub fn new(limit: u64) -> Account {
        Account::with("process_mem_limit", limit, None)
    }

    /// An account for a part of what is charged to this one, whose limit is `setting`: none yet.
    pub fn part(&self, setting: &'static str) -> Account {
        Account::with(setting, u64::MAX, Some((self.clone(), 0)))
    }

    /// An account for one of many that share this one. It gets `own` bytes even where the others have left nothing.
    pub fn share(&self, own: u64) -> Account {
        Account::with(self.0.setting, u64::MAX, Some((self.clone(), own)))
    }

    fn with(setting: &'static str, limit: u64, above: Option<(Account, u64)>) -> Account {
        Account(Arc::new(Sums {
            setting,
            limit: AtomicU64::new(limit),
            used: AtomicU64::new(0),
            above,
        }))
    }

    fn take(&self, what: &'static str, by: u64) -> Result<(), Exhausted> {
        let (sums, limit) = (&self.0, self.limit());
        let more = |used: u64| used.checked_add(by).filter(|sum| *sum <= limit);
        let taken = sums
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        let used = taken.map_err(|used| Exhausted {
            what,
            asked: by,
            used,
            limit,
            setting: sums.setting,
        })?;
        match &sums.above {
            None => Ok(()),
            Some((above, own)) if used.saturating_add(by) <= *own => {
                above.take_anyway(by);
                Ok(())
            }
            Some((above, _)) => above.take(what, by).inspect_err(|_| {
                sums.used.fetch_sub(by, Ordering::Relaxed);
            }),
        }
    }

    fn take_anyway(&self, by: u64) {
        self.0.used.fetch_add(by, Ordering::Relaxed);
        if let Some((above, _)) = &self.0.above {
            above.take_anyway(by);
        }
    }

    fn give_back(&self, by: u64) {
        self.0.used.fetch_sub(by, Ordering::Relaxed);
        if let Some((above, _)) = &self.0.above {
            above.give_back(by);
        }
    }

    /// Bytes that may be held from now on. What is held above it stays until it is given back.
    pub fn set_limit(&self, limit: u64) {
        self.0.limit.store(limit, Ordering::Relaxed);
    }

    /// Bytes that may be held.
    pub fn limit(&self) -> u64 {
        self.0.limit.load(Ordering::Relaxed)
    }

    /// Bytes that are held.
    pub fn used(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }

    /// An empty charge, to be grown.
    pub fn open(&self, what: &'static str) -> Charge {
        Charge {
            account: self.clone(),
            what,
            bytes: 0,
        }
    }

    /// Charges `bytes` for `what`.
    ///
    /// # Errors
    /// The limit would be passed; nothing is charged.
    pub fn charge(&self, what: &'static str, bytes: u64) -> Result<Charge, Exhausted> {
        let mut charge = self.open(what);
        charge.grow(bytes)?;
        Ok(charge)
    }
}

impl Charge {
    /// Bytes that this charge holds.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Charges `by` bytes more.
    ///
    /// # Errors
    /// The limit would be passed; the charge stays what it was.
    pub fn grow(&mut self, by: u64) -> Result<(), Exhausted> {
        // What asks for nothing has it, however full the account is.
        if by > 0 {
            self.account.take(self.what, by)?;
            self.bytes += by;
        }
        Ok(())
    }

    /// Charges `by` bytes more, whatever the limit is: for memory that is held already.
    pub fn grow_anyway(&mut self, by: u64) {
        self.account.take_anyway(by);
        self.bytes += by;
    }

    /// Gives `by` bytes back, or all that the charge holds where that is less.
    pub fn shrink(&mut self, by: u64) {
        let by = by.min(self.bytes);
        if by > 0 {
            self.account.give_back(by);
            self.bytes -= by;
        }
    }

    /// Makes the charge `bytes`, up or down.
    ///
    /// # Errors
    /// It would grow past the limit; the charge stays what it was.
    pub fn set(&mut self, bytes: u64) -> Result<(), Exhausted> {
        if bytes > self.bytes {
            return self.grow(bytes - self.bytes);
        }
        self.shrink(self.bytes - bytes);
        Ok(())
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}

/// Bytes of memory that the process holds, as the system counts them; none where it does not say. Costs one read of
/// `/proc/self/status`.
pub fn resident() -> Option<u64> {
    bytes_of("/proc/self/status", "VmRSS:")
}

/// Bytes of memory that the machine has; none where it does not say.
pub fn machine() -> Option<u64> {
    bytes_of("/proc/meminfo", "MemTotal:")
}

/// The figure of a line such as `VmRSS:     1024 kB`.
fn bytes_of(file: &str, key: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    let kilobytes: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_counts_until_it_is_dropped() {
        let account = Account::new(100);
        let first = account.charge("a query", 60).expect("room");
        let refused = account.charge("a body", 41).expect_err("no room");
        assert_eq!((refused.asked, refused.used, refused.limit), (41, 60, 100));
        assert_eq!(account.used(), 60);
        drop(first);
        assert_eq!(account.used(), 0);
        assert!(account.charge("a body", 100).is_ok());
    }

    #[test]
    fn a_part_takes_no_more_than_its_own_and_each_share_gets_a_little() {
        let process = Account::new(100);
        let sessions = process.part("sessions_mem_limit");
        sessions.set_limit(50);
        let (greedy, modest) = (sessions.share(10), sessions.share(10));
        let mut held = greedy.charge("statements", 45).expect("room");
        let refused = held.grow(6).expect_err("no room");
        assert_eq!((refused.setting, refused.used), ("sessions_mem_limit", 45));
        assert_eq!(
            (greedy.used(), sessions.used(), process.used()),
            (45, 45, 45)
        );
        let small = modest.charge("statements", 10).expect("its own");
        assert!(modest.charge("statements", 1).is_err());
        assert_eq!((sessions.used(), process.used()), (55, 55));
        let other = process.charge("a query", 45).expect("room");
        drop((held, small, other));
        let all = [&greedy, &modest, &sessions, &process].map(Account::used);
        assert_eq!(all, [0; 4]);
    }

    #[test]
    fn a_charge_that_can_not_grow_stays_what_it_was() {
        let account = Account::new(100);
        let mut charge = account.charge("a query", 60).expect("room");
        assert!(charge.set(101).is_err() && charge.grow(u64::MAX).is_err());
        assert_eq!((charge.bytes(), account.used()), (60, 60));
        charge.set(10).expect("less");
        assert_eq!(account.used(), 10);
    }

    #[test]
    fn what_is_held_already_counts_above_the_limit_and_nothing_more_is_given() {
        let account = Account::new(100);
        let mut charge = account.open("results");
        charge.grow_anyway(150);
        assert_eq!(account.used(), 150);
        assert!(charge.grow(1).is_err() && charge.grow(0).is_ok());
        charge.shrink(1000);
        assert_eq!((charge.bytes(), account.used()), (0, 0));
    }

    #[test]
    fn the_system_says_what_the_process_and_the_machine_have() {
        let (resident, machine) = (resident().expect("Linux"), machine().expect("Linux"));
        assert!(resident > 0 && resident < machine);
    }
}
