//! Changes of recovery: a take-over puts partitions in doubt, and what is found out about them ends it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Misfit, Touched};
use crate::catalog::recovery::{Recovered, RecoveryChange};
use crate::catalog::state::Catalog;
use crate::ids::PartitionId;

impl Catalog {
    pub(super) fn change_recovery(
        &mut self,
        change: &RecoveryChange,
        touched: &mut Touched,
    ) -> Result<(), Misfit> {
        match change {
            RecoveryChange::TakeOver { takeovers } => self.take_over(*takeovers)?,
            RecoveryChange::Doubted { partitions } => {
                for (partition, cut) in partitions {
                    self.known_partition(*partition)?;
                    self.recovery.doubt(*partition, *cut);
                }
            }
            RecoveryChange::Confirmed { partitions } => {
                for partition in partitions {
                    self.recovery.confirm(*partition);
                    self.touch_partition(*partition, touched);
                }
            }
            RecoveryChange::Recovered(of) => self.recovered(of, touched)?,
            RecoveryChange::Accepted { tablets, .. } => touched.tablets.extend(tablets),
            RecoveryChange::LetGo { .. } => self.recovery.keeps_unknown = false,
        }
        Ok(())
    }

    fn take_over(&mut self, takeovers: u64) -> Result<(), Misfit> {
        if takeovers <= self.recovery.takeovers {
            return Err(Misfit::Other("the take-over is not a new one"));
        }
        self.recovery.takeovers = takeovers;
        self.recovery.keeps_unknown = true;
        let first = self.recovery.first_id();
        self.ids_below = self.ids_below.max(first);
        self.txns_below = self.txns_below.max(first);
        let all: Vec<PartitionId> = self.partitions.keys().copied().collect();
        for partition in all {
            self.recovery.doubt(partition, None);
        }
        Ok(())
    }

    fn recovered(&mut self, of: &Recovered, touched: &mut Touched) -> Result<(), Misfit> {
        let known = self.known_partition(of.partition)?;
        if of.version < known.visible_version || known.visible_version + 1 != known.next_version {
            return Err(Misfit::Version {
                partition: of.partition,
                at: known.visible_version,
                version: of.version,
            });
        }
        let missed: BTreeSet<_> = of.missed.iter().copied().collect();
        if let Some(partition) = self.partitions.get_mut(&of.partition) {
            let partition = Arc::make_mut(partition);
            partition.visible_version = of.version;
            partition.visible_time = of.at;
            partition.next_version = of.version + 1;
            let tablets = &partition.tablets;
            self.tablets
                .publish(of.partition, tablets, of.version, &missed, of.at);
        }
        match of.cut {
            true => self.recovery.doubt(of.partition, Some(of.version)),
            false => self.recovery.confirm(of.partition),
        }
        self.touch_partition(of.partition, touched);
        Ok(())
    }

    fn touch_partition(&self, id: PartitionId, touched: &mut Touched) {
        if let Some(partition) = self.partitions.get(&id) {
            touched.tablets.extend(&partition.tablets);
        }
    }
}
