//! The thread under a journal that says when it may go on.

use std::sync::mpsc;
use std::time::Duration;

use super::*;
use crate::store::journal::{Extent, Item};
use crate::store::memory::MemoryJournal;

/// A journal whose appends wait for a permit and tell how many records each had.
struct Slow {
    inner: MemoryJournal,
    permits: mpsc::Receiver<()>,
    batches: mpsc::Sender<usize>,
}

impl Journal for Slow {
    fn place(&self) -> &std::path::Path {
        self.inner.place()
    }
    fn extent(&self) -> Extent {
        self.inner.extent()
    }
    fn append(&mut self, records: &[Record]) -> Result<(), Error> {
        self.batches.send(records.len()).unwrap();
        self.permits.recv().unwrap();
        self.inner.append(records)
    }
    fn write_chunk(&mut self, seq: u64, index: u32, chunk: &[u8]) -> Result<(), Error> {
        self.inner.write_chunk(seq, index, chunk)
    }
    fn finish_checkpoint(&mut self, seq: u64, chunks: u32) -> Result<(), Error> {
        self.inner.finish_checkpoint(seq, chunks)
    }
    fn trim(&mut self, limit: usize) -> Result<bool, Error> {
        self.inner.trim(limit)
    }
    fn load(&self, visit: &mut dyn FnMut(Item<'_>) -> Result<(), Error>) -> Result<(), Error> {
        self.inner.load(visit)
    }
    fn reopen(&mut self) -> Result<(), Error> {
        self.inner.reopen()
    }
}

fn record(seq: u64) -> Record {
    Record {
        seq,
        bytes: seq.to_be_bytes().to_vec(),
    }
}

async fn reaches(status: &mut watch::Receiver<Status>, wanted: impl FnMut(&Status) -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(10), status.wait_for(wanted));
    waited.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_queues_up_during_a_write_goes_in_one() {
    let (permit, permits) = mpsc::channel();
    let (batches, batch) = mpsc::channel();
    let writer = Writer::start(Slow {
        inner: MemoryJournal::default(),
        permits,
        batches,
    })
    .unwrap();
    let mut status = writer.status();
    writer.append(record(1));
    assert_eq!(batch.recv().unwrap(), 1);
    (2..=100).for_each(|seq| writer.append(record(seq)));
    assert_eq!(writer.backlog(), (99, 99 * 8));
    assert_eq!(status.borrow().durable, 0);
    permit.send(()).unwrap();
    assert_eq!(batch.recv().unwrap(), 99);
    reaches(&mut status, |s| s.durable == 1).await;
    permit.send(()).unwrap();
    reaches(&mut status, |s| s.durable == 100).await;
}

#[tokio::test]
async fn a_failure_lasts_until_the_journal_is_opened_again() {
    let journal = MemoryJournal::default();
    let writer = Writer::start(journal.clone()).unwrap();
    let mut status = writer.status();
    writer.append(record(1));
    reaches(&mut status, |s| s.durable == 1).await;

    journal.set_full(true);
    writer.append(record(2));
    reaches(&mut status, |s| s.failed.is_some()).await;
    journal.set_full(false);
    writer.append(record(3));
    let chunk = writer.checkpoints().chunk(1, 0, vec![1]).await;
    assert!(matches!(chunk, Err(Error::Full { .. })));
    assert_eq!(status.borrow().durable, 1);

    writer.reopen(|_| Ok(())).await.unwrap();
    assert_eq!(status.borrow().failed, None);
    writer.append(record(2));
    reaches(&mut status, |s| s.durable == 2).await;
    writer.stop();
    assert_eq!(journal.extent().last, 2);
}

#[tokio::test]
async fn a_checkpoint_takes_the_place_of_records() {
    let journal = MemoryJournal::default();
    let writer = Writer::start(journal.clone()).unwrap();
    (1..=5).for_each(|seq| writer.append(record(seq)));
    let checkpoints = writer.checkpoints();
    checkpoints
        .chunk(3, 0, b"one to three".to_vec())
        .await
        .unwrap();
    checkpoints.finish(3, 1).await.unwrap();
    writer.stop();
    let mut seen = Vec::new();
    journal
        .load(&mut |item| {
            seen.push(format!("{item:?}"));
            Ok(())
        })
        .unwrap();
    assert_eq!(seen.len(), 3);
    assert!(
        seen[0].starts_with("Chunk") && seen[1].starts_with("Record(4"),
        "{seen:?}"
    );
}
