//! Priorities that go up and down (StarRocks of the seed's era; its sample of pending tablets shows a task that came as HIGH
//! and went down to LOW).
//!
//! A task that fails again and again steps back, so that it keeps nobody else from being repaired; one that nobody has
//! come to for long steps forward.

use crate::clock::Timestamp;
use crate::tablet::health::Priority;
use crate::tablet::task::Task;

/// Failures beyond which a task steps back.
const FAILURES_MAX: u32 = 5;
/// Milliseconds after the first look before a priority moves.
const SETTLE_MS: u64 = 5 * 60_000;
/// Milliseconds without an attempt after which a task steps forward.
const FORGOTTEN_MS: u64 = 30 * 60_000;

/// Looks at the priority of a task that waits. The first look only notes its time, and that note stays (seed: LstAdjPrio).
/// Says whether the task has changed.
pub fn adjust(task: &mut Task, now: Timestamp) -> bool {
    let Some(first) = task.adjusted else {
        task.adjusted = Some(now);
        return true;
    };
    if now.since_ms(first) <= SETTLE_MS {
        return false;
    }
    if task.failed_scheduling > FAILURES_MAX {
        task.dynamic = down(task.dynamic, task.original);
        task.failed_scheduling = 0;
        return true;
    }
    let since = task.scheduled.unwrap_or(task.created);
    let up = up(task.dynamic, task.original);
    if now.since_ms(since) > FORGOTTEN_MS && up != task.dynamic {
        task.dynamic = up;
        return true;
    }
    false
}

/// One step back; what came as VERY_HIGH stays at NORMAL.
fn down(now: Priority, original: Priority) -> Priority {
    match now {
        Priority::VeryHigh => Priority::High,
        Priority::High => Priority::Normal,
        Priority::Normal if original == Priority::VeryHigh => Priority::Normal,
        Priority::Normal | Priority::Low => Priority::Low,
    }
}

/// One step forward; what came as LOW stays at HIGH.
fn up(now: Priority, original: Priority) -> Priority {
    match now {
        Priority::Low => Priority::Normal,
        Priority::Normal => Priority::High,
        Priority::High if original == Priority::Low => Priority::High,
        Priority::High | Priority::VeryHigh => Priority::VeryHigh,
    }
}
