//! The table that tests make.

use crate::catalog::schema::{ColumnDef, DataType};
use crate::catalog::table::{Distribution, Partitioning, TableProperties, TableSpec, WriteQuorum};

/// One column, and tablets of so many replicas.
pub fn table_spec(replicas: u16) -> TableSpec {
    let column = ColumnDef {
        name: "k".to_owned(),
        data_type: DataType::Int,
        nullable: false,
        default: None,
        comment: String::new(),
    };
    TableSpec {
        columns: vec![column],
        key_columns: 1,
        comment: String::new(),
        partitioning: Partitioning::None,
        distribution: Distribution {
            columns: vec![0],
            buckets: Some(1),
        },
        properties: TableProperties {
            replication_num: replicas,
            write_quorum: WriteQuorum::Majority,
            storage_medium: None,
            bucket_size: 0,
        },
    }
}
