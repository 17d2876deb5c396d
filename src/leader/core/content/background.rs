//! Checks in the background: in their hours of the day, the oldest first, a few at a time.

use std::collections::VecDeque;

use super::super::Core;
use crate::clock::Timestamp;
use crate::ids::TabletId;
use crate::tablet::consistency::due::Walk;
use crate::tablet::consistency::{in_window, majority, voters};

/// Tablets that one walk over the catalog finds at most: more are found by the next.
const ROUND_MAX: usize = 20_000;
/// Tablets that a walk looks at in one tick: some milliseconds.
const PIECE: usize = 10_000;
/// Tablets that are put into the queue of checks at one go.
const AT_ONCE: usize = 100;
/// Milliseconds between two walks, at least, and at most.
const REST_MS: (u64, u64) = (1_000, 600_000);

/// Where the background is.
#[derive(Debug, Default)]
pub(in super::super) struct Background {
    /// What the last walk has found and nobody has begun.
    due: VecDeque<TabletId>,
    /// The walk that is under way.
    walk: Option<Walk>,
    /// When the next walk may be.
    walk_at: Timestamp,
    /// Whether something of the last walk has been begun.
    fruitful: bool,
    /// Whether it was within its hours when it was last looked at.
    open: bool,
}

impl Core {
    /// Puts checks into the queue when nothing else waits there.
    pub(super) fn begin_background(&mut self) {
        let open = in_window(&self.config, self.now) && !self.safe_mode();
        let of = &mut self.content.background;
        if open != of.open {
            of.open = open;
            of.due.clear();
            of.walk = None;
            of.walk_at = self.now;
            of.fruitful = true;
        }
        if !open || !self.content.checks.idle() {
            return;
        }
        if of.due.is_empty() && of.walk_at <= self.now {
            let walk = of.walk.get_or_insert_with(|| Walk::new(ROUND_MAX));
            let ended = walk.go(&self.head, &self.config, self.now, PIECE);
            let Some(walk) = of.walk.take_if(|_| ended) else {
                return;
            };
            let found = walk.found();
            let cooldown_ms = self
                .config
                .consistency_check_cooldown_time_second
                .saturating_mul(1000);
            // More is due and was not found: the next walk goes on, unless it would find the same again.
            let rest_ms = match found.all || !of.fruitful {
                true => cooldown_ms.clamp(REST_MS.0, REST_MS.1),
                false => REST_MS.0,
            };
            of.due = found.tablets.into();
            of.walk_at = self.now.plus_ms(rest_ms);
            of.fruitful = false;
        }
        for _ in 0..AT_ONCE {
            let Some(tablet) = self.content.background.due.pop_front() else {
                return;
            };
            // Where too few replicas can be compared now, the next walk will find the tablet again.
            let view = self.head.tablets.view(tablet);
            let enough =
                view.is_some_and(|view| voters(&self.head, &view).len() >= majority(view.wanted()));
            if enough {
                self.content.checks.want(tablet);
                self.content.background.fruitful = true;
            }
        }
    }
}
