//! Giving out ids. Each is reserved in the journal before it leaves the process, in blocks, so that none is given twice
//! whatever a crash forgets.

use crate::catalog::change::Change;
use crate::catalog::state::Catalog;
use crate::ids::{ReplicaId, TxnId};
use crate::leader::action::CallId;

/// Ids reserved at once beyond those needed.
const IDS_BLOCK: u64 = 1_000;
/// Transaction ids reserved at once.
const TXNS_BLOCK: u64 = 10_000;

/// The next ids.
#[derive(Debug)]
pub struct Numbers {
    id: u64,
    txn: u64,
    call: u64,
    make: u64,
}

impl Numbers {
    /// Goes on above everything that `catalog` has reserved.
    pub fn new(catalog: &Catalog) -> Numbers {
        Numbers {
            id: catalog.ids_below,
            txn: catalog.txns_below,
            call: 1,
            make: 1,
        }
    }

    /// A number for a call.
    pub fn call(&mut self) -> CallId {
        self.call += 1;
        CallId(self.call - 1)
    }

    /// A number for the making of tablets.
    pub fn make(&mut self) -> u64 {
        self.make += 1;
        self.make - 1
    }

    /// Ids, one after the other; adds to `changes` what must be in the journal before they are told to anybody.
    pub fn ids(&mut self, count: u64, catalog: &Catalog, changes: &mut Vec<Change>) -> u64 {
        let first = self.id;
        self.id += count;
        let asked = changes.iter_mut().find_map(|change| match change {
            Change::ReserveIds { below } => Some(below),
            _ => None,
        });
        match asked {
            Some(below) => *below = self.id.max(*below),
            None if self.id > catalog.ids_below => {
                let below = self.id + IDS_BLOCK;
                changes.push(Change::ReserveIds { below });
            }
            None => {}
        }
        first
    }

    /// Every replica so far has an id below this one, every later one has not.
    pub fn next_replica(&self) -> ReplicaId {
        ReplicaId(self.id)
    }

    /// Every load so far has an id below this one, every later one has not.
    pub fn next_txn(&self) -> TxnId {
        TxnId(self.txn)
    }

    /// The id of a load; adds to `changes` as [`Numbers::ids`] does.
    pub fn txn(&mut self, catalog: &Catalog, changes: &mut Vec<Change>) -> TxnId {
        let txn = self.txn;
        self.txn += 1;
        if self.txn > catalog.txns_below {
            let below = self.txn + TXNS_BLOCK;
            changes.push(Change::ReserveTxns { below });
        }
        TxnId(txn)
    }

    /// Whether a load was begun by this process or by an earlier one, and not by one to come.
    pub fn begun(&self, txn: TxnId) -> bool {
        txn.0 < self.txn
    }
}
