//! What is decided and not durable yet: records on their way to the journal, and everything that waits for them.
//!
//! One rule, without exceptions: an answer or a call leaves only when every record made before it is durable, and readers
//! see the catalog as it was after the last durable record.

use std::collections::VecDeque;

use crate::catalog::state::Catalog;
use crate::leader::action::Action;
use crate::tablet::census::Census;

/// A catalog with its census.
pub type Snapshot = (Catalog, Census);

/// Records that are not durable yet, and what waits for them.
#[derive(Debug)]
pub struct Ledger {
    durable: u64,
    next: u64,
    held: VecDeque<Held>,
    /// What readers see while something is held.
    seen: Snapshot,
    out: Vec<Action>,
}

#[derive(Debug)]
struct Held {
    seq: u64,
    /// As things are once this record is durable.
    after: Snapshot,
    /// What was decided after this record and before the next.
    actions: Vec<Action>,
}

impl Ledger {
    /// A journal whose last record is `seq`.
    pub fn new(seq: u64) -> Ledger {
        Ledger {
            durable: seq,
            next: seq + 1,
            held: VecDeque::new(),
            seen: Snapshot::default(),
            out: Vec::new(),
        }
    }

    /// The last durable record.
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// What readers may see, `now` being what has been decided.
    pub fn snapshot(&self, now: impl FnOnce() -> Snapshot) -> Snapshot {
        match self.held.is_empty() {
            true => now(),
            false => self.seen.clone(),
        }
    }

    /// A record is about to be made, `before` being how things are without it.
    pub fn append(
        &mut self,
        changes: Vec<crate::catalog::change::Change>,
        before: Snapshot,
        after: Snapshot,
    ) {
        let seq = self.next;
        self.next += 1;
        if self.held.is_empty() {
            self.seen = before;
        }
        let actions = Vec::new();
        self.held.push_back(Held {
            seq,
            after,
            actions,
        });
        self.out.push(Action::Append { seq, changes });
    }

    /// Something to do once everything decided so far is durable.
    pub fn then(&mut self, action: Action) {
        match self.held.back_mut() {
            Some(last) => last.actions.push(action),
            None => self.out.push(action),
        }
    }

    /// The records up to `seq` are durable.
    pub fn appended(&mut self, seq: u64) {
        assert!(seq < self.next, "record {seq} was never made");
        self.durable = self.durable.max(seq);
        while let Some(held) = self.held.pop_front_if(|held| held.seq <= seq) {
            self.seen = held.after;
            self.out.extend(held.actions);
        }
        if self.held.is_empty() {
            // Keeps nothing alive that readers do not see.
            self.seen = Snapshot::default();
        }
    }

    /// What is to be done now.
    pub fn take(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leader::action::Token;
    use crate::leader::request::Reply;

    fn reply(token: u64) -> Action {
        let token = Token(token);
        Action::Reply {
            token,
            result: Ok(Reply::Done),
        }
    }

    fn append(ledger: &mut Ledger) -> Action {
        ledger.append(Vec::new(), Snapshot::default(), Snapshot::default());
        ledger.take().pop().expect("an append is done at once")
    }

    #[test]
    fn what_is_decided_after_a_record_waits_for_it_and_for_no_later_one() {
        let mut ledger = Ledger::new(7);
        ledger.then(reply(1));
        assert_eq!(ledger.take(), [reply(1)]);
        assert!(matches!(append(&mut ledger), Action::Append { seq: 8, .. }));
        ledger.then(reply(2));
        append(&mut ledger);
        ledger.then(reply(3));
        assert_eq!(ledger.take(), []);
        ledger.appended(8);
        assert_eq!(ledger.take(), [reply(2)]);
        ledger.appended(9);
        assert_eq!(ledger.take(), [reply(3)]);
        assert_eq!(ledger.durable(), 9);
    }
}
