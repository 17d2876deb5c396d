//! ALTER TABLE .. SET and MODIFY PARTITION .. SET. What is wanted changes at once; replicas follow by repair.

use super::{Answer, Core, Error};
use crate::catalog::change::Change;
use crate::catalog::partition::Partition;
use crate::catalog::table::{Medium, Partitioning, Table, TableProperties};
use crate::leader::request::{Property, Reply};

impl Core {
    pub(super) fn alter_property(
        &mut self,
        db: &str,
        name: &str,
        partitions: &[String],
        property: Property,
    ) -> Answer {
        let table = self.known_table(db, name)?;
        let changes = match partitions.is_empty() {
            true => self.alter_table(table, property)?,
            false => {
                let named: Result<Vec<_>, _> = partitions
                    .iter()
                    .map(|name| self.known_partition(table, name))
                    .collect();
                self.alter_partitions(&named?, property)?
            }
        };
        self.record(changes)?;
        Ok(Some(Reply::Done))
    }

    fn alter_table(&self, table: &Table, property: Property) -> Result<Vec<Change>, Error> {
        let mut properties = table.spec.properties.clone();
        let ranges = table.spec.partitioning != Partitioning::None;
        let distribution = &table.spec.distribution;
        let automatic = distribution.columns.is_empty() && distribution.buckets.is_none();
        let mut changes = Vec::new();
        match property {
            Property::WriteQuorum(quorum) => properties.write_quorum = quorum,
            Property::DefaultReplicationNum(num) => {
                self.replicas_fit(num)?;
                properties.replication_num = num;
            }
            Property::ReplicationNum(_) if ranges => {
                return Err(Error::ReplicationOfRanges(table.name.clone()));
            }
            Property::ReplicationNum(num) => {
                self.replicas_fit(num)?;
                properties.replication_num = num;
                changes.extend(
                    self.head
                        .partitions_of(table)
                        .map(|p| set(p, Some(num), None)),
                );
            }
            Property::StorageMedium(medium) => {
                properties.storage_medium = Some(medium);
                let alone = self.head.partitions_of(table).filter(|_| !ranges);
                changes.extend(alone.map(|partition| set(partition, None, Some(medium))));
            }
            Property::BucketSize(_) if !automatic => {
                return Err(Error::BucketSize(table.name.clone()));
            }
            Property::BucketSize(bytes) => properties.bucket_size = bytes,
        }
        changes.push(put(table, properties));
        Ok(changes)
    }

    fn alter_partitions(
        &self,
        partitions: &[&Partition],
        property: Property,
    ) -> Result<Vec<Change>, Error> {
        let (num, medium) = match property {
            Property::ReplicationNum(num) => {
                self.replicas_fit(num)?;
                (Some(num), None)
            }
            Property::StorageMedium(medium) => (None, Some(medium)),
            Property::WriteQuorum(_) => return Err(Error::TableProperty("write_quorum")),
            Property::BucketSize(_) => return Err(Error::TableProperty("bucket_size")),
            Property::DefaultReplicationNum(_) => {
                return Err(Error::TableProperty("default.replication_num"));
            }
        };
        Ok(partitions
            .iter()
            .map(|partition| set(partition, num, medium))
            .collect())
    }
}

fn put(table: &Table, properties: TableProperties) -> Change {
    Change::SetTableProperties {
        table: table.id,
        properties,
    }
}

fn set(partition: &Partition, num: Option<u16>, medium: Option<Medium>) -> Change {
    Change::SetPartition {
        partition: partition.id,
        replication_num: num.unwrap_or(partition.spec.replication_num),
        medium: medium.unwrap_or(partition.spec.medium),
    }
}
