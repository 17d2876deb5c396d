//! `/cluster_balance/working_slots`: room for copying on each storage path (seed: Resource control).

use crate::ids::BackendId;
use crate::proc::{Error, Node, Place};
use crate::row;
use crate::tablet::healing::Slots;
use crate::view::View;

row! {
    /// Room for copying on a storage path.
    pub struct SlotsRow {
        /// Backend.
        be_id: BackendId => "BeId" Int,
        /// Storage path.
        path_hash: i64 => "PathHash" Int,
        /// Copies for repair that could begin now.
        avail_slots: u32 => "AvailSlots" Int,
        /// Copies for repair at once.
        total_slots: u32 => "TotalSlots" Int,
        /// Copies for balance that could begin now.
        balance_slot: u32 => "BalanceSlot" Int,
        /// Bytes a second of the copies that have ended, from and to the path.
        avg_rate: u64 => "AvgRate" Bytes,
        /// Copies for balance at once.
        total_balance_slots: u32 => "TotalBalanceSlots" Int,
        /// The directory of the storage path.
        root_path: Option<String> => "RootPath" Text or "N/A",
    }
}

/// `/cluster_balance/working_slots`.
pub struct WorkingSlots;

impl Node for WorkingSlots {
    const PATH: &'static str = "/cluster_balance/working_slots";
    const TABLE: Option<&'static str> = Some("working_slots");
    type Row = SlotsRow;

    fn rows(at: &Place<'_>) -> Result<Vec<SlotsRow>, Error> {
        let slots = at.view.healing.slots.iter();
        Ok(slots
            .map(|((backend, path), slots)| SlotsRow::new(at.view, *backend, *path, slots))
            .collect())
    }
}

impl SlotsRow {
    /// The row of one storage path.
    pub fn new(view: &View, backend: BackendId, path: i64, slots: &Slots) -> SlotsRow {
        let state = view.catalog.backend_states.get(&backend);
        let mut paths = state.into_iter().flat_map(|state| &state.paths);
        SlotsRow {
            be_id: backend,
            path_hash: path,
            avail_slots: slots.repair_total.saturating_sub(slots.repair_used),
            total_slots: slots.repair_total,
            balance_slot: slots.balance_total.saturating_sub(slots.balance_used),
            avg_rate: slots
                .bytes
                .saturating_mul(1000)
                .checked_div(slots.millis)
                .unwrap_or(0),
            total_balance_slots: slots.balance_total,
            root_path: paths.find(|p| p.hash == path).map(|p| p.root.clone()),
        }
    }
}
