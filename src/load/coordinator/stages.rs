//! The two stages of a load that work on blocking threads: reading with routing, and encoding.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::load::coordinator::{OpenSource, Progress, Tolerance, set};
use crate::load::encode::{Encoder, Segment};
use crate::load::error::Error;
use crate::load::feed::{Feed, FeedWriter, Gone};
use crate::load::misfit::Misfits;
use crate::load::plan::LoadPlan;
use crate::load::route::{Routed, Router};
use crate::load::threads;

/// The reading stage.
pub(super) struct Reading {
    pub(super) plan: Arc<LoadPlan>,
    pub(super) tolerance: Tolerance,
    pub(super) progress: Arc<Progress>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Reading {
    pub(super) fn run(self, open: OpenSource, out: FeedWriter<Routed>) -> Result<(), Stop> {
        let start = self.clock.now();
        let mut source = open(&self.plan)?;
        let router = Router::new(&self.plan);
        let mut number = 0;
        loop {
            let blocks = source.next()?;
            if blocks.is_empty() {
                break;
            }
            let numbered = blocks.into_iter().zip(number..).collect::<Vec<_>>();
            number += numbered.len() as u64;
            let routed = threads::map(numbered, |(mut block, number)| {
                let routed = router.route(&mut block, number)?;
                Ok::<_, Error>((routed, block.total(), block.misfits))
            });
            for routed in routed {
                let (rows, total, misfits) = routed?;
                self.take(rows, total, misfits, &out)?;
            }
        }
        set(&self.progress.read_ms, self.clock.now().since_ms(start));
        out.close();
        Ok(())
    }

    /// Counts the rows of a block and hands those on that fit.
    fn take(
        &self,
        rows: Routed,
        total: u64,
        misfits: Misfits,
        out: &FeedWriter<Routed>,
    ) -> Result<(), Stop> {
        self.progress.total.fetch_add(total, Ordering::Relaxed);
        let first = {
            let mut all = self.progress.misfits.lock();
            all.append(misfits);
            (all.count > 0)
                .then(|| all.samples.first().cloned())
                .flatten()
        };
        match (first, self.tolerance) {
            (Some(first), Tolerance::Strict) => Err(Error::Misfit(first).into()),
            // Lost already; the rest is read for its count only.
            (Some(_), Tolerance::Ratio(allowed)) if allowed <= 0.0 => Ok(()),
            _ => Ok(out.push(rows)?),
        }
    }
}

/// The encoding stage.
pub(super) fn encode(
    mut encoder: Encoder,
    mut routed: Feed<Routed>,
    out: FeedWriter<Segment>,
) -> Result<(), Stop> {
    loop {
        match routed.take() {
            Ok(Some(rows)) => encoder.write(rows, |segment| Ok::<(), Stop>(out.push(segment)?))?,
            Ok(None) => break,
            // The reading stage knows why.
            Err(_) => return Err(Stop::Gone),
        }
    }
    encoder.finish(|segment| Ok::<(), Stop>(out.push(segment)?))?;
    out.close();
    Ok(())
}

/// Why a stage ended early.
pub(super) enum Stop {
    /// A neighbour is gone, and knows why.
    Gone,
    Failed(Error),
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Stop {
        Stop::Gone
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Failed(error)
    }
}

pub(super) async fn ended(stage: JoinHandle<Result<(), Stop>>) -> Result<(), Stop> {
    stage.await.unwrap_or_else(|panic| {
        let why = format!("a stage of the load broke: {panic}");
        Err(Stop::Failed(Error::Internal(why)))
    })
}
