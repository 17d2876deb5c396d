//! Error reports: samples of the rows that a load left out, kept for a while under names that can't be guessed.

use std::collections::VecDeque;

use parking_lot::Mutex;

use crate::clock::Timestamp;
use crate::load::misfit::Misfits;

/// Most reports that are kept.
const REPORTS_MAX: usize = 256;

/// Milliseconds for which a report is kept: two days.
const KEPT_MS: u64 = 48 * 3600 * 1000;

/// The reports of one coordinator. Bounded: the oldest go first.
#[derive(Debug, Default)]
pub struct Reports {
    kept: Mutex<VecDeque<Report>>,
}

#[derive(Debug)]
struct Report {
    name: String,
    made: Timestamp,
    text: String,
}

impl Reports {
    /// Keeps a report of a load; the answer is its name.
    pub fn add(&self, label: &str, misfits: &Misfits, now: Timestamp) -> String {
        let name = format!("error_log_{:032x}", rand::random::<u128>());
        let mut text = format!(
            "load {label}: {} rows do not fit; the first {}:\n",
            misfits.count,
            misfits.samples.len()
        );
        for misfit in &misfits.samples {
            text.push_str(&misfit.to_string());
            text.push('\n');
        }
        let mut kept = self.kept.lock();
        kept.push_back(Report {
            name: name.clone(),
            made: now,
            text,
        });
        while kept.len() > REPORTS_MAX {
            kept.pop_front();
        }
        name
    }

    /// The text of a report, as long as it is kept.
    pub fn get(&self, name: &str, now: Timestamp) -> Option<String> {
        let mut kept = self.kept.lock();
        kept.retain(|report| now.since_ms(report.made) <= KEPT_MS);
        let found = kept.iter().find(|report| report.name == name);
        found.map(|report| report.text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::misfit::Reason;

    #[test]
    fn a_report_is_kept_for_its_time_and_the_newest_are_kept() {
        let reports = Reports::default();
        let mut misfits = Misfits::default();
        misfits.add(7, None, Reason::NoPartition, || "2014-01-01".into());
        let first = reports.add("l", &misfits, Timestamp::at(0));
        let text = reports.get(&first, Timestamp::at(1)).unwrap();
        assert!(text.contains("row 7: no partition for this value: '2014-01-01'"));
        assert_eq!(reports.get("error_log_0", Timestamp::at(1)), None);
        assert_eq!(
            reports.get(&first, Timestamp::at(0).plus_ms(KEPT_MS + 1)),
            None
        );
        let first = reports.add("l", &misfits, Timestamp::at(0));
        for _ in 0..REPORTS_MAX {
            reports.add("l", &misfits, Timestamp::at(0));
        }
        assert_eq!(reports.get(&first, Timestamp::at(1)), None);
    }
}
