//! Which tablets changed since when, so that the frontend need not be told of all of them each time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use parking_lot::Mutex;

use crate::ids::TabletId;

/// Most changes that are remembered; who asks for older ones is told of everything.
const CHANGES_MAX: usize = 1 << 20;

/// The order in which tablets changed last.
#[derive(Debug)]
pub struct Log {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Number of the last change.
    seq: u64,
    by_seq: BTreeMap<u64, TabletId>,
    by_tablet: HashMap<TabletId, u64>,
    /// Changes up to this one are forgotten.
    forgotten: u64,
}

/// The tablets that changed after some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The moment up to which this tells everything.
    pub seq: u64,
    /// The tablets; `None` means that all must be told of.
    pub tablets: Option<BTreeSet<TabletId>>,
}

impl Log {
    /// No changes yet. `first` must be higher than the numbers of earlier processes, so that who asks for changes
    /// after one of those is told of everything; the start of the process in microseconds is.
    pub fn new(first: u64) -> Log {
        let inner = Inner {
            seq: first,
            forgotten: first,
            ..Inner::default()
        };
        Log {
            inner: Mutex::new(inner),
        }
    }

    /// Notes changes that readers see already.
    pub fn touch(&self, tablets: &BTreeSet<TabletId>) {
        let inner = &mut *self.inner.lock();
        for tablet in tablets {
            inner.seq += 1;
            inner.by_seq.insert(inner.seq, *tablet);
            if let Some(before) = inner.by_tablet.insert(*tablet, inner.seq) {
                inner.by_seq.remove(&before);
            }
        }
        while inner.by_seq.len() > CHANGES_MAX
            && let Some((seq, tablet)) = inner.by_seq.pop_first()
        {
            inner.by_tablet.remove(&tablet);
            inner.forgotten = seq;
        }
    }

    /// Number of the last change.
    pub fn seq(&self) -> u64 {
        self.inner.lock().seq
    }

    /// What changed after `since`. The tablets must be read after this was called.
    pub fn since(&self, since: u64) -> Changes {
        let inner = self.inner.lock();
        let all = since == 0 || since < inner.forgotten || since > inner.seq;
        Changes {
            seq: inner.seq,
            tablets: (!all).then(|| {
                inner
                    .by_seq
                    .range(since.saturating_add(1)..)
                    .map(|(_, t)| *t)
                    .collect()
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_each_changed_tablet_once() {
        let log = Log::new(100);
        log.touch(&[1, 2].map(TabletId).into());
        let seq = log.seq();
        log.touch(&[2, 3].map(TabletId).into());
        log.touch(&[2].map(TabletId).into());
        assert_eq!(log.since(seq).tablets, Some([2, 3].map(TabletId).into()));
        assert_eq!(log.since(log.seq()).tablets, Some(BTreeSet::new()));
        assert_eq!(log.since(0).tablets, None);
        for other_process in [1, 99, log.seq() + 1] {
            assert_eq!(log.since(other_process).tablets, None);
        }
    }
}
