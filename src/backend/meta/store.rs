//! How changes get into redb: in one commit, with the number of the last of them.

use redb::Database;

use crate::backend::meta::{COMMIT_KEY, Op, Table, seal};
use crate::fault;

/// Commits changes to redb; `number` is that of the last of them.
pub fn write(db: &Database, ops: &[Op], number: u64) -> Result<(), redb::Error> {
    let mut txn = db.begin_write()?;
    // So that a start after a crash need not walk the whole file.
    txn.set_quick_repair(true);
    for table in Table::ALL {
        // All tables are there from the beginning.
        let idle = table != Table::Info && !ops.iter().any(|op| op.table == table);
        if idle && number > 1 {
            continue;
        }
        let mut open = txn.open_table(table.definition())?;
        for op in ops.iter().filter(|op| op.table == table) {
            match &op.value {
                Some(value) => {
                    let sealed = seal::sealed(table, &op.key, value);
                    open.insert(op.key.as_slice(), sealed.as_slice())?;
                }
                None => drop(open.remove(op.key.as_slice())?),
            }
        }
        if table == Table::Info {
            let value = rmp_serde::to_vec(&number).unwrap_or_default();
            let sealed = seal::sealed(table, &COMMIT_KEY, &value);
            open.insert(COMMIT_KEY.as_slice(), sealed.as_slice())?;
        }
    }
    fault::hit("backend::before_meta_commit").map_err(redb::Error::Io)?;
    txn.commit()?;
    fault::hit("backend::after_meta_commit").map_err(redb::Error::Io)?;
    Ok(())
}
