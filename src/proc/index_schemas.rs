//! `/dbs/<db>/<table>/index_schema`: the indexes of a table and the hashes of their columns.

use crate::catalog::table::TableSpec;
use crate::ids::IndexId;
use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// An index.
    pub struct IndexSchemaRow {
        /// Identity.
        index_id: IndexId => "IndexId" Int,
        /// Name; the base index is named like its table.
        index_name: String => "IndexName" Text,
        /// How often the columns were changed; they can't be.
        schema_version: u64 => "SchemaVersion" Int,
        /// Hash of the columns.
        schema_hash: u32 => "SchemaHash" Int,
        /// Leading key columns with an index in memory; segments have none.
        short_key_column_count: u64 => "ShortKeyColumnCount" Int,
        /// `COLUMN`.
        storage_type: &'static str => "StorageType" Text,
        /// `DUP_KEYS`.
        keys: &'static str => "Keys" Text,
    }
}

/// `/dbs/{db}/{table}/index_schema`.
pub struct IndexSchemas;

impl Node for IndexSchemas {
    const PATH: &'static str = "/dbs/{db}/{table}/index_schema";
    type Row = IndexSchemaRow;

    fn rows(at: &Place<'_>) -> Result<Vec<IndexSchemaRow>, Error> {
        let table = at.table()?;
        Ok(vec![IndexSchemaRow {
            index_id: table.index,
            index_name: table.name.clone(),
            schema_version: 0,
            schema_hash: schema_hash(&table.spec),
            short_key_column_count: 0,
            storage_type: "COLUMN",
            keys: "DUP_KEYS",
        }])
    }
}

/// A number that differs when the columns do: names, types, NULL, how many are keys. Not negative, as in the seed
/// (`1421156361`); -1 is left for "none".
pub fn schema_hash(spec: &TableSpec) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    hash.update(&spec.key_columns.to_be_bytes());
    for column in &spec.columns {
        let line = format!("{} {} {}\n", column.name, column.data_type, column.nullable);
        hash.update(line.as_bytes());
    }
    hash.finalize() & 0x7fff_ffff
}
