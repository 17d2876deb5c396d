//! The columns of a table as COM_FIELD_LIST shows them.

use crate::code::{Code, Failure};
use crate::frontend::answer::ResultColumn;
use crate::sql::session::Session;
use crate::system::tables;
use crate::system::types::{NAME, rows_schema, table_schema, value_kind};
use crate::view::View;

/// The columns of `table` of the session's database.
pub(super) fn of_table(
    view: &View,
    session: &Session,
    table: &str,
) -> Result<Vec<ResultColumn>, Failure> {
    let db = session
        .db
        .as_deref()
        .ok_or_else(|| Failure::new(Code::NO_DB, "no database selected; say USE db"))?;
    let schema = match (tables::find(db, table), view.catalog.table(db, table)) {
        (Some(system), _) => rows_schema(&system.columns()),
        (None, Some(user)) => table_schema(&user.spec.columns),
        (None, None) => {
            return Err(Failure::new(
                Code::NO_SUCH_TABLE,
                format!("Table '{db}.{table}' doesn't exist"),
            ));
        }
    };
    let columns = schema.fields().iter().map(|field| {
        let name = field.metadata().get(NAME).unwrap_or(field.name());
        ResultColumn {
            name: name.clone(),
            table: table.to_owned(),
            org_table: table.to_owned(),
            org_name: name.clone(),
            db: db.to_owned(),
            kind: value_kind(field),
            nullable: field.is_nullable(),
        }
    });
    Ok(columns.collect())
}
