//! From a table that exists back to the clauses that would make it: SHOW CREATE TABLE.

use crate::catalog::partition::{Bound, Partition, Range};
use crate::catalog::state::Catalog;
use crate::catalog::table::{Medium, Partitioning, Table, TableProperties, WriteQuorum};
use crate::sql::ddl::column::ColumnClause;
use crate::sql::ddl::distribution::DistributionClause;
use crate::sql::ddl::partition::{Limit, PartitionBy, PartitionClause, PartitionItem, Values};
use crate::sql::ddl::property::{Key, Properties};
use crate::sql::ddl::table::TableClauses;
use crate::sql::place::At;

/// The clauses that make `table` again, with its partitions.
pub fn clauses(catalog: &Catalog, table: &Table) -> TableClauses {
    let spec = &table.spec;
    let name = |index: &usize| spec.columns.get(*index).map(|c| at(c.name.clone()));
    let partition = match spec.partitioning {
        Partitioning::None => None,
        Partitioning::Range { column } => name(&column).map(|column| PartitionBy {
            column,
            partitions: catalog
                .partitions_of(table)
                .map(|p| PartitionItem::One(partition(p, &spec.properties)))
                .collect(),
        }),
    };
    TableClauses {
        columns: spec.columns.iter().map(ColumnClause::from).collect(),
        indexes: Vec::new(),
        engine: None,
        keys: Some((0..spec.key_columns).filter_map(|i| name(&i)).collect()),
        comment: spec.comment.clone(),
        partition,
        distribution: DistributionClause {
            columns: spec.distribution.columns.iter().filter_map(name).collect(),
            buckets: spec.distribution.buckets.map(|n| at(n.into())),
        },
        properties: properties(&spec.properties),
    }
}

/// Sorted by key; those that say what is so anyway are left out, except the number of replicas.
fn properties(of: &TableProperties) -> Properties {
    let mut all = Properties::default();
    if of.bucket_size > 0 {
        all.push(Key::BucketSize.word(), of.bucket_size);
    }
    all.push(Key::ReplicationNum.word(), of.replication_num);
    if let Some(medium) = of.storage_medium {
        all.push(Key::StorageMedium.word(), medium.word());
    }
    if of.write_quorum != WriteQuorum::Majority {
        all.push(Key::WriteQuorum.word(), of.write_quorum.word());
    }
    all
}

/// A partition with the properties that are not its table's.
fn partition(of: &Partition, table: &TableProperties) -> PartitionClause {
    let mut properties = Properties::default();
    if of.spec.replication_num != table.replication_num {
        properties.push(Key::ReplicationNum.word(), of.spec.replication_num);
    }
    if of.spec.medium != table.storage_medium.unwrap_or(Medium::Hdd) {
        properties.push(Key::StorageMedium.word(), of.spec.medium.word());
    }
    PartitionClause {
        if_not_exists: false,
        name: at(of.spec.name.clone()),
        values: of
            .spec
            .range
            .as_ref()
            .map_or(Values::LessThan(at(Limit::Max)), values),
        properties,
    }
}

fn values(range: &Range) -> Values {
    let limit =
        |bound: Option<Bound>, open| at(bound.map_or(open, |b| Limit::Value(b.to_string())));
    match range.lower {
        // The first partition takes everything below, as LESS THAN does.
        None => Values::LessThan(limit(range.upper, Limit::Max)),
        lower => Values::Between(limit(lower, Limit::Min), limit(range.upper, Limit::Max)),
    }
}

fn at<T>(what: T) -> At<T> {
    At {
        what,
        place: Default::default(),
    }
}
