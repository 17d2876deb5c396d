//! `/transactions/<db>`: how many loads of a database run, and how many that ended are remembered.

use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// A kind of loads.
    pub struct TxnStateRow {
        /// `running` or `finished`.
        state: &'static str => "State" Text,
        /// Loads.
        number: usize => "Number" Int,
    }
}

/// `/transactions/{db}`.
pub struct TxnStates;

impl Node for TxnStates {
    const PATH: &'static str = "/transactions/{db}";
    type Row = TxnStateRow;

    fn rows(at: &Place<'_>) -> Result<Vec<TxnStateRow>, Error> {
        let db = at.db()?.id;
        let of_db = || at.view.catalog.txns.values().filter(|txn| txn.db == db);
        let all = of_db().count();
        let finished = of_db().filter(|txn| txn.state.finished()).count();
        Ok(vec![
            TxnStateRow {
                state: "running",
                number: all - finished,
            },
            TxnStateRow {
                state: "finished",
                number: finished,
            },
        ])
    }
}
