//! `schemata`: the databases.

use crate::row;
use crate::rows::{Row, Typed};
use crate::system::information_schema::{CATALOG, CHARSET, COLLATION};
use crate::system::sources::Sources;
use crate::system::tables::{INFORMATION_SCHEMA, SYS, SystemTable};

row! {
    /// One database.
    pub struct SchemataRow {
        /// Always `def`.
        catalog: &'static str => "CATALOG_NAME" Text,
        /// Name.
        name: String => "SCHEMA_NAME" Text,
        /// Character set of its texts.
        charset: &'static str => "DEFAULT_CHARACTER_SET_NAME" Text,
        /// Collation of its texts.
        collation: &'static str => "DEFAULT_COLLATION_NAME" Text,
        /// Never set.
        sql_path: Option<String> => "SQL_PATH" Text,
        /// Always `NO`.
        encryption: &'static str => "DEFAULT_ENCRYPTION" Text,
    }
}

/// The table.
pub const TABLE: SystemTable = SystemTable::of::<SchemataRow>("schemata", rows);

/// Every database that SHOW DATABASES lists: the system schemas, then the user's.
pub fn names(sources: &Sources) -> Vec<String> {
    let mut names: Vec<String> = vec![INFORMATION_SCHEMA.to_owned(), SYS.to_owned()];
    names.extend(sources.view.catalog.database_names.keys().cloned());
    names
}

fn rows(sources: &Sources) -> Vec<Row> {
    names(sources)
        .into_iter()
        .map(|name| {
            SchemataRow {
                catalog: CATALOG,
                name,
                charset: CHARSET,
                collation: COLLATION,
                sql_path: None,
                encryption: "NO",
            }
            .cells()
        })
        .collect()
}
