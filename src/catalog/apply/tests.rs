//! A change that does not fit is refused and leaves everything as it was.

use super::*;
use crate::catalog::checkpoint::chunks;
use crate::catalog::txn::{Txn, TxnState};
use crate::clock::Timestamp;
use crate::ids::{BackendId, TableId};

fn refused(catalog: &mut Catalog, change: &Change) -> Misfit {
    let before: Vec<_> = chunks(catalog).collect();
    let misfit = catalog.apply(change).expect_err("it does not fit");
    assert_eq!(before, chunks(catalog).collect::<Vec<_>>());
    misfit
}

#[test]
fn ids_are_reserved_before_they_are_used_and_names_are_used_once() {
    let mut catalog = Catalog::new();
    let create = |id| Change::CreateDatabase {
        id: DbId(id),
        name: "d".to_owned(),
        at: Timestamp::at(0),
    };
    assert_eq!(
        refused(&mut catalog, &create(10_001)),
        Misfit::Unreserved(10_001)
    );
    catalog
        .apply(&Change::ReserveIds { below: 10_100 })
        .expect("reserved");
    catalog.apply(&create(10_001)).expect("a database");
    assert!(matches!(
        refused(&mut catalog, &create(10_002)),
        Misfit::Exists("database", _)
    ));
    let add = |id| Change::AddBackend {
        id: BackendId(id),
        host: "h".to_owned(),
        port: 1,
    };
    catalog.apply(&add(10_003)).expect("a backend");
    assert!(matches!(
        refused(&mut catalog, &add(10_004)),
        Misfit::Exists("backend", _)
    ));
}

#[test]
fn what_is_not_there_is_neither_dropped_nor_altered() {
    let mut catalog = Catalog::new();
    for change in [
        Change::DropDatabase { id: DbId(1) },
        Change::DropTable { id: TableId(1) },
        Change::DropPartition { id: PartitionId(1) },
        Change::DropBackend { id: BackendId(1) },
        Change::DropUser {
            name: "u".to_owned(),
        },
    ] {
        assert!(
            matches!(refused(&mut catalog, &change), Misfit::Missing(..)),
            "{change:?}"
        );
    }
    let visible = Change::Visible {
        txn: TxnId(1),
        at: Timestamp::at(0),
        published: None,
        missed: Vec::new(),
    };
    assert_eq!(refused(&mut catalog, &visible), Misfit::TxnState(TxnId(1)));
}

#[test]
fn the_oldest_load_of_a_table_is_known_until_it_ends() {
    let mut catalog = Catalog::new();
    let load = |id, table, state| Txn {
        id: TxnId(id),
        label: format!("l{id}"),
        db: DbId(1),
        table: TableId(table),
        coordinator: String::new(),
        source: String::new(),
        state,
        prepared: Timestamp::at(0),
        committed: None,
        published: None,
        finished: None,
        timeout_ms: 0,
        reason: String::new(),
        versions: Vec::new(),
        failed_replicas: 0,
        rows: 0,
        backend: None,
        hold: None,
    };
    catalog
        .apply(&Change::ReserveTxns { below: 100 })
        .expect("reserved");
    for (id, table) in [(1, 7), (2, 8), (3, 7)] {
        catalog.observe_txn(load(id, table, TxnState::Prepare));
    }
    let oldest = |catalog: &Catalog| [6, 7, 8, 9].map(|id| catalog.oldest_load(TableId(id)));
    assert_eq!(
        oldest(&catalog),
        [None, Some(TxnId(1)), Some(TxnId(2)), None]
    );
    for (id, table) in [(1, 7), (2, 8)] {
        let aborted = Change::Aborted(Box::new(load(id, table, TxnState::Aborted)));
        catalog.apply(&aborted).expect("it ran");
    }
    assert_eq!(oldest(&catalog), [None, Some(TxnId(3)), None, None]);
}
