//! `/cluster_balance/working_slots/<backend>`: room for copying on the storage paths of one backend.

use crate::proc::working_slots::SlotsRow;
use crate::proc::{Error, Node, Place};

/// `/cluster_balance/working_slots/{backend}`.
pub struct BackendSlots;

impl Node for BackendSlots {
    const PATH: &'static str = "/cluster_balance/working_slots/{backend}";
    type Row = SlotsRow;

    fn rows(at: &Place<'_>) -> Result<Vec<SlotsRow>, Error> {
        let id = at.backend()?.id;
        let slots = at.view.healing.slots.range((id, i64::MIN)..=(id, i64::MAX));
        Ok(slots
            .map(|((_, path), slots)| SlotsRow::new(at.view, id, *path, slots))
            .collect())
    }
}
