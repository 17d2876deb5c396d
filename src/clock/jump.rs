//! Notices when the wall clock of the machine was set: by comparing it with the elapsed one.

use std::fmt;

use crate::clock::Timestamp;

/// Milliseconds by which the wall clock may gain or lose between two looks before that is called a jump. Daemons that keep
/// the time move it by less than a thousandth of what passes.
const JUMP_MS: u64 = 1_500;

/// The wall clock of the machine was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jump {
    /// When that was noticed.
    pub at: Timestamp,
    /// Milliseconds by which it was set forward; below 0, back.
    pub by_ms: i64,
}

/// Looks at both clocks again and again.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    last: Timestamp,
}

impl Watch {
    /// Compares with what the clocks show `now`.
    pub fn new(now: Timestamp) -> Watch {
        Watch { last: now }
    }

    /// Whether the wall clock was set since the last look.
    pub fn look(&mut self, now: Timestamp) -> Option<Jump> {
        let last = std::mem::replace(&mut self.last, now);
        let ahead = |of: Timestamp| of.wall_ms().saturating_sub(of.elapsed_ms());
        let by_ms = ahead(now).saturating_sub(ahead(last));
        (by_ms.unsigned_abs() >= JUMP_MS).then_some(Jump { at: now, by_ms })
    }
}

impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.by_ms < 0 {
            true => "back",
            false => "forward",
        };
        let seconds = self.by_ms.unsigned_abs().saturating_add(500) / 1000;
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
        write!(f, "the clock of this machine was set {way} by ")?;
        match (days, hours, minutes) {
            (0, 0, 0) => write!(f, "{seconds} s")?,
            (0, 0, _) => write!(f, "{minutes} min {} s", seconds % 60)?,
            (0, ..) => write!(f, "{hours} h {minutes} min")?,
            _ => write!(f, "{days} d {hours} h {minutes} min")?,
        }
        write!(
            f,
            " and shows {} since; repair, loads and labels go by elapsed time",
            self.at
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_noticed_once_and_a_clock_that_drifts_does_not_jump() {
        let mut watch = Watch::new(Timestamp::of(0, 50_000_000));
        // A second in ten thousand each second, for an hour.
        for second in 1..=3600 {
            let (elapsed, drift) = (second * 1000, second / 10);
            assert_eq!(
                watch.look(Timestamp::of(elapsed, 50_000_000 + elapsed + drift)),
                None
            );
        }
        let back = Timestamp::of(3_601_000, 50_000_000 + 3_601_360 - 7_200_000);
        let jump = watch.look(back).unwrap();
        assert_eq!((jump.at, jump.by_ms), (back, -7_200_000));
        assert!(
            jump.to_string()
                .contains("was set back by 2 h 0 min and shows")
        );
        assert_eq!(watch.look(back.plus_ms(1000)), None);
        let by = |by_ms| Jump { at: back, by_ms }.to_string();
        assert!(by(4 * 86_400_000 + 60_000).contains("forward by 4 d 0 h 1 min"));
        assert!(by(61_400).contains("forward by 1 min 1 s"));
        assert!(by(3_599_990).contains("forward by 1 h 0 min"));
        assert!(by(-2_000).contains("back by 2 s"));
    }
}
