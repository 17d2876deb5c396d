//! Versions that an operator names: ADMIN SET TABLE .. PARTITION VERSION and ADMIN SET REPLICA VERSION.

use super::super::{Answer, Core, Error};
use crate::ids::{PartitionId, Version};
use crate::leader::request::Reply;
use crate::leader::request::recovery::{Finding, FindingState, Parts, ReplicaVersion, Terms};

impl Core {
    /// ADMIN SET TABLE .. PARTITION VERSION. Only of a partition in doubt: of any other, the journal and its backends agree.
    pub(super) fn set_partition_version(
        &mut self,
        parts: &Parts,
        (id, version): (PartitionId, Version),
        accept: bool,
        terms: &Terms,
    ) -> Answer {
        if accept && !terms.dry_run && terms.reason.trim().is_empty() {
            return Err(Error::NoReason);
        }
        let table = self.known_table(&parts.db, &parts.table)?;
        let known = table.partitions.contains(&id);
        let partition = self.head.partitions.get(&id).filter(|_| known);
        let partition = partition.ok_or_else(|| Error::UnknownPartition {
            table: table.name.clone(),
            partition: id.to_string(),
        })?;
        let open = self.head.recovery.doubts(id) && self.head.recovery.cuts(id).is_none();
        if !open {
            let (table, partition) = self.names_of(partition);
            let visible = self
                .head
                .partitions
                .get(&id)
                .map_or(0, |of| of.visible_version);
            return Err(Error::VersionIsSettled {
                table,
                partition,
                visible,
            });
        }
        let plan = self.recovery_plan(partition, Some(version));
        let finding = self.settle_plan(plan, accept, terms)?;
        Ok(Some(Reply::Recovery(vec![finding])))
    }

    /// ADMIN SET REPLICA VERSION: versions follow what backends report, so nothing is set; what would hide a loss is refused.
    pub(super) fn set_replica_version(&mut self, wanted: &ReplicaVersion, terms: &Terms) -> Answer {
        let (tablet, backend) = (wanted.tablet, wanted.backend);
        let view = self.head.tablets.view(tablet);
        let view = view.ok_or(Error::UnknownTablet(tablet))?;
        let replica = view
            .on(backend)
            .ok_or(Error::UnknownReplica { tablet, backend })?;
        let held = replica.version;
        let asked = wanted.version.max(wanted.success).unwrap_or(held);
        let heals = wanted.failed == Some(-1) && held.max(asked) < view.visible();
        if asked > held || heals {
            return Err(Error::VersionNotHeld {
                tablet,
                backend,
                held,
                asked: asked.max(if heals { view.visible() } else { asked }),
                table: self.table_name(&view),
            });
        }
        if asked < held || wanted.failed.is_some_and(|failed| failed > 0) {
            return Err(Error::VersionIsHeld {
                tablet,
                backend,
                held,
            });
        }
        let partition = self.head.partitions.get(&view.partition());
        Ok(Some(Reply::Recovery(vec![Finding {
            table: Some(self.table_name(&view)),
            partition: partition.map(|of| of.spec.name.clone()),
            tablet: Some(tablet),
            backend: Some(backend),
            known: Some(held),
            version: Some(asked),
            rows: Some(0),
            bytes: Some(replica.data_size),
            state: match terms.dry_run {
                true => FindingState::Can,
                false => FindingState::Done,
            },
            message: "the backend says that it holds this version; there is nothing to set"
                .to_owned(),
        }])))
    }
}
